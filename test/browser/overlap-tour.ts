/** One walk past every page about what exists twice: of whoever looks after a list, of a coordinator, and of everybody. */
import type { Page } from 'playwright-core';
import { DAY_MS, todayInJakarta } from '#src/base/epoch.ts';
import { countCoverage } from '#src/jobs/coverage.ts';
import { findAccountId } from '#src/people/identifiers.ts';
import { grantMembership, roles } from '#src/people/memberships.ts';
import type { AppRef } from '#src/registry/app-refs.ts';
import { applyChange } from '#src/registry/changes.ts';
import { closeRegistrations, giveException } from '#src/registry/closures.ts';
import { compareProfiles } from '#src/registry/comparing.ts';
import { decide } from '#src/registry/decisions.ts';
import { seedExampleInventory } from '#src/registry/inventory-example.ts';
import { workOnImport } from '#src/registry/inventory-import-work.ts';
import { startImport } from '#src/registry/inventory-imports.ts';
import { matchDue } from '#src/registry/inventory-matches.ts';
import type { RecordEntry } from '#src/registry/inventory-schema.ts';
import { saveRecord } from '#src/registry/inventory-writes.ts';
import { seedExampleOrganisation } from '#src/registry/organisation.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import type { World } from '#test/support/world.ts';
import { comeIn } from './console-tour.ts';
import type { Stage } from './stage.ts';
import type { AtPage, Language } from './tour.ts';
import type { Visitor } from './visitor.ts';

/** Names of all pages of the tour, in the order of the walk. */
export const overlapStops = [
  ...[
    'inventory',
    'inventory-picked',
    'inventory-new',
    'inventory-new-refused',
    'inventory-record',
    'inventory-matches',
  ],
  ...['inventory-imports', 'inventory-import'],
  ...[
    'duplicates',
    'pair',
    'families',
    'app-migration',
    'new-app-likely',
    'new-app-justified',
    'cases',
    'case',
    'closures',
  ],
  ...['decide', 'decide-refused', 'decided', 'decide-many', 'decision-batch', 'decisions', 'record-decided'],
  ...['coverage', 'coverage-agency', 'coverage-public', 'coverage-public-group'],
  ...['sign-in-ends-soon', 'ended', 'ended-nothing-follows'],
] as const;

/** Walks with a new visitor; a stage bears one tour. */
export async function tourTheOverlap(stage: Stage, visitor: Visitor, language: Language, at: AtPage): Promise<void> {
  const { world } = stage;
  const known = await prepare(world);
  await comeIn(stage, visitor);
  const { page } = visitor;
  const go = (path: string) => page.goto(`${world.issuer}${path}`);
  await lookAfterTheList(go, page, known, at);
  await compare(go, page, at);
  await go('/console/apps/antrean-rsud/migration');
  await at('app-migration', page);
  await registerAnother(go, page, at);
  await decideAbout(go, page, known, at);
  await lookAtFigures(go, world, page, at);
  await meetTheEnd(stage, language, at);
}

interface Known {
  readonly recordId: string;
  readonly importId: string;
}

type Go = (path: string) => Promise<unknown>;

async function lookAfterTheList(go: Go, page: Page, { recordId, importId }: Known, at: AtPage): Promise<void> {
  await go('/console/inventory');
  await at('inventory', page);
  await page.click('#pick-all');
  await page.waitForSelector('#pick-none');
  await at('inventory-picked', page);
  await go('/console/inventory/new');
  await at('inventory-new', page);
  await page.click('#save');
  await page.waitForSelector('#problems');
  await at('inventory-new-refused', page);
  await go(`/console/inventory/${recordId}`);
  await at('inventory-record', page);
  await go('/console/inventory/matches');
  await at('inventory-matches', page);
  await go('/console/inventory/imports');
  await at('inventory-imports', page);
  await go(`/console/inventory/imports/${importId}`);
  await at('inventory-import', page);
}

async function compare(go: Go, page: Page, at: AtPage): Promise<void> {
  await go('/console/duplicates');
  await at('duplicates', page);
  await page.click('[data-pair] .end-cell a');
  await page.waitForSelector('#score');
  await at('pair', page);
  await go('/console/duplicates/families');
  await at('families', page);
}

/** One app, then all records of a list at once. */
async function decideAbout(go: Go, page: Page, { recordId }: Known, at: AtPage): Promise<void> {
  await go('/console/decisions/new?app=client:antrean-rumah-sakit');
  await at('decide', page);
  await page.click('#decide');
  await page.waitForSelector('#problems');
  await at('decide-refused', page);
  await page.check('#decision-keep');
  await page.fill('#reason', 'Melayani kota lain.');
  await page.click('#decide');
  await page.waitForSelector('.notice-done');
  await at('decided', page);
  await go('/console/inventory?pick=all');
  await page.click('#decide');
  await page.waitForSelector('#preview');
  await at('decide-many', page);
  await page.check('#decision-legacy');
  await page.fill('#reason', 'Tidak dikembangkan lagi.');
  await page.click('#preview');
  await page.waitForSelector('#apply');
  await at('decision-batch', page);
  await page.click('#apply');
  await page.waitForSelector('#undo');
  await go('/console/decisions');
  await at('decisions', page);
  await go(`/console/inventory/${recordId}`);
  await at('record-decided', page);
}

/** An app that is like another one, which somebody needs all the same. */
async function registerAnother(go: Go, page: Page, at: AtPage): Promise<void> {
  await go('/console/apps/new?agency=badan-pendapatan-daerah');
  await page.fill('#name', 'Antrean RSUD');
  await page.fill('#purpose', purpose);
  await page.click('#register');
  await page.waitForSelector('#likely-found');
  await at('new-app-likely', page);
  await page.fill('#justification', 'Kami melayani kota lain, dengan tarif yang lain.');
  await page.click('#register');
  await page.waitForURL('**/start?**');
  await at('new-app-justified', page);
  await go('/console/cases');
  await at('cases', page);
  await page.click('[data-case] .main-cell a');
  await page.waitForSelector('#said');
  await at('case', page);
  await go('/console/closures');
  await at('closures', page);
}

/** Counted today, and some weeks ago as well. */
async function lookAtFigures(go: Go, { database }: World, page: Page, at: AtPage): Promise<void> {
  await countCoverage(database, { again: true });
  await database.execute(
    `insert into coverage (kind, id, day, known, connected, live, retired, pairs_found, pairs_settled, not_built, sign_ins)
     select kind, id, day - 7 * n, known * (9 - n) / 9, connected * (6 - n) / 6, live * (5 - n) / 5, 0, pairs_found, 0, 0, 0
     from coverage, generate_series(1, 4) n`,
  );
  await go('/console/coverage');
  await at('coverage', page);
  await go('/console/coverage?agency=kementerian-kesehatan');
  await at('coverage-agency', page);
  await go('/coverage');
  await at('coverage-public', page);
  await go('/coverage?sector=kesehatan');
  await at('coverage-public-group', page);
}

/** What somebody meets who wants to sign in to an app that ends soon, and to those that have ended. */
async function meetTheEnd(stage: Stage, language: Language, at: AtPage): Promise<void> {
  const { world } = stage;
  const { database, house } = world;
  const decided = { reason: 'Satu antrean cukup.', reach: 'everywhere', actor: 'command', via: 'command' } as const;
  const wanted = [
    { refs: [ref('antrean-puskesmas')], kind: 'merge', successor: ref('antrean-rsud'), effectiveOn: dayIn(1) },
    { refs: [ref('jadwal-dokter')], kind: 'retire', effectiveOn: dayIn(1) },
    { refs: [ref('antrean-rumah-sakit')], kind: 'merge', successor: ref('antrean-rsud'), effectiveOn: dayIn(21) },
  ] as const;
  for (const one of wanted) await database.transaction((tx) => decide(tx, { ...one, ...decided }));
  await database.execute(`update clients set state = 'retired' where id = any($1)`, [
    ['antrean-puskesmas', 'jadwal-dokter'],
  ]);
  await house.clients.refresh();
  await using citizen = await stage.visitor({ locale: language, reducedMotion: 'reduce' });
  const { page } = citizen;
  const visits = [
    ['sign-in-ends-soon', 'antrean-rumah-sakit', 'https://rsud.kota.contoh.go.id/'],
    ['ended', 'antrean-puskesmas', 'https://puskesmas.kota.contoh.go.id/'],
    ['ended-nothing-follows', 'jadwal-dokter', 'https://jadwal.dinkes.contoh.go.id/'],
  ] as const;
  for (const [name, clientId, home] of visits) {
    const app = await world.app({ clientId, redirectUri: `${home}callback` });
    await page.goto((await app.startSignIn()).url.href);
    await at(name, page);
  }
}

const ref = (clientId: string): AppRef => `client:${clientId}`;

const dayIn = (days: number): string => todayInJakarta(new Date(Date.now() + days * DAY_MS));

const purpose = 'Mengambil nomor antrean di rumah sakit.';

/** Siti works for the state in every role; two agencies have an app for the same, and one of them a list of what else it has. */
async function prepare(world: World): Promise<Known> {
  const { database, house } = world;
  await seedExampleOrganisation(database);
  const accountId = await findAccountId(database, house.secrets, { kind: 'email', value: 'siti@contoh.id' });
  if (!accountId) throw new Error('nobody is called siti@contoh.id');
  for (const role of roles) await grantMembership(database, { accountId, agencyId: 'negara', role }, 'command');
  await declare(world, 'dinas-kesehatan', 'antrean-rsud', 'Antrean RSUD', 'https://antrean.contoh.go.id/');
  await declare(world, 'kota-contoh', 'antrean-rumah-sakit', 'Antrean RSUD Kota', 'https://rsud.kota.contoh.go.id/');
  await declare(world, 'kota-contoh', 'antrean-puskesmas', 'Antrean Puskesmas', 'https://puskesmas.kota.contoh.go.id/');
  await declare(world, 'dinas-kesehatan', 'jadwal-dokter', 'Jadwal Dokter', 'https://jadwal.dinkes.contoh.go.id/');
  await seedExampleInventory(database);
  const recordId = await keep(world, 'DK-1', {
    ...{ name: 'Antrean RSUD', name_en: 'Hospital queue', description: 'Nomor antrean di rumah sakit daerah.' },
    ...{ host: 'antrean.contoh.go.id', sectors: ['kesehatan'], audience: ['citizens'], service_code: 'RAL.04.01.01' },
    ...{ users: 48_200, yearly_cost: 385_000_000, technology: 'PHP', contact: 'aplikasi@dinkes.contoh.go.id' },
  });
  await keep(world, 'DK-2', { name: 'Gudang Obat Puskesmas', sectors: ['kesehatan'], users: 120 });
  await keep(world, 'DK-3', {
    name: 'Gudang Obat Rumah Sakit',
    host: 'obat.dinkes.contoh.go.id',
    yearly_cost: 90_000_000,
  });
  const file = { agencyId: 'dinas-kesehatan', actor: accountId, via: 'page', fileName: 'daftar-2026.csv' } as const;
  const importId = await database.transaction((tx) => startImport(tx, { ...file, content: Buffer.from(list) }));
  while (await workOnImport(database));
  while ((await matchDue(database)) > 0);
  while ((await compareProfiles(database)) > 0);
  await askFor(world, 'antrean-poli', 'Antrean RSUD');
  await closePlaces(world, accountId);
  await house.clients.refresh();
  return { recordId, importId };
}

const list = `key;name;host;sectors;users;yearly_cost
DK-4;Jadwal Dokter;jadwal.dinkes.contoh.go.id;kesehatan;3.100;45.000.000
DK-5;Kartu Ibu Hamil;https://kartu.dinkes.contoh.go.id/;kesehatan;banyak;0
`;

/** An app that somebody else registers, although there are some like it: it waits for the coordinator. */
async function askFor({ database, house }: World, id: string, name: string): Promise<void> {
  const { entry } = checkClientEntry(declarationOf(id, name, 'https://poli.contoh.go.id/'), 'sandbox');
  if (!entry) throw new Error(`${id} is not right`);
  const accountId = await findAccountId(database, house.secrets, { kind: 'email', value: 'budi@contoh.id' });
  const justification = 'Poli kami memakai jadwal dokter yang tidak dikenal antrean yang ada.';
  const request = { agencyId: 'kota-contoh', entry, via: 'page', actor: String(accountId), mode: 'sandbox' } as const;
  await database.transaction((tx) => applyChange(tx, house.secrets, { ...request, justification, isNew: true }));
}

/** A sector and an agency that take no new apps for now, and an exception from one of them. */
async function closePlaces({ database }: World, actor: string): Promise<void> {
  await database.transaction(async (tx) => {
    const reason = 'Semua layanan antrean dipadukan dulu sampai akhir tahun.';
    const { id } = await closeRegistrations(tx, {
      agencyId: 'kabupaten-contoh',
      reason,
      openAgainOn: dayIn(60),
      actor,
    });
    await closeRegistrations(tx, { sectorId: 'transaksi-keuangan', reason: 'Sektor ini sedang ditata ulang.', actor });
    const expiresAt = new Date(Date.now() + 30 * DAY_MS);
    const given = { apps: 3, reason: 'Diwajibkan peraturan menteri.', expiresAt, actor };
    await giveException(tx, { ...given, closureId: id, agencyId: 'dinas-kominfo' });
  });
}

async function keep({ database }: World, key: string, content: RecordEntry): Promise<string> {
  const draft = { agencyId: 'dinas-kesehatan', key, content, actor: 'command', via: 'command' } as const;
  const { record } = await database.transaction((tx) => saveRecord(tx, draft));
  return record.id;
}

async function declare({ database, house }: World, agencyId: string, id: string, name: string, home: string) {
  const { entry, findings } = checkClientEntry(declarationOf(id, name, home), 'sandbox');
  if (!entry) throw new Error(JSON.stringify(findings));
  const request = { agencyId, entry, via: 'command', actor: 'command', mode: 'sandbox', to: 'live' } as const;
  await database.transaction((tx) => applyChange(tx, house.secrets, request));
}

function declarationOf(id: string, name: string, home: string) {
  return {
    ...{ client_id: id, client_name: name, 'client_name#en': `${name} (English)`, type: 'web', client_uri: home },
    ...{ purpose, 'purpose#en': 'To take a number at the hospital.', redirect_uris: [`${home}callback`] },
    ...{ scope: 'openid profile email', sectors: ['kesehatan'] },
    claims: [{ name: 'name', required: true, basis: 'consent', purpose: 'Memanggil.', 'purpose#en': 'To call.' }],
  };
}
