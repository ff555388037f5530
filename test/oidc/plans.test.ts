/**
 * No statement on the path scans a table: PostgreSQL is asked for the plan of everything that a sign-in sends, with the
 * planner settings of the connection that sends it, on tables that have just been filled, that are analyzed, and
 * whose shards are full.
 *
 * A plan is in order when each table in it is reached by an index, by more of its key than the shard and a time.
 */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compose, type Read, type Write } from '#src/base/coalescing.ts';
import { PLAN_BY_KEY, PLAN_SHARED } from '#src/base/connections.ts';
import { seed } from '#src/cli/seed.ts';
import { firstReadMade, readsNoted, releaseMade, releaseOfDayMade } from '#src/consents/releases.ts';
import * as statements from '#src/oidc/statements.ts';
import { refusalOf, signInto } from '#test/oidc/flows.ts';
import { passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
/** As the connections that requests share. */
let shared: pg.Client;
/** As those of transactions. */
let own: pg.Client;
/** What a sign-in and what comes after it sends. */
let journey: string[];
/** What foreign keys ask, which no plan shows: for the parent of a new row, and for what goes with a deleted one. */
let foreignKeys: string[];

beforeAll(async () => {
  world = await openWorld();
  shared = new pg.Client({ connectionString: world.databaseUrl, options: PLAN_SHARED });
  own = new pg.Client({ connectionString: world.databaseUrl, options: PLAN_BY_KEY });
  await Promise.all([shared.connect(), own.connect()]);
  // Nothing is analyzed but what this file analyzes.
  for (const table of await tables()) await own.query(`alter table ${table} set (autovacuum_enabled = off)`);
  journey = await liveThroughIt();
  foreignKeys = await listForeignKeyQueries();
});
afterAll(async () => {
  await Promise.all([shared?.end(), own?.end()]);
  await world?.[Symbol.asyncDispose]();
});

async function tables(): Promise<string[]> {
  const { rows } = await own.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
  );
  return rows.map(({ name }) => name);
}

async function shardedTables(): Promise<string[]> {
  const { rows } = await own.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and a.attname = 'shard' order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Passkey and password sign-in with consent, silent sign-in, tokens and what apps ask with them, replay, and the ends. */
async function liveThroughIt(): Promise<string[]> {
  await world.declare({ client_id: 'berputar', rotate_refresh: true });
  const app = await world.app({ clientId: 'berputar', scope: 'openid profile offline_access' });
  const { device } = await passkeyCitizen(world, 'jalan@contoh.id');
  world.statements.length = 0;

  const browser = world.browser();
  const attempt = await app.startSignIn({ prompt: 'consent' });
  const tokens = await app.finishSignIn(attempt, await signInByPasskey(await browser.visit(attempt.url), device));
  const next = await app.refresh(tokens.refresh_token ?? '');
  await app.userinfo(next.access_token);
  await app.introspect(next.access_token);
  await app.introspect(next.refresh_token ?? '');
  const silent = await signInto(app, browser, { prompt: 'none' });
  await app.userinfo(silent.tokens.access_token);
  await Promise.all([0, 1, 2, 3].map(() => signInto(app, browser, { prompt: 'none' })));

  const { tokens: replayed } = await signInto(app, world.browser(), { prompt: 'consent' });
  await app.refresh(replayed.refresh_token ?? '');
  expect(await refusalOf(app.refresh(replayed.refresh_token ?? ''))).toBe('400 invalid_grant');
  await app.revoke(silent.tokens.access_token);
  await (await browser.visit(`${world.issuer}/account`)).press('[data-client=berputar] .disconnect');
  await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');
  await world.database.settle();
  // Every process reads the apps anew in the background when one of them has changed; nobody waits for it. The sectors are a
  // short list, which the account page shows as a whole.
  return [...new Set(world.statements)].filter((text) => !/client_secrets|from sectors order/.test(text));
}

async function listForeignKeyQueries(): Promise<string[]> {
  const { rows } = await own.query<{ child: string; parent: string; own: string[]; theirs: string[] }>(
    `select conrelid::regclass::text as child, confrelid::regclass::text as parent,
       array(select attname::text from unnest(conkey) with ordinality as k (n, i)
         join pg_attribute on attrelid = conrelid and attnum = k.n order by i) as own,
       array(select attname::text from unnest(confkey) with ordinality as k (n, i)
         join pg_attribute on attrelid = confrelid and attnum = k.n order by i) as theirs
     from pg_constraint where contype = 'f' and conkey[1] = (
       select attnum from pg_attribute where attrelid = conrelid and attname = 'shard')`,
  );
  const where = (columns: readonly string[]) => columns.map((column, i) => `${column} = $${i + 1}`).join(' and ');
  return rows.flatMap(({ child, parent, own: columns, theirs }) => [
    `select 1 from only ${parent} x where ${where(theirs)} for key share of x`,
    `delete from only ${child} where ${where(columns)}`,
  ]);
}

const isRead = (each: unknown): each is Read<unknown> => typeof each === 'object' && each !== null && 'forMany' in each;
const isWrite = (each: unknown): each is Write => typeof each === 'object' && each !== null && 'columns' in each;
const all: readonly unknown[] = [
  ...Object.values(statements),
  releaseMade,
  releaseOfDayMade,
  firstReadMade,
  readsNoted,
];
const reads = all.filter(isRead);
const writes = all.filter(isWrite);
const plain = all.filter((each) => typeof each === 'string');
const composed = (guarded: boolean) =>
  writes.map((write) => compose([{ write, row: [] }], { guarded, distributed: false }).text);

/** What commits by itself says so by failing when it has lost a row. */
const isGuarded = (text: string) => text.includes('1 / case when');
const isSharedRead = (text: string) => reads.some((read) => [read.text, read.forMany].includes(text));

const sentShared = () => [
  ...reads.flatMap(({ text, forMany }) => [text, forMany]),
  ...composed(true),
  ...journey.filter(isGuarded),
  ...foreignKeys,
];
const sentInTransactions = () => [
  ...reads.map(({ text }) => text),
  ...composed(false),
  ...plain,
  ...journey.filter((text) => !isGuarded(text) && !isSharedRead(text)),
  ...foreignKeys,
];

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Values of each type; `n` tells those of several rows apart. */
const dummies: Readonly<Record<string, (n: number) => string>> = {
  smallint: (n) => String(n % 8),
  integer: () => '1',
  bigint: () => '1',
  boolean: () => 'true',
  uuid: (n) => `'00${n % 8}00000-0000-4000-8000-${String(n).padStart(12, '0')}'`,
  bytea: (n) => `sha256('${n}')`,
  json: () => `'{}'`,
  jsonb: () => `'{}'`,
  'timestamp with time zone': () => `'2026-01-01'`,
  date: () => `'2026-01-01'`,
};

/** The plan of a statement, with so many elements in each array. */
async function planOf(client: pg.Client, text: string, elements: number): Promise<PlanNode> {
  await client.query(`prepare probe as ${text}`);
  try {
    const { rows } = await client.query<{ types: string[] }>(
      `select parameter_types::text[] as types from pg_prepared_statements where name = 'probe'`,
    );
    const literal = (type: string, n: number) => dummies[type]?.(n) ?? `'x${n}'`;
    const values = (rows[0]?.types ?? []).map((type) => {
      if (!type.endsWith('[]')) return literal(type, 5);
      const of = type.slice(0, -2);
      return `array[${Array.from({ length: elements }, (_, n) => literal(of, n + 5)).join(', ')}]::${type}`;
    });
    const call = values.length > 0 ? `probe(${values.join(', ')})` : 'probe';
    const explained = await client.query(`explain (format json) execute ${call}`);
    return explained.rows[0]['QUERY PLAN'][0].Plan;
  } finally {
    await client.query('deallocate probe');
  }
}

/** Of which there is one row, or a handful for the whole deployment, held in memory. */
const singletons = ['instance', 'keys', 'keys_version', 'registry_version'];

/** Columns that narrow a table down to no one's rows. */
const notKeys = ['shard', 'epoch', 'expires_at', 'ends_at', 'at'];

/** The columns of the table that an index condition is about; what they are compared with stands at the right. */
const columnsIn = (condition: string) =>
  [...condition.matchAll(/\((?:\w+\.)?(\w+) (?:=|<|>|<=|>=) /g)].map(([, column]) => column ?? '');

/** What is not in order below a node. */
function faultsIn(node: PlanNode): string[] {
  const below = (node.Plans ?? []).flatMap(faultsIn);
  const table = node['Relation Name'];
  const type = node['Node Type'];
  if (!table || type === 'ModifyTable' || singletons.includes(table)) return below;
  const conditions = type === 'Bitmap Heap Scan' ? conditionsBelow(node) : [node['Index Cond'] ?? ''];
  const isByKey = conditions.every((condition) => columnsIn(condition).some((column) => !notKeys.includes(column)));
  return isByKey && conditions.length > 0
    ? below
    : [...below, `${type} on ${table} by ${conditions.join().replace(/'\{[^}]*\}'/g, 'shards') || 'nothing'}`];
}

function conditionsBelow(node: PlanNode): string[] {
  return (node.Plans ?? []).flatMap((each) =>
    each['Node Type'] === 'Bitmap Index Scan' ? [each['Index Cond'] ?? ''] : conditionsBelow(each),
  );
}

function tablesIn(node: PlanNode): string[] {
  return [...(node['Relation Name'] ? [node['Relation Name']] : []), ...(node.Plans ?? []).flatMap(tablesIn)];
}

/** Every fault of every statement, as `<table access> in <statement>`, asked with so many elements in each array. */
async function faults(client: pg.Client, texts: Iterable<string>, counts: readonly number[] = [3]): Promise<string[]> {
  const found = new Set<string>();
  for (const text of new Set(texts))
    for (const elements of counts)
      for (const fault of faultsIn(await planOf(client, text, elements)))
        found.add(`${fault} in ${labelOf(text)} (${elements})`);
  return [...found];
}

/** What is written by it, or how it begins and ends. */
function labelOf(text: string): string {
  const names = [...text.matchAll(/(\w+) as \((?:insert|update)/g)].map(([, name]) => name);
  const line = text.replace(/\s+/g, ' ').trim();
  if (names.length > 0) return names.join(' + ');
  return line.length < 120 ? line : `${line.slice(0, 50)} … ${line.slice(-60)}`;
}

/** Prepared statements get a plan for their values at first, and one for all values in the end. */
async function withPlans<T>(mode: 'force_custom_plan' | 'force_generic_plan', work: () => Promise<T>): Promise<T> {
  await own.query(`set plan_cache_mode = ${mode}`);
  return work();
}

const SESSIONS_EACH = 4;

/** Hangs sessions, grants and all that comes of them on accounts that `where` names. */
async function hangOn(where: string): Promise<void> {
  await own.query(`insert into sessions
    select a.shard, substr(a.id::text, 1, 3) || gen_random_uuid(), sha256(gen_random_uuid()::text::bytea), a.id, '{}', 1,
      now(), now() + interval '1 hour', now() + interval '1 day'
    from accounts a, generate_series(1, ${SESSIONS_EACH}) where ${where}`);
  await own.query(`insert into session_clients
    select s.shard, s.uid, 'layanan-' || n, '{}' from sessions s join accounts a on a.shard = s.shard and a.id = s.account_id,
      generate_series(1, 2) as n where ${where}`);
  await own.query(`insert into grants
    select a.shard, substr(a.id::text, 1, 3) || gen_random_uuid(), a.id, 'layanan-' || n, '{}', now() + interval '1 day'
    from accounts a, generate_series(1, ${SESSIONS_EACH}) as n where ${where}`);
  await own.query(`insert into artifacts
      (shard, kind, id_hash, grant_id, payload, epoch, expires_at, client_id, group_id)
    select g.shard, 'AccessToken', sha256(gen_random_uuid()::text::bytea), g.id, '{}', 1, now() + interval '10 minutes',
      g.client_id, 'instansi-1'
    from grants g join accounts a on a.shard = g.shard and a.id = g.account_id, generate_series(1, 3) where ${where}`);
  await own.query(`insert into subjects
    select a.shard, a.id, 'self', 'instansi-' || n, gen_random_uuid(), now()
    from accounts a, generate_series(1, 4) as n where ${where}`);
  await own.query(`insert into passkeys
    select a.shard, a.id, sha256(a.id::text::bytea), '\\x00', -7, 0, true, true, '{}', gen_random_uuid(), 'ponsel', now()
    from accounts a where ${where}`);
  await own.query(`insert into memberships
    select a.shard, a.id, 'instansi-1', 'developer', now() from accounts a where ${where}`);
  await own.query(`insert into desk_sheets
    select a.shard, a.id, gen_random_uuid(), sha256(a.id::text::bytea), 'recovery', 'waiting', 'instansi-1', 'petugas', null,
      'kasus-1', 'ktp', now(), now(), now() + interval '7 days'
    from accounts a where ${where}`);
  await own.query(`insert into devices
    select a.shard, a.id, sha256((n || a.id::text)::bytea), now(), now(), now() + interval '400 days'
    from accounts a, generate_series(1, 2) as n where ${where}`);
  await own.query(`insert into totp_keys select a.shard, a.id, '\\x00', now() from accounts a where ${where}`);
  await own.query(`insert into recovery_codes
    select a.shard, a.id, sha256((n || a.id::text)::bytea), now()
    from accounts a, generate_series(1, 10) as n where ${where}`);
  await own.query(`insert into recoveries
    select a.shard, a.id, gen_random_uuid(), 'waiting', '{"\\x00","\\x01"}', now(), now(), now() + interval '7 days'
    from accounts a where ${where}`);
  await own.query(`insert into identity_evidence
    select a.shard, a.id, gen_random_uuid(), 'ial1', 'online', 'uji', now() from accounts a where ${where}`);
  await own.query(`insert into account_events
    select a.shard, a.id, gen_random_uuid(), now(), 'sign-in.succeeded', 'layanan-' || n, '{}'
    from accounts a, generate_series(1, 6) as n where ${where}`);
  await own.query(`insert into permissions (shard, account_id, id, client_id, basis, terms, allowed, declined, scopes, language, acr,
      amr, event, given_at, expires_at)
    select a.shard, a.id, gen_random_uuid(), 'terhubung-' || n, basis, '\\x00', 1, 0, 1, 'id', 'aal1', 1, 'given', now(),
      now() + interval '1 year'
    from accounts a, generate_series(1, 4) as n, unnest(array['consent', 'public_task']) as basis where ${where}`);
  await own.query(`insert into releases (shard, account_id, at, app, id, kind, last_at, sealed)
    select a.shard, a.id, now(), substr(sha256(a.id::text::bytea), 1, 8), gen_random_uuid(), 'code', now(), '\\x00'
    from accounts a, generate_series(1, 6) where ${where}`);
  await own.query(`insert into withdrawals (shard, account_id, id, client_id, permission_id, cause, at, due_at, expires_at)
    select a.shard, a.id, gen_random_uuid(), 'layanan-' || n, gen_random_uuid(), 'withdrawn', now(), now() + interval '3 days',
      now() + interval '2 years'
    from accounts a, generate_series(1, 2) as n where ${where}`);
  await own.query(`insert into release_reports
      (shard, account_id, id, client_id, release_at, release_id, reason, at, due_at, expires_at)
    select a.shard, a.id, gen_random_uuid(), 'layanan-1', now(), gen_random_uuid(), 'not-then', now(), now() + interval '3 days',
      now() + interval '2 years'
    from accounts a where ${where}`);
}

/** What does not hang on an account. */
async function fillTheRest(count: number): Promise<void> {
  for (const [table, columns] of [
    ['used_challenges', ''],
    ['replay_markers', ''],
  ])
    await own.query(`insert into ${table} select n % 4096, sha256(n::text::bytea), ${columns ? `${columns}, ` : ''}
      now() + interval '5 minutes' from generate_series(1, ${count}) as n`);
  await own.query(`insert into throttles
    select n % 4096, sha256(n::text::bytea), 1, now() + interval '5 minutes' from generate_series(1, ${count}) as n`);
  await own.query(`insert into one_time_codes select n % 4096, sha256(n::text::bytea), '\\x00', 5, now(),
    now() + interval '5 minutes' from generate_series(1, ${count}) as n`);
  await own.query(`insert into passkey_reservations
    select p.shard, p.credential_id, p.account_id, now() from passkeys p on conflict do nothing`);
}

test('what must not be is noticed', async () => {
  expect(await faults(shared, ['select uid from sessions where shard = $1 and payload::text = $2'])).not.toEqual([]);
  expect(await faults(own, ['select uid from sessions where payload::text = $1'])).not.toEqual([]);
  expect(await faults(own, ['delete from artifacts where payload::text = $1'])).not.toEqual([]);
  expect(await faults(shared, ['select uid from sessions where shard = $1 and expires_at > $2'])).not.toEqual([]);
  expect(await faults(shared, ['select uid from sessions where shard = $1 and uid = $2'])).toEqual([]);
});

test('every statement is looked at, and its tables with it', async () => {
  expect(reads.length).toBeGreaterThanOrEqual(7);
  expect(writes.length).toBeGreaterThanOrEqual(7);
  expect(plain.length).toBeGreaterThanOrEqual(9);
  expect(journey.length).toBeGreaterThan(30);
  expect(journey.filter(isGuarded).length).toBeGreaterThan(1);
  expect(foreignKeys.length).toBeGreaterThan(10);
  expect(tablesIn(await planOf(shared, statements.findArtifact.forMany, 3)).toSorted()).toEqual([
    'accounts',
    'artifacts',
    'grants',
    'session_clients',
    'sessions',
    'subjects',
  ]);
});

test('on empty tables, whose plans stay for a while, what requests share reads none whole', async () => {
  const whole = (await faults(shared, sentShared())).filter((fault) => fault.includes('Seq Scan'));
  expect(whole).toEqual([]);
});

describe.each<[string, () => Promise<unknown>]>([
  [
    'young: filled, and not analyzed',
    async () => {
      const { database, house } = world;
      await seed(database, house.secrets, { accounts: 2_000, clients: 100, consents: 6_000 });
      await hangOn('true');
      await fillTheRest(4_000);
    },
  ],
  ['grown: analyzed, a few rows in a shard', () => own.query('analyze')],
  [
    'old: analyzed, thousands of rows in a shard',
    async () => {
      await own.query(`insert into accounts
        select n % 8, ('00' || n % 8 || substr(gen_random_uuid()::text, 4))::uuid, 'active', null, '\\x00'::bytea, '\\x00'::bytea, 'id', now(), now()
        from generate_series(1, 16000) as n`);
      await hangOn(`a.data_key = '\\x00'`);
      for (const table of await shardedTables())
        await own.query(`alter table ${table} alter column shard set (n_distinct = 8)`);
      await own.query('analyze');
    },
  ],
])('on tables that are %s', (_, prepare) => {
  beforeAll(() => prepare(), 120_000);

  test('what requests share is by key', async () => {
    const found = await faults(shared, sentShared());
    expect(found).toEqual([]);
  });

  const modes = ['force_custom_plan', 'force_generic_plan'] as const;
  test.each(modes)('what a transaction sends is by key (%s)', async (mode) => {
    const found = await withPlans(mode, () => faults(own, sentInTransactions(), [1, 40]));
    expect(found).toEqual([]);
  });
});
