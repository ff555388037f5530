/**
 * The console in a registry of 27,000 apps and 3,000 agencies, with enough events that reading them all would be seen: every
 * statement of every page is answered from an index, and looks at a number of the database's pages that does not grow with
 * the registry.
 */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createApp } from '#src/app.ts';
import { PLAN_BY_KEY } from '#src/base/connections.ts';
import { newIdIn, SHARDS } from '#src/base/secrets.ts';
import { listReportsAbout, type Report } from '#src/consents/reports.ts';
import { type AppWithdrawal, listWithdrawalsFrom } from '#src/consents/withdrawals.ts';
import { listDeliveries } from '#src/oidc/deliveries.ts';
import { type Role, roles } from '#src/people/memberships.ts';
import { caseStatuses, countOpenCases, listCases } from '#src/registry/cases.ts';
import { listAlike, listMatching, searchCatalogue } from '#src/registry/catalogue.ts';
import { listClosures } from '#src/registry/closures.ts';
import type { Reach } from '#src/registry/coordination.ts';
import { decisionKinds } from '#src/registry/decision-rows.ts';
import { decisionStandings, listDecisions } from '#src/registry/decisions.ts';
import { listPairs, pairStatuses, positionOf } from '#src/registry/duplicates.ts';
import { listEvents } from '#src/registry/events.ts';
import { countInventory, decidedness, searchInventory } from '#src/registry/inventory-search.ts';
import { findLikely } from '#src/registry/likely-apps.ts';
import { readNotMade } from '#src/registry/not-made.ts';
import { searchAgencies, searchApps } from '#src/registry/search.ts';
import { openApi } from '#test/support/api.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { addressOf, isOfConsole, type Things } from '#test/support/console-routes.ts';
import { COUNTRY, filled, fillRegistry, places } from '#test/support/registry-at-size.ts';
import { filledWithTelling, fillTelling } from '#test/support/telling-at-size.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

/** Reading all of them would be 5,000 of the database's pages. */
const EVENTS = 200_000;

/** A statement looks at so many of the database's pages (8 KB) at most: some for each of 500 apps that it counts of a state. */
const MOST_PAGES = 2_500;

/** A list over all people asks every shard for its latest: a few pages each, however much there is. */
const MOST_PAGES_OF_SHARDS = 5 * SHARDS;

/** What apps were told, mostly in the last two weeks, and what they answer for, of two years. */
const TELLING = { notices: 300_000, withdrawals: 60_000, reports: 20_000, apps: COUNTRY.apps };

interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Whether the transaction had asked for plans by search. */
  readonly isSearch: boolean;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly Plans?: readonly PlanNode[];
}

let world: World;
let explaining: pg.Client;
const sent: Sent[] = [];

beforeAll(async () => {
  world = await openWorld();
  await fillRegistry(world.database, { ...COUNTRY, events: EVENTS });
  const busy = (await thingsOf(places.leaf)).client;
  await fillTelling(world.database, busy, TELLING);
  explaining = new pg.Client({ connectionString: world.databaseUrl, options: PLAN_BY_KEY });
  await explaining.connect();
  for (const table of tables) await explaining.query(`vacuum (analyze) ${table}`);
  listen();
}, 480_000);

afterEach(() => {
  sent.length = 0;
});

afterAll(async () => {
  vi.restoreAllMocks();
  await explaining?.end();
  await world?.[Symbol.asyncDispose]();
});

/** Keeps every reading statement with its values, as it goes out. */
function listen(): void {
  const searching = new WeakSet<object>();
  const { query } = pg.Client.prototype;
  vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...given: unknown[]) {
    const [config] = given as [{ text?: string; values?: unknown[] } | string];
    const text = typeof config === 'string' ? config : (config.text ?? '');
    if (text.startsWith('set local enable_bitmapscan')) searching.add(this);
    if (/^(begin|commit|rollback)/i.test(text)) searching.delete(this);
    const values = typeof config === 'string' ? [] : (config.values ?? []);
    if (
      this !== explaining &&
      /^\s*(select|with)\b/i.test(text) &&
      !/\bfor (update|key share)\b|\binsert\b|\bupdate\b/i.test(text)
    )
      sent.push({ text, values, isSearch: searching.has(this) });
    return Reflect.apply(query, this, given);
  } as typeof query);
}

const tables = [...filled, ...filledWithTelling];

/** Of these there are a few in any country. */
const few = ['registration_closures', 'registration_exceptions', 'decision_batches', 'inventory_imports'];

/** What has grown; the other tables hold a few rows here. */
const grown = tables.filter((table) => !few.includes(table));

/** What is wrong with how a statement is answered. */
async function faultsOf({ text, values, isSearch }: Sent, most: number): Promise<string[]> {
  await explaining.query('begin');
  try {
    if (isSearch) await explaining.query('set local enable_bitmapscan = on');
    const { rows } = await explaining.query(`explain (analyze, buffers, format json) ${text}`, values as unknown[]);
    const plan: PlanNode = rows[0]['QUERY PLAN'][0].Plan;
    const pages = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
    const label = text.replace(/\s+/g, ' ').slice(0, 120);
    return [
      ...scansIn(plan).map((table) => `reads all of ${table}: ${label}`),
      ...(pages > most ? [`looks at ${pages} pages: ${label} ${JSON.stringify(values).slice(-200)}`] : []),
    ];
  } finally {
    await explaining.query('rollback');
  }
}

function scansIn(node: PlanNode): string[] {
  const table = node['Relation Name'] ?? '';
  const own = node['Node Type'] === 'Seq Scan' && grown.includes(table) ? [table] : [];
  return [...own, ...(node.Plans ?? []).flatMap(scansIn)];
}

/** Each service is counted in its sector, once a minute at most. */
const isCounting = ({ text }: Sent) => /^\s*select s\.sector, count\(/.test(text);

async function faultsOfSent(most = MOST_PAGES): Promise<string[]> {
  const found = new Set<string>();
  for (const one of sent.splice(0))
    for (const fault of await faultsOf(one, isCounting(one) ? COUNTRY.apps : most)) found.add(fault);
  return [...found];
}

const searches = [
  'q=antrean',
  'q=kesehatan+pajak',
  'q=app-26999',
  'q=an',
  'q=tidak-ada-yang-begini',
  'state=suspended',
  'state=review',
  'sector=kesehatan&state=live',
  'agency=unit-1500',
  `after=${Buffer.from(JSON.stringify(['pengaduan sosial 15', 'app-15'])).toString('base64url')}`,
];

/** What an agency has of everything that addresses name; what nobody has here is named as nobody's. */
async function thingsOf(agency: string): Promise<Things> {
  const find = async (what: string, from: string): Promise<string | undefined> => {
    const row = await world.database.first<{ found: string }>(
      `select ${what} as found from ${from} where agency_id = $1 order by 1 limit 1`,
      [agency],
    );
    return row?.found;
  };
  const nobody = '00000000-0000-4000-8000-000000000000';
  const [record, key] = [await find('id', 'inventory'), await find('key', 'inventory')];
  const [low, high] = [await find('ref', 'app_profiles'), record && `inventory:${record}`];
  return {
    ...{ client: (await find('id', 'clients')) ?? '', agency, number: '1' },
    others: {
      ...{
        bundles: newIdIn(1),
        sheets: newIdIn(1),
        reports: nobody,
        evidence: 'a'.repeat(43),
        imports: nobody,
        batches: '00000000-0000-4000-8000-000000000007',
      },
      ...{ record: record ?? '', key: key ?? '', app: high ?? '', low: low ?? '', high: high ?? '' },
      case: (await find('id', 'registration_cases')) ?? nobody,
      closure: (await find('id', 'registration_closures')) ?? nobody,
      decision: (await find('id', 'app_decisions')) ?? nobody,
    },
  };
}

/** Every page of the console that shows something, lists in several ways. */
async function pagesOfConsole(agency: string): Promise<string[]> {
  const { routes } = await createApp(world.house);
  const things = await thingsOf(agency);
  const shown = routes.filter(
    (route) => route.method === 'GET' && isOfConsole(route) && route.path.startsWith('/console'),
  );
  const plain = shown.filter(({ path }) => path !== '/console/callback' && !path.endsWith('.csv'));
  return [
    ...plain.map((route) => addressOf(route, things)),
    ...searches.map((query) => `/console/apps?${query}`),
    ...['q=dinas', 'kind=ministry', 'q=kabupaten+300'].map((query) => `/console/agencies?${query}`),
    `/console/events?subject=client+${things.client}`,
    `/console/events?actor=actor-7`,
    `/console/events?after=${Buffer.from(JSON.stringify([new Date(Date.now() - 86_400_000).toISOString(), '00000000-0000-4000-8000-000000000000'])).toString('base64url')}`,
  ];
}

/** A file has twenty times the rows of a page; a few of the many matches are found along their order. */
function mostOf(address: string): number {
  // A row for each day of a year, kind and event.
  if (address.endsWith('/figures')) return 2 * MOST_PAGES;
  if (address.endsWith('.json')) return 4 * MOST_PAGES;
  if (/\/(deliveries|withdrawals|reports)$/.test(address)) return MOST_PAGES_OF_SHARDS;
  return address.endsWith('/matches') ? 2 * MOST_PAGES : MOST_PAGES;
}

test.each([
  ['the whole country', places.top, roles],
  ['a province', places.middle, ['owner', 'auditor', 'approver'] as readonly Role[]],
  ['one office', places.leaf, ['owner', 'auditor'] as readonly Role[]],
])('every page is answered from an index for somebody who sees %s', async (_, agency, held) => {
  const person = await colleague(world, `warga-${agency}@contoh.go.id`, { [agency]: held });
  const { browser } = await openConsole(world, person);
  const faults: Record<string, string[]> = {};
  for (const address of await pagesOfConsole(agency)) {
    sent.length = 0;
    const page = await browser.visit(`${world.issuer}${address}`);
    expect([200, 403, 404, 409], `${address}: ${page.status}`).toContain(page.status);
    expect(sent.length, address).toBeGreaterThan(0);
    const found = await faultsOfSent(mostOf(address));
    if (found.length > 0) faults[address] = found;
  }
  expect(faults).toEqual({});
});

test('every list of the API is answered from an index for a machine that sees the whole country', async () => {
  const api = await openApi(world);
  await world.database.execute(
    `with raised as (update registry_version set version = version + 1 where only_row returning version)
     update clients set agency_id = $2, version = raised.version from raised where id = $1`,
    [api.clientId, places.top],
  );
  await world.house.clients.refresh();
  const { routes } = await createApp(world.house);
  const shown = routes.filter(({ method, path }) => method === 'GET' && path.startsWith('/api/v1'));
  const things = await thingsOf(places.leaf);
  const faults: Record<string, string[]> = {};
  for (const route of shown.filter(({ path }) => !path.endsWith('.json'))) {
    sent.length = 0;
    const asks = route.path.endsWith('/cohort') ? '?key=warga-7' : '';
    const answer = await api.get(addressOf(route, things).replace('/api/v1', '') + asks);
    expect([200, 404], `${route.path}: ${answer.body}`).toContain(answer.status);
    const found = await faultsOfSent(mostOf(route.path));
    if (found.length > 0) faults[route.path] = found;
  }
  expect(faults).toEqual({});
});

test('a file of everything is read page by page, each from an index', async () => {
  await world.database.transaction(async (tx) => {
    const one = await searchApps(tx, { nodes: [places.top], limit: 500 });
    const next = await searchApps(tx, { nodes: [places.top], limit: 500, after: one.lines.at(-1)?.position });
    expect(next.lines[0]?.position.name.localeCompare(one.lines[499]?.position.name ?? '')).toBeGreaterThanOrEqual(0);
    await searchAgencies(tx, { nodes: [places.top], limit: 500 });
    await listEvents(tx, { nodes: [places.top], withoutAgency: true, limit: 500 });
  });
  // Twenty times the rows of a page.
  expect(await faultsOfSent(4 * MOST_PAGES)).toEqual([]);
});

/** Whose lists are looked at: of the whole country, of one office, and of a sector wherever its apps are. */
const reaches: readonly (readonly [string, Reach])[] = [
  ['the whole country', { nodes: [places.top], sectors: [] }],
  ['a province', { nodes: [places.middle], sectors: [] }],
  ['one office', { nodes: [places.leaf], sectors: [] }],
  ['a sector', { nodes: [], sectors: ['kesehatan'] }],
];

test.each(reaches)('every list of what exists twice is answered from an index for %s', async (_, reach) => {
  await world.database.transaction(async (tx) => {
    for (const words of [undefined, 'kesehatan', 'sistem-26999', 'tidak-ada-yang-begini']) {
      await searchInventory(tx, { ...reach, words });
      await countInventory(tx, { ...reach, words });
    }
    const { lines } = await searchInventory(tx, { ...reach, connection: 'unconnected', sector: 'kesehatan' });
    await searchInventory(tx, { ...reach, after: lines.at(-1)?.position });
    for (const status of pairStatuses) await listPairs(tx, { reach, status });
    const pairs = await listPairs(tx, { reach, status: 'open', isStrong: true, sector: 'kesehatan' });
    const last = pairs.lines.at(-1);
    if (last) await listPairs(tx, { reach, status: 'open', after: positionOf(last) });
    for (const status of caseStatuses) await listCases(tx, { ...reach, status, limit: 26 });
    await countOpenCases(tx, reach);
    await listClosures(tx, reach);
    await readNotMade(tx, reach, new Date(Date.now() - 90 * 86_400_000));
    for (const standing of [undefined, ...decisionStandings]) await listDecisions(tx, { reach, standing });
    for (const kind of decisionKinds) await listDecisions(tx, { reach, kind });
  });
  // A page of what is one in a hundred is found along the order of the list, until looking it up costs less.
  expect(await faultsOfSent(3 * MOST_PAGES)).toEqual([]);
});

test('what nobody has decided about yet is found from indexes', async () => {
  await world.database.transaction(async (tx) => {
    for (const [, reach] of reaches) {
      for (const decision of decidedness) await searchInventory(tx, { ...reach, decision });
      await countInventory(tx, { ...reach, decision: 'undecided' });
    }
  });
  // Each record of a sector is asked for its decision.
  expect(await faultsOfSent(12 * MOST_PAGES)).toEqual([]);
});

test('apps that are like a new one are found from indexes', async () => {
  const draft = { agencyId: places.leaf, name: 'Antrean Rumah Sakit', description: 'Antrean di rumah sakit daerah.' };
  await world.database.transaction(async (tx) => {
    await findLikely(tx, draft);
    await findLikely(tx, { ...draft, name: 'Jadwal Sekolah Lansia', address: 'https://sistem-7.unit-1500.go.id/' });
  });
  // Looks at all whose words are somewhat alike; asked once when an app is registered, and once when it goes live.
  expect(await faultsOfSent(4 * MOST_PAGES)).toEqual([]);
});

test('services are found from indexes, whatever is looked for', async () => {
  const search = { mode: 'sandbox', limit: 24 } as const;
  await world.database.transaction(async (tx) => {
    const { ids, next } = await searchCatalogue(tx, search);
    expect(ids).toHaveLength(24);
    await searchCatalogue(tx, { ...search, after: next, without: ids });
    for (const words of ['antrean', 'kesehatan pajak', 'kartu sosial 26999', 'tidak-ada-yang-begini'])
      for (const sector of [undefined, 'kesehatan']) await searchCatalogue(tx, { ...search, words, sector });
    expect((await searchCatalogue(tx, { ...search, mode: 'production', words: 'pajak' })).ids).toHaveLength(24);
    await listMatching(tx, ids, { ...search, words: 'antrean', sector: 'kesehatan' });
    expect(await listAlike(tx, 'sandbox', 'pendaftarran pajak', 6)).toHaveLength(6);
  });
  expect(await faultsOfSent()).toEqual([]);
});

test('what apps were told and answer for is listed by asking each shard for its latest, and none is missed', async () => {
  const { client: busy } = await thingsOf(places.leaf);
  const all = async (table: string, at: string, app: string, which: string) => {
    const found = await world.database.query<{ id: string }>(
      `select id from ${table} where client_id = $1 and ${which} order by ${at} desc, id desc limit 60`,
      [app],
    );
    return found.map(({ id }) => id);
  };
  const inPages = async <Row extends { readonly id: string }>(list: (before: Row | undefined) => Promise<Row[]>) => {
    const rows: Row[] = [];
    for (const _ of [1, 2, 3]) rows.push(...(await list(rows.at(-1))));
    return rows.map(({ id }) => id);
  };
  for (const id of [busy, 'app-77', 'tidak-ada']) {
    const app = { id, subjectGroupId: places.leaf };
    const told = await inPages<{ readonly id: string; readonly createdAt: Date }>((last) =>
      listDeliveries(world.database, id, { before: last && { at: last.createdAt, id: last.id }, limit: 20 }),
    );
    expect(told).toEqual(await all('outbox', 'created_at', id, 'true'));
    for (const waiting of [true, false])
      expect(
        await inPages<AppWithdrawal>((before) =>
          listWithdrawalsFrom(world.database, app, { before, waiting, limit: 20 }),
        ),
      ).toEqual(await all('withdrawals', 'at', id, waiting ? 'acknowledged_at is null' : 'true'));
    for (const open of [true, false])
      expect(
        await inPages<Report>((after) => listReportsAbout(world.database, app, { after, open, limit: 20 })),
      ).toEqual(await all('release_reports', 'at', id, open ? 'answered_at is null' : 'answered_at is not null'));
  }
});

test("a citizen's home and services are answered from an index", async () => {
  const browser = world.browser();
  await world.citizen('melayani@contoh.id', { password });
  const page = await browser.visit(`${world.issuer}/account`);
  await page.fill({ identifier: 'melayani@contoh.id', password }).press('#sign-in');
  const faults: Record<string, string[]> = {};
  const more = [
    '',
    '?q=antrean',
    '?q=kesehatan+pajak',
    '?q=tidak-ada-yang-begini',
    '?sector=kesehatan',
    '?q=pajk&sector=sosial',
  ];
  for (const address of ['/account', ...more.map((search) => `/account/services${search}`)]) {
    sent.length = 0;
    const shown = await browser.visit(`${world.issuer}${address}`);
    expect(shown.status, address).toBe(200);
    expect(sent.length, address).toBeGreaterThan(0);
    const found = await faultsOfSent();
    if (found.length > 0) faults[address] = found;
  }
  expect(faults).toEqual({});
});
