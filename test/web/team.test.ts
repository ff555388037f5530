import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadAccount } from '#src/people/accounts.ts';
import {
  endMembership,
  grantMembership,
  listMemberships,
  type Role,
  restoreMembership,
  suspendMemberships,
} from '#src/people/memberships.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { loadClient } from '#src/registry/clients.ts';
import { makeInvitation } from '#src/registry/invitations.ts';
import {
  type Actor,
  endRole,
  findOrphans,
  handOver,
  invite,
  join,
  joinTesters,
  restoreRole,
  takeBack,
} from '#src/web/team.ts';
import { kindsOf, race } from '#test/races/crowd.ts';
import { colleague, type Held } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let count = 0;

beforeAll(async () => {
  world = await openWorld();
  const named = (id: string) => ({ id, name: id, nameEn: id, legalName: id, domain: `${id}.contoh.go.id` });
  await world.database.transaction(async (tx) => {
    await saveAgency(tx, { ...named('provinsi'), kind: 'province' }, 'test');
    await saveAgency(tx, { ...named('kota'), kind: 'city', parentId: 'provinsi' }, 'test');
    await saveAgency(tx, { ...named('dinas'), kind: 'unit', parentId: 'kota' }, 'test');
    await saveAgency(tx, { ...named('tetangga'), kind: 'city', parentId: 'provinsi' }, 'test');
    await saveAgency(tx, { ...named('tertutup'), emailDomain: 'tertutup.contoh.go.id', parentId: 'kota' }, 'test');
  });
});
afterAll(() => world[Symbol.asyncDispose]());

/** Nobody of an earlier test is left in a team. */
beforeEach(() => world.database.execute('update memberships set until = since where until is null', []));

/** Somebody new with these roles, as an actor. */
async function somebody(held: Held = {}): Promise<Actor & { readonly email: string }> {
  count += 1;
  const email = `orang-${count}@contoh.id`;
  const { id } = await colleague(world, email, held);
  return { id, email, held: await listMemberships(world.database, id, new Date()) };
}

const rolesOf = async ({ id }: Pick<Actor, 'id'>) =>
  (await listMemberships(world.database, id, new Date())).map(({ agencyId, role }) => `${agencyId} ${role}`);

const asked = (agencyId: string, role: Role, email?: string) => ({ agencyId, role, email, language: 'id' as const });
const tokenIn = (link: string) => new URL(link).pathname.split('/').at(-1) ?? '';
const refused = (code: string) => expect.objectContaining({ code });

const tx = <T>(work: Parameters<typeof world.database.transaction<T>>[0]) => world.database.transaction(work);

function take(actor: Pick<Actor, 'id'>, link: string) {
  const { house } = world;
  return tx(async (db) => join(house, db, await loadAccount(db, house.secrets, actor.id), tokenIn(link)));
}

describe('an invitation', () => {
  test('gives the role once, tells the person and the owners', async () => {
    const owner = await somebody({ dinas: ['owner'] });
    const { link } = await tx((db) => invite(world.house, db, owner, asked('dinas', 'developer')));
    const newcomer = await somebody();
    await take(newcomer, link);
    expect(await rolesOf(newcomer)).toEqual(['dinas developer']);
    expect((await world.message(newcomer.email)).subject).toBe('Anda sekarang pengembang di dinas');
    expect((await world.message(owner.email)).subject).toContain('bergabung dengan tim dinas');
    await expect(take(await somebody(), link)).rejects.toEqual(refused('invitation_over'));
  });

  test('of many people with one link exactly one joins', async () => {
    const owner = await somebody({ dinas: ['owner'] });
    const { link } = await tx((db) => invite(world.house, db, owner, asked('dinas', 'developer')));
    const crowd = await Promise.all(Array.from({ length: 8 }, () => somebody()));
    const { won, lost } = await race(8, (i) => take(crowd[i] ?? owner, link));
    expect(won).toHaveLength(1);
    expect(kindsOf(lost)).toEqual(['410 undefined']);
    const roles = await Promise.all(crowd.map(rolesOf));
    expect(roles.flat()).toEqual(['dinas developer']);
  });

  test('to an agency with a domain of its own is for its own addresses', async () => {
    const owner = await somebody({ tertutup: ['owner'] });
    const wrong = tx((db) => invite(world.house, db, owner, asked('tertutup', 'developer', 'siti@contoh.id')));
    await expect(wrong).rejects.toEqual(refused('invitation_other_address'));
    const { link } = await tx((db) =>
      invite(world.house, db, owner, asked('tertutup', 'developer', 'ani@tertutup.contoh.go.id')),
    );
    expect((await world.message('ani@tertutup.contoh.go.id')).link).toBe(link);
    await expect(take(await somebody(), link)).rejects.toEqual(refused('invitation_other_address'));
    const { id } = await colleague(world, 'ani@tertutup.contoh.go.id', {});
    await take({ id }, link);
    expect(await rolesOf({ id })).toEqual(['tertutup developer']);
  });

  test('is not taken up by whoever made it', async () => {
    const operator = await somebody({ provinsi: ['operator'] });
    const { link } = await tx((db) => invite(world.house, db, operator, asked('dinas', 'approver')));
    await expect(take(operator, link)).rejects.toEqual(refused('not_oneself'));
    expect(await rolesOf(operator)).toEqual(['provinsi operator']);
    await take(await somebody(), link);
  });

  test.each<[string, (owner: Actor) => Promise<unknown>]>([
    ['rests', ({ id }) => suspendMemberships(world.database, id, 'recovered')],
    ['has ended', ({ id }) => endMembership(world.database, { accountId: id, agencyId: 'dinas', role: 'owner' })],
    [
      'is another one now',
      async ({ id }) => {
        await endMembership(world.database, { accountId: id, agencyId: 'dinas', role: 'owner' });
        await grantMembership(world.database, { accountId: id, agencyId: 'dinas', role: 'developer' }, 'command');
      },
    ],
  ])('is worth nothing once the role of whoever made it %s', async (_, change) => {
    const owner = await somebody({ dinas: ['owner'] });
    const { link } = await tx((db) => invite(world.house, db, owner, asked('dinas', 'owner')));
    await change(owner);
    const newcomer = await somebody();
    await expect(take(newcomer, link)).rejects.toEqual(refused('invitation_over'));
    expect(await rolesOf(newcomer)).toEqual([]);
  });

  test('to try an app is worth nothing either once its maker may not change the app', async () => {
    await world.declare({ client_id: 'dicoba' });
    const { agencyId } = await loadClient(world.database, 'dicoba');
    const developer = await somebody({ [agencyId]: ['developer'] });
    const { token } = await makeInvitation(world.database, world.house.secrets, {
      ...{ kind: 'tester', agencyId, clientId: 'dicoba', invitedBy: developer.id },
      emailDomain: undefined,
    });
    const tester = await loadAccount(world.database, world.house.secrets, (await somebody()).id);
    const open = () => tx((db) => joinTesters(world.house, db, tester, token));
    await suspendMemberships(world.database, developer.id, 'recovered');
    await expect(open()).rejects.toEqual(refused('invitation_over'));
    const theirs = { accountId: developer.id, agencyId, role: 'developer' } as const;
    await restoreMembership(world.database, theirs);
    expect(await open()).toBe('dicoba');
  });

  test('can be taken back by its own agency', async () => {
    const owner = await somebody({ dinas: ['owner'] });
    const { id, link } = await tx((db) => invite(world.house, db, owner, asked('dinas', 'developer')));
    const neighbour = await somebody({ tetangga: ['owner'] });
    const elsewhere = tx((db) => takeBack(db, neighbour, { id, agencyId: 'dinas' }));
    await expect(elsewhere).rejects.toEqual(refused('not_here'));
    expect(await tx((db) => takeBack(db, neighbour, { id, agencyId: 'tetangga' }))).toBe(false);
    expect(await tx((db) => takeBack(db, owner, { id, agencyId: 'dinas' }))).toBe(true);
    await expect(take(await somebody(), link)).rejects.toEqual(refused('invitation_over'));
  });
});

describe('who gives which role', () => {
  test.each<[string, Held, string, Role, string | undefined]>([
    ['an owner makes developers', { dinas: ['owner'] }, 'dinas', 'developer', undefined],
    ['an owner makes owners', { dinas: ['owner'] }, 'dinas', 'owner', undefined],
    [
      'an owner appoints nobody who approves its own changes',
      { dinas: ['owner'] },
      'dinas',
      'approver',
      'role_from_above',
    ],
    ['nor anybody who opens citizens’ accounts', { dinas: ['owner'] }, 'dinas', 'desk', 'role_from_above'],
    ['nor one who audits it', { dinas: ['owner'] }, 'dinas', 'auditor', 'role_from_above'],
    ['the owner of the agency above does', { provinsi: ['owner'] }, 'dinas', 'approver', undefined],
    ['at the top an operator does', { provinsi: ['operator'] }, 'provinsi', 'desk', undefined],
    ['and its owner does not', { provinsi: ['owner'] }, 'provinsi', 'desk', 'role_from_above'],
    [
      'nor does the owner above: a desk opens accounts of citizens everywhere',
      { provinsi: ['owner'] },
      'dinas',
      'desk',
      'role_from_above',
    ],
    ['operators are made by operators', { provinsi: ['owner'] }, 'dinas', 'operator', 'role_from_above'],
    ['wherever they reach', { provinsi: ['operator'] }, 'dinas', 'operator', undefined],
    ['a developer invites nobody', { dinas: ['developer'] }, 'dinas', 'developer', 'role_required'],
    ['a role below reaches nothing above', { dinas: ['owner'] }, 'kota', 'developer', 'not_here'],
    ['nor beside', { tetangga: ['owner'] }, 'dinas', 'developer', 'not_here'],
  ])('%s', async (_, held, agencyId, role, code) => {
    const actor = await somebody(held);
    const made = tx((db) => invite(world.house, db, actor, asked(agencyId, role)));
    if (code) await expect(made).rejects.toEqual(refused(code));
    else await expect(made).resolves.toMatchObject({ link: expect.stringContaining('/invitations/') });
  });
});

describe('the last owner', () => {
  test('hands over before leaving', async () => {
    const owner = await somebody({ dinas: ['owner'] });
    const mine = { accountId: owner.id, agencyId: 'dinas', role: 'owner' } as const;
    await expect(tx((db) => endRole(world.house, db, owner, mine))).rejects.toEqual(refused('owner_last'));
    const stranger = await somebody();
    const away = tx((db) => handOver(world.house, db, owner, { agencyId: 'dinas', to: stranger.id }));
    await expect(away).rejects.toEqual(refused('invalid_request'));
    const developer = await somebody({ dinas: ['developer'] });
    await tx((db) => handOver(world.house, db, owner, { agencyId: 'dinas', to: developer.id }));
    expect(await rolesOf(owner)).toEqual([]);
    expect(await rolesOf(developer)).toEqual(['dinas developer', 'dinas owner']);
  });

  test('is one of two who end each other at once', async () => {
    const two = [await somebody({ dinas: ['owner'] }), await somebody({ dinas: ['owner'] })] as const;
    const end = (i: number) => {
      const [actor, other] = i === 0 ? two : [two[1], two[0]];
      const theirs = { accountId: other.id, agencyId: 'dinas', role: 'owner' } as const;
      return tx((db) => endRole(world.house, db, actor, theirs));
    };
    const { won } = await race(2, end);
    expect(won).toEqual([true]);
    expect([...(await rolesOf(two[0])), ...(await rolesOf(two[1]))]).toEqual(['dinas owner']);
  });

  test('can be put off by the agency above, which then sees one without an owner', async () => {
    const above = await somebody({ kota: ['owner'] });
    const owner = await somebody({ dinas: ['owner'] });
    const both = [{ id: 'kota' }, { id: 'dinas' }];
    expect(await findOrphans(world.database, both)).toEqual([]);
    const theirs = { accountId: owner.id, agencyId: 'dinas', role: 'owner' } as const;
    await tx((db) => endRole(world.house, db, above, theirs));
    expect(await findOrphans(world.database, both)).toEqual([{ id: 'dinas' }]);
    expect((await world.message(above.email)).subject).toContain('di dinas berakhir');
  });

  test('is none whose account may not be used', async () => {
    const owner = await somebody({ dinas: ['owner'] });
    await world.database.execute(`update accounts set state = 'disabled' where id = $1`, [owner.id]);
    expect(await findOrphans(world.database, [{ id: 'dinas' }])).toEqual([{ id: 'dinas' }]);
  });
});

describe('a role that rests', () => {
  test('is restored by another admin, never by oneself', async () => {
    const member = await somebody({ dinas: ['owner', 'developer'] });
    const colleagues = await somebody({ dinas: ['owner'] });
    await suspendMemberships(world.database, member.id, 'recovered');
    const restored = { accountId: member.id, agencyId: 'dinas', role: 'owner' } as const;
    const again: Actor = { ...member, held: [{ agencyId: 'provinsi', role: 'owner' }] };
    await expect(tx((db) => restoreRole(world.house, db, again, restored))).rejects.toEqual(refused('not_oneself'));
    expect(await findOrphans(world.database, [{ id: 'dinas' }])).toEqual([]);
    expect(await tx((db) => restoreRole(world.house, db, colleagues, restored))).toBe(true);
    expect(await tx((db) => restoreRole(world.house, db, colleagues, restored))).toBe(false);
    const held = await listMemberships(world.database, member.id, new Date());
    expect(held.filter(({ suspendedAt }) => suspendedAt).map(({ role }) => role)).toEqual(['developer']);
  });

  test('does not come back by an invitation', async () => {
    const owner = await somebody({ dinas: ['owner'] });
    const member = await somebody({ dinas: ['developer'] });
    await suspendMemberships(world.database, member.id, 'recovered');
    const { link } = await tx((db) => invite(world.house, db, owner, asked('dinas', 'developer')));
    await take(member, link);
    const held = await listMemberships(world.database, member.id, new Date());
    expect(held.map(({ suspendedAt }) => suspendedAt !== undefined)).toEqual([true]);
  });
});
