/** The pages of somebody with 300 apps and 50,000 releases read as little as those of somebody with 24 and 96. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PLAN_BY_KEY } from '#src/base/connections.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { keepMonths } from '#src/base/partitions.ts';
import { type ConsentDraft, loadPermissions } from '#src/consents/permission-giving.ts';
import { loadReleases, releaseRow } from '#src/consents/releases.ts';
import { recordTerms, termsOf } from '#src/consents/terms.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { loadClient } from '#src/registry/clients.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

/** As many apps as a page shows: when each read last is looked for in each month, whatever is in it. */
const small = { apps: 24, releases: 96 };
const large = { apps: 300, releases: 50_000 };
const kinds = ['code', 'userinfo', 'refresh', 'introspection'] as const;
/** What one statement may read in any case, in pages of 8 KB: 25 months, and rows of 300 apps. */
const MOST_PAGES = 400;
/** One page of a list that is narrowed to a kind reads so many rows and goes on behind them. */
const MOST_ROWS = 600;

let world: World;
let few: BrowserAgent;
let many: BrowserAgent;

beforeAll(async () => {
  world = await openWorld();
  few = await fill('sedikit@contoh.id', small);
  many = await fill('banyak@contoh.id', large);
  await keepMonths(world.databaseUrl, [{ table: 'releases', keptMonths: 24 }]);
  await world.database.execute('vacuum (analyze) releases, permissions');
}, 240_000);
afterAll(() => world?.[Symbol.asyncDispose]());

const appOf = (n: number) => (n === 0 ? 'puskesmas-online' : `layanan-banyak-${n}`);

async function fill(address: string, { apps, releases }: typeof small): Promise<BrowserAgent> {
  const { database, secrets } = world.house;
  const accountId = await world.citizen(address, { name: 'Banyak Layanan', password });
  const { agencyId, purpose, claims } = await loadClient(database, 'puskesmas-online');
  const terms = Array.from({ length: apps }, (_, n) =>
    termsOf({ id: appOf(n), agencyId, purpose, claims: [...claims] }),
  );
  await recordTerms(world.database, ...terms);
  const drafts = terms.map(
    (each): ConsentDraft => ({
      ...{ kind: 'consent', event: 'given', accountId, language: 'id', acr: 'aal1', amr: ['pwd'], terms: each },
      ...{ claims: ['name'], declined: [], scopes: ['openid'], expiresAt: new Date(Date.now() + 300 * DAY_MS) },
    }),
  );
  await world.database.transaction((tx) => loadPermissions(tx, secrets, drafts));
  const dataKey = await loadDataKey(database, secrets, accountId);
  const now = Date.now();
  const rows = Array.from({ length: releases }, (_, n) => {
    // The kind changes with the round of all apps, so that each app has each.
    const kind = kinds[Math.floor(n / apps) % kinds.length] ?? 'code';
    const at = new Date(now - ((n + 1) * 600 * DAY_MS) / (releases + 1));
    const what = { kind, clientId: appOf(n % apps), claims: ['name'], network: '203.0.113.0/24', at } as const;
    return releaseRow(dataKey, accountId, { ...what, terms: [terms[n % apps]?.id ?? ''] });
  });
  const rowsOnce = [...new Map(rows.map((row) => [String(row[4]), row])).values()];
  for (let from = 0; from < rowsOnce.length; from += 10_000)
    await world.database.transaction((tx) => loadReleases(tx, rowsOnce.slice(from, from + 10_000)));
  const browser = world.browser();
  await signIn(await browser.visit(`${world.issuer}/account`), address);
  return browser;
}

interface Read {
  readonly statements: number;
  readonly pages: number;
  readonly rows: number;
}

interface Plan {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

/** What a visit reads of releases, reports and permissions: the largest statement in pages, and its rows before any limit. */
async function readBy(browser: BrowserAgent, path: string): Promise<Read> {
  await browser.visit(`${world.issuer}${path}`);
  const asked = await world.sentFor(async () => {
    const page = await browser.visit(`${world.issuer}${path}`);
    expect([path, page.status]).toEqual([path, 200]);
  });
  const client = new pg.Client({ connectionString: world.databaseUrl, options: PLAN_BY_KEY });
  await client.connect();
  try {
    let [pages, rows] = [0, 0];
    const about = asked.filter(({ text }) => /^\s*select.*\b(releases|release_reports|permissions)\b/s.test(text));
    for (const { text, values } of about) {
      const answer = await client.query(`explain (analyze, buffers, format json) ${text}`, [...values]);
      const plan = answer.rows[0]['QUERY PLAN'][0].Plan;
      pages = Math.max(pages, Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']));
      rows = Math.max(rows, rowsIn(plan));
    }
    expect(about.length).toBeGreaterThan(0);
    return { statements: asked.length, pages, rows };
  } finally {
    await client.end();
  }
}

function rowsIn(plan: Plan): number {
  const own = plan['Relation Name'] ? plan['Actual Rows'] * plan['Actual Loops'] : 0;
  return own + (plan.Plans ?? []).reduce((sum, each) => sum + rowsIn(each), 0);
}

const paths = [
  '/account',
  '/account/apps',
  '/account/apps/layanan-banyak-2',
  '/account/releases',
  ...['sign-in', 'later', 'staff'].map((kind) => `/account/releases?kind=${kind}`),
  ...['7', '30', '365'].map((period) => `/account/releases?period=${period}`),
  '/account/releases?app=layanan-banyak-2',
  '/account/releases?app=layanan-banyak-2&kind=later',
  '/account/releases?app=tak-pernah&period=30&kind=sign-in',
];

test.each(paths)('%s', async (path) => {
  const [ofFew, ofMany] = [await readBy(few, path), await readBy(many, path)];
  expect(ofMany.statements).toBeLessThanOrEqual(ofFew.statements + 3);
  expect(ofMany.pages).toBeLessThan(Math.max(MOST_PAGES, 2 * ofFew.pages));
  expect(ofMany.rows).toBeLessThanOrEqual(MOST_ROWS);
});

test('a page far back reads no more than the first', async () => {
  let page = await many.visit(`${world.issuer}/account/releases?kind=sign-in`);
  for (let turn = 0; turn < 5; turn += 1)
    page = await many.visit(new URL(String(page.attribute('#older', 'href')), world.issuer));
  const read = await readBy(many, `${page.url.pathname}${page.url.search}`);
  expect(read.rows).toBeLessThanOrEqual(MOST_ROWS);
  expect(read.pages).toBeLessThan(MOST_PAGES);
});
