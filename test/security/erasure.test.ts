/**
 * Somebody lives in the provider by every way in that it has; then the account is erased. Of what they gave nothing is
 * left: in no row, no file of the database, no line of the logs and no name by which it could be found again.
 *
 * The files are read as whoever takes the disk has them. PostgreSQL leaves what is deleted in its pages until they are
 * written anew, so a value that was ever written as it is would be found there; that is looked for first. What a keyed hash
 * or a name of ours finds is looked for in the rows, and in the files after they were written anew.
 */

import { Secret, TOTP } from 'otpauth';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { listHistory } from '#src/audit/events.ts';
import { shardOf } from '#src/base/secrets.ts';
import { startAppNotices } from '#src/jobs/app-notices.ts';
import { startClosings } from '#src/jobs/closings.ts';
import { startPurge } from '#src/jobs/purge.ts';
import { closeAccount } from '#src/people/account-life.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { findAccountId, parseIdentifier } from '#src/people/identifiers.ts';
import { listMessages } from '#src/people/messages.ts';
import { saveProfile } from '#src/people/profile.ts';
import { createTellOwner } from '#src/web/owner-notices.ts';
import { everyScope, signInto } from '#test/oidc/flows.ts';
import { signInByPasskey } from '#test/races/crowd.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { type BrowserAgent, exchange, type Page } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { eventually } from '#test/support/eventually.ts';
import { ListeningApp } from '#test/support/listening-app.ts';
import { everyRow, rawFiles } from '#test/support/raw-files.ts';
import { Traces } from '#test/support/traces.ts';
import { allow, openWorld, signIn, type World } from '#test/support/world.ts';

const DAY = 24 * 3600 * 1000;

const mail = 'nyimas.saraswati77@contoh.id';
const secondMail = 'ny.saras-cadangan@contoh.id';
const phone = '+6281355577912';
const secret = 'merpati-kelabu-naik-becak-41';
const name = 'Nyimas Saraswatī Kartawidjaja';

/** What the person gave, and what must be in no byte of the database at any time. */
const given = new Traces();
/** What the database finds them by: names of ours and keyed hashes. */
const found = new Traces();

let world: World;
let id: string;
const device = new SoftwareAuthenticator({ synced: true });
const after: { rows: Awaited<ReturnType<typeof everyRow>>; log: string } = { rows: [], log: '' };
/** What was found in the rows before the erasure, so that what is not found afterwards could have been. */
let before: string[] = [];
const readFiles: string[] = [];
let kinds: string[] = [];

beforeAll(async () => {
  world = await openWorld({
    settings: { LOG_LEVEL: 'debug', TRUSTED_PROXIES: '127.0.0.1,::1,::ffff:127.0.0.1' },
  });
  await live();
  await world.database.settle();
  await tend('analyze');
  before = foundIn(await everyRow(world.database), found);
  kinds = await kindsOf();
  await erase();
  after.rows = await everyRow(world.database);
  after.log = world.log.join('');
}, 180_000);

afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => void vi.useRealTimers());

/**
 * Writes every table anew. PostgreSQL keeps what was deleted as long as a transaction runs that might still see it, as when it
 * takes samples by itself, so the end of those is waited for.
 */
async function writeAnew(): Promise<void> {
  const others = `select pid from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and (backend_xmin is not null or backend_xid is not null)`;
  await eventually(async () => expect(await world.database.query(others)).toEqual([]));
  await tend('vacuum full');
}

/** What PostgreSQL does by itself, whenever it likes: `analyze` keeps samples of what stands in columns. */
async function tend(command: 'analyze' | 'vacuum full'): Promise<void> {
  const client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  try {
    await client.query(command);
  } finally {
    await client.end();
  }
}

/** A whole life: every page on which a person types something, every request in which an app says something of them. */
async function live(): Promise<void> {
  remember();
  const browser = world.browser({
    userAgent: 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/120.0.0.0 PonselNyimas/77',
    headers: { 'x-forwarded-for': '103.10.20.177' },
  });
  id = await signUp(browser);
  found.remember('the id of the account', id);
  found.remember('the id of the account', Buffer.from(id.replaceAll('-', ''), 'hex'));
  await fillIn();
  await useApps(browser);
  await lookAfterData(browser);
  await addContacts(browser);
  await addWays(browser);
  await mistype();
  await comeToDesk();
  await joinTeam();
  await recover();
  await rememberWhatFindsThem();
}

function remember(): void {
  const values = {
    ...{ mail, secondMail, phone, name, secret },
    ...{ 'the phone as it was typed': '0813 5557 7912', 'the phone without a sign': phone.slice(1) },
    ...{
      'a name of before': 'Nyimas Kartawidjaja-Dahulu',
      'the nickname': 'Sarasenja',
      'the date of birth': '1987-04-19',
    },
    ...{ 'the street': 'Gang Melati Tersembunyi 9B', 'the town': 'Kotasunyi', 'the postal code': '40199-77' },
    ...{
      'the website': 'https://saraswati-pribadi.example/halaman',
      'the picture': 'https://foto.example/nyimas77.jpg',
    },
    ...{ 'a family name': 'Kartawidjajakusuma', 'a chosen name': 'nyimas_k77', 'the browser': 'PonselNyimas/77' },
    ...{ 'the network': '103.10.20.177', 'a wrong password': 'merpati-putih-naik-delman-40' },
    ...{ 'an address that nobody has': 'nyimas.salah-ketik@contoh.id' },
    ...{ 'a nickname put right': 'Kembangsore-Baru', 'the region': 'Provinsi Senyap Selatan' },
    'what an app keeps of them in a request': 'keadaan-nyimas-8837261',
  };
  for (const [what, value] of Object.entries(values)) given.remember(what, value);
  given.remember('the name of a passkey', 'Kunci dapur Nyimas');
}

/** As a newcomer does it, from an app that hints who comes. */
async function signUp(browser: BrowserAgent): Promise<string> {
  const health = await world.app();
  const hinted = { login_hint: mail, state: 'keadaan-nyimas-8837261' };
  const start = await browser.visit((await health.startSignIn(hinted)).url);
  const asked = await (await start.follow('#sign-up')).fill({ identifier: mail }).press('#continue');
  const named = await asked.fill({ code: await codeTo(mail) }).press('#continue');
  await allow(await named.fill({ name: 'Nyimas Kartawidjaja-Dahulu', password: secret }).press('#continue'));
  const identifier = parseIdentifier(mail);
  const made = identifier && (await findAccountId(world.database, world.house.secrets, identifier));
  if (!made) throw new Error('no account was made');
  return made;
}

/** Everything that a profile can hold. */
async function fillIn(): Promise<void> {
  const { database, secrets } = world.house;
  await database.transaction((tx) =>
    saveProfile(tx, secrets, id, {
      ...{ name, given_name: name, family_name: 'Kartawidjajakusuma', middle_name: 'Sarasenja', nickname: 'Sarasenja' },
      ...{ preferred_username: 'nyimas_k77', profile: 'https://saraswati-pribadi.example/halaman' },
      ...{ picture: 'https://foto.example/nyimas77.jpg', website: 'https://saraswati-pribadi.example/halaman' },
      ...{ gender: 'female', birthdate: '1987-04-19', zoneinfo: 'Asia/Jakarta', locale: 'id' },
      address: {
        formatted: 'Gang Melati Tersembunyi 9B\nKotasunyi 40199-77',
        street_address: 'Gang Melati Tersembunyi 9B',
        locality: 'Kotasunyi',
        postal_code: '40199-77',
      },
    }),
  );
}

/** Codes, tokens, pushed requests, claims read in every way, sign-outs. */
async function useApps(browser: BrowserAgent): Promise<void> {
  const tax = await world.app({ clientId: 'pajak-daerah', scope: everyScope });
  const hinted = { login_hint: mail, state: 'keadaan-nyimas-8837261' };
  const { tokens } = await signInto(tax, browser, { ...hinted, prompt: 'consent' });
  for (const [what, value] of Object.entries({ access: tokens.access_token, refresh: tokens.refresh_token }))
    given.remember(`the ${what} token`, value);
  const told = await tax.userinfo(tokens.access_token);
  expect(told).toMatchObject({ name, email: mail, birthdate: '1987-04-19' });
  found.remember('the name by which one app knows them', told.sub);
  await tax.introspect(tokens.access_token);
  await tax.refresh(tokens.refresh_token ?? '');
  const pushing = await world.app({ par: true });
  const { tokens: others } = await signInto(pushing, browser, { ...hinted, prompt: 'consent' });
  found.remember('the name by which another app knows them', String(others.claims()?.sub));
  await browser.visit(pushing.signOutUrl({ id_token_hint: others.id_token ?? '' }));
}

/** They see who read what, and use all that they can do about it; the app is told of what ends. */
async function lookAfterData(browser: BrowserAgent): Promise<void> {
  await using told = await ListeningApp.open(
    (request, response) => void response.writeHead(request.url === '/kabar' ? 202 : 200).end(),
  );
  const asked = (claim: string, basis: string, required: boolean) => ({
    ...{ name: claim, basis, required, purpose: `Perlu ${claim}.`, 'purpose#en': `Needs ${claim}.` },
  });
  await world.declare({
    ...{ client_id: 'klinik-uji', backchannel_logout_uri: `${told.origin}/keluar`, event_uri: `${told.origin}/kabar` },
    claims: [asked('name', 'public_task', true), asked('email', 'consent', true), asked('nickname', 'consent', false)],
  });
  const clinic = await world.app({ clientId: 'klinik-uji', scope: 'openid profile email' });
  const { tokens } = await signInto(clinic, browser, { login_hint: mail });
  found.remember('the name by which the clinic knows them', (await clinic.userinfo(tokens.access_token)).sub);
  await world.database.settle();
  await report(browser);
  await keepReceipt(browser);
  const page = await enter(browser, '/account/apps/klinik-uji');
  const less = await page.untick('claim', 'nickname').press('#narrow');
  await (await less.press('#withdraw')).press('#disconnect');
  await putRight(browser);
  await takeAll(browser);
  await deliver();
  expect(told.received.map(({ path }) => path)).toEqual(expect.arrayContaining(['/keluar', '/kabar']));
}

async function report(browser: BrowserAgent): Promise<void> {
  const list = await enter(browser, '/account/releases?app=klinik-uji');
  const [link = ''] = list.attributes('[data-release] h3 a', 'href');
  const release = await enter(browser, link);
  found.remember('the reference of a release', release.text('.terms code'));
  expect((await release.tick('reason', 'not-then').press('#report')).has('#reported')).toBe(true);
}

/** A receipt is downloaded, and shown to the page that tells whether it is genuine. */
async function keepReceipt(browser: BrowserAgent): Promise<void> {
  const page = await enter(browser, '/account/apps/klinik-uji');
  const place = page.attribute('#consent .terms a', 'href') ?? '';
  found.remember('the consent', place.slice('/account/receipts/'.length));
  const { html: receipt } = await browser.visit(`${world.issuer}${place}.jws`);
  given.remember('a receipt', receipt);
  const check = await browser.visit(`${world.issuer}/receipts/verify`);
  expect((await check.fill({ receipt }).press('#check')).has('[data-verdict=genuine]')).toBe(true);
}

async function putRight(browser: BrowserAgent): Promise<void> {
  const page = await enter(browser, '/account/data/correct');
  const typed = { nickname: 'Kembangsore-Baru', region: 'Provinsi Senyap Selatan' };
  expect((await page.fill(typed).press('#save')).url.search).toBe('?done=saved');
}

async function takeAll(browser: BrowserAgent): Promise<void> {
  const url = new URL('/account/data.json', world.issuer);
  const file = await exchange(url, { headers: { cookie: browser.cookies.header(url) ?? '' } });
  expect(file.body).toContain('Kembangsore-Baru');
}

async function deliver(): Promise<void> {
  const { database, secrets, log, keys, config } = world.house;
  const notices = startAppNotices({ database, secrets, log, keys, config }, { everyMs: 1_000_000_000 });
  await notices.deliverDue();
  await notices.stop();
}

async function enter(browser: BrowserAgent, path: string): Promise<Page> {
  const page = await browser.visit(`${world.issuer}${path}`);
  return page.has('input[name=password]') ? signIn(page, mail, secret) : page;
}

async function addContacts(browser: BrowserAgent): Promise<void> {
  for (const [typed, sentTo] of [
    ['0813 5557 7912', phone],
    [secondMail, secondMail],
  ] as const) {
    const asked = await (await enter(browser, '/account/contacts')).fill({ address: typed }).press('#add');
    await asked.fill({ code: await codeTo(sentTo) }).press('#continue');
  }
}

/** A passkey with a name of its own, an authenticator app, a sheet of codes. */
async function addWays(browser: BrowserAgent): Promise<void> {
  const page = await enter(browser, '/account');
  const credential = device.create(page.json('#passkey-options'), { origin: world.issuer });
  found.remember('the passkey', Buffer.from(credential.id, 'base64url'));
  const added = await page.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
  await added.fill({ label: 'Kunci dapur Nyimas' }).press('button[value=rename-passkey]');
  const setUp = await (await enter(browser, '/account/authenticator-app')).press('#begin');
  const shared = setUp.text('#secret').replaceAll(' ', '');
  given.remember('the secret of the authenticator app', shared);
  given.remember('the secret of the authenticator app', Buffer.from(Secret.fromBase32(shared).bytes));
  const code = new TOTP({ secret: Secret.fromBase32(shared) }).generate();
  await setUp.fill({ code }).press('#confirm');
  const sheet = await (await enter(browser, '/account/recovery-codes')).press('#make');
  for (const printed of sheet.texts('.codes li, .recovery-codes li')) given.remember('a recovery code', printed);
}

/** What was typed in vain, in other browsers. */
async function mistype(): Promise<void> {
  for (const [identifier, password] of [
    [mail, 'merpati-putih-naik-delman-40'],
    ['0813 5557 7912', 'merpati-putih-naik-delman-40'],
    ['nyimas.salah-ketik@contoh.id', secret],
  ] as const)
    await signIn(await world.browser().visit(`${world.issuer}/account`), identifier, password);
}

/** An officer looks the person up by their number and reads their name, and who has read their data. */
async function comeToDesk(): Promise<void> {
  const officer = await colleague(world, 'petugas-loket@contoh.id', { 'dinas-kesehatan': ['desk'] });
  const { browser } = await openConsole(world, officer);
  const desk = await browser.visit(`${world.issuer}/console/desk`);
  const seen = await desk.fill({ named: mail, case: 'LKT-2026-1' }).press('#look-up');
  expect(seen.text('#served-name')).toBe(name);
  given.remember(
    'the code of a sheet',
    (await seen.tick('document', 'ktp').tick('seen').press('#issue')).text('#sheet-code'),
  );
  const looking = await browser.visit(`${world.issuer}/console/desk/releases`);
  const looked = await looking
    .fill({ named: mail, case: 'LKT-2026-2' })
    .tick('reason', 'asked-by-person')
    .press('#look');
  expect(looked.count('[data-release]')).toBeGreaterThan(0);
}

/** They are invited to a team by their address, and join it. */
async function joinTeam(): Promise<void> {
  const owner = await colleague(world, 'pemilik-tim@contoh.id', { 'dinas-kesehatan': ['owner'] });
  const at = '/console/agencies/dinas-kesehatan/team';
  const { page } = await openConsole(world, owner, { at });
  await page.tick('role', 'developer').fill({ email: mail }).press('#invite');
  const { link = '' } = await world.message(mail);
  const invited = await (await world.browser().visit(link)).press('#sign-in-to-accept');
  await (await signInByPasskey(invited, device)).press('#accept');
}

/** They have lost everything, and prove two contacts. */
async function recover(): Promise<void> {
  // As if each contact had been confirmed in a browser of its own.
  await world.database.execute('update contacts set first_device = value_index where shard = $1 and account_id = $2', [
    ...[shardOf(id), id],
  ]);
  const health = await world.app();
  const start = await world.browser().visit((await health.startSignIn()).url);
  const typed = await (await start.follow('#recover')).fill({ identifier: mail }).press('#continue');
  const ways = await typed.fill({ code: await codeTo(mail) }).press('#continue');
  const second = await ways.tick('contact', '1').press('#send-second-code');
  await second.fill({ code: await codeTo(phone) }).press('#continue');
}

async function rememberWhatFindsThem(): Promise<void> {
  const { secrets } = world.house;
  for (const [kind, value] of [
    ['email', mail],
    ['email', secondMail],
    ['phone', phone],
  ] as const)
    found.remember(`the index of ${value}`, secrets.index(kind, value));
}

async function codeTo(address: string): Promise<string> {
  const to = parseIdentifier(address);
  if (!to) throw new Error(`${address} is no address`);
  const sent = await listMessages(world.database, world.house.secrets, { to, limit: 20 });
  const code = sent.find((message) => message.code)?.code;
  if (!code) throw new Error(`no code was sent to ${address}`);
  return code;
}

/** Fourteen days later, and a day after that what was sent is over too. */
async function erase(): Promise<void> {
  const { database, secrets, log, config } = world.house;
  await database.transaction((tx) => closeAccount(tx, id));
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 14 * DAY });
  const tellOwner = createTellOwner({ config, secrets });
  const closings = startClosings({ database, secrets, log, tellOwner }, { everyMs: 1_000_000_000 });
  expect(await closings.closeDue()).toBe(1);
  await closings.stop();
  await database.settle();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * DAY });
  const purge = startPurge({ database, log }, { everyMs: 1_000_000_000 });
  await purge.purgeNow();
  await purge.stop();
  vi.useRealTimers();
}

/** What happened to the account, as its history says it. */
async function kindsOf(): Promise<string[]> {
  const lines = await listHistory(world.database, id, { limit: 500 });
  return [...new Set(lines.map(({ kind }) => kind))].sort();
}

function foundIn(rows: Awaited<ReturnType<typeof everyRow>>, traces: Traces): string[] {
  return [...new Set(rows.flatMap(({ table, text }) => traces.in(text).map((what) => `${table}: ${what}`)))].sort();
}

async function foundInFiles(traces: Traces): Promise<string[]> {
  const all = new Set<string>();
  for await (const { name: file, bytes } of rawFiles(world.database)) {
    readFiles.push(file);
    for (const what of traces.in(bytes)) all.add(`${file}: ${what}`);
  }
  return [...all].sort();
}

test('the life was broad enough to leave something behind', () => {
  expect(given.size).toBeGreaterThan(24);
  expect(before.length).toBeGreaterThan(20);
  for (const table of ['permissions', 'releases', 'withdrawals', 'release_reports'])
    expect(before).toContain(`${table}: the id of the account, as it is`);
  expect(kinds).toEqual(
    expect.arrayContaining([
      ...['account.created', 'account.read-by-staff', 'consent.given', 'contact.added', 'password.set'],
      ...['passkey.added', 'passkey.renamed', 'profile.changed', 'recovery-codes.made', 'recovery.started'],
      ...['role.given', 'sheet.issued', 'sign-in.succeeded', 'totp.added'],
      ...[
        'consent.narrowed',
        'consent.withdrawn',
        'notice.given',
        'notice.left',
        'release.reported',
        'data.downloaded',
      ],
    ]),
  );
});

describe('what the person gave', () => {
  test('stands in no row', () => {
    expect(foundIn(after.rows, given)).toEqual([]);
  });

  test('stands in no file of a table or an index, though nothing there was written anew', async () => {
    expect(await foundInFiles(given)).toEqual([]);
    for (const file of [
      'accounts',
      'accounts_pkey',
      'contacts',
      'account_events_other',
      'releases_other',
      'outbox',
      'passkeys',
    ])
      expect(readFiles).toContain(file);
  });

  test('stands in no line of a log', () => {
    expect(after.log.length).toBeGreaterThan(10_000);
    expect(given.in(after.log)).toEqual([]);
  });
});

describe('what the database found them by', () => {
  test('is in no row but those that say what happened to an account that is nobody’s, and what it did in office', () => {
    expect(foundIn(after.rows, found)).toEqual([
      ...['account_events: the id of the account, as it is', 'admin_events: the id of the account, as it is'],
    ]);
  });

  test('is beside no app: which one an event concerned was sealed by a key that is gone', async () => {
    const apps = (await listHistory(world.database, id, { limit: 500 })).flatMap(({ app }) => app ?? []);
    expect(apps.length).toBeGreaterThan(5);
    expect(apps.filter((app) => !Buffer.isBuffer(app))).toEqual([]);
    await expect(loadDataKey(world.database, world.house.secrets, id)).rejects.toThrow('no such account');
  });

  test('is in no file of a table or an index that was written anew, either', async () => {
    await writeAnew();
    const left = await foundInFiles(found);
    // Statistics of a column are a sample of names of ours, until the table is looked at again.
    const places = left.filter((one) => !one.startsWith('pg_statistic')).map((one) => one.slice(0, one.indexOf(':')));
    for (const place of places) expect(place).toMatch(/^(account|admin)_events/);
    for (const one of left) if (!one.startsWith('pg_statistic')) expect(one).toContain('the id of the account');
  });
});

test('apps and processes that are still busy with the account while two erase it leave nothing behind', async () => {
  const busy = 'sedang.sibuk.sekali@contoh.id';
  const account = await world.citizen(busy, { name: 'Sibuk Sekali', password: secret });
  const traces = new Traces();
  traces.remember('the address', busy);
  traces.remember('the name', 'Sibuk Sekali');
  traces.remember('the index of the address', world.house.secrets.index('email', busy));
  const tax = await world.app({ clientId: 'pajak-daerah', scope: everyScope });
  const browser = world.browser();
  const attempt = await tax.startSignIn({ prompt: 'consent' });
  const tokens = await tax.finishSignIn(attempt, await signIn(await browser.visit(attempt.url), busy, secret));
  traces.remember('the name by which an app knows them', String(tokens.claims()?.sub));
  await world.database.transaction((tx) => closeAccount(tx, account));
  await using other = await world.startServer();
  const pages = await Promise.all(
    Array.from({ length: 4 }, async () => world.browser().visit((await tax.startSignIn()).url)),
  );
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 14 * DAY });
  const closings = [world.house, other.house].map(({ database, secrets, log, config }) =>
    startClosings({ database, secrets, log, tellOwner: createTellOwner({ config, secrets }) }, { everyMs: 1e9 }),
  );
  const asking = Array.from({ length: 12 }, (_, i) =>
    [
      () => tax.userinfo(tokens.access_token),
      () => tax.introspect(tokens.access_token),
      () => tax.refresh(tokens.refresh_token ?? ''),
    ]
      [i % 3]?.()
      .catch(() => undefined),
  );
  const erased = await Promise.all(closings.map((one) => one.closeDue()));
  await Promise.all([...asking, ...pages.map((page) => signIn(page, busy, secret).catch(() => undefined))]);
  await Promise.all(closings.map((one) => one.stop()));
  await Promise.all([world.database.settle(), other.house.database.settle()]);
  expect(erased.reduce((sum, one) => sum + one, 0)).toBe(1);
  const rows = await everyRow(world.database);
  expect(foundIn(rows, traces)).toEqual([]);
  const left = rows.filter(({ text }) => text.includes(account)).map(({ table }) => table);
  expect([...new Set(left)]).toEqual(['account_events']);
  expect(traces.in(world.log.join(''))).toEqual([]);
});
