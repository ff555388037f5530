import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordAccountEvent } from '#src/audit/events.ts';
import { shardOf } from '#src/base/secrets.ts';
import { type Handover, loadReleases, releaseRow } from '#src/consents/releases.ts';
import { recordTerms, termsOf } from '#src/consents/terms.ts';
import { startOverdue } from '#src/jobs/overdue.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { listMessages } from '#src/people/messages.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { loadClient } from '#src/registry/clients.ts';
import { createTellOwed } from '#src/web/overdue-notices.ts';
import { signInto } from '#test/oidc/flows.ts';
import { useMovedClock } from '#test/support/clock.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import type { Page } from '#test/support/page.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

const day = 24 * 3600;

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

const pass = useMovedClock();
let made = 0;

/** A citizen who has used the health app, in a browser that is signed in. */
async function citizen(name = 'Karto Wibowo') {
  made += 1;
  const mail = `pembaca-${made}@contoh.id`;
  const id = await world.citizen(mail, { name, password });
  const browser = world.browser();
  await signInto(await world.app(), browser, {}, mail);
  const open = (path = '') => browser.visit(`${world.issuer}/account/releases${path}`);
  return { id, mail, browser, open };
}

async function firstOf({ browser, open }: Awaited<ReturnType<typeof citizen>>): Promise<Page> {
  const [link = ''] = (await open()).attributes('[data-release] h3 a', 'href');
  return browser.visit(`${world.issuer}${link}`);
}

/** A sign-in some days ago, as it would be on record. */
async function readOnce(accountId: string, daysAgo: number, changes: Partial<Handover> = {}): Promise<void> {
  const { database, secrets } = world.house;
  const what = { kind: 'code', clientId: 'puskesmas-online', claims: ['name'], terms: [], network: '' } as const;
  const handover: Handover = { ...what, at: new Date(Date.now() - daysAgo * day * 1000), ...changes };
  const row = releaseRow(await loadDataKey(database, secrets, accountId), accountId, handover);
  await database.transaction((tx) => loadReleases(tx, [row]));
}

async function messagesTo(mail: string) {
  const { database, secrets } = world.house;
  const messages = await listMessages(database, secrets, { to: { kind: 'email', value: mail }, limit: 20 });
  return messages.map(({ subject }) => subject).join('\n');
}

describe('who saw what', () => {
  test('a person reads who received which data, in words, and never a value', async () => {
    const karto = await citizen();
    const page = await karto.open();
    expect(page.count('[data-release]')).toBeGreaterThan(0);
    expect(page.text('[data-release]')).toContain('Puskesmas Online');
    expect(page.text('[data-release]')).toMatch(/nama/i);
    expect(page.text('main')).not.toContain('Karto');
    expect(page.text('main')).not.toContain(karto.mail);
    const one = await firstOf(karto);
    expect(one.text('.claims')).toMatch(/nama/i);
    expect(one.text('main')).not.toContain('Karto');
  });

  test('the latest five stand on the first page, with the way to all of them', async () => {
    const karto = await citizen();
    const first = await karto.browser.visit(`${world.issuer}/account`);
    expect(first.count('#history [data-release]')).toBeGreaterThan(0);
    const [link] = first.attributes('#history [data-release] h3 a', 'href');
    expect(link).toBe((await karto.open()).attributes('[data-release] h3 a', 'href')[0]);
    for (const daysAgo of [1, 2, 3, 4, 5]) await readOnce(karto.id, daysAgo);
    const later = await karto.browser.visit(`${world.issuer}/account`);
    expect(later.count('#history [data-release]')).toBe(5);
    expect(later.attribute('#all-releases', 'href')).toBe('/account/releases');
  });

  test('who never let anything be read sees that said', async () => {
    await world.citizen('sepi@contoh.id', { name: 'Sepi', password });
    const page = await signIn(await world.browser().visit(`${world.issuer}/account`), 'sepi@contoh.id');
    expect(page.has('#history')).toBe(true);
    expect(page.count('[data-release]')).toBe(0);
  });

  test('a release says by which right each of its data was read, and leads to the receipts of it', async () => {
    const karto = await citizen();
    const page = await firstOf(karto);
    expect(page.text('main')).toMatch(/Tanpa izin, atas dasar tugas pelayanan publik \(.*\): nama lengkap, email/);
    expect(page.text('main')).toContain('17/2023');
    expect(page.text('main')).not.toContain('Dasarnya tidak tercatat');
    const line = (await karto.open()).text('[data-release]');
    expect(line).toContain('17/2023');
    // Of 16 the list names the first ones, so that a phone shows more than one line of it.
    expect(line).toMatch(/Membaca nama lengkap, .*, dan 12 data lain/);
    const [notice = ''] = page.attributes('#receipt-notice', 'href');
    const receipt = await karto.browser.visit(`${world.issuer}${notice}`);
    expect(receipt.status).toBe(200);
    expect(receipt.text('main')).toContain('Puskesmas Online');
  });

  test('what a person allowed says so, and a release without its text claims no consent', async () => {
    const client = await loadClient(world.database, 'puskesmas-online');
    const terms = termsOf({ ...client, claims: client.claims.map((item) => ({ ...item, basis: 'consent' as const })) });
    await recordTerms(world.database, terms);
    const [allowed, unknown] = [await citizen(), await citizen()];
    await readOnce(allowed.id, -0.001, { terms: [terms.id] });
    expect((await firstOf(allowed)).text('main')).toContain('Atas izin Anda');
    await readOnce(unknown.id, -0.001);
    const page = await firstOf(unknown);
    expect(page.text('main')).toContain('Dasarnya tidak tercatat');
    expect(page.text('main')).not.toContain('Atas izin Anda');
    expect(page.has('#receipt-consent')).toBe(false);
  });

  test('the list is narrowed by app, period and kind, without any script', async () => {
    const karto = await citizen();
    expect((await karto.open('?app=pajak-daerah')).count('[data-release]')).toBe(0);
    expect((await karto.open('?app=puskesmas-online&period=7')).count('[data-release]')).toBeGreaterThan(0);
    expect((await karto.open('?kind=sign-in')).count('[data-release]')).toBe(1);
    expect((await karto.open('?kind=staff')).has('#no-releases')).toBe(true);
    pass(8 * day);
    await signIn(await karto.open(), karto.mail);
    expect((await karto.open('?app=puskesmas-online&period=7')).count('[data-release]')).toBe(0);
    expect((await karto.open('?app=puskesmas-online&period=30')).count('[data-release]')).toBeGreaterThan(0);
  });

  test('what was read a minute less than seven days ago is among those of seven days, also where it is counted by the day', async () => {
    const karto = await citizen();
    await readOnce(karto.id, 7 - 1 / 1440, { clientId: 'pajak-daerah', kind: 'userinfo' });
    expect((await karto.open('?app=pajak-daerah&period=7')).count('[data-release]')).toBe(1);
    await readOnce(karto.id, 9, { clientId: 'cuaca', kind: 'userinfo' });
    expect((await karto.open('?app=cuaca&period=7')).count('[data-release]')).toBe(0);
  });

  test('nobody reads the releases of somebody else by their address', async () => {
    const karto = await citizen();
    const [link = ''] = (await karto.open()).attributes('[data-release] h3 a', 'href');
    const other = await citizen('Orang Lain');
    const refused = await other.browser.visit(`${world.issuer}${link}`);
    expect(refused.text('#error-code')).toBe('not_here');
    expect((await other.browser.visit(`${world.issuer}/account/releases/x`)).text('#error-code')).toBe('not_here');
  });

  test('a look of the staff stands among the releases, by role, reason and case', async () => {
    const karto = await citizen();
    const look = {
      role: 'operator',
      reason: 'report-checked',
      what: 'releases',
      agency: 'x',
      case: 'ADU-7',
      officer: 'x',
    };
    await recordAccountEvent(world.database, { accountId: karto.id, kind: 'account.read-by-staff', details: look });
    const page = await karto.open();
    expect(page.text('[data-look]')).toMatch(/pengelola.*memeriksa laporan.*ADU-7/);
    const history = await karto.browser.visit(`${world.issuer}/account/history`);
    expect(history.text('[data-kind="releases-looked-at"]')).toContain('ADU-7');
  });
});

describe('this wasn\u2019t me', () => {
  test('a report asks for its reason, reaches the owners, and its answer the person', async () => {
    const owner = await colleague(world, 'pemilik@contoh.id', { 'dinas-kesehatan': ['owner'] });
    const karto = await citizen();
    const refused = await (await firstOf(karto)).press('#report');
    expect(refused.status).toBe(422);
    expect(refused.has('#problems')).toBe(true);
    const reported = await refused.tick('reason', 'not-then').press('#report');
    expect(reported.attribute('#reported', 'data-state')).toBe('waiting');
    expect(await messagesTo('pemilik@contoh.id')).toContain('Puskesmas Online');

    const { page } = await openConsole(world, owner, { at: '/console/apps/puskesmas-online/reports' });
    expect(page.count('[data-report]')).toBe(1);
    expect(page.text('main')).not.toContain('Karto');
    expect(page.text('main')).not.toContain(karto.id);
    const row = await world.database
      .for(shardOf(karto.id))
      .first<{ id: string }>('select id from release_reports where account_id = $1', [karto.id]);
    const told = page.attribute('[data-report]', 'data-report');
    expect([told?.length, told === row?.id, told && world.house.secrets.insideId(told)]).toEqual([36, false, row?.id]);
    const open = await page.press('[value="answer"]');
    expect([open.status, open.attribute('#problems a', 'href')]).toEqual([422, '#answer-0-rightful']);
    expect([open.count('details[open] .wrong'), open.has('#answer-0-rightful')]).toEqual([1, true]);
    const answered = await page.tick('answer', 'mistake').press('[value="answer"]');
    expect(answered.has('#no-reports')).toBe(true);
    const letters = await messagesTo(karto.mail);
    const again = await page.press('[value="answer"]');
    expect([again.hops.map(({ status }) => status), again.url.search]).toEqual([
      [303, 200],
      '?which=answered&done=answered',
    ]);
    expect(again.text('[data-report]')).toContain('Ini kesalahan');
    const other = await page.untick('answer', 'mistake').tick('answer', 'misuse').press('[value="answer"]');
    expect([other.status, other.text('.notice-info')]).toEqual([409, expect.stringContaining('Ini kesalahan')]);
    expect(await messagesTo(karto.mail)).toBe(letters);
    expect((await firstOf(karto)).attribute('#reported', 'data-state')).toBe('mistake');
    expect(await messagesTo(karto.mail)).toContain('sudah dijawab');
  });

  test('a release is reported once, however often the button is pressed', async () => {
    const karto = await citizen();
    const page = (await firstOf(karto)).tick('reason', 'unknown-app');
    await page.press('#report');
    await page.press('#report');
    const shard = shardOf(karto.id);
    const rows = await world.database
      .for(shard)
      .query('select 1 from release_reports where shard = $1 and account_id = $2', [shard, karto.id]);
    expect(rows).toHaveLength(1);
  });

  test('of fifty reports of one release at once one is put on record, and its owners are told once', async () => {
    const owner = 'pemilik-sekali@contoh.id';
    await colleague(world, owner, { 'dinas-kesehatan': ['owner'] });
    const karto = await citizen();
    const page = (await firstOf(karto)).tick('reason', 'unknown-app');
    const answers = await Promise.all(Array.from({ length: 50 }, () => page.press('#report')));
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    const shard = shardOf(karto.id);
    const count = (table: string) =>
      world.database.for(shard).query(`select 1 from ${table} where shard = $1 and account_id = $2`, [shard, karto.id]);
    expect(await count('release_reports')).toHaveLength(1);
    const history = await karto.browser.visit(`${world.issuer}/account/history`);
    expect(history.count('[data-kind="release.reported"]')).toBe(1);
    expect((await messagesTo(owner)).match(/Puskesmas Online/g)).toHaveLength(1);
  });

  test('then the app\u2019s access ends, other devices are signed out, or the account is frozen, without a fresh proof', async () => {
    const karto = await citizen();
    pass(600);
    const elsewhere = world.browser();
    await signIn(await elsewhere.visit(`${world.issuer}/account`), karto.mail);
    const reported = await (await firstOf(karto)).tick('reason', 'unknown-app').press('#report');
    const ended = await reported.press('#end-access');
    expect(ended.has('[role="status"]')).toBe(true);
    expect(ended.has('#end-access')).toBe(false);
    const account = await karto.browser.visit(`${world.issuer}/account`);
    expect(account.has('[data-client="puskesmas-online"]')).toBe(false);
    await (await firstOf(karto)).press('#end-sessions');
    expect((await elsewhere.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
    const untouched = await (await firstOf(karto)).press('#freeze');
    expect(untouched.status).toBe(422);
    await untouched.tick('sure').press('#freeze');
    expect((await karto.browser.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
  });

  test('whoever stands above the agency is told once when nobody has answered in three days', async () => {
    const { database, house } = world;
    const agency = { name: 'Atas Uji', nameEn: 'Above', legalName: 'Atas Uji', domain: 'atas.contoh.go.id' };
    await saveAgency(database, { id: 'atas-uji', ...agency }, 'test');
    const below = { id: 'bawah-uji', parentId: 'atas-uji', ...agency, name: 'Bawah Uji' };
    await saveAgency(database, below, 'test');
    await colleague(world, 'atas@contoh.id', { 'atas-uji': ['owner'] });
    await colleague(world, 'bawah@contoh.id', { 'bawah-uji': ['owner'] });
    await database.execute(`update clients set agency_id = 'bawah-uji' where id = 'puskesmas-online'`);
    const karto = await citizen();
    await (await firstOf(karto)).tick('reason', 'too-much').press('#report');
    const overdue = startOverdue(
      { database, log: house.log, tellOwed: createTellOwed(house) },
      { everyMs: 1_000_000_000 },
    );
    pass(3 * day + 1);
    expect(await overdue.lookDue()).toBeGreaterThan(0);
    expect(await overdue.lookDue()).toBe(0);
    await overdue.stop();
    expect((await messagesTo('atas@contoh.id')).match(/Terlambat menjawab warga/g)).toHaveLength(1);
    expect(await messagesTo('bawah@contoh.id')).not.toContain('Terlambat menjawab warga');
    await signIn(await karto.open(), karto.mail);
    expect((await firstOf(karto)).attribute('#reported', 'data-state')).toBe('overdue');
  });
});
