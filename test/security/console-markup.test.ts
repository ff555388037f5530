/**
 * Whatever agencies have written stays text on every page of the console, in both languages (security line 32): every page of
 * the router, for somebody with every role, where each name, reason and note is hostile.
 */
import { parse } from 'parse5';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp, type Route } from '#src/app.ts';
import { newIdIn } from '#src/base/secrets.ts';
import { roles } from '#src/people/memberships.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { saveClient } from '#src/registry/client-writes.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { clientDraft } from '#test/registry/fixtures.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { addressOf, isAboutOne, isOfConsole, type Things } from '#test/support/console-routes.ts';
import { openWorld, type World } from '#test/support/world.ts';
import { openExisting } from './existing.ts';
import { expectHarmless, hostile, injectedInto } from './injected.ts';

let world: World;
let pages: readonly Route[];
let things: Things;
let person: Awaited<ReturnType<typeof colleague>>;

const agency = 'instansi-aneh';
const client = 'layanan-aneh';

beforeAll(async () => {
  world = await openWorld();
  const { routes } = await createApp(world.house);
  pages = routes.filter((route) => route.method === 'GET' && isOfConsole(route) && route.path.startsWith('/console'));
  person = await colleague(world, 'aneh@contoh.go.id', {}, hostile);
  await openAgency();
  for (const role of roles)
    await world.database.execute(
      `insert into memberships (shard, account_id, agency_id, role, since)
       select a.shard, a.id, $2, $3, $4 from accounts a where a.id = $1`,
      [person.id, agency, role, new Date()],
    );
  const estate = { actor: person.id, client, agency, agencies: [agency], sector: 'sektor-aneh', key: '<x-evil>"\'' };
  const others = await openExisting(world, { ...estate, words: hostile });
  things = { client, agency, number: '1', others: { ...others, members: person.id } };
});

afterAll(() => world?.[Symbol.asyncDispose]());

async function openAgency(): Promise<void> {
  const named = { name: hostile, nameEn: hostile };
  const today = new Date().toISOString().slice(0, 10);
  await world.database.transaction(async (tx) => {
    const place = { id: agency, legalName: hostile, domain: 'aneh.contoh.go.id', parentId: null };
    await saveAgency(tx, { ...named, ...place }, 'test');
    const sector = { ...named, id: 'sektor-aneh', isPriority: false, position: 91, coordinatorId: agency };
    await saveSector(tx, sector, 'test');
    const texts = { name: { id: hostile, en: hostile }, purpose: { id: hostile, en: hostile } };
    const own = { id: client, agencyId: agency, subjectGroupId: agency, sectors: ['sektor-aneh'] };
    await saveClient(tx, clientDraft({ ...own, ...texts }), person.id);
    const figures = { known: 3, connected: 1, live: 1, retired: 0, pairs_found: 1, pairs_settled: 0, not_built: 1 };
    for (const [kind, id] of [
      ['all', 'all'],
      ['sector', 'sektor-aneh'],
      ['agency', agency],
    ])
      await tx.execute(
        `insert into coverage (kind, id, day, known, connected, live, retired, pairs_found, pairs_settled, not_built, sign_ins, people)
         select $1, $2, $3::date, f.known, f.connected, f.live, f.retired, f.pairs_found, f.pairs_settled, f.not_built, 100, 100
         from jsonb_populate_record(null::coverage, $4) as f`,
        [kind, id, today, JSON.stringify(figures)],
      );
    await tx.execute('insert into coverage_runs (day, lease_until, finished_at) values ($1::date, $2, $2)', [
      today,
      new Date(),
    ]);
  });
}

test.each(['id', 'en'] as const)('every page of the console: %s', async (language) => {
  const { browser } = await openConsole(world, person, { language });
  const shown = [];
  for (const route of pages.filter(({ path }) => path !== '/console/callback')) {
    const address = isAboutOne(route) ? fill(route) : route.path;
    if (address === undefined) continue;
    for (const query of isAboutOne(route) ? [''] : ['', `?q=${encodeURIComponent(hostile)}&agency=${agency}`]) {
      const page = await browser.visit(world.issuer + address + query);
      if (!page.headers.get('content-type')?.startsWith('text/html')) continue;
      expect([route.path, injectedInto(parse(page.html))]).toEqual([route.path, []]);
      expectHarmless(page);
      if (page.html.includes('&lt;x-evil')) shown.push(route.path);
    }
  }
  // It is there, as text.
  expect(shown.length).toBeGreaterThan(8);
  expect(shown).toEqual(expect.arrayContaining(['/console/apps', '/console/apps/:client']));
});

/** The address of a page about one thing; undefined where this agency has none of the kind. */
function fill(route: Route): string | undefined {
  const none = new Proxy({ ...things.others }, { get: (have, kind) => have[String(kind)] ?? newIdIn(3) });
  return addressOf(route, { ...things, others: none });
}

test.each(['id', 'en'])('the public page of how far the country has come: %s', async (language) => {
  const said = await exchange(`${world.issuer}/coverage`, {
    headers: { accept: 'text/html', 'accept-language': language },
  });
  expect(injectedInto(parse(said.body))).toEqual([]);
  expect(said.headers.get('x-evil')).toBeNull();
  expect(said.status).toBeLessThan(500);
});
