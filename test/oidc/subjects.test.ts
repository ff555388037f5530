import { randomBytes } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db } from '#src/base/database.ts';
import { resealKeyCheck } from '#src/base/instance.ts';
import { loadSecrets, rotateMaster } from '#src/base/keys.ts';
import { type Secrets, wrappingKeyring } from '#src/base/secrets.ts';
import { resealAccountKeys } from '#src/people/accounts.ts';
import { findAccountId } from '#src/people/identifiers.ts';
import { curious, signInto } from '#test/oidc/flows.ts';
import { testMasterKey } from '#test/support/master-key.ts';
import type { RelyingPartyOptions } from '#test/support/relying-party.ts';
import { openWorld, type World } from '#test/support/world.ts';

/** Who Siti is to an app; a fresh browser each time. */
async function subOf(world: World, clientId: string, options: Partial<RelyingPartyOptions> = {}, who?: string) {
  const app = await world.app({ clientId, scope: 'openid', ...options });
  const { redirectUri } = app;
  const { tokens } = await signInto(app, world.browser({ stopAt: [redirectUri] }), {}, who);
  const sub = tokens.claims()?.sub ?? '';
  expect(await app.userinfo(tokens.access_token)).toEqual({ sub });
  expect((await app.introspect(tokens.access_token)).sub).toBe(sub);
  return sub;
}

describe('a person is one sub per subject group (OpenID Connect Core §8.1)', () => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld();
    await world.declare(curious('one'), curious('two'), curious('apart', { subject_group: 'apart' }));
    await world.declare(curious('elsewhere'));
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const groupOf = (clientId: string) => world.house.clients.find(clientId)?.subjectGroupId ?? '';
  const accountOf = (value: string) => findAccountId(world.database, world.house.secrets, { kind: 'email', value });
  const accountBySub = (sub: string, clientId: string) =>
    findAccountBySubject(world.database, world.house.secrets, sub, groupOf(clientId));

  test('two apps of an agency know the same one, an app of another agency does not', async () => {
    const sub = await subOf(world, 'one');
    expect(await subOf(world, 'two')).toBe(sub);
    expect(await subOf(world, 'elsewhere')).not.toBe(sub);
  });

  test('an agency may set an app apart', async () => {
    expect(await subOf(world, 'apart')).not.toBe(await subOf(world, 'one'));
  });

  test('two people are two', async () => {
    expect(await subOf(world, 'one', {}, 'dewi@contoh.id')).not.toBe(await subOf(world, 'one'));
  });

  test('a sub tells nothing: no account id, nothing in common with another group', async () => {
    const [here, there] = [await subOf(world, 'one'), await subOf(world, 'elsewhere')];
    const account = (await accountOf('siti@contoh.id')) ?? '';
    expect(here).toMatch(/^[\w-]{45}$/);
    expect(here).not.toContain(account.replaceAll('-', ''));
    const rows = await world.database.query<{ sub: string }>('select sub from subjects where shard = any($1)', [
      everyShard,
    ]);
    expect(rows.map(({ sub }) => sub)).toEqual(expect.arrayContaining([here, there]));
  });

  test('an account is found by it, within its group only', async () => {
    const sub = await subOf(world, 'one');
    const account = await accountOf('siti@contoh.id');
    expect(account).toBeDefined();
    expect(await accountBySub(sub, 'one')).toBe(account);
    expect(await accountBySub(sub, 'two')).toBe(account);
    expect(await accountBySub(sub, 'elsewhere')).toBeUndefined();
    for (const other of ['', 'x', 'x'.repeat(45), account ?? ''])
      expect(await accountBySub(other, 'one')).toBeUndefined();
  });

  test('ten first sign-ins at once agree', async () => {
    const subs = await Promise.all(
      Array.from({ length: 10 }, (_, i) => subOf(world, i % 2 ? 'one' : 'two', {}, 'rina@contoh.id')),
    );
    expect(new Set(subs).size).toBe(1);
  });

  test('another domain and another redirect host change nothing', async () => {
    const before = await subOf(world, 'one');
    const redirectUri = 'https://baru.contoh.go.id/callback';
    await world.declare(curious('one', { redirect_uris: [redirectUri], client_uri: 'https://baru.contoh.go.id/' }));
    expect(await subOf(world, 'one', { redirectUri })).toBe(before);
  });

  test('moving to another agency changes nothing', async () => {
    const before = await subOf(world, 'elsewhere');
    const from = world.house.clients.find('elsewhere')?.agencyId;
    // Apps that are declared together belong to the agency of the first.
    await world.declare(curious('of-another-agency'), curious('elsewhere'));
    expect(world.house.clients.find('elsewhere')?.agencyId).not.toBe(from);
    expect(await subOf(world, 'elsewhere')).toBe(before);
  });

  test('once somebody has signed in, the group is fixed', async () => {
    await subOf(world, 'two');
    await expect(world.declare(curious('two', { subject_group: 'other' }))).rejects.toThrow();
    expect(groupOf('two')).not.toContain('other');
  });

  test('a renewed consent and a withdrawn one change nothing', async () => {
    const before = await subOf(world, 'apart');
    const browser = world.browser();
    await signInto(await world.app({ clientId: 'apart', scope: 'openid' }), browser);
    const account = await browser.visit(`${world.issuer}/account`);
    await account.press('[data-client=apart] button.disconnect');
    expect(await subOf(world, 'apart')).toBe(before);
  });
});

describe('the rotation of keys changes no sub', () => {
  const stack = new AsyncDisposableStack();
  let front: Server;
  let issuer: string;
  let target: number;
  let old: World;

  /** One address for whichever process runs, as behind a load balancer. */
  beforeAll(async () => {
    front = createServer((incoming, outgoing) => {
      const { method, url, headers } = incoming;
      const onward = request({ port: target, host: '127.0.0.1', method, path: url, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    stack.defer(() => new Promise<void>((resolve) => void front.close(() => resolve())));
    issuer = `http://localhost:${(front.address() as AddressInfo).port}`;
    old = await open();
    await old.declare(curious('one'));
  });
  afterAll(() => stack.disposeAsync());

  /** Another process over the same data, from now on behind the address. */
  async function open(settings: Record<string, string> = {}): Promise<World> {
    const world = stack.use(await openWorld({ settings: { ISSUER: issuer, ...settings } }));
    target = Number(new URL(world.issuer).port);
    return world;
  }

  test('signing, cookie and master keys, all at once', async () => {
    const before = await subOf(old, 'one', { issuer });
    const kid = await signingKeyIds(old);

    const inAnHour = new Date(Date.now() + 3_600_000);
    await old.database.execute(`update keys set state = 'retired', ends_at = $1 where purpose = 'signing'`, [inAnHour]);
    await old.database.execute(`delete from keys where purpose = 'cookie'`, []);
    const next = randomBytes(32);
    const wrap = wrappingKeyring([next, testMasterKey]);
    expect(await rotateMaster(old.database, wrap)).toBeGreaterThan(0);
    await resealKeyCheck(old.database, wrap);
    await resealAccountKeys(old.database, wrap);
    const renewed = await open({ DATABASE_URL: old.databaseUrl, MASTER_KEYS: next.toString('base64') });

    expect(await subOf(renewed, 'one', { issuer })).toBe(before);
    expect(await signingKeyIds(renewed)).not.toEqual(kid);
    const secrets = await loadSecrets(renewed.database, [next]);
    const group = renewed.house.clients.find('one')?.subjectGroupId ?? '';
    const account = await findAccountId(renewed.database, secrets, { kind: 'email', value: 'siti@contoh.id' });
    expect(await findAccountBySubject(renewed.database, secrets, before, group)).toBe(account);
  });

  async function signingKeyIds(world: World): Promise<unknown> {
    const rows = await world.database.query<{ id: string }>(
      `select id from keys where purpose = 'signing' and state = 'active' order by id`,
      [],
    );
    return rows.map(({ id }) => id);
  }
});

const everyShard = Array.from({ length: 4096 }, (_, shard) => shard);

/** Whose `sub` it is, for an app of the group. */
async function findAccountBySubject(db: Db, secrets: Secrets, sub: string, groupId: string) {
  const shard = secrets.locate(sub)?.shard ?? -1;
  const row = await db
    .for(shard)
    .first<{ account_id: string }>('select account_id from subjects where shard = $1 and sub = $2 and group_id = $3', [
      shard,
      sub,
      groupId,
    ]);
  return row?.account_id;
}
