import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { overdueRows } from '#src/base/metrics.ts';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import { reportRelease } from '#src/consents/reports.ts';
import { recordWithdrawal } from '#src/consents/withdrawals.ts';
import { registryTables, startPurge, sweeps } from '#src/jobs/purge.ts';
import { openPeople, type People, statementsOf } from '#test/people/people.ts';

let people: People;
const hour = 3_600_000;
const past = () => new Date(Date.now() - hour);
const future = () => new Date(Date.now() + hour);

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

function open() {
  return startPurge({ database: people.database, log: createLog('silent') }, { everyMs: hour });
}

async function challenge(shard: number, expiresAt: Date) {
  await people.database.execute('insert into used_challenges (shard, hash, expires_at) values ($1, $2, $3)', [
    shard,
    randomBytes(32),
    expiresAt,
  ]);
}

async function count(table: string): Promise<number> {
  const row = await people.database.first<{ n: number }>(`select count(*)::integer as n from ${table}`);
  return row?.n ?? 0;
}

test('every table with an end is swept', async () => {
  const tables = await people.database.query<{ table_name: string }>(
    `select table_name from information_schema.columns
     where table_schema = 'public' and column_name = 'expires_at' and table_name not in ('consents', 'permissions', 'client_secrets', 'registration_exceptions')
     order by table_name`,
  );
  expect([...registryTables, ...sweeps.map(({ table }) => table)].sort()).toEqual(
    tables.map(({ table_name }) => table_name),
  );
});

test('what is over goes, in every shard, and what is not stays', async () => {
  for (const shard of [0, 1, 2048, 4095]) {
    await challenge(shard, past());
    await challenge(shard, future());
  }
  const purge = open();
  expect(await purge.purgeNow()).toBe(4);
  expect(await purge.purgeNow()).toBe(0);
  expect(await count('used_challenges')).toBe(4);
  await purge.stop();
});

test('in a table of the registry as well', async () => {
  for (const at of [past(), past(), future()])
    await people.database.execute(
      `insert into bundles (id, issuer, client_id, signed, received_at, expires_at) values ($1, 'i', 'c', 's', $2, $3)`,
      [randomUUID(), past(), at],
    );
  const purge = open();
  expect(await purge.purgeNow()).toBe(2);
  expect(await count('bundles')).toBe(1);
  await purge.stop();
});

test('a session goes by its idle end, with its clients; a grant goes with its tokens', async () => {
  const { database } = people;
  const { id } = await people.citizen('Sesi');
  const shard = shardOf(id);
  for (const [uid, idle, absolute] of [
    ['idle', past(), future()],
    ['absolute', future(), past()],
    ['live', future(), future()],
  ] as const) {
    await database.execute(
      `insert into sessions (shard, uid, id_hash, account_id, payload, epoch, created_at, expires_at, ends_at)
       values ($1, $2, $3, $4, '{}', 1, $5, $6, $7)`,
      [shard, uid, randomBytes(32), id, past(), idle, absolute],
    );
    await database.execute(
      `insert into session_clients (shard, session_uid, client_id, payload) values ($1, $2, 'pajak-daerah', '{}')`,
      [shard, uid],
    );
  }
  await database.execute(
    `insert into grants (shard, id, account_id, client_id, payload, expires_at) values ($1, 'g', $2, 'pajak-daerah', '{}', $3)`,
    [shard, id, past()],
  );
  await database.execute(
    `insert into artifacts (shard, kind, id_hash, grant_id, payload, epoch, expires_at) values ($1, 'RefreshToken', $2, 'g', '{}', 1, $3)`,
    [shard, randomBytes(32), future()],
  );
  const purge = open();
  await purge.purgeNow();
  const left = ['absolute', 'live'];
  const uids = 'select uid from sessions order by uid';
  expect(await database.query(uids)).toEqual(left.map((uid) => ({ uid })));
  const clients = 'select session_uid from session_clients order by session_uid';
  expect(await database.query(clients)).toEqual(left.map((uid) => ({ session_uid: uid })));
  // Nobody can use it any more, and it cannot be used anew: its idle end comes within the hour.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  await purge.purgeNow();
  expect(await database.query(uids)).toEqual([]);
  vi.useRealTimers();
  expect(await count('artifacts')).toBe(0);
  await purge.stop();
});

test('a recovery that nobody completed in time ends and stays on record; one that waits is left alone', async () => {
  const { database } = people;
  const ends = new Map<string, string>();
  for (const [name, expiresAt] of [
    ['Lewat', past()],
    ['Tunggu', future()],
  ] as const) {
    const { id } = await people.citizen(name);
    ends.set(id, name);
    await database.execute(
      `insert into recoveries (shard, account_id, id, state, contacts, started_at, ready_at, expires_at)
       values ($1, $2, $3, 'waiting', $4, $5, $5, $6)`,
      [shardOf(id), id, randomUUID(), [randomBytes(32), randomBytes(32)], past(), expiresAt],
    );
  }
  const purge = open();
  expect(await purge.purgeNow()).toBe(1);
  const rows = await database.query<{ account_id: string; state: string }>('select account_id, state from recoveries');
  const states = Object.fromEntries(rows.map((row) => [ends.get(row.account_id), row.state]));
  expect(states).toEqual({ Lewat: 'expired', Tunggu: 'waiting' });
  await purge.stop();
});

test('what a person took back or reported stays for 24 months to the day, over a leap day as well', async () => {
  const { database, secrets, throttles } = people;
  const { id: accountId } = await people.citizen('Kabisat');
  const clientId = 'pajak-daerah';
  const release = { id: randomUUID(), at: new Date('2028-02-20T03:00:00Z') };
  const purge = open();
  try {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2028-02-21T03:00:00Z') });
    await recordWithdrawal(database, {
      ...{ accountId, clientId, permissionId: newIdIn(shardOf(accountId)), cause: 'withdrawn' },
    });
    await people.request((db) =>
      reportRelease(db, secrets, throttles, { accountId, clientId, release, reason: 'not-then' }),
    );
    const left = () => Promise.all([count('withdrawals'), count('release_reports')]);
    vi.setSystemTime(new Date('2030-02-21T02:59:59Z'));
    await purge.purgeNow();
    expect(await left()).toEqual([1, 1]);
    vi.setSystemTime(new Date('2030-02-21T03:00:00Z'));
    await purge.purgeNow();
    expect(await left()).toEqual([0, 0]);
  } finally {
    vi.useRealTimers();
    await purge.stop();
  }
});

test('many rows go in several small steps', async () => {
  const { database } = people;
  await database.execute(
    `insert into throttles (shard, key, points, expires_at)
     select n % 50, decode(md5(n::text), 'hex'), 1, $1 from generate_series(1, 5000) n`,
    [past()],
  );
  const purge = open();
  const sent = await statementsOf(database, () => purge.purgeNow());
  expect(sent.filter((text) => text.startsWith('delete from throttles'))).toHaveLength(5);
  expect(await count('throttles')).toBe(0);
  await purge.stop();
});

test('the metric tells what could not be removed', async () => {
  const { database } = people;
  await challenge(7, past());
  await database.execute(`create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$`);
  await database.execute(
    'create trigger refuse before delete on used_challenges for each row execute function refuse()',
  );
  const purge = open();
  await expect(purge.purgeNow()).rejects.toThrow('no');
  const overdue = async () =>
    (await overdueRows.get()).values.find(({ labels }) => labels.table === 'used_challenges')?.value;
  expect(await overdue()).toBe(1);
  await database.execute('drop trigger refuse on used_challenges');
  await purge.purgeNow();
  expect(await overdue()).toBe(0);
  await purge.stop();
});

test('several processes sweep at once', async () => {
  await Promise.all(Array.from({ length: 60 }, (_, i) => challenge(i, past())));
  const before = await count('used_challenges');
  const purges = [open(), open(), open()];
  const removed = await Promise.all(purges.map((purge) => purge.purgeNow()));
  expect(removed.reduce((sum, each) => sum + each, 0)).toBe(60);
  expect(await count('used_challenges')).toBe(before - 60);
  await Promise.all(purges.map((purge) => purge.stop()));
});

test('a stop does not wait until everything is swept', async () => {
  await challenge(7, past());
  const purge = open();
  await purge.stop();
  const sent = await statementsOf(people.database, () => purge.purgeNow());
  expect(sent).toEqual([]);
  expect(await open().purgeNow()).toBe(1);
});
