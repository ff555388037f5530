import { expect, test } from 'vitest';
import { findMove, moveClient, nextStates } from '#src/registry/client-life.ts';
import { clientStates, loadClient } from '#src/registry/clients.ts';
import { listVersions, promisedTime } from '#src/registry/versions.ts';
import { openRegistry, sensitiveClaims } from './registry.ts';

test('the types and the table agree on which state may follow which', async () => {
  await using registry = await openRegistry();
  const rows = await registry.database.query<{ from_state: string; to_state: string }>(
    'select from_state, to_state from client_transitions order by from_state, to_state',
  );
  const inTypes = clientStates.flatMap((from) => [from, ...nextStates[from]].map((to) => `${from} ${to}`));
  expect(rows.map((row) => `${row.from_state} ${row.to_state}`)).toEqual(inTypes.sort());
});

test('an illegal move is refused, and SQL refuses it too', async () => {
  await using registry = await openRegistry();
  await registry.change({}, { to: 'live' });
  const go = (to: 'draft' | 'retired' | 'live') =>
    registry.write((tx) => moveClient(tx, { clientId: 'puskesmas', to, actor: 'siti', via: 'page' }));
  expect(findMove('live', 'draft')).toBeUndefined();
  await expect(go('draft')).rejects.toMatchObject({ code: 'move_not_allowed' });
  const illegal = `insert into client_versions (client_id, number, status, content, changed, is_risky, from_state, to_state, via,
      actor, created_at, decided_at)
    values ('puskesmas', 99, 'applied', '{}', '{}', false, 'live', 'draft', 'page', 'siti', $1, $1)`;
  await expect(registry.database.execute(illegal, [new Date()])).rejects.toMatchObject({ code: '23503' });
  await go('retired');
  await expect(go('live')).rejects.toMatchObject({ code: 'client_retired' });
});

test('each move is a version with who, why and since when, and the same move again is none', async () => {
  await using registry = await openRegistry();
  await registry.change({}, { to: 'live' });
  const stop = () =>
    registry.write((tx) =>
      moveClient(tx, {
        clientId: 'puskesmas',
        to: 'suspended',
        actor: 'client-checks',
        via: 'job',
        reason: 'host lost',
      }),
    );
  const moved = await stop();
  expect(moved).toMatchObject({ number: 2, from: 'live', client: { state: 'suspended', number: 2 } });
  expect(await stop()).toBeUndefined();
  const client = await loadClient(registry.database, 'puskesmas');
  expect(client).toMatchObject({ stateReason: 'host lost', liveSince: expect.any(Date), stateSince: expect.any(Date) });
  const [newest, ...older] = await listVersions(registry.database, 'puskesmas');
  expect(newest).toMatchObject({
    actor: 'client-checks',
    via: 'job',
    reason: 'host lost',
    changed: ['state'],
    from: 'live',
  });
  expect(older).toHaveLength(1);
  await registry.write((tx) => moveClient(tx, { clientId: 'puskesmas', to: 'live', actor: 'budi', via: 'page' }));
  expect((await loadClient(registry.database, 'puskesmas')).liveSince).toEqual(client.liveSince);
});

test('an app that was never live goes live by no move of its agency, and of nobody where others have to agree', async () => {
  await using registry = await openRegistry();
  const go = (via: 'page' | 'api' | 'command') =>
    registry.write((tx) => moveClient(tx, { clientId: 'puskesmas', to: 'live', actor: 'siti', via }));
  await registry.change({ claims: sensitiveClaims });
  for (const via of ['page', 'api', 'command'] as const)
    await expect(go(via)).rejects.toMatchObject({ code: 'review_required' });
  await registry.change();
  for (const via of ['page', 'api'] as const) await expect(go(via)).rejects.toMatchObject({ code: 'review_required' });
  expect(await go('command')).toMatchObject({ client: { state: 'live' } });
});

test.each([
  ['on a Monday', '2026-11-23T03:00:00Z', '2026-11-25T03:00:00Z'],
  ['over a weekend', '2026-11-26T03:00:00Z', '2026-11-30T03:00:00Z'],
  ['on a Sunday morning in Jakarta, Saturday in Greenwich', '2026-11-28T18:00:00Z', '2026-11-30T18:00:00Z'],
])('a decision is promised in two working days: %s', (_, from, until) => {
  expect(promisedTime(new Date(from))).toEqual(new Date(until));
});
