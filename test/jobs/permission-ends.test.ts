/** What has expired is ended once, whoever ends it, and its agency and app hear of it. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { listWithdrawals } from '#src/consents/withdrawals.ts';
import { startPermissionEnds } from '#src/jobs/permission-ends.ts';
import { signInto } from '#test/oidc/flows.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

test('a year later consent and notice are over: on record, answered for, counted, and asked for anew', async () => {
  const { database, house } = world;
  const app = await world.app({ clientId: 'pajak-daerah' });
  const id = await world.citizen('setahun@contoh.id', { password });
  await signInto(app, world.browser(), {}, 'setahun@contoh.id');
  expect(await listPermissions(database, id, { limit: 9 })).toHaveLength(2);
  const log = createLog('silent', { write: () => undefined });
  const open = () => startPermissionEnds({ ...house, log }, { everyMs: 1_000_000_000 });
  const jobs = [open(), open()];
  expect(await jobs[0]?.endDue()).toBe(0);

  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 366 * 86_400_000 });
  const ended = await Promise.all(jobs.map((job) => job.endDue()));
  for (const job of jobs) await job.stop();
  expect(ended.reduce((sum, count) => sum + count)).toBe(2);
  expect(await listPermissions(database, id, { limit: 9 })).toEqual([]);
  const over = await listPermissions(database, id, { ended: true, limit: 9 });
  expect(over.map(({ kind, endReason }) => [kind, endReason]).toSorted()).toEqual([
    ['consent', 'expired'],
    ['notice', 'expired'],
  ]);
  const withdrawals = await listWithdrawals(database, id, { limit: 9 });
  expect(withdrawals.map(({ cause }) => cause)).toEqual(['expired', 'expired']);
  const events = await database.query<{ kind: string }>(
    `select kind from account_events where account_id = $1 and kind like '%.expired' order by kind`,
    [id],
  );
  expect(events.map(({ kind }) => kind)).toEqual(['consent.expired', 'notice.expired']);
  await database.settle();
  const counted = await database.query(
    `select kind, event, sum(times)::int as times from client_permission_days where client_id = 'pajak-daerah'
       and event = 'expired' group by kind, event order by kind`,
  );
  expect(counted).toEqual([
    { kind: 'consent', event: 'expired', times: 1 },
    { kind: 'notice', event: 'expired', times: 1 },
  ]);
});
