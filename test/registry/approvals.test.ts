import { describe, expect, test } from 'vitest';
import {
  decideVersion,
  hadAHand,
  listApprovals,
  listWaitingVersions,
  withdrawVersion,
} from '#src/registry/approvals.ts';
import { askToGoLive } from '#src/registry/changes.ts';
import { endSecret, rotateSecret } from '#src/registry/client-secrets.ts';
import { loadClient } from '#src/registry/clients.ts';
import { makeRegistrationToken } from '#src/registry/registration-tokens.ts';
import { findPendingVersion, loadVersion } from '#src/registry/versions.ts';
import { agency } from './fixtures.ts';
import { openRegistry, sensitiveClaims } from './registry.ts';

/** Leaves keys out of the example app. */
const without = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, undefined]));

type Registry = Awaited<ReturnType<typeof openRegistry>>;

const moved = { redirect_uris: ['https://baru.contoh.go.id/callback'] };

/** Who may decide no longer. */
const former = new Set<string>();

function decide(registry: Registry, number: number, approver: string, verdict: 'approved' | 'rejected' = 'approved') {
  const decision = {
    ...({ clientId: 'puskesmas', number, approver, verdict, via: 'page', mode: 'production' } as const),
    mayStillDecide: async (id: string) => !former.has(id),
  };
  return registry.write((tx) => decideVersion(tx, decision));
}

/** A live app of low risk, of which siti asks for another redirect URI. */
async function askForChange(registry: Registry) {
  await registry.change({}, { to: 'live', actor: 'rudi' });
  return registry.change(moved);
}

/** An app of high risk that rudi registered and siti wants to go live. */
async function askForIt(registry: Registry) {
  await registry.change({ claims: sensitiveClaims }, { actor: 'rudi' });
  const request = { clientId: 'puskesmas', actor: 'siti', via: 'page', mode: 'production' } as const;
  return registry.write((tx) => askToGoLive(tx, registry.secrets, request));
}

describe('the two-person rule', () => {
  test('lets nobody decide about an own change', async () => {
    await using registry = await openRegistry();
    const { number } = await askForChange(registry);
    await expect(decide(registry, number, 'siti')).rejects.toMatchObject({ code: 'version_own' });
    await expect(decide(registry, number, 'siti', 'rejected')).rejects.toMatchObject({ code: 'version_own' });
    expect(await decide(registry, number, 'budi')).toMatchObject({ status: 'applied' });
    expect((await loadClient(registry.database, 'puskesmas')).redirectUris).toEqual(moved.redirect_uris);
  });

  test('nor about one that builds on an own change', async () => {
    await using registry = await openRegistry();
    await askForChange(registry);
    const { number } = await registry.change({ ...moved, purpose: 'Mendaftar.' }, { actor: 'budi' });
    await expect(decide(registry, number, 'siti')).rejects.toMatchObject({ code: 'version_own' });
    await expect(decide(registry, number, 'budi')).rejects.toMatchObject({ code: 'version_own' });
    const pending = await loadVersion(registry.database, 'puskesmas', number);
    expect(await hadAHand(registry.database, pending, 'siti')).toBe(true);
    expect(await hadAHand(registry.database, pending, 'rudi')).toBe(false);
    expect(await decide(registry, number, 'rudi')).toMatchObject({ status: 'applied' });
  });

  test('asks for two before an app of high risk goes live, neither of them whoever built it or asks', async () => {
    await using registry = await openRegistry();
    const { number } = await askForIt(registry);
    for (const own of ['rudi', 'siti'])
      await expect(decide(registry, number, own)).rejects.toMatchObject({ code: 'version_own' });
    expect(await decide(registry, number, 'budi')).toMatchObject({ status: 'pending' });
    expect(await decide(registry, number, 'budi')).toMatchObject({ status: 'pending', client: { state: 'review' } });
    expect(await decide(registry, number, 'ani')).toMatchObject({ status: 'applied', client: { state: 'live' } });
    expect(await loadClient(registry.database, 'puskesmas')).toMatchObject({ number, liveSince: expect.any(Date) });
  });

  test('counts whoever stands behind a machine that asks: who registered it, and who made its secret', async () => {
    await using registry = await openRegistry();
    const { database, secrets, write } = registry;
    const wish = { agencyId: agency.id, label: 'uji', days: 1, uses: 1 };
    const { token } = await write((tx) => makeRegistrationToken(tx, secrets, wish, 'tuti'));
    const machine = { client_id: 'mesin', type: 'machine', ...without('redirect_uris', 'scope', 'claims') };
    await registry.change(machine, { actor: 'siti' });
    await registry.change({ ...machine, client_name: 'Mesin Rilis' }, { actor: `registration-token ${token.id}` });
    await write((tx) => rotateSecret(tx, secrets, { clientId: 'mesin', actor: 'rudi' }));
    await registry.change({}, { to: 'live', actor: 'ani' });
    await database.execute('delete from registration_tokens', []);
    const { number } = await registry.change(moved, { actor: 'client mesin', via: 'api' });
    for (const behind of ['siti', 'rudi', 'tuti']) {
      await expect(decide(registry, number, behind)).rejects.toMatchObject({ code: 'version_own' });
      expect(await hadAHand(database, await loadVersion(database, 'puskesmas', number), behind)).toBe(true);
    }
    expect(await decide(registry, number, 'budi')).toMatchObject({ status: 'applied' });
  });

  test('counts whoever made a secret of the machine also when that secret has ended, or was taken away', async () => {
    await using registry = await openRegistry();
    const { database, secrets, write } = registry;
    const machine = { client_id: 'mesin', type: 'machine', ...without('redirect_uris', 'scope', 'claims') };
    await registry.change(machine, { actor: 'siti' });
    const { id } = await write((tx) => rotateSecret(tx, secrets, { clientId: 'mesin', actor: 'rudi' }));
    await registry.change({}, { to: 'live', actor: 'ani' });
    const { number } = await registry.change(moved, { actor: 'client mesin', via: 'api' });
    await write((tx) => endSecret(tx, { clientId: 'mesin', secretId: id, actor: 'rudi' }));
    await expect(decide(registry, number, 'rudi')).rejects.toMatchObject({ code: 'version_own' });
    await database.execute('delete from client_secrets where client_id = $1', ['mesin']);
    await expect(decide(registry, number, 'rudi')).rejects.toMatchObject({ code: 'version_own' });
    expect(await decide(registry, number, 'budi')).toMatchObject({ status: 'applied' });
  });

  test('makes an approval void with any later change', async () => {
    await using registry = await openRegistry();
    const { number } = await askForIt(registry);
    await decide(registry, number, 'budi');
    await registry.change({ claims: sensitiveClaims, client_name: 'Lain' }, { actor: 'rudi' });
    await expect(decide(registry, number, 'ani')).rejects.toMatchObject({ code: 'version_not_pending' });
    const request = { clientId: 'puskesmas', actor: 'siti', via: 'page', mode: 'production' } as const;
    const again = await registry.write((tx) => askToGoLive(tx, registry.secrets, request));
    expect(await decide(registry, again.number, 'ani')).toMatchObject({
      status: 'pending',
      client: { state: 'review' },
    });
    expect(await listApprovals(registry.database, 'puskesmas', again.number)).toHaveLength(1);
  });

  test('counts no approval of somebody who may decide no longer', async () => {
    await using registry = await openRegistry();
    const { number } = await askForIt(registry);
    await decide(registry, number, 'budi');
    former.add('budi');
    expect(await decide(registry, number, 'ani')).toMatchObject({ status: 'pending', client: { state: 'review' } });
    const approvals = await listApprovals(registry.database, 'puskesmas', number);
    expect(approvals.map(({ approver }) => approver)).toEqual(['ani']);
    former.clear();
    expect(await decide(registry, number, 'dewi')).toMatchObject({ status: 'applied', client: { state: 'live' } });
  });

  test('holds under fifty tries at once: one person counts once, and the version takes effect once', async () => {
    await using registry = await openRegistry();
    const { number } = await askForIt(registry);
    const alone = await Promise.allSettled(Array.from({ length: 50 }, () => decide(registry, number, 'budi')));
    expect(alone.every((one) => one.status === 'fulfilled' && one.value.status === 'pending')).toBe(true);
    expect((await loadClient(registry.database, 'puskesmas')).state).toBe('review');
    const people = ['siti', 'rudi', 'ani', 'dewi', 'joko'];
    const tries = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => decide(registry, number, people[n % people.length] ?? '')),
    );
    const applied = tries.filter((one) => one.status === 'fulfilled' && one.value.status === 'applied');
    expect(applied).toHaveLength(1);
    const approvers = (await listApprovals(registry.database, 'puskesmas', number)).map(({ approver }) => approver);
    expect(approvers).toHaveLength(2);
    expect(approvers).toContain('budi');
    expect(approvers.some((one) => one === 'siti' || one === 'rudi')).toBe(false);
  });

  test('lets an edit and an approval at once never put in force what nobody agreed to', async () => {
    await using registry = await openRegistry();
    const { number } = await askForChange(registry);
    const other = { redirect_uris: ['https://penipu.contoh.go.id/callback'] };
    await Promise.allSettled([registry.change(other), decide(registry, number, 'budi'), registry.change(other)]);
    const { redirectUris } = await loadClient(registry.database, 'puskesmas');
    expect(redirectUris).not.toEqual(other.redirect_uris);
  });
});

test('one rejection ends it: the change is gone, and an app that was to go live goes back', async () => {
  await using registry = await openRegistry();
  const { number } = await askForIt(registry);
  await decide(registry, number, 'budi');
  expect(await decide(registry, number, 'ani', 'rejected')).toMatchObject({
    status: 'rejected',
    client: { state: 'draft' },
  });
  await expect(decide(registry, number, 'dewi')).rejects.toMatchObject({ code: 'version_not_pending' });
});

test('whoever rejected it once may agree to it when it was put right', async () => {
  await using registry = await openRegistry();
  const { number } = await askForIt(registry);
  await decide(registry, number, 'ani', 'rejected');
  const request = { clientId: 'puskesmas', actor: 'siti', via: 'page', mode: 'production' } as const;
  const again = await registry.write((tx) => askToGoLive(tx, registry.secrets, request));
  expect(await decide(registry, again.number, 'ani')).toMatchObject({ status: 'pending' });
  await expect(decide(registry, again.number, 'rudi')).rejects.toMatchObject({ code: 'version_own' });
  expect(await decide(registry, again.number, 'budi')).toMatchObject({ status: 'applied' });
});

test('whoever may change the app takes back what waits', async () => {
  await using registry = await openRegistry();
  const { number } = await askForIt(registry);
  const withdraw = () =>
    registry.write((tx) =>
      withdrawVersion(tx, { clientId: 'puskesmas', number, actor: 'rudi', via: 'page', mode: 'production' }),
    );
  await withdraw();
  expect(await loadClient(registry.database, 'puskesmas')).toMatchObject({ state: 'draft' });
  expect(await findPendingVersion(registry.database, 'puskesmas')).toBeUndefined();
  await expect(withdraw()).rejects.toMatchObject({ code: 'version_not_pending' });
});

test('the queue holds what waits at the nodes named and in the sectors named, the oldest first', async () => {
  await using registry = await openRegistry();
  const { number } = await askForChange(registry);
  const nodes = await listWaitingVersions(registry.database, { nodes: [agency.id], sectors: [] });
  expect(nodes).toMatchObject([{ clientId: 'puskesmas', number, actor: 'siti', approvals: 0, approvalsNeeded: 1 }]);
  expect(await listWaitingVersions(registry.database, { nodes: ['lain'], sectors: ['kesehatan'] })).toEqual([]);
  const [line] = nodes;
  expect(await listWaitingVersions(registry.database, { nodes: [agency.id], sectors: [], after: line })).toEqual([]);
});
