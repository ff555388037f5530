/** What becomes of decisions by themselves: who hears of them and when, and the end of an app on its day. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { startDecisions } from '#src/jobs/decisions.ts';
import { loadClient } from '#src/registry/clients.ts';
import { type DecisionRequest, decide, undoDecision } from '#src/registry/decisions.ts';
import { createDecisionNotices } from '#src/web/decision-notices.ts';
import { race } from '#test/races/crowd.ts';
import { colleague } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
const owner = 'budi@dinkes.contoh.go.id';
const other = 'tuti@bapenda.contoh.go.id';

/** Its world is made on the day on which each test begins: whoever is told has been there before. */
const begin = () => void vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-02-01T03:00:00Z') });

beforeAll(async () => {
  begin();
  world = await openWorld();
  await colleague(world, owner, { 'dinas-kesehatan': ['owner'] });
  await colleague(world, other, { 'badan-pendapatan-daerah': ['owner'] });
  vi.useRealTimers();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(async () => {
  begin();
  await world.database.execute('delete from outbox');
});
afterEach(() => {
  vi.useRealTimers();
});

/** The work of one process. */
function open() {
  const log = createLog('silent', { write: () => undefined });
  const { config, database } = world.house;
  return startDecisions({ config, database, log, notices: createDecisionNotices(world.house) }, { everyMs: 1e9 });
}

const everywhere = { reach: 'everywhere', actor: 'putri', via: 'command' } as const;
const make = (wanted: Partial<DecisionRequest> = {}) =>
  world.database.transaction((tx) =>
    decide(tx, {
      ...{
        refs: ['client:puskesmas-online'],
        kind: 'merge',
        successor: 'client:pajak-daerah',
        effectiveOn: '2027-02-20',
      },
      ...{ reason: 'Dua loket untuk satu urusan.', ...everywhere, ...wanted },
    }),
  );
const hasNone = (email: string) => expect(world.message(email)).rejects.toThrow('no message');
const forget = () => world.database.execute('delete from outbox');

test('owners hear of it at once, again before the day, and when it has come; each once, however many processes look', async () => {
  const [decision] = await make();
  const jobs = Array.from({ length: 6 }, open);
  const workAll = async () => {
    const { won, lost } = await race(jobs.length, (i) => jobs[i]?.workNow() ?? Promise.reject());
    expect(lost).toEqual([]);
    return won.reduce((sum, each) => sum + each, 0);
  };
  expect(await workAll()).toBe(0);
  const told = await world.message(owner);
  expect(told.subject).toBe('Keputusan tentang Puskesmas Online');
  expect(told.text).toContain('Digabung ke Pajak Daerah pada 20 Februari 2027');
  expect(told.link).toBe(`${world.issuer}/console/decisions/about/client%3Apuskesmas-online`);
  expect((await world.message(other)).subject).toBe('Layanan Anda menerima pengguna Puskesmas Online');
  for (const [now, subject] of [
    ['2027-02-12T03:00:00Z', undefined],
    ['2027-02-13T03:00:00Z', 'Puskesmas Online berakhir 7 hari lagi'],
    ['2027-02-14T03:00:00Z', undefined],
    ['2027-02-19T03:00:00Z', 'Puskesmas Online berakhir besok'],
  ] as const) {
    await forget();
    vi.setSystemTime(new Date(now));
    expect(await workAll()).toBe(0);
    if (subject) expect((await world.message(owner)).subject).toBe(subject);
    else await hasNone(owner);
  }
  await forget();
  vi.setSystemTime(new Date('2027-02-19T17:00:01Z'));
  expect(await workAll()).toBe(1);
  expect((await world.message(owner)).subject).toBe('Puskesmas Online sudah ditutup');
  expect(await loadClient(world.database, 'puskesmas-online')).toMatchObject({
    ...{ state: 'retired', successor: 'client:pajak-daerah', stateReason: decision?.reason },
  });
  const [event] = await world.database.query<{ actor: string }>(
    `select actor from admin_events where subject = 'client puskesmas-online' and kind = 'client.state-changed' and details->>'to' = 'retired'`,
  );
  expect(event?.actor).toBe('decisions');
  await Promise.all(jobs.map((job) => job.stop()));
});

test('what was undone before anybody heard of it is not told; what was told is told to be undone', async () => {
  const job = open();
  const undo = (id: string) => world.database.transaction((tx) => undoDecision(tx, { ...everywhere, id: id ?? '' }));
  const wanted = { refs: ['client:pajak-daerah'], kind: 'retire', successor: undefined } as const;
  await world.database.execute('delete from app_decisions');
  const [quiet] = await make(wanted);
  await undo(String(quiet?.id));
  await job.workNow();
  await hasNone(other);
  const [told] = await make(wanted);
  await job.workNow();
  expect((await world.message(other)).subject).toBe('Keputusan tentang Pajak Daerah');
  await forget();
  await undo(String(told?.id));
  await job.workNow();
  expect((await world.message(other)).subject).toBe('Keputusan tentang Pajak Daerah dibatalkan');
  await forget();
  vi.setSystemTime(new Date('2027-02-25T03:00:00Z'));
  expect(await job.workNow()).toBe(0);
  await hasNone(other);
  expect((await loadClient(world.database, 'pajak-daerah')).state).not.toBe('retired');
  await job.stop();
});

test('an end that nobody could be told of before its day is told first, and comes with the next round', async () => {
  await world.database.execute('delete from app_decisions');
  await make({ refs: ['client:pajak-daerah'], kind: 'retire', successor: undefined, effectiveOn: '2027-02-02' });
  vi.setSystemTime(new Date('2027-02-10T03:00:00Z'));
  const job = open();
  expect(await job.workNow()).toBe(0);
  expect((await world.message(other)).subject).toBe('Keputusan tentang Pajak Daerah');
  vi.setSystemTime(new Date('2027-02-10T03:00:15Z'));
  expect(await job.workNow()).toBe(1);
  await job.stop();
});
