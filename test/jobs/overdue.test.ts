/** Answers that agencies owe: counted, told a day before and when they are late, and seen from above; never of whom. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import { acknowledgeWithdrawals, recordWithdrawal } from '#src/consents/withdrawals.ts';
import { startOverdue } from '#src/jobs/overdue.ts';
import { listOverdue, sumOwed, takeOwedCount } from '#src/registry/answers-owed.ts';
import { createTellOwed } from '#src/web/overdue-notices.ts';
import { type Citizen, race } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

const HOUR = 3_600_000;
/** So many hours lie between two looks. */
const STEP = 4;
const BEGINNING = new Date('2028-03-01T00:00:00Z').getTime();
const clientId = 'puskesmas-online';
const everyone = { nodes: ['dinas-kesehatan', 'badan-pendapatan-daerah'] };

let world: World;
let people: string[];
let owner: Citizen;
let ministry: Citizen;
let stranger: Citizen;

/** The world is made on that day as well: whoever is told has been there before. */
const begin = () => void vi.useFakeTimers({ toFake: ['Date'], now: BEGINNING });

beforeAll(async () => {
  begin();
  world = await openWorld();
  people = [await world.citizen('satu@contoh.id', {}), await world.citizen('dua@contoh.id', {})];
  await world.database.execute(
    `insert into agencies (id, name, name_en, legal_name, domain, kind, path, created_at, updated_at)
     select 'induk', 'Kementerian Induk', 'Parent Ministry', legal_name, domain, 'ministry', '{induk}', created_at, updated_at
     from agencies where id = 'dinas-kesehatan'`,
  );
  await world.database.execute(
    `update agencies set parent_id = 'induk', path = '{induk,dinas-kesehatan}' where id = 'dinas-kesehatan'`,
  );
  owner = await colleague(world, 'pemilik@dinkes.contoh.go.id', { 'dinas-kesehatan': ['owner'] });
  ministry = await colleague(world, 'koordinator@induk.contoh.go.id', { induk: ['coordinator'] });
  stranger = await colleague(world, 'lain@bapenda.contoh.go.id', { 'badan-pendapatan-daerah': ['owner'] });
});
afterAll(() => world?.[Symbol.asyncDispose]());

beforeEach(async () => {
  begin();
  for (const table of ['withdrawals', 'release_reports', 'outbox', 'answers_owed', 'answers_owed_told'])
    await world.database.execute(`delete from ${table}`);
  await world.database.execute('delete from answers_owed_counts');
});
afterEach(() => {
  vi.useRealTimers();
});

/** The work of one process. */
function open() {
  const log = createLog('silent', { write: () => undefined });
  const tellOwed = createTellOwed(world.house);
  return startOverdue({ database: world.database, log, tellOwed }, { everyMs: 1_000_000_000 });
}

/** The hours at which agencies are told, and how many of them. */
async function watch(from: number, to: number): Promise<[hour: number, told: number][]> {
  const job = open();
  const told: [number, number][] = [];
  for (let hour = from; hour <= to; hour += STEP) {
    vi.setSystemTime(BEGINNING + hour * HOUR);
    const count = await job.lookDue();
    if (count > 0) told.push([hour, count]);
  }
  await job.stop();
  return told;
}

const withdraw = (accountId = people[0] ?? '', from = clientId) =>
  recordWithdrawal(world.database, {
    ...{ accountId, clientId: from, permissionId: newIdIn(shardOf(accountId)), cause: 'withdrawn' },
  });

async function report(accountId = people[1] ?? ''): Promise<void> {
  const shard = shardOf(accountId);
  const now = new Date();
  await world.database.for(shard).execute(
    `insert into release_reports (shard, account_id, id, client_id, release_at, release_id, reason, at, due_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, 'not-then', $5, $7, $8)`,
    [shard, accountId, newIdIn(shard), clientId, now, newIdIn(shard), ...[72, 9_000].map((hours) => later(now, hours))],
  );
}

const later = (at: Date, hours: number): Date => new Date(at.getTime() + hours * HOUR);

test('owners are told a day and a half before and when it is late, those above when it is late, each once', async () => {
  await withdraw();
  await report();
  expect(await watch(32, 108)).toEqual([
    [36, 1],
    [72, 2],
  ]);
  expect((await world.message('pemilik@dinkes.contoh.go.id')).subject).toBe(
    'Terlambat: jawaban Dinas Kesehatan kepada warga',
  );
  const { subject, text, link } = await world.message('koordinator@induk.contoh.go.id');
  expect(subject).toBe('Terlambat menjawab warga: instansi di bawah Kementerian Induk');
  expect(text).toContain('Penarikan: 1. Laporan: 1.');
  expect(text).toContain('Puskesmas Online');
  expect(link).toBe(`${world.issuer}/console/overdue?agency=induk`);
  for (const id of people) expect(text).not.toContain(id);
});

test('where nobody is above an agency operators are told, and one app that is late is a click away', async () => {
  const operator = await colleague(world, 'operator@pusat.contoh.go.id', { 'dinas-kesehatan': ['operator'] });
  await withdraw(people[0], 'pajak-daerah');
  expect(await watch(72, 76)).toEqual([[72, 1]]);
  const { text, link } = await world.message(operator.email);
  expect(text).toContain('tidak ada instansi di atasnya');
  expect(link).toBe(`${world.issuer}/console/apps/pajak-daerah/deliveries`);
  expect((await world.message(stranger.email)).text).toContain('di halaman Penarikan dan kabar');
});

test('whoever answers in time hears no more, and a new withdrawal is told of anew', async () => {
  const { id } = await withdraw();
  expect(await watch(32, 40)).toEqual([[36, 1]]);
  await acknowledgeWithdrawals(world.database, world.house.secrets, {
    clientId,
    ids: [id],
    outcome: 'deleted',
    law: undefined,
  });
  expect(await watch(68, 100)).toEqual([]);
  expect(await sumOwed(world.database, everyone)).toMatchObject({ withdrawals: 0, oldestDueAt: undefined });
  await withdraw();
  expect(await watch(132, 176)).toEqual([
    [136, 1],
    [172, 2],
  ]);
});

test('an agency with many people is told at most twice a day, and always a day before', async () => {
  const job = open();
  const told: number[] = [];
  for (let hour = 0; hour < 96; hour += STEP) {
    vi.setSystemTime(BEGINNING + hour * HOUR);
    await acknowledgeLate();
    if (hour < 48) await withdraw();
    if ((await job.lookDue()) > 0) told.push(hour);
  }
  await job.stop();
  expect(told).toEqual([36, 48, 60, 72, 84]);
});

/** Answers what is due before the next look, so that nothing is ever late. */
async function acknowledgeLate(): Promise<void> {
  await world.database.execute(
    `update withdrawals set acknowledged_at = $1, outcome = 'deleted' where acknowledged_at is null and due_at <= $2`,
    [new Date(), later(new Date(), STEP)],
  );
}

test('what a person ended with one press counts once, as it is answered', async () => {
  const pair = [await withdraw(), await withdraw()];
  await withdraw(people[1]);
  vi.setSystemTime(BEGINNING + HOUR);
  await withdraw();
  vi.setSystemTime(BEGINNING + 80 * HOUR);
  const job = open();
  await job.lookDue();
  expect(await sumOwed(world.database, everyone)).toMatchObject({ withdrawals: 3, withdrawalsOverdue: 3 });
  const answer = { clientId, ids: pair.map(({ id }) => id), outcome: 'deleted', law: undefined } as const;
  await acknowledgeWithdrawals(world.database, world.house.secrets, answer);
  vi.setSystemTime(BEGINNING + 81 * HOUR);
  await job.lookDue();
  await job.stop();
  expect(await sumOwed(world.database, everyone)).toMatchObject({ withdrawals: 2, withdrawalsOverdue: 2 });
});

test('several processes count and tell as one does', async () => {
  await withdraw();
  await withdraw(people[1]);
  vi.setSystemTime(BEGINNING + 80 * HOUR);
  const jobs = [open(), open(), open()];
  await race(3, async (index) => jobs[index]?.lookDue());
  // A loser of the count may have looked before the winner wrote it.
  await race(3, async (index) => jobs[index]?.lookDue());
  for (const job of jobs) await job.stop();
  const row = await world.database.first<{ count: number }>('select count(*)::integer as count from outbox');
  expect(row?.count).toBe(2);
  const [line, ...more] = await listOverdue(world.database, { ...everyone, limit: 10 });
  expect([line?.clientId, line?.withdrawalsOverdue, more.length]).toEqual([clientId, 2, 0]);
});

test('a count that another process has is left alone, and begins anew once it is over', async () => {
  expect(await takeOwedCount(world.database)).toBeDefined();
  expect(await takeOwedCount(world.database)).toBeUndefined();
  vi.setSystemTime(BEGINNING + HOUR);
  expect(await takeOwedCount(world.database)).toBeDefined();
});

test('the console shows what is late to those above and to the agency’s owners, and to nobody else', async () => {
  await withdraw();
  await report();
  vi.setSystemTime(BEGINNING + 100 * HOUR);
  const job = open();
  await job.lookDue();
  await job.stop();
  for (const person of [owner, ministry]) {
    const { page } = await openConsole(world, person, { at: '/console/overdue' });
    expect(page.attributes('[data-client]', 'data-client')).toEqual([clientId]);
    expect(page.text('[data-client]')).toContain('1 hari');
    expect([page.text('#total-withdrawals'), page.text('#total-reports')]).toEqual(['1', '1']);
    for (const id of people) expect(page.html).not.toContain(id);
  }
  const { browser, page } = await openConsole(world, stranger, { at: '/console/overdue' });
  expect([page.count('[data-client]'), page.text('#total-waiting')]).toEqual([0, '0']);
  const other = await browser.visit(`${world.issuer}/console/overdue?agency=dinas-kesehatan`);
  expect(other.text('#error-code')).toBe('not_here');
});

test('a developer watches over nobody', async () => {
  const developer = await colleague(world, 'pengembang@dinkes.contoh.go.id', { 'dinas-kesehatan': ['developer'] });
  const { page } = await openConsole(world, developer, { at: '/console/overdue' });
  expect([page.status, page.attributes('.places-open a', 'href').includes('/console/overdue')]).toEqual([403, false]);
});
