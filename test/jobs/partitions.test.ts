/** Months under a moved clock: made ahead, filled from what lay outside, and dropped when they are older than they are kept. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import knex from 'knex';
import pg from 'pg';
import { afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import { listHistory, recordAccountEvent } from '#src/audit/events.ts';
import { Database } from '#src/base/database.ts';
import { createLog } from '#src/base/log.ts';
import { monthsAhead, monthsOverdue, rowsOutsideMonths } from '#src/base/metrics.ts';
import { migrate } from '#src/base/migrations.ts';
import { keepMonths, lookAtMonths, type Monthly, NotTheOwner } from '#src/base/partitions.ts';
import { newIdIn } from '#src/base/secrets.ts';
import { startPartitions } from '#src/jobs/partitions.ts';
import { runLawang } from '#test/support/command-line.ts';
import { createDatabase, PATIENCE, prepareTemplate, type TestDatabase } from '#test/support/postgres.ts';

const migrations = fileURLToPath(new URL('../../migrations', import.meta.url));
const MONTHS = join(migrations, '0065-events-by-month.ts');
/** What has changed the table since then. */
const LATER = join(migrations, '0073-apps-in-histories.ts');
const hour = 3_600_000;
const config = { releasesKeptMonths: 24, eventsKeptMonths: 60 };
const events: Monthly = { table: 'account_events', keptMonths: 60 };

/** As it is set up in the month in which each test begins. */
let template: string;
let home: TestDatabase;
let database: Database;

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  on('2026-11-26');
  template = await prepareTemplate(inject('adminUrl'), async (url) => void (await migrate(url)));
  vi.useRealTimers();
});

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  on('2026-11-26');
  home = await createDatabase(inject('adminUrl'), { template });
  database = new Database(home.url, PATIENCE);
});

afterEach(async () => {
  vi.useRealTimers();
  await database.close();
  await home.drop();
});

const on = (day: string) => void vi.setSystemTime(new Date(`${day}T12:00:00Z`));

function open() {
  const job = startPartitions(
    { config, database, log: createLog('silent'), ownerUrl: home.url },
    { everyMs: hour, firstMs: hour },
  );
  return { ...job, [Symbol.asyncDispose]: () => job.stop() };
}

/** Something happens to an account today, whose first letters of the id are those of shard 1. */
async function happen(accountId: string): Promise<void> {
  await recordAccountEvent(database, { accountId, kind: 'session.ended', details: { sessions: 1 } });
}

async function release(accountId: string): Promise<void> {
  await database.execute(
    `insert into releases (shard, account_id, at, app, id, kind, last_at, sealed)
     values (1, $1, $2, '\\x0102030405060708', $3, 'code', $2, '\\x00')`,
    [accountId, new Date(), newIdIn(1)],
  );
}

/** How many rows lie in each part, by its name. */
async function rowsIn(table: string): Promise<Record<string, number>> {
  const rows = await database.query<{ part: string; rows: number }>(
    `select tableoid::regclass::text as part, count(*)::integer as rows from ${table} group by 1 order by 1`,
  );
  return Object.fromEntries(rows.map(({ part, rows: count }) => [part, count]));
}

async function parts(table: string): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = '${table}'::regclass order by 1`,
  );
  return rows.map(({ name }) => name);
}

test('the running month and three more are made, and what lay outside goes to its month', async () => {
  const siti = newIdIn(1);
  on('2026-09-30');
  await happen(siti);
  on('2026-11-26');
  await happen(siti);
  await release(siti);
  expect(await rowsIn('account_events')).toEqual({ account_events_other: 2 });
  await using job = open();
  const [releases, ofEvents] = await job.keepNow();
  expect(releases).toMatchObject({ table: 'releases', moved: 1, dropped: [] });
  expect(ofEvents?.made).toEqual(
    ['2026_09', '2026_11', '2026_12', '2027_01', '2027_02'].map((month) => `account_events_${month}`),
  );
  expect(await rowsIn('account_events')).toEqual({ account_events_2026_09: 1, account_events_2026_11: 1 });
  expect(await listHistory(database, siti, { limit: 10 })).toHaveLength(2);
  expect((await job.keepNow()).flatMap(({ made }) => made)).toEqual([]);
  on('2027-01-01');
  expect((await job.keepNow()).flatMap(({ made }) => made)).toEqual([
    ...['releases_2027_03', 'releases_2027_04', 'account_events_2027_03', 'account_events_2027_04'],
  ]);
});

test('a month goes when it is older than it is kept, with all in it, and not a day before', async () => {
  const siti = newIdIn(1);
  await using job = open();
  await job.keepNow();
  await happen(siti);
  await release(siti);
  on('2028-11-30');
  await happen(siti);
  await release(siti);
  const before = await job.keepNow();
  expect(before.flatMap(({ dropped }) => dropped)).toEqual([]);
  expect(await rowsIn('releases')).toEqual({ releases_2026_11: 1, releases_2028_11: 1 });
  on('2028-12-01');
  const [releases, ofEvents] = await job.keepNow();
  expect(releases?.dropped).toEqual(['releases_2026_11']);
  expect(ofEvents?.dropped).toEqual([]);
  expect(await rowsIn('releases')).toEqual({ releases_2028_11: 1 });
  on('2031-12-01');
  const [, later] = await job.keepNow();
  expect(later?.dropped).toContain('account_events_2026_11');
  expect((await listHistory(database, siti, { limit: 10 })).map(({ at }) => at.getFullYear())).toEqual([2028]);
});

test('rows that nobody made a month for in time are dropped in time all the same', async () => {
  const siti = newIdIn(1);
  await happen(siti);
  on('2031-11-30');
  expect(await lookAtMonths(database, events)).toMatchObject({ ahead: 0, outside: 1 });
  on('2031-12-01');
  const [, kept] = await keepMonths(home.url, [{ table: 'releases', keptMonths: 24 }, events]);
  expect(kept).toMatchObject({ removed: 1, moved: 0 });
  expect(await listHistory(database, siti, { limit: 10 })).toEqual([]);
});

test('a month under way with many rows waits until it is over; nobody misses a row meanwhile', async () => {
  const siti = newIdIn(1);
  await database.execute(
    `insert into account_events (shard, account_id, id, at, kind, details)
     select 1, $1, gen_random_uuid(), $2, 'session.ended', '{}' from generate_series(1, 5000)`,
    [siti, new Date()],
  );
  await using job = open();
  expect((await job.keepNow())[1]).toMatchObject({ moved: 0 });
  expect(await lookAtMonths(database, events)).toMatchObject({ ahead: 3, outside: 5_000 });
  on('2026-12-01');
  await happen(siti);
  expect((await job.keepNow())[1]).toMatchObject({ moved: 5_000 });
  expect(await rowsIn('account_events')).toEqual({ account_events_2026_11: 5_000, account_events_2026_12: 1 });
});

test('writers and readers go on while months are made and dropped, by several processes at once', async () => {
  const siti = newIdIn(1);
  let written = 0;
  let isDone = false;
  const write = async () => {
    while (!isDone) {
      await happen(siti);
      written += 1;
      expect((await listHistory(database, siti, { limit: 5 })).length).toBeGreaterThan(0);
    }
  };
  const writing = Promise.all([write(), write(), write()]);
  for (const day of ['2026-11-26', '2027-03-01', '2031-01-01', '2032-03-02']) {
    on(day);
    await Promise.all([1, 2, 3].map(() => keepMonths(home.url, [events])));
  }
  isDone = true;
  await writing;
  const dropped = written - Object.values(await rowsIn('account_events')).reduce((sum, rows) => sum + rows, 0);
  expect(written).toBeGreaterThan(20);
  // What is gone was written in a month that is over by now.
  expect(await parts('account_events')).not.toContain('account_events_2026_11');
  expect(dropped).toBeGreaterThan(0);
  expect(dropped).toBeLessThan(written);
});

test('who reads for long is left in peace, and the work is done later', async () => {
  await using job = open();
  const reader = new pg.Client({ connectionString: home.url });
  await reader.connect();
  await reader.query('begin; select count(*) from releases; select count(*) from account_events');
  await expect(job.keepNow()).rejects.toMatchObject({ code: '55P03' });
  await reader.query('commit');
  await reader.end();
  expect((await job.keepNow()).flatMap(({ made }) => made)).toHaveLength(8);
});

test('operators see how the months stand', async () => {
  await release(newIdIn(1));
  await using job = open();
  await job.keepNow();
  const shown = async (gauge: typeof monthsAhead) =>
    (await gauge.get()).values.find(({ labels }) => labels.table === 'releases')?.value;
  expect([await shown(monthsAhead), await shown(rowsOutsideMonths), await shown(monthsOverdue)]).toEqual([3, 0, 0]);
  on('2029-01-01');
  expect(await lookAtMonths(database, { table: 'releases', keptMonths: 24 })).toEqual({
    ...{ table: 'releases', ahead: 0, outside: 0, overdue: 2 },
  });
});

test('the page of a history reads by key in each month, and a month that it does not need is not read', async () => {
  await keepMonths(home.url, [{ ...events, keptMonths: 60 }]);
  const history = (since: string) => `explain (costs off) select id from account_events
    where shard = 1 and account_id = '${newIdIn(1)}' and at <= '2027-01-15' and at >= '${since}' order by at desc, id desc limit 5`;
  const planOf = async (text: string) =>
    (await database.query<Record<string, string>>(text)).map((row) => row['QUERY PLAN']).join('\n');
  const plan = await planOf(history('2026-11-01'));
  expect(plan).not.toContain('Seq Scan');
  expect(plan.match(/account_events_\d{4}_\d{2} /g)).toHaveLength(3);
  expect(await planOf(history('2027-01-01'))).not.toMatch(/2026_1|other/);
});

test('the role of the server makes none, and is told who does; the command of the owner does', async () => {
  const role = `server_${newIdIn(1).replaceAll('-', '')}`;
  await database.execute(`create role ${role} login password 'x'`);
  try {
    await migrate(home.url, { serverRole: role });
    const url = new URL(home.url);
    url.username = role;
    url.password = 'x';
    await expect(keepMonths(url.href, [events])).rejects.toThrow(NotTheOwner);
    await expect(keepMonths(url.href, [events])).rejects.toThrow(/"lawang partitions"/);
    const asServer = await runLawang('partitions', { DATABASE_URL: url.href });
    expect([asServer.code, asServer.err]).toEqual([1, expect.stringContaining('DATABASE_MIGRATION_URL')]);
    const asOwner = await runLawang('partitions', { DATABASE_URL: url.href, DATABASE_MIGRATION_URL: home.url });
    expect(asOwner).toMatchObject({ code: 0, out: expect.stringMatching(/releases +4 made +0 dropped/) });
    const server = new pg.Client({ connectionString: url.href });
    await server.connect();
    const now = new Date().toISOString();
    const row = `(1, gen_random_uuid(), gen_random_uuid(), '${now}', 'session.ended', null, '{}')`;
    await server.query(`insert into account_events values ${row}`);
    const month = `account_events_${now.slice(0, 7).replace('-', '_')}`;
    for (const forbidden of [
      `delete from account_events`,
      `update account_events set kind = 'x'`,
      `delete from ${month}`,
      `insert into ${month} values ${row}`,
      `drop table ${month}`,
      `alter table account_events detach partition ${month}`,
    ])
      await expect(server.query(forbidden), forbidden).rejects.toMatchObject({ code: '42501' });
    await server.end();
  } finally {
    await database.execute(`drop owned by ${role}`);
    await database.execute(`drop role ${role}`);
  }
});

/** What stood in the table before there were months, and the migration over it. */
async function migrateOver(prepare: string): Promise<void> {
  const db = knex({ client: 'pg', connection: home.url });
  try {
    const [months, later] = await Promise.all([import(MONTHS), import(LATER)]);
    await db.transaction((tx) => later.down(tx));
    await db.transaction((tx) => months.down(tx));
    await db.raw(`insert into account_events (shard, account_id, id, at, kind, details)
      select 1, '00100000-0000-4000-8000-000000000000', gen_random_uuid(), timestamptz '2025-01-15 12:00Z' + n * interval '1 day',
        'session.ended', '{}' from generate_series(0, 599) as n`);
    await db.raw(prepare);
    await db.transaction((tx) => months.up(tx));
    await db.transaction((tx) => later.up(tx));
  } finally {
    await db.destroy();
  }
}

test.each([
  ['by itself', 'select 1', '2026-12-01'],
  [
    'prepared while the server ran',
    `create unique index account_events_early_key on account_events (shard, account_id, at, id);
     create index account_events_early_at on account_events using brin (at);
     alter table account_events add constraint "events before the months" check (at < '2027-01-01Z') not valid;
     alter table account_events validate constraint "events before the months"`,
    '2027-01-01',
  ],
])('what happened before there were months stays in one part, %s, and goes day by day', async (_, prepare, until) => {
  await migrateOver(prepare);
  const account = '00100000-0000-4000-8000-000000000000';
  expect(await rowsIn('account_events')).toEqual({ account_events_early: 600 });
  expect(await listHistory(database, account, { limit: 1_000 })).toHaveLength(600);
  await happen(account);
  expect(await rowsIn('account_events')).toEqual({ account_events_early: 601 });
  on(until);
  await using job = open();
  await job.keepNow();
  await happen(account);
  expect(Object.keys(await rowsIn('account_events'))).toEqual([
    `account_events_${until.slice(0, 7).replace('-', '_')}`,
    'account_events_early',
  ]);
  on('2030-03-31');
  expect((await job.keepNow())[1]).toMatchObject({ removed: 45 });
  on('2032-02-01');
  expect((await job.keepNow())[1]?.dropped).toContain('account_events_early');
});
