/** What everybody may know: light, the same for everybody, kept, and without anything of few people. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { countCoverage } from '#src/jobs/coverage.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { signInCounted } from '#src/registry/uses.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { letIn, openPeople } from '#test/support/people-in-apps.ts';
import { openWorld, type World } from '#test/support/world.ts';
import { findAsset } from '#views/assets.ts';

const KB = 1024;

let world: World;
let people: string[];
beforeAll(async () => {
  world = await openWorld();
  people = await openPeople(world.database, world.house.secrets, 30);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${world.issuer}${path}`, { headers: { 'accept-language': 'en', ...headers } });

/** Counts now, and lets the server look for it. */
async function count(): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
  expect(await countCoverage(world.database, { again: true })).toBe(true);
}

test('before the first count the page says when to come back', async () => {
  const page = await get('/coverage');
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('id="not-counted"');
  expect(await (await get('/coverage.json')).json()).toMatchObject({ day: null, groups: [] });
});

test('the figures of all, of a sector and of an agency with those below it; those of few people are left out', async () => {
  await letIn(world.database, world.house.secrets, 'puskesmas-online', people.slice(0, 23));
  await letIn(world.database, world.house.secrets, 'pajak-daerah', people.slice(0, 9));
  for (const [client, times] of [
    ['puskesmas-online', 4],
    ['pajak-daerah', 5],
  ] as const)
    for (let time = 0; time < times; time += 1)
      await world.database.write(signInCounted, [client, new Date().toISOString().slice(0, 10), 0]);
  await count();
  const document = (await (await get('/coverage.json')).json()) as { groups: Record<string, unknown>[] };
  const of = (kind: string, id: string) => document.groups.find((one) => one.kind === kind && one.id === id);
  expect(of('all', 'all')).toMatchObject({ people: 20, sign_ins: 4 });
  expect(of('agency', 'dinas-kesehatan')).toMatchObject({ people: 20, sign_ins: 4 });
  expect(of('agency', 'badan-pendapatan-daerah')).toMatchObject({ people: null, sign_ins: null });
  const page = await (await get('/coverage?agency=badan-pendapatan-daerah')).text();
  expect(page).toContain('not shown');
  expect(page).toMatch(/<h1>[^<]*Revenue/);
  expect(await (await get('/coverage')).text()).toContain('href="/coverage?lang=en&amp;agency=dinas-kesehatan"');
  expect((await get('/coverage?agency=tidak-ada')).status).toBe(404);
  expect((await get('/coverage?sector=../etc')).status).toBe(404);
  expect((await get('/coverage?sector=a&sector=b')).status).toBe(404);
});

test('it is the same for everybody, sets no cookie, and may be kept', async () => {
  const stranger = await get('/coverage?lang=id');
  const known = await get('/coverage?lang=id', { cookie: 'language=en; browser=x', 'user-agent': 'other' });
  expect(await known.text()).toBe(await stranger.text());
  for (const answer of [stranger, known, await get('/coverage.csv'), await get('/coverage.json')]) {
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    expect(answer.headers.get('vary')).toBe('Accept-Encoding, Accept-Language');
  }
  const url = `${world.issuer}/coverage?lang=id`;
  const first = await exchange(url);
  const etag = String(first.headers.get('etag'));
  expect(await exchange(url, { headers: { 'if-none-match': etag } })).toMatchObject({ status: 304, body: '' });
  const zipped = await exchange(url, { headers: { 'if-none-match': etag, 'accept-encoding': 'br' } });
  expect(zipped.status, 'its compressed form has a tag of its own').toBe(200);
});

test('it is made once for a count: then nothing is asked of the database', async () => {
  await get('/coverage');
  world.statements.length = 0;
  await Promise.all(Array.from({ length: 20 }, () => get('/coverage')));
  expect(world.statements.filter((text) => text.includes('coverage'))).toEqual([]);
  const before = await (await get('/coverage.json')).text();
  await letIn(world.database, world.house.secrets, 'pajak-daerah', people.slice(20));
  await count();
  expect(await (await get('/coverage.json')).text()).not.toBe(before);
});

test('a csv has a line for every group; a name that a spreadsheet would take for a formula is a text', async () => {
  const draft = {
    id: 'rumus',
    name: '=cmd|calc',
    nameEn: '"quoted", <b>',
    legalName: 'x',
    domain: 'rumus.contoh.go.id',
  };
  await world.database.transaction((tx) => saveAgency(tx, draft, 'test'));
  await world.database.execute(
    `insert into inventory (id, agency_id, key, name, created_at, created_by, updated_at, updated_by)
     values ('rumusan001', 'rumus', '1', 'Rumus', $1, 'test', $1, 'test')`,
    [new Date()],
  );
  await count();
  const lines = (await (await get('/coverage.csv')).text()).split('\r\n');
  expect(lines[0]).toMatch(/^day,kind,id,name,name_en,level,parent,known,connected,live,retired,decided_keep,/);
  const line = lines.find((one) => one.includes(',agency,rumus,'));
  expect(line).toContain(`,'=cmd|calc,"""quoted"", <b>",agency,,1,0,0,0,`);
  expect(line).toMatch(/,,$/);
});

test('with every sector, ministry and province the page and all that it loads are under 30 KB', async () => {
  for (let each = 1; each <= 60; each += 1)
    for (const kind of ['ministry', 'province'] as const) {
      const id = `${kind}-${each}`;
      const name = `${kind === 'ministry' ? 'Kementerian Urusan' : 'Provinsi Contoh'} ${String.fromCharCode(65 + (each % 26))}${each} ${'Bersama Rakyat'.slice(0, each % 14)}`;
      await world.database.transaction((tx) =>
        saveAgency(tx, { id, name, nameEn: name, legalName: name, domain: `${id}.contoh.go.id`, kind }, 'test'),
      );
    }
  for (let each = 1; each <= 12; each += 1)
    await world.database.transaction((tx) =>
      saveSector(
        tx,
        {
          id: `bidang-${each}`,
          name: `Bidang urusan ${each}`,
          nameEn: `Area ${each}`,
          isPriority: true,
          coordinatorId: undefined,
          position: each,
        },
        'test',
      ),
    );
  await count();
  const day = new Date().toISOString().slice(0, 10);
  const random = (most: number) => `(abs(hashtext(a.id || '${most}')) % ${most})`;
  for (const [kind, table] of [
    ['agency', 'agencies'],
    ['sector', 'sectors'],
  ] as const)
    await world.database.execute(
      `insert into coverage (kind, id, day, known, connected, live, retired, pairs_found, pairs_settled, not_built, sign_ins, people, level)
       select '${kind}', a.id, $1, ${random(9999)}, ${random(999)}, ${random(899)}, ${random(399)}, ${random(799)}, ${random(299)}, ${random(99)},
         ${random(99_999_999)}, ${random(9_999_999)}, ${kind === 'agency' ? 'a.kind' : 'null'} from ${table} a on conflict do nothing`,
      [day],
    );
  for (let week = 1; week <= 52; week += 1)
    await world.database.execute(
      `insert into coverage (kind, id, day, known, connected, live, retired, pairs_found, pairs_settled, not_built, sign_ins, people)
       select kind, id, day - 7 * $2::integer, known - 13 * $2::integer, connected, live, retired, 1, 1, 1, 1, 10 from coverage
       where kind = 'all' and day = $1`,
      [day, week],
    );
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
  // The rows above are no count of their own; the pages are made anew with the next one that is finished.
  await world.database.execute('update coverage_runs set finished_at = $1', [new Date()]);
  for (const language of ['id', 'en']) {
    const page = await get(`/coverage?lang=${language}`, { 'accept-encoding': 'br' });
    const markup = await page.text();
    expect(markup.match(/<tr>/g)?.length).toBeGreaterThan(120);
    const paths = [...markup.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? '');
    expect(paths.length).toBeGreaterThan(3);
    const loaded = paths.map((path) => findAsset(path)?.brotli.length ?? Number.NaN);
    const bytes = Number(page.headers.get('content-length')) + loaded.reduce((sum, each) => sum + each, 0);
    expect(bytes).toBeGreaterThan(5 * KB);
    expect(bytes).toBeLessThan(30 * KB);
  }
  vi.useRealTimers();
});
