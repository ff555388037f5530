/** The lists of the console: each shows what its reader's roles reach, and nothing else. */
import { afterEach, expect, test, vi } from 'vitest';
import { recordAdminEvent } from '#src/audit/events.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { saveClient } from '#src/registry/client-writes.ts';
import type { ClientDraft } from '#src/registry/clients.ts';
import { clientDraft } from '#test/registry/fixtures.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** A province with a regency below it, and a city that has nothing to do with either. */
async function openTree(world: World): Promise<void> {
  const place = { legalName: 'Pemerintah', domain: 'contoh.go.id' };
  await world.database.transaction(async (tx) => {
    await saveAgency(
      tx,
      { ...place, id: 'provinsi', name: 'Provinsi Awan', nameEn: 'Awan Province', kind: 'province' },
      'test',
    );
    const regency = {
      ...place,
      id: 'kabupaten',
      name: 'Kabupaten Hujan',
      nameEn: 'Hujan Regency',
      kind: 'regency',
    } as const;
    await saveAgency(tx, { ...regency, parentId: 'provinsi' }, 'test');
    await saveAgency(tx, { ...place, id: 'kota', name: 'Kota Terik', nameEn: 'Terik City', kind: 'city' }, 'test');
  });
}

async function openApps(world: World, ...drafts: readonly Partial<ClientDraft>[]): Promise<void> {
  await world.database.transaction(async (tx) => {
    for (const draft of drafts)
      await saveClient(tx, clientDraft({ subjectGroupId: draft.agencyId ?? '', ...draft }), 'test');
  });
}

const named = (id: string, en = id) => ({ id, en });
const idsOn = (page: { attributes(selector: string, name: string): string[] }) =>
  page.attributes('[data-client]', 'data-client');

test('the console asks for a sign-in with a passkey and comes back to the page that was wanted', async () => {
  await using world = await openWorld();
  await openTree(world);
  const budi = await colleague(world, 'budi@contoh.go.id', { kabupaten: ['owner'] }, 'Budi');
  const { page } = await openConsole(world, budi, { at: '/console/agencies' });
  expect(page.url.pathname).toBe('/console/agencies');
  expect(page.attributes('[data-agency]', 'data-agency')).toEqual(['kabupaten']);
  expect(page.text('.who span')).toBe('Budi');
});

test('a sign-in that is given up leads to the front page; one that failed is not begun again by itself', async () => {
  await using world = await openWorld();
  const browser = world.browser();
  const left = await browser.visit(`${world.issuer}/console/callback?error=access_denied`);
  expect(left.url.pathname).toBe('/');
  const failed = await browser.visit(`${world.issuer}/console/callback?error=login_required`);
  expect(failed.text('#error-code')).toBe('session_required');
});

test('my apps are those that I may change; all services those that I may see', async () => {
  await using world = await openWorld();
  await openTree(world);
  await openApps(
    world,
    { id: 'hujan-deras', agencyId: 'kabupaten', name: named('Hujan Deras'), state: 'sandbox' },
    { id: 'awan-putih', agencyId: 'provinsi', name: named('Awan Putih') },
    { id: 'kota-terik', agencyId: 'kota', name: named('Kota Terik') },
  );
  const budi = await colleague(world, 'budi@contoh.go.id', { kabupaten: ['developer'], provinsi: ['auditor'] });
  const { browser, page } = await openConsole(world, budi);
  expect(idsOn(page)).toEqual(['hujan-deras']);
  expect(page.text('[data-client=hujan-deras]')).toContain('Uji coba');
  expect(page.text('[data-client=hujan-deras]')).toContain('Belum dicoba');
  expect(page.has('#new-app')).toBe(true);
  const all = await browser.visit(`${world.issuer}/console/apps`);
  expect(idsOn(all)).toEqual(['awan-putih', 'hujan-deras']);
  const agencies = await browser.visit(`${world.issuer}/console/agencies?q=hujan`);
  expect(agencies.attributes('[data-agency]', 'data-agency')).toEqual(['kabupaten']);
});

test('what needs attention is said: a secret that ends, checks that failed, answers that people wait for', async () => {
  await using world = await openWorld();
  await openTree(world);
  await openApps(world, { id: 'hujan-deras', agencyId: 'kabupaten', name: named('Hujan Deras') });
  await world.database.execute(
    `insert into client_secrets (client_id, hash, created_at, expires_at) values ('hujan-deras', 'x', $1, $2)`,
    [new Date(), new Date(Date.now() + 3 * 86_400_000)],
  );
  await world.database.execute(
    `insert into client_checks (client_id, name, outcome, code, details, checked_at)
     values ('hujan-deras', 'home', 'failed', 'unreachable', '{}', $1)`,
    [new Date()],
  );
  await world.database.execute(
    `insert into answers_owed (client_id, agency_id, agencies, withdrawals, withdrawals_overdue, reports, reports_overdue,
       oldest_due_at, counted_at)
     values ('hujan-deras', 'kabupaten', '{kabupaten}', 2, 1, 1, 0, $1, $2)`,
    [new Date(Date.now() - 86_400_000), new Date()],
  );
  await world.database.execute(`update clients set logo_digest = 'gambar' where id = 'hujan-deras'`);
  const budi = await colleague(world, 'budi@contoh.go.id', { kabupaten: ['owner'] });
  const { page } = await openConsole(world, budi);
  expect(page.attributes('[data-client=hujan-deras] img', 'src')).toEqual(['/logos/gambar']);
  expect(page.text('[data-client=hujan-deras]')).toContain('1 pemeriksaan gagal');
  expect(page.text('[data-client=hujan-deras]')).toContain('Jawaban kepada warga terlambat sejak');
  expect(page.attributes('[data-client=hujan-deras] .dots a', 'href')).toEqual([
    '/console/apps/hujan-deras/deliveries',
    '/console/apps/hujan-deras/reports',
  ]);
  expect(page.text('[data-client=hujan-deras]')).toMatch(/Rahasia berakhir \d+ \w+ \d{4}/);
});

test('whoever has no role is told how to get one, and sees no list', async () => {
  await using world = await openWorld();
  await openTree(world);
  const { browser, page } = await openConsole(world, await colleague(world, 'budi@contoh.go.id', {}));
  expect(page.text('.empty')).toContain('undangan');
  expect(page.has('#found-agency')).toBe(true);
  for (const path of ['apps', 'apps.csv', 'agencies', 'events', 'events.csv']) {
    const refused = await browser.visit(`${world.issuer}/console/${path}`);
    expect([path, refused.status, refused.text('#error-code')]).toEqual([path, 403, 'role_required']);
  }
});

test('apps are found by words of the name or the id, by state, sector and agency', async () => {
  await using world = await openWorld();
  await openTree(world);
  await openApps(
    world,
    { id: 'antrean', agencyId: 'kabupaten', name: named('Antrean 100%_Cepat'), state: 'draft' },
    { id: 'antrean-kota', agencyId: 'kota', name: named('Antrean Kota') },
    { id: 'pajak', agencyId: 'provinsi', name: named('Pajak Antre', 'Tax Queue'), state: 'suspended' },
  );
  const rina = await colleague(world, 'rina@contoh.go.id', { provinsi: ['auditor'], kota: ['auditor'] });
  const { browser } = await openConsole(world, rina);
  const find = async (query: string) => idsOn(await browser.visit(`${world.issuer}/console/apps?${query}`));
  expect(await find('q=antre')).toEqual(['antrean', 'antrean-kota', 'pajak']);
  expect(await find('q=KOTA+antrean')).toEqual(['antrean-kota']);
  expect(await find('q=queue')).toEqual(['pajak']);
  expect(await find('q=100%25_c')).toEqual(['antrean']);
  expect(await find('q=a_trean')).toEqual([]);
  expect(await find('q=antre&state=suspended')).toEqual(['pajak']);
  expect(await find('agency=kabupaten')).toEqual(['antrean']);
  expect(await find('agency=kemenkes')).toEqual([]);
  expect(await find('sector=kesehatan')).toEqual([]);
  const page = await browser.visit(`${world.issuer}/console/apps?q=antre`);
  expect(page.texts('.facets li')).toEqual(['Semua 3', 'Konsep 1', 'Berjalan 1', 'Dihentikan sementara 1']);
});

test('a long list goes on behind its last app, and comes as one file', async () => {
  await using world = await openWorld();
  await openTree(world);
  const many = Array.from({ length: 27 }, (_, n) => ({ id: `app-${n}`, name: named(n < 3 ? 'Sama' : `App ${n}`) }));
  await openApps(world, ...many.map((draft) => ({ ...draft, agencyId: 'kota' })));
  await openApps(world, { id: 'rumus', agencyId: 'kota', name: named('=1+1') }, { id: 'lain', agencyId: 'provinsi' });
  const { browser } = await openConsole(world, await colleague(world, 'rina@contoh.go.id', { kota: ['auditor'] }));
  const first = await browser.visit(`${world.issuer}/console/apps`);
  expect(idsOn(first)).toHaveLength(25);
  expect(first.has('#first-page')).toBe(false);
  const second = await first.follow('#next-page');
  expect(second.has('#next-page')).toBe(false);
  const all = [...idsOn(first), ...idsOn(second)];
  expect(new Set(all).size).toBe(28);
  expect(idsOn(second).slice(-2)).toEqual(['app-1', 'app-2']);
  expect(idsOn(await second.follow('#first-page'))).toEqual(idsOn(first));
  const file = await browser.visit(`${world.issuer}${first.attribute('#csv', 'href')}`);
  expect(file.headers.get('content-disposition')).toBe('attachment; filename="layanan.csv"');
  const lines = file.html.trim().split('\r\n');
  expect(lines[0]).toBe('client_id,name,name_en,agency_id,agency,state,type,sectors,risk,home_uri');
  expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(all);
  expect(lines.find((line) => line.startsWith('rumus,'))).toContain("rumus,'=1+1,");
});

test('an auditor reads what was done at and below the agency, the latest first; a developer does not', async () => {
  await using world = await openWorld();
  await openTree(world);
  await openApps(world, { id: 'awan-putih', agencyId: 'provinsi' }, { id: 'kota-terik', agencyId: 'kota' });
  const budi = await colleague(world, 'budi@contoh.go.id', { kabupaten: ['owner'] }, 'Budi Santoso');
  const other = await colleague(world, 'lain@contoh.go.id', { kota: ['owner'] }, 'Orang Lain');
  for (const [agencyId, actor] of [
    ['kabupaten', budi.id],
    ['provinsi', other.id],
    ['kota', budi.id],
  ] as const)
    await recordAdminEvent(world.database, {
      kind: 'client.changed',
      actor,
      subject: `client of-${agencyId}`,
      agencyId,
    });
  const { browser } = await openConsole(world, await colleague(world, 'rina@contoh.go.id', { provinsi: ['auditor'] }));
  const page = await browser.visit(`${world.issuer}/console/events`);
  expect(page.texts('[data-event=client.changed]')).toHaveLength(2);
  expect(page.text()).toContain('of-kabupaten');
  expect(page.text()).toContain('Budi Santoso');
  // Who works for none of these agencies stays an id.
  expect(page.text()).not.toContain('Orang Lain');
  expect(page.text()).not.toContain('of-kota');
  expect(page.text()).not.toContain('key.');
  const one = await browser.visit(`${world.issuer}/console/events?subject=client+of-kabupaten`);
  expect(one.count('[data-event]')).toBe(1);
  const none = await browser.visit(`${world.issuer}/console/events?subject=client+of-kota`);
  expect(none.has('#none-found')).toBe(true);
  const file = await browser.visit(`${world.issuer}/console/events.csv`);
  expect(file.html).toContain('client of-kabupaten');
  expect(file.html).not.toContain('of-kota');
  const developer = await openConsole(world, await colleague(world, 'dev@contoh.go.id', { provinsi: ['developer'] }));
  expect((await developer.browser.visit(`${world.issuer}/console/events`)).status).toBe(403);
});

test('after a quarter of an hour without a request the console asks for the passkey again', async () => {
  await using world = await openWorld();
  await openTree(world);
  const { browser } = await openConsole(world, await colleague(world, 'rina@contoh.go.id', { kota: ['auditor'] }));
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + 14 * 60_000);
  expect((await browser.visit(`${world.issuer}/console`)).url.pathname).toBe('/console');
  vi.setSystemTime(Date.now() + 16 * 60_000);
  expect((await browser.visit(`${world.issuer}/console`)).has('#passkey')).toBe(true);
});
