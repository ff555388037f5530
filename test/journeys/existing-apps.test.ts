/**
 * From the list of what an agency has to one service that people use: it is sent in as a file, matched with what is connected, its
 * twin is found and merged into it, and the twin's people are led there. A new one of the same kind is stopped, and let in by the
 * coordinator who says why. What came of it shows in the figures, for everybody.
 */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { DAY_MS, todayInJakarta } from '#src/base/epoch.ts';
import { countCoverage } from '#src/jobs/coverage.ts';
import { startDecisions } from '#src/jobs/decisions.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { applyChange } from '#src/registry/changes.ts';
import { compareProfiles } from '#src/registry/comparing.ts';
import { workOnImport } from '#src/registry/inventory-import-work.ts';
import { matchDue } from '#src/registry/inventory-matches.ts';
import { seedExampleOrganisation } from '#src/registry/organisation.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { createDecisionNotices } from '#src/web/decision-notices.ts';
import type { Citizen } from '#test/races/crowd.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let owner: Citizen;
let coordinator: BrowserAgent;

beforeAll(async () => {
  world = await openWorld();
  await seedExampleOrganisation(world.database);
  await declareLive('dinas-kesehatan', {
    client_id: 'antrean-pasien',
    client_name: 'Antrean Pasien Rumah Sakit',
    'client_name#en': 'Hospital Patient Queue',
    client_uri: 'https://antrean.dinkes.contoh.go.id/',
    initiate_login_uri: 'https://antrean.dinkes.contoh.go.id/masuk',
    redirect_uris: ['https://antrean.dinkes.contoh.go.id/callback'],
  });
  await declareLive('kota-contoh', {
    client_id: 'antrean-pasien-kota',
    client_name: 'Antrean Pasien Rumah Sakit Kota',
    'client_name#en': 'City Hospital Patient Queue',
    client_uri: 'https://rsud.kota.contoh.go.id/',
    redirect_uris: ['https://rsud.kota.contoh.go.id/callback'],
  });
  owner = await colleague(world, 'ida@dinkes.contoh.go.id', { 'dinas-kesehatan': ['owner'] }, 'Ida');
  const wulan = await colleague(
    world,
    'wulan@kemkes.contoh.go.id',
    { 'kementerian-kesehatan': ['coordinator'] },
    'Wulan',
  );
  coordinator = (await openConsole(world, wulan)).browser;
});

afterEach(() => {
  vi.useRealTimers();
});

afterAll(() => world?.[Symbol.asyncDispose]());

async function declareLive(agencyId: string, keys: Record<string, unknown>): Promise<void> {
  const { database, house } = world;
  const declared = {
    ...{ type: 'web', scope: 'openid profile', sectors: ['kesehatan'] },
    purpose: 'Mengambil nomor antrean pasien di rumah sakit.',
    'purpose#en': 'To take a number for a patient at the hospital.',
    claims: [{ name: 'name', required: true, basis: 'consent', purpose: 'Memanggil.', 'purpose#en': 'To call.' }],
    ...keys,
  };
  const { entry, findings } = checkClientEntry(declared, 'sandbox');
  if (!entry) throw new Error(JSON.stringify(findings));
  const request = { agencyId, entry, via: 'command', actor: 'command', mode: 'sandbox', to: 'live' } as const;
  await database.transaction((tx) => applyChange(tx, house.secrets, request));
  await house.clients.refresh();
}

const visit = (browser: BrowserAgent, path: string): Promise<Page> => browser.visit(`${world.issuer}${path}`);

/** What the jobs find out beside the requests. */
async function findOut(): Promise<void> {
  while (await workOnImport(world.database));
  while ((await matchDue(world.database)) > 0);
  while ((await compareProfiles(world.database)) > 0);
}

const list = `key;name;name_en;description;host;sectors;audience;users;yearly_cost
DK-1;Antrean Pasien;Patient Queue;Antrean pasien rumah sakit.;antrean.dinkes.contoh.go.id;kesehatan;citizens;48.200;385.000.000
DK-2;Gudang Obat;Medicine Store;Persediaan obat puskesmas.;obat.dinkes.contoh.go.id;kesehatan;officials;120;90.000.000
DK-3;;;;bukan host;kesehatan;citizens;;
`;

test('an agency sends in the list of what it has, sees what is wrong with it, and says which is connected', async () => {
  const { page } = await openConsole(world, owner, { at: '/console/inventory/imports' });
  const sent = await page.choose('file', new File([list], 'daftar.csv', { type: 'text/csv' })).press('#send');
  await findOut();
  const { browser } = await openConsole(world, owner);
  const checked = await browser.visit(sent.url);
  expect([checked.text('#count-created'), checked.text('#count-refused')]).toEqual(['2', '1']);
  expect(await visit(browser, '/console/inventory').then((shown) => shown.has('[data-record]'))).toBe(false);
  const applied = await checked.press('#apply');
  await findOut();
  expect((await browser.visit(applied.url)).text('#count-created')).toBe('2');
  const matches = await visit(browser, '/console/inventory/matches');
  expect(matches.text('[data-match]')).toContain('Antrean Pasien Rumah Sakit');
  await matches.press('.confirm-match');
  const connected = await visit(browser, '/console/inventory?connection=connected');
  expect(connected.text('[data-record]')).toContain('DK-1');
});

test('the coordinator finds its twin and decides that one is enough; from the day on its people are led there', async () => {
  const pairs = await visit(coordinator, '/console/duplicates');
  expect(pairs.attributes('[data-pair]', 'data-pair')).toContain('client:antrean-pasien client:antrean-pasien-kota');
  const decide = await visit(coordinator, '/console/decisions/new?app=client:antrean-pasien-kota');
  const decided = await decide
    .tick('decision', 'merge')
    .fill({ successor: 'client:antrean-pasien', on: dayIn(1), reason: 'Satu antrean cukup untuk satu kota.' })
    .choose('file', new File(['%PDF-1.7\n%%EOF\n'], 'rapat.pdf', { type: 'application/pdf' }))
    .press('#decide');
  expect(decided.text()).toContain('Satu antrean cukup untuk satu kota.');
  const settled = await visit(coordinator, '/console/duplicates?status=settled');
  expect(settled.attributes('[data-pair]', 'data-pair')).toContain('client:antrean-pasien client:antrean-pasien-kota');
  const jobs = startDecisions({ ...world.house, notices: createDecisionNotices(world.house) }, { everyMs: 3_600_000 });
  try {
    expect(await jobs.workNow()).toBe(0);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * DAY_MS });
    expect(await jobs.workNow()).toBe(1);
  } finally {
    await jobs.stop();
  }
  await world.house.clients.refresh();
  const app = await world.app({
    clientId: 'antrean-pasien-kota',
    redirectUri: 'https://rsud.kota.contoh.go.id/callback',
  });
  const ended = await world.browser().visit((await app.startSignIn()).url);
  expect(ended.text('#error-code')).toBe('client_unavailable');
  const onwards = new URL(ended.attribute('#successor', 'href') ?? '');
  expect(`${onwards.origin}${onwards.pathname}`).toBe('https://antrean.dinkes.contoh.go.id/masuk');
  expect(onwards.searchParams.get('iss')).toBe(world.issuer);
});

test('one more of the kind is registered only with a reason, and goes live only once the coordinator agrees', async () => {
  const centre = {
    id: 'balai-jiwa',
    name: 'Balai Pemulihan Jiwa',
    nameEn: 'Mental Recovery Centre',
    kind: 'unit',
  } as const;
  const place = { legalName: 'Balai Pemulihan Jiwa', domain: 'balai.contoh.go.id', parentId: 'kementerian-kesehatan' };
  await world.database.transaction((tx) => saveAgency(tx, { ...centre, ...place }, 'command'));
  const eka = await colleague(world, 'eka@balai.contoh.go.id', { 'balai-jiwa': ['owner'] }, 'Eka');
  const { browser, page } = await openConsole(world, eka, { at: '/console/apps/new' });
  const likely = await page
    .fill({ name: 'Antrean Pasien Rumah Sakit', purpose: 'Mengambil nomor antrean pasien di rumah sakit.' })
    .press('#register');
  expect(likely.attributes('[data-likely]', 'data-likely')).toContain('client:antrean-pasien');
  const justified = likely.fill({ justification: 'Pasien jiwa dirawat dengan aturan kerahasiaan lain.' });
  const begun = await justified.press('#register');
  const id = 'antrean-pasien-rumah-sakit';
  expect(begun.url.pathname).toBe(`/console/apps/${id}/start`);
  const production = () => visit(browser, `/console/apps/${id}/production`);
  const outcome = async () => (await production()).attribute('[data-check=overlap]', 'data-outcome');
  expect(await outcome()).toBe('failed');
  const cases = await visit(coordinator, '/console/cases');
  const [opened] = cases.attributes('[data-case]', 'data-case');
  const asked = await visit(coordinator, `/console/cases/${opened}`);
  expect(asked.text('#said')).toContain('kerahasiaan');
  await asked.fill({ note: 'Aturannya memang lain.' }).press('#allow');
  const agreed = await visit(browser, `/console/cases/${opened}`);
  expect(agreed.text('#outcome')).toContain('Aturannya memang lain.');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 60_000 });
  await (await production()).press('#check-again');
  expect(await outcome()).toBe('passed');
});

test('what came of it shows to everybody, without a word about anybody', async () => {
  expect(await countCoverage(world.database, { again: true })).toBe(true);
  const shown = await visit(world.browser(), '/coverage');
  expect(shown.status).toBe(200);
  const figures = JSON.parse((await visit(world.browser(), '/coverage.json')).html) as Record<string, unknown>;
  expect(JSON.stringify(figures)).toContain('kesehatan');
});

/** As the server counts days, whatever the time of day: a decision holds from a later day than today on. */
function dayIn(days: number): string {
  return todayInJakarta(new Date(Date.now() + days * DAY_MS));
}
