/** The record of releases as pages read it: whatever an account holds, by index, and only with its key. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PLAN_BY_KEY } from '#src/base/connections.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { keepMonths } from '#src/base/partitions.ts';
import { SealError, shardOf } from '#src/base/secrets.ts';
import {
  findRelease,
  type Handover,
  lastReleases,
  listReleases,
  listReleasesOf,
  loadReleases,
  type Release,
  releaseRow,
} from '#src/consents/releases.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { standardClaims } from '#src/registry/claims.ts';
import { openWorld, type World } from '#test/support/world.ts';

const MANY = 30_000;
const APPS = 300;

let world: World;
let few: string;
let many: string;

beforeAll(async () => {
  world = await openWorld();
  few = await world.citizen('sedikit@contoh.id');
  many = await world.citizen('banyak@contoh.id');
  await fill(few, 40);
  await fill(many, MANY);
  await keepMonths(world.databaseUrl, [{ table: 'releases', keptMonths: 24 }]);
  await world.database.execute('vacuum (analyze) releases');
});
afterAll(() => world?.[Symbol.asyncDispose]());

const rooms = () => [world.database, world.house.secrets] as const;
const appOf = (n: number) => `aplikasi-${n % APPS}`;

function handover(changes: Partial<Handover> = {}): Handover {
  const what = {
    kind: 'code',
    clientId: appOf(0),
    claims: ['name', 'email'],
    terms: [],
    network: '203.0.113.0/24',
  } as const;
  return { ...what, at: new Date(), ...changes };
}

/** Releases to all apps in turn over 600 days, the first the latest. */
async function fill(accountId: string, count: number): Promise<void> {
  const dataKey = await loadDataKey(...rooms(), accountId);
  const now = Date.now();
  const rows = Array.from({ length: count }, (_, n) =>
    releaseRow(dataKey, accountId, handover({ clientId: appOf(n), at: new Date(now - (n * 600 * DAY_MS) / count) })),
  );
  for (let from = 0; from < count; from += 10_000)
    await world.database.transaction((tx) => loadReleases(tx, rows.slice(from, from + 10_000)));
}

test('what is put on record is read again, of every kind and with every claim', async () => {
  const id = await world.citizen('bolak-balik@contoh.id');
  const dataKey = await loadDataKey(...rooms(), id);
  const given = (['code', 'refresh', 'userinfo', 'introspection'] as const).map((kind) =>
    handover({
      kind,
      claims: standardClaims,
      terms: ['AAECAwQFBgcICQoLDA0ODw'],
      at: new Date('2026-11-26T08:15:30.123Z'),
    }),
  );
  await world.database.transaction((tx) =>
    loadReleases(
      tx,
      given.map((each) => releaseRow(dataKey, id, each)),
    ),
  );
  const releases = await listReleases(...rooms(), id, { limit: 10 });
  expect(releases.map(({ kind }) => kind).toSorted()).toEqual(given.map(({ kind }) => kind).toSorted());
  for (const release of releases) {
    expect(release).toMatchObject(given.find(({ kind }) => kind === release.kind) ?? {});
    expect(await findRelease(...rooms(), id, release.key)).toEqual(release);
  }
});

test('one of a day is the same row for everybody who says the same, and another for whoever says more', async () => {
  const dataKey = await loadDataKey(...rooms(), few);
  const day = { kind: 'userinfo', at: new Date('2026-11-26T01:00:00Z') } as const;
  const keyOf = (changes: Partial<Handover>) => releaseRow(dataKey, few, handover({ ...day, ...changes })).slice(0, 5);
  expect(keyOf({ at: new Date('2026-11-26T23:00:00Z'), network: '198.51.100.0/24' })).toEqual(keyOf({}));
  for (const other of [{ claims: ['name'] as const }, { clientId: appOf(1) }, { at: new Date('2026-11-27T01:00:00Z') }])
    expect(keyOf(other)).not.toEqual(keyOf({}));
});

test('another account finds nothing by a key that is not its own, and a row copied to it does not open', async () => {
  const [release] = await listReleases(...rooms(), few, { limit: 1 });
  expect(await findRelease(...rooms(), many, release?.key ?? '')).toBeUndefined();
  for (const key of ['', 'x', '../..', `${release?.key}0`, release?.key.toUpperCase() ?? ''])
    expect(await findRelease(...rooms(), few, key)).toBeUndefined();
  const thief = await world.citizen('pencuri@contoh.id');
  await world.database.execute(
    `insert into releases select $1::smallint, $2::uuid, at, app, id, kind, reads, last_at, sealed from releases
     where shard = $3 and account_id = $4 limit 1`,
    [shardOf(thief), thief, shardOf(few), few],
  );
  await expect(listReleases(...rooms(), thief, { limit: 1 })).rejects.toThrow(SealError);
});

test('the pages of a long list follow each other without a gap, all of it or of one app and a time', async () => {
  const seen: Release[] = [];
  for (let before: string | undefined; ; before = seen.at(-1)?.key) {
    const page = await listReleases(...rooms(), few, { before, limit: 7 });
    seen.push(...page);
    if (page.length < 7) break;
  }
  expect(seen).toHaveLength(40);
  expect(new Set(seen.map(({ key }) => key)).size).toBe(40);
  expect(seen.map(({ at }) => at.getTime())).toEqual(seen.map(({ at }) => at.getTime()).toSorted((a, b) => b - a));

  const [since, until] = [seen[19]?.storedAt, seen[9]?.storedAt];
  const between = await listReleases(...rooms(), few, { since, until, limit: 100 });
  expect(between.map(({ key }) => key)).toEqual(seen.slice(10, 20).map(({ key }) => key));
  const ofApp = await listReleases(...rooms(), many, { clientId: appOf(5), limit: 1000 });
  expect(ofApp).toHaveLength(MANY / APPS);
  expect(new Set(ofApp.map(({ clientId }) => clientId))).toEqual(new Set([appOf(5)]));
});

test('the latest release of each of three hundred apps', async () => {
  const ids = Array.from({ length: APPS }, (_, n) => appOf(n));
  const last = await lastReleases(...rooms(), many, [...ids, 'tak-pernah']);
  expect([...last.keys()].toSorted()).toEqual(ids.toSorted());
  const [newest] = await listReleases(...rooms(), many, { clientId: appOf(17), limit: 1 });
  expect(last.get(appOf(17))).toEqual(newest);
  expect(await lastReleases(...rooms(), many, [])).toEqual(new Map());
});

test('a page of one kind is full where there are enough of it, however far apart, and ends somewhere where there are not', async () => {
  const id = await world.citizen('jarang@contoh.id');
  const dataKey = await loadDataKey(...rooms(), id);
  const now = Date.now();
  // Among 2,400 sign-ins one in a hundred is a later read.
  const kindOf = (n: number) => (n % 100 === 99 ? 'introspection' : 'code');
  const rows = Array.from({ length: 2400 }, (_, n) =>
    releaseRow(
      dataKey,
      id,
      handover({ kind: kindOf(n), clientId: `jarang-${n}`, at: new Date(now - (n * DAY_MS) / 8) }),
    ),
  );
  await world.database.transaction((tx) => loadReleases(tx, rows));
  const pageOf = (limit: number, before?: string) =>
    listReleasesOf(...rooms(), id, { kinds: ['introspection'], limit, before });

  const full = await pageOf(14);
  expect(full.releases.length).toBeGreaterThanOrEqual(14);
  const short = await pageOf(30);
  expect(short.releases.length, 'as many as 1,600 rows hold').toBeLessThan(17);
  const rest = await pageOf(30, short.end);
  expect(rest.end).toBeUndefined();
  const seen = [...short.releases, ...rest.releases];
  expect(new Set(seen.map(({ key }) => key)).size).toBe(24);
  expect(seen.every(({ kind }) => kind === 'introspection')).toBe(true);
});

describe('pages that PostgreSQL reads, over two years of months', () => {
  /** What one call reads in its largest statement, in pages of 8 KB. */
  async function pagesOf(accountId: string, call: (accountId: string) => Promise<unknown>): Promise<number> {
    const client = new pg.Client({ connectionString: world.databaseUrl, options: PLAN_BY_KEY });
    await client.connect();
    try {
      const run = world.database.query.bind(world.database);
      const asked: { text: string; values: readonly unknown[] }[] = [];
      world.database.query = (text: string, values: readonly unknown[] = []) => {
        asked.push({ text, values });
        return run(text, values);
      };
      await call(accountId).finally(() => {
        world.database.query = run;
      });
      const plans = await Promise.all(
        asked.map(async ({ text, values }) => {
          const { rows } = await client.query(`explain (analyze, buffers, format json) ${text}`, [...values]);
          const plan = rows[0]['QUERY PLAN'][0].Plan;
          expect(JSON.stringify(plan)).not.toContain('Seq Scan');
          return Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
        }),
      );
      return Math.max(...plans);
    } finally {
      await client.end();
    }
  }

  const apps = (from: number) => Array.from({ length: 24 }, (_, n) => appOf(n + from));
  const calls: Readonly<Record<string, (accountId: string) => Promise<unknown>>> = {
    'a page of the list': (id) => listReleases(...rooms(), id, { limit: 50 }),
    'a page far back': (id) => listReleases(...rooms(), id, { until: new Date(Date.now() - 500 * DAY_MS), limit: 50 }),
    'a page of one app': (id) => listReleases(...rooms(), id, { clientId: appOf(3), limit: 50 }),
    'one app that is not among them': (id) => listReleases(...rooms(), id, { clientId: 'tak-pernah', limit: 50 }),
    'a month': (id) => listReleases(...rooms(), id, { since: new Date(Date.now() - 30 * DAY_MS), limit: 50 }),
    'when 24 apps read last': (id) => lastReleases(...rooms(), id, apps(0)),
    'when 24 apps read last that have not for a year, or never': (id) => lastReleases(...rooms(), id, apps(24)),
  };

  test.each(Object.entries(calls))('%s: about as many for 30,000 releases as for forty', async (_name, call) => {
    const [ofFew, ofMany] = [await pagesOf(few, call), await pagesOf(many, call)];
    expect(ofMany).toBeLessThan(Math.max(250, 2 * ofFew));
  });

  test('when 24 apps read last: a few of each that read within a month, and all of a year at most', async () => {
    const call = calls['when 24 apps read last'] ?? expect.fail();
    expect(await pagesOf(many, call)).toBeLessThan(150);
    expect(await pagesOf(few, call)).toBeLessThan(600);
  });

  test('a row with its two indexes takes about half a kilobyte', async () => {
    const [row] = await world.database.query<{ bytes: string; rows: string }>(
      `select sum(pg_total_relation_size(relid)) as bytes, (select count(*) from releases) as rows
       from pg_partition_tree('releases') where isleaf and relid <> 'releases_other'::regclass`,
    );
    const each = Number(row?.bytes) / Number(row?.rows);
    expect(each).toBeLessThan(520);
  });
});
