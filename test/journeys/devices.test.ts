/** The browser as an account knows it, as its owner's list says it, and as the owner hears of a new one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseIdentifier } from '#src/people/identifiers.ts';
import { listMessages } from '#src/people/messages.ts';
import { answerOf, refusalOf, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent, BrowserOptions } from '#test/support/browser-agent.ts';
import { useClock } from '#test/support/clock.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let world: World;
let made = 0;

beforeAll(async () => {
  world = await openWorld({ settings: { TRUSTED_PROXIES: '127.0.0.1,::1,::ffff:127.0.0.1' } });
});
afterAll(() => world?.[Symbol.asyncDispose]());
const pass = useClock();
const wait = (milliseconds: number) => pass(milliseconds / 1000);

async function newCitizen(): Promise<{ id: string; address: string }> {
  made += 1;
  const address = `warga.${made}@contoh.id`;
  return { id: await world.citizen(address, { password }), address };
}

async function enter(browser: BrowserAgent, address: string): Promise<void> {
  const page = await signIn(await browser.visit(`${world.issuer}/account/confirm`), address);
  // Another one was signed in here: the engine's own page signs them out first.
  await (page.has('#person') ? page : page.submit());
}

const cookieOf = (browser: BrowserAgent) => browser.cookies.all.find(({ name }) => name === 'device');

const knownTo = async (id: string) =>
  (await world.database.query('select 1 from devices where account_id = $1', [id])).length;

test('a browser is remembered at sign-in, not before, and by the same cookie the next time', async () => {
  const { id, address } = await newCitizen();
  const browser = world.browser();
  await browser.visit(`${world.issuer}/account`);
  expect(cookieOf(browser)).toBeUndefined();
  await enter(browser, address);
  const cookie = cookieOf(browser);
  expect(cookie?.expires).toBeGreaterThan(Date.now() + 300 * 24 * 3600 * 1000);
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'lax' });
  await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');
  expect(cookieOf(browser)?.value).toBe(cookie?.value);
  await enter(browser, address);
  expect(cookieOf(browser)?.value).toBe(cookie?.value);
  expect(await knownTo(id)).toBe(1);
  await enter(world.browser(), address);
  expect(await knownTo(id)).toBe(2);
});

test('a wrong password remembers nothing', async () => {
  const { id, address } = await newCitizen();
  const browser = world.browser();
  await signIn(await browser.visit(`${world.issuer}/account`), address, 'bukan kata sandinya');
  expect(cookieOf(browser)).toBeUndefined();
  expect(await knownTo(id)).toBe(0);
});

test('two people in one browser each make it known to their own account', async () => {
  const [one, two] = [await newCitizen(), await newCitizen()];
  const browser = world.browser();
  await enter(browser, one.address);
  expect(await knownTo(two.id)).toBe(0);
  await enter(browser, two.address);
  expect(await knownTo(one.id)).toBe(1);
  expect(await knownTo(two.id)).toBe(1);
});

const phone = {
  userAgent:
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36',
  headers: { 'x-forwarded-for': '103.10.20.77' },
};
const desk = {
  userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0',
  headers: { 'x-forwarded-for': '2001:db8:41:7::9' },
};

const isSignedIn = async (browser: BrowserAgent) => {
  const app = await world.app();
  const answer = answerOf(await browser.visit((await app.startSignIn({ prompt: 'none' })).url));
  return answer.get('error') !== 'login_required';
};

async function open(options: BrowserOptions, address: string): Promise<BrowserAgent> {
  const browser = world.browser(options);
  await enter(browser, address);
  return browser;
}

describe('the list of sessions', () => {
  test('says browser, system, network, apps and which one this is', async () => {
    const { address } = await newCitizen();
    const [mine, other] = [await open(phone, address), await open(desk, address)];
    for (const clientId of ['puskesmas-online', 'pajak-daerah'])
      await signInto(await world.app({ clientId, scope: 'openid' }), other);
    const page = await mine.visit(`${world.issuer}/account`);
    const [first, second] = page.texts('#sessions [data-session]').toSorted((a) => (a.includes('Firefox') ? -1 : 1));
    expect(first).toMatch(
      /^Firefox, Windows Membuka: Pajak Daerah dan Puskesmas Online Masuk .+ · jaringan 2001:db8:41::x/,
    );
    expect(second).toMatch(/^Chrome, Android Perangkat ini Masuk .+ terakhir aktif .+ · jaringan 103\.10\.20\.x/);
    expect(page.html).not.toContain('103.10.20.77');
    expect(page.count('#sessions [data-session] button')).toBe(1);
  });

  test('asks one question, however many sessions there are', async () => {
    const { address } = await newCitizen();
    const browser = await open(phone, address);
    const count = async () => (await world.sentFor(() => browser.visit(`${world.issuer}/account`))).length;
    const openApps = async (at: typeof browser) => {
      for (const clientId of ['puskesmas-online', 'pajak-daerah'])
        await signInto(await world.app({ clientId, scope: 'openid' }), at);
    };
    await openApps(browser);
    await browser.visit(`${world.issuer}/account`);
    const alone = await count();
    for (const options of [phone, desk, phone]) await openApps(await open(options, address));
    await browser.visit(`${world.issuer}/account`);
    expect(await count()).toBe(alone);
  });

  test('names five apps and how many more', async () => {
    const names = ['Satu', 'Dua', 'Tiga', 'Empat', 'Lima', 'Enam', 'Tujuh'];
    await world.declare(...names.map((name) => ({ client_id: `daftar-${name.toLowerCase()}`, client_name: name })));
    const { address } = await newCitizen();
    const browser = await open(phone, address);
    for (const name of names)
      await signInto(await world.app({ clientId: `daftar-${name.toLowerCase()}`, scope: 'openid' }), browser);
    const row = (await browser.visit(`${world.issuer}/account`)).text('#sessions [data-session]');
    expect(row).toMatch(/Membuka: (\w+, ){4}\w+, dan 2 lagi/);
  });

  test('ends all others, with their tokens, and leaves this one', async () => {
    const { address } = await newCitizen();
    const [mine, ...others] = [await open(phone, address), await open(desk, address), await open(phone, address)];
    const app = await world.app();
    const [{ tokens }, { tokens: kept }] = [await signInto(app, others[0] as BrowserAgent), await signInto(app, mine)];
    const page = await (await mine.visit(`${world.issuer}/account`)).press('#end-other-sessions');
    expect(page.text('.notice')).toContain('Semua perangkat lain');
    expect(page.count('[data-session]')).toBe(1);
    expect(page.has('#end-other-sessions')).toBe(false);
    for (const browser of others) expect(await isSignedIn(browser)).toBe(false);
    expect(await refusalOf(app.userinfo(tokens.access_token))).toBe('401 invalid_token');
    expect(await app.userinfo(kept.access_token)).toHaveProperty('sub');
  });

  test('ends every one, this one too', async () => {
    const { address } = await newCitizen();
    const [mine, other] = [await open(phone, address), await open(desk, address)];
    const page = await (await mine.visit(`${world.issuer}/account`)).press('#end-every-session');
    expect(page.has('#logout-done')).toBe(true);
    expect(await isSignedIn(mine)).toBe(false);
    expect(await isSignedIn(other)).toBe(false);
  });

  test('ends nobody else\u2019s', async () => {
    const [one, two] = [await newCitizen(), await newCitizen()];
    const [mine, theirs] = [await open(phone, one.address), await open(desk, two.address)];
    const row = await theirs.visit(`${world.issuer}/account`);
    const [session = ''] = row.attributes('[data-session]', 'data-session');
    const page = await mine.visit(`${world.issuer}/account`);
    const csrf = page.value('csrf') ?? '';
    for (const action of ['end-session', 'end-other-sessions', 'end-every-session'])
      await mine.post(`${world.issuer}/account`, { csrf, action, session });
    expect(await isSignedIn(theirs)).toBe(true);
    expect(await isSignedIn(mine)).toBe(false);
  });

  test('is sealed: neither the database nor the log says browser or network', async () => {
    const { id, address } = await newCitizen();
    await open({ ...phone, headers: { 'x-forwarded-for': '198.51.101.7' } }, address);
    const rows = await world.database.query<{ row: string }>(
      'select s::text as row from sessions s where account_id = $1',
      [id],
    );
    expect(rows).toHaveLength(1);
    for (const text of ['Chrome', 'Android', '198.51.101']) {
      expect(rows[0]?.row).not.toContain(text);
      expect(rows[0]?.row).not.toContain(Buffer.from(text).toString('hex'));
    }
  });

  test('of a browser that says nothing, or ten kilobytes, is an entry like others', async () => {
    const { address } = await newCitizen();
    const long = await open({ ...phone, userAgent: `Mozilla/5.0 ${'('.repeat(10_000)}` }, address);
    const made = await open({ ...phone, userAgent: 'Hadiah di jahat.example/1 Klik sekarang/2' }, address);
    await open({ ...phone, userAgent: ' ' }, address);
    for (const browser of [long, made]) {
      const rows = (await browser.visit(`${world.issuer}/account`)).texts('#sessions h3');
      expect(new Set(rows)).toEqual(new Set(['Perangkat ini', 'Perangkat lain']));
    }
  });
});

describe('the notice of a new device', () => {
  const notices = async (address: string) => {
    const to = parseIdentifier(address);
    const { database, house } = world;
    const all = await listMessages(database, house.secrets, { ...(to && { to }), limit: 50 });
    return all.filter(({ subject }) => subject.startsWith('Masuk dari perangkat baru'));
  };

  test('tells every contact of a second browser, once: which one, where, when; not of the first', async () => {
    const { id, address } = await newCitizen();
    const first = await open(phone, address);
    expect(await notices(address)).toEqual([]);
    const second = await open(desk, address);
    const [notice, ...more] = await notices(address);
    expect(more).toEqual([]);
    for (const text of ['Firefox, Windows', 'jaringan 2001:db8:41::x', 'WIB', '/not-me?token='])
      expect(notice?.text).toContain(text);
    for (const browser of [first, second]) await enter(browser, address);
    expect(await notices(address)).toHaveLength(1);
    expect(await knownTo(id)).toBe(2);
  });

  test('is sent for the first browser that an old account is opened in', async () => {
    const { id, address } = await newCitizen();
    await world.database.execute('update accounts set created_at = $2 where id = $1', [id, new Date(Date.now() - DAY)]);
    await open(phone, address);
    expect(await notices(address)).toHaveLength(1);
  });

  test('is one, of two tabs of a new browser that sign in at once', async () => {
    wait(0);
    const { address } = await newCitizen();
    await open(phone, address);
    const browser = world.browser(desk);
    const tabs = [await browser.visit(`${world.issuer}/account`), await browser.visit(`${world.issuer}/account`)];
    await Promise.all(tabs.map((page) => page.fill({ identifier: address, password }).press('#sign-in')));
    expect(await notices(address)).toHaveLength(1);
  });

  test('is one a day for a device that others use, however often one signs in there', async () => {
    wait(0);
    const { id, address } = await newCitizen();
    await world.database.execute('update accounts set created_at = $2 where id = $1', [id, new Date(Date.now() - DAY)]);
    const signInThere = async () => {
      const page = (await world.browser(desk).visit(`${world.issuer}/account`)).tick('shared-device');
      await signIn(page, address);
    };
    for (let times = 0; times < 3; times += 1) await signInThere();
    expect(await notices(address)).toHaveLength(1);
    wait(DAY);
    await signInThere();
    expect((await notices(address)).length).toBe(2);
    expect(await knownTo(id)).toBe(0);
  });

  test('is not sent to somebody who has just opened the account', async () => {
    const app = await world.app();
    const browser = world.browser(phone);
    const page = await browser.visit((await app.startSignIn()).url);
    await page.fill({ identifier: 'baru.sekali@contoh.id' }).press('#send-code');
    const code = (await world.message('baru.sekali@contoh.id')).code ?? '';
    const asked = await (await browser.visit(page.url)).fill({ code }).press('#continue');
    const made = await asked.fill({ name: 'Baru', password: 'bukan sandi biasa' }).press('#continue');
    expect(answerOf(await allow(made)).has('code')).toBe(true);
    expect(await notices('baru.sekali@contoh.id')).toEqual([]);
  });
});
