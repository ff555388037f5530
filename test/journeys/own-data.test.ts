/** Everything about me: seen, downloaded and put right over HTTP, without JavaScript. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { listHistory, recordAccountEvent } from '#src/audit/events.ts';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { loadReleases, releaseRow } from '#src/consents/releases.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { listMessages } from '#src/people/messages.ts';
import { recordEvidence } from '#src/people/proofing.ts';
import { everyScope, refusalOf, signInto } from '#test/oidc/flows.ts';
import { type BrowserAgent, exchange, type Page } from '#test/support/browser-agent.ts';
import { inYears } from '#test/support/clock.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let made = 0;

beforeAll(async () => {
  world = await openWorld({ settings: { RELEASES_KEPT_MONTHS: '13', EVENTS_KEPT_MONTHS: '36' } });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => void vi.useRealTimers());

async function citizen(profile: object = {}) {
  made += 1;
  const mail = `datasaya-${made}@contoh.id`;
  const id = await world.citizen(mail, {
    name: 'Ratna Dewi',
    password,
    profile: { birthdate: '1985-03-02', ...profile },
  });
  return { id, mail, browser: world.browser() };
}

async function open({ browser, mail }: { browser: BrowserAgent; mail: string }, path: string): Promise<Page> {
  const page = await browser.visit(`${world.issuer}${path}`);
  return page.has('#sign-in') ? signIn(page, mail) : page;
}

function download({ browser }: { browser: BrowserAgent }) {
  const url = new URL('/account/data.json', world.issuer);
  return exchange(url, { headers: { cookie: browser.cookies.header(url) ?? '' } });
}

const kindsOf = async (id: string) => (await listHistory(world.database, id, { limit: 50 })).map(({ kind }) => kind);

test('the page says what is kept, why and for how long, in both languages, after a fresh proof', async () => {
  const ratna = await citizen();
  await signInto(await world.app({ clientId: 'pajak-daerah', scope: everyScope }), ratna.browser, {}, ratna.mail);
  const page = await open(ratna, '/account/data');
  expect(page.text('#data-profile')).toContain('Ratna Dewi');
  expect(page.text('#data-contacts')).toContain(ratna.mail);
  expect(page.text('#data-releases')).toContain('Pajak Daerah');
  expect(page.text('#data-apps')).toMatch(/Instansi\s*Badan Pendapatan Daerah\s*Nama samaran Anda di sana/);
  expect(page.text('#data-releases')).toContain('13 bulan');
  expect(page.text('#data-history')).toContain('36 bulan');
  expect((await open(ratna, '/account/releases')).text('main')).toContain('13 bulan');
  expect(page.attribute('#delete', 'href')).toBe('/account/end');
  const english = await ratna.browser.visit(`${world.issuer}/account/data?lang=en`);
  expect(english.text('h1')).toBe('Everything about you');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6 * 60_000 });
  expect((await ratna.browser.visit(`${world.issuer}/account/data`)).has('#sign-in')).toBe(true);
  expect((await download(ratna)).headers.get('location')).toBe('/account/data');
});

describe('the download', () => {
  test('is one file with everything and the reasons; the history and every contact know of it', async () => {
    const ratna = await citizen();
    await open(ratna, '/account/data');
    const file = await download(ratna);
    expect([file.status, file.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(file.headers.get('content-disposition')).toContain('attachment');
    expect(file.headers.get('cache-control')).toBe('no-store');
    const { groups, left_out } = JSON.parse(file.body);
    const kept = groups.find(({ group }: { group: string }) => group === 'releases').kept;
    expect(kept).toEqual({ id: expect.stringContaining('13 bulan'), en: expect.stringContaining('13 months') });
    const tables = groups.flatMap((group: { tables: object[] }) => group.tables);
    const accounts = tables.find(({ table }: { table: string }) => table === 'accounts');
    expect(accounts.rows[0].profile).toMatchObject({ name: 'Ratna Dewi', birthdate: '1985-03-02' });
    expect(accounts.fields.profile).toContain('share with apps');
    expect(left_out).toContainEqual(expect.objectContaining({ column: 'passwords.hash', reason: 'secret' }));
    expect(await kindsOf(ratna.id)).toContain('data.downloaded');
    expect((await world.message(ratna.mail)).subject).toContain('diunduh');
  });

  test('is had some times a day, says when again, and tells of it once an hour', async () => {
    const settings = { RATE_LIMITS: 'on', LIMITS: 'data_download_by_account=3/86400' };
    await using limited = await openWorld({ settings });
    const mail = 'sering@contoh.id';
    await limited.citizen(mail, { name: 'Sering Unduh', password });
    const browser = limited.browser();
    await signIn(await browser.visit(`${limited.issuer}/account/data`), mail);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    vi.setSystemTime(Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 1_000);
    const page = await browser.visit(`${limited.issuer}/account/data`);
    // Shortly before the hour the proof of before is still fresh.
    if (page.has('#sign-in')) await signIn(page, mail);
    const address = `${limited.issuer}/account/data.json`;
    const answers = [];
    for (let n = 0; n < 4; n += 1) answers.push(await browser.visit(address));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    const last = answers.at(-1);
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(last?.text('#problems')).toMatch(/Tunggu .+, lalu unduh lagi/);
    expect(last?.has('#data-profile')).toBe(true);
    const { database, secrets } = limited.house;
    const told = await listMessages(database, secrets, { to: { kind: 'email', value: mail }, limit: 20 });
    expect(told.filter(({ subject }) => subject?.includes('diunduh'))).toHaveLength(1);
  });

  test('names nobody of the staff who looked', async () => {
    const ratna = await citizen();
    const officer = newIdIn(7);
    const details = { role: 'desk', reason: 'asked-at-desk', agency: 'dinas-kesehatan', case: 'ADU-7', officer };
    await recordAccountEvent(world.database, { accountId: ratna.id, kind: 'account.read-by-staff', details });
    await open(ratna, '/account/data');
    const { body } = await download(ratna);
    expect(body).toContain('ADU-7');
    expect(body).not.toContain(officer);
  });

  test('holds as many releases as there are, and the page the first few', async () => {
    const ratna = await citizen();
    const { database, secrets } = world.house;
    const dataKey = await loadDataKey(database, secrets, ratna.id);
    const day = 24 * 3600 * 1000;
    const rows = Array.from({ length: 1_203 }, (_, i) =>
      releaseRow(dataKey, ratna.id, {
        ...{ kind: 'code', clientId: 'pajak-daerah', claims: ['name'], terms: [], network: '203.0.113.0/24' },
        at: new Date(Date.now() - day - i * 1000),
      }),
    );
    await database.transaction((tx) => loadReleases(tx, rows));
    const page = await open(ratna, '/account/data');
    expect([page.count('[data-held=releases]'), page.has('[data-more=releases]')]).toEqual([20, true]);
    const { groups } = JSON.parse((await download(ratna)).body);
    const releases = groups.find(({ group }: { group: string }) => group === 'releases').tables[0].rows;
    expect(new Set(releases.map(({ reference }: { reference: string }) => reference)).size).toBe(1_203);
  });

  test('is closed to whoever came back by contacts alone', async () => {
    const ratna = await citizen();
    await open(ratna, '/account/data');
    await world.database.execute('update accounts set restricted_at = $3 where shard = $1 and id = $2', [
      ...[shardOf(ratna.id), ratna.id, new Date()],
    ]);
    const page = await open(ratna, '/account/data');
    expect([page.has('#restricted'), page.has('#data-profile')]).toEqual([true, false]);
    expect((await download(ratna)).status).toBe(403);
  });
});

describe('correcting', () => {
  test('changes what was said, keeps the rest, and is told to every contact, the history and the apps', async () => {
    const ratna = await citizen({ website: 'https://ratna.contoh.id', nickname: 'Ratna' });
    const before = await loadAccount(world.database, world.house.secrets, ratna.id);
    const page = await open(ratna, '/account/data/correct');
    const fields = { name: 'Ratna Dewi Lestari', birthdate: '1985/3/12', locality: 'Bogor', nickname: '' };
    const done = await page.fill(fields).press('#save');
    expect(done.text('.notice')).toContain('sudah dibetulkan');
    const after = await loadAccount(world.database, world.house.secrets, ratna.id);
    expect(after.profile).toMatchObject({
      ...{ name: 'Ratna Dewi Lestari', birthdate: '1985-03-12', address: { locality: 'Bogor' } },
      ...{ website: 'https://ratna.contoh.id', email: ratna.mail, email_verified: true },
    });
    expect(after.profile).not.toHaveProperty('nickname');
    expect(after.updatedAt.getTime()).toBeGreaterThan(before.updatedAt.getTime());
    const [event] = (await listHistory(world.database, ratna.id, { limit: 9 })).filter(
      ({ kind }) => kind === 'profile.changed',
    );
    expect(event?.details.claims).toEqual(expect.arrayContaining(['name', 'birthdate', 'address', 'nickname']));
    expect(event?.details.claims).toHaveLength(4);
    const told = await world.message(ratna.mail);
    expect(told.subject).toContain('diubah');
    expect(told.link).toContain('/not-me');
    expect(told.text).not.toContain('Lestari');
  });

  test('nothing is written and nobody is told when nothing was changed', async () => {
    const ratna = await citizen();
    const done = await (await open(ratna, '/account/data/correct')).press('#save');
    expect(done.text('.notice')).toContain('Tidak ada yang berubah');
    expect(await kindsOf(ratna.id)).not.toContain('profile.changed');
  });

  test.each(['kemarin', '1985-02-30', '2999-01-01', '1700-01-01'])('%s is no date of birth', async (birthdate) => {
    const ratna = await citizen();
    const wrong = await (await open(ratna, '/account/data/correct')).fill({ birthdate }).press('#save');
    expect([wrong.status, wrong.has('#birthdate-problem'), wrong.value('birthdate')]).toEqual([422, true, birthdate]);
  });

  test('nor one of whom only the year is known', async () => {
    const bima = await citizen({ birthdate: String(inYears(-10)) });
    const birthdate = '1990-01-01';
    const refused = await (await open(bima, '/account/data/correct')).fill({ birthdate }).press('#save');
    expect([refused.status, refused.text('#problems')]).toEqual([422, expect.stringContaining('loket')]);
  });

  test('without it, what rests on consent is handed out no more, and is again once it is back', async () => {
    const ratna = await citizen();
    const app = await world.app({ clientId: 'pajak-daerah', scope: everyScope });
    const { tokens } = await signInto(app, ratna.browser, {}, ratna.mail);
    const all = await app.userinfo(tokens.access_token);
    await (await open(ratna, '/account/data/correct')).fill({ birthdate: '' }).press('#save');
    const fewer = await app.userinfo(tokens.access_token);
    expect(Object.keys(fewer).length).toBeLessThan(Object.keys(all).length);
    await (await open(ratna, '/account/data/correct')).fill({ birthdate: '1985-03-02' }).press('#save');
    expect(Object.keys(await app.userinfo(tokens.access_token))).toEqual(Object.keys(all));
  });

  test('of a child, what rests on consent ends', async () => {
    const ratna = await citizen();
    const app = await world.app({ clientId: 'pajak-daerah', scope: everyScope });
    const { tokens } = await signInto(app, ratna.browser, {}, ratna.mail);
    await (await open(ratna, '/account/data/correct')).fill({ birthdate: `${inYears(-11)}-01-05` }).press('#save');
    expect(await refusalOf(app.userinfo(tokens.access_token))).toMatch(/^401/);
    const held = await listPermissions(world.database, ratna.id, { limit: 9 });
    expect(held.map(({ kind }) => kind)).toEqual(['notice']);
  });

  test.each(['', '1990-01-01'])('a child does not become an adult by writing "%s"', async (birthdate) => {
    const year = inYears(-10);
    const bima = await citizen({ birthdate: `${year}-01-05` });
    const refused = await (await open(bima, '/account/data/correct')).fill({ birthdate }).press('#save');
    expect([refused.status, refused.text('#problems')]).toEqual([422, expect.stringContaining('loket')]);
    const still = await (await open(bima, '/account/data/correct')).fill({ birthdate: `${year}-01-06` }).press('#save');
    expect(still.text('.notice')).toContain('sudah dibetulkan');
  });

  test('what was checked with a document is put right at a desk, also against a form that was made up', async () => {
    const ratna = await citizen();
    const { database } = world;
    await database.transaction((tx) =>
      recordEvidence(tx, { accountId: ratna.id, level: 'ial2', method: 'desk', recordedBy: 'command' }),
    );
    const page = await open(ratna, '/account/data/correct');
    expect([page.has('#verified'), page.has('#name'), page.has('#birthdate')]).toEqual([true, false, false]);
    const forged = { csrf: page.value('csrf') ?? '', action: 'save', name: 'Orang Lain', birthdate: '1999-09-09' };
    await ratna.browser.post(page.url, forged, world.issuer);
    const { profile } = await loadAccount(database, world.house.secrets, ratna.id);
    expect(profile).toMatchObject({ name: 'Ratna Dewi', birthdate: '1985-03-02' });
  });
});
