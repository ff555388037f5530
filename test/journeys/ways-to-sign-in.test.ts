/** How a person changes the ways they sign in, on pages that work without JavaScript (security lines 24 to 26). */
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { listMessages } from '#src/people/messages.ts';
import { makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { hasTotp } from '#src/people/totp.ts';
import { enrol, signInByPasskey } from '#test/races/crowd.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { useClock } from '#test/support/clock.ts';
import type { Page } from '#test/support/page.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const DAY = 24 * 3600;
const pass = useClock();

let made = 0;

interface Citizen {
  readonly id: string;
  readonly address: string;
}

async function newCitizen(): Promise<Citizen> {
  made += 1;
  const address = `cara-${made}@contoh.id`;
  return { id: await world.citizen(address, { name: `Cara ${made}`, password }), address };
}

async function givePasskey({ id }: Citizen): Promise<SoftwareAuthenticator> {
  const device = new SoftwareAuthenticator();
  await enrol(world, id, device);
  return device;
}

/** Opens a page of the account, and signs in by password where that is asked. */
async function open(browser: BrowserAgent, path: string, { address }: Citizen, secret = password): Promise<Page> {
  const page = await browser.visit(`${world.issuer}${path}`);
  return page.has('#sign-in') ? page.fill({ identifier: address, password: secret }).press('#sign-in') : page;
}

async function openByPasskey(browser: BrowserAgent, path: string, device: SoftwareAuthenticator): Promise<Page> {
  return signInByPasskey(await browser.visit(`${world.issuer}${path}`), device);
}

/** Of all messages: a sign-in in a browser that is new is told too, and at the same moment. */
async function subjectsTo({ address }: Citizen): Promise<string[]> {
  const { database, secrets } = world.house;
  const messages = await listMessages(database, secrets, { to: { kind: 'email', value: address }, limit: 20 });
  return messages.map(({ subject }) => subject);
}

/** What the phone shows for the set-up on the page. */
function phoneOf(page: Page): TOTP {
  return new TOTP({ secret: Secret.fromBase32(page.text('#secret').replaceAll(' ', '')) });
}

async function setUpApp(browser: BrowserAgent, siti: Citizen): Promise<TOTP> {
  const page = await (await open(browser, '/account/authenticator-app', siti)).press('#begin');
  const phone = phoneOf(page);
  const done = await page.fill({ code: phone.generate() }).press('#confirm');
  expect(done.text('.notice-done')).toContain('terpasang');
  return phone;
}

const signsIn = async (siti: Citizen, secret: string) =>
  (await open(world.browser(), '/account', siti, secret)).has('#connected-apps');

describe('a page about ways to sign in', () => {
  const paths = ['/account/password', '/account/authenticator-app', '/account/recovery-codes'];

  test.each(paths)('%s begins a sign-in, and is what one comes back to', async (path) => {
    const siti = await newCitizen();
    const browser = world.browser();
    const page = await open(browser, path, siti);
    expect(page.url.pathname).toBe(path);
    pass(5 * 60 + 1);
    const late = await browser.visit(`${world.issuer}${path}`);
    expect(late.has('#sign-in')).toBe(true);
    const again = await late.fill({ identifier: siti.address, password }).press('#sign-in');
    expect(again.url.pathname).toBe(path);
  });

  test.each(['//jahat.example', '/account/../..//jahat.example', '/logout', 'https://jahat.example', ''])(
    'a callback whose state ends in "%s" leads to the account page',
    async (place) => {
      const browser = world.browser();
      await open(browser, '/account', await newCitizen());
      const back = await browser.visit(`${world.issuer}/account/callback?state=${encodeURIComponent(`x:${place}`)}`);
      expect(back.url.href).toBe(`${world.issuer}/account`);
    },
  );

  test.each([
    ['/account/password', '#save', { 'new-password': 'kucing lompat pagar biru', 'current-password': password }],
    ['/account/authenticator-app', '#begin', {}],
    ['/account/recovery-codes', '#make', {}],
  ])('%s changes nothing with a proof older than five minutes', async (path, button, typed) => {
    const siti = await newCitizen();
    const page = await open(world.browser(), path, siti);
    pass(5 * 60 + 1);
    const events = () => world.database.query('select 1 from account_events where account_id = $1', [siti.id]);
    const before = (await events()).length;
    const late = await page.fill(typed).press(button);
    expect(late.has('#sign-in')).toBe(true);
    expect(await events()).toHaveLength(before);
    const rows = await world.database.query('select 1 from totp_keys where account_id = $1', [siti.id]);
    expect(rows).toEqual([]);
    expect(await signsIn(siti, password)).toBe(true);
  });
});

describe('the password', () => {
  const better = 'kucing lompat pagar biru';

  test('is changed by who knows it; elsewhere one is signed out, and every contact is told', async () => {
    const siti = await newCitizen();
    const elsewhere = world.browser();
    await open(elsewhere, '/account', siti);
    const page = await open(world.browser(), '/account/password', siti);
    const done = await page.fill({ 'current-password': password, 'new-password': better }).press('#save');
    expect(done.text('.notice-done')).toContain('Kata sandi baru');
    expect(await subjectsTo(siti)).toContainEqual(expect.stringContaining('Kata sandi baru'));
    expect((await elsewhere.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
    expect(await signsIn(siti, password)).toBe(false);
    expect(await signsIn(siti, better)).toBe(true);
  });

  test('is changed without signing out elsewhere where the box is not ticked', async () => {
    const siti = await newCitizen();
    const elsewhere = world.browser();
    await open(elsewhere, '/account', siti);
    const page = await open(world.browser(), '/account/password', siti);
    page.untick('elsewhere').fill({ 'current-password': password, 'new-password': better });
    await page.press('#save');
    expect((await elsewhere.visit(`${world.issuer}/account`)).has('#connected-apps')).toBe(true);
  });

  test.each([
    ['a wrong present one', { 'current-password': 'salah sekali', 'new-password': better }, 'tidak cocok'],
    ['no new one', { 'current-password': password, 'new-password': '' }, 'Isi kata sandi baru'],
    ['a short one', { 'current-password': password, 'new-password': 'x7#kQ2!' }, '8 sampai 256'],
    ['a long one', { 'current-password': password, 'new-password': 'x7#kQ2! '.repeat(33) }, '8 sampai 256'],
    ['a common one', { 'current-password': password, 'new-password': 'password123' }, 'mudah ditebak'],
  ])('is not changed by %s', async (_, typed, says) => {
    const siti = await newCitizen();
    const refused = await (await open(world.browser(), '/account/password', siti)).fill(typed).press('#save');
    expect(refused.status).toBe(422);
    expect(refused.text('#problems')).toContain(says);
    expect(await signsIn(siti, password)).toBe(true);
  });

  test('is not made of what others know: the name, the address', async () => {
    const siti = await newCitizen();
    const page = await open(world.browser(), '/account/password', siti);
    const refused = await page.fill({ 'current-password': password, 'new-password': siti.address }).press('#save');
    expect(refused.text('#problems')).toContain('mudah ditebak');
  });

  test('that is the only way in cannot be switched off', async () => {
    const siti = await newCitizen();
    const page = await open(world.browser(), '/account/password', siti);
    expect(page.has('#switch-off')).toBe(false);
    const browser = world.browser();
    const form = { csrf: (await open(browser, '/account/password', siti)).value('csrf') ?? '', action: 'switch-off' };
    const refused = await browser.post(`${world.issuer}/account/password`, form, world.issuer);
    expect(refused.status).toBe(422);
    expect(await signsIn(siti, password)).toBe(true);
  });

  test('beside a passkey is switched off, and set again without a present one', async () => {
    const siti = await newCitizen();
    const device = await givePasskey(siti);
    pass(DAY + 1);
    const browser = world.browser();
    const off = await (await openByPasskey(browser, '/account/password', device)).press('#switch-off');
    expect(off.text('.notice-done')).toContain('dimatikan');
    expect(await subjectsTo(siti)).toContainEqual(expect.stringContaining('dimatikan'));
    expect(await signsIn(siti, password)).toBe(false);
    const page = await browser.visit(`${world.issuer}/account/password`);
    expect(page.has('[name=current-password]')).toBe(false);
    await page.fill({ 'new-password': better }).press('#save');
    const [row] = await world.database.query('select 1 from passwords where account_id = $1', [siti.id]);
    expect(row).toBeDefined();
  });
});

describe('an authenticator app', () => {
  test('is set up by its square or by hand, told to every contact, and removed', async () => {
    const siti = await newCitizen();
    const browser = world.browser();
    const page = await (await open(browser, '/account/authenticator-app', siti)).press('#begin');
    expect(page.attribute('#open-app', 'href')).toContain(page.text('#secret').replaceAll(' ', ''));
    expect(page.attribute('#open-app', 'href')).toContain(encodeURIComponent(siti.address));
    expect(page.has('img.qr[alt]')).toBe(true);
    const reloaded = await browser.visit(`${world.issuer}/account/authenticator-app`);
    expect(reloaded.text('#secret')).toBe(page.text('#secret'));
    await page.fill({ code: phoneOf(page).generate() }).press('#confirm');
    expect(await hasTotp(world.database, siti.id)).toBe(true);
    expect(await subjectsTo(siti)).toContainEqual(expect.stringContaining('Aplikasi autentikator dipasang'));
    const removed = await (await browser.visit(`${world.issuer}/account/authenticator-app`)).press('#remove');
    expect(removed.text('.notice-done')).toContain('dihapus');
    expect(await subjectsTo(siti)).toContainEqual(expect.stringContaining('Aplikasi autentikator dihapus'));
    expect(await hasTotp(world.database, siti.id)).toBe(false);
  });

  test('whose phone has a wrong clock: the page says by how much', async () => {
    // In the middle of a step.
    vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 30_000) * 30_000 + 15_000 });
    const siti = await newCitizen();
    const page = await (await open(world.browser(), '/account/authenticator-app', siti)).press('#begin');
    const late = phoneOf(page).generate({ timestamp: Date.now() - 180_000 });
    const told = await page.fill({ code: late }).press('#confirm');
    expect(told.status).toBe(422);
    expect(told.text('#problems')).toContain('terlambat sekitar 3 menit');
    const early = phoneOf(page).generate({ timestamp: Date.now() + 2 * 3600_000 });
    expect((await told.fill({ code: early }).press('#confirm')).text('#problems')).toContain(
      'terlalu cepat sekitar 2 jam',
    );
    expect(await hasTotp(world.database, siti.id)).toBe(false);
  });

  test('is not shown to another session, which begins anew', async () => {
    const siti = await newCitizen();
    await (await open(world.browser(), '/account/authenticator-app', siti)).press('#begin');
    const other = await open(world.browser(), '/account/authenticator-app', siti);
    expect(other.has('#secret')).toBe(false);
  });

  test('a day old is asked for before anything changes', async () => {
    const siti = await newCitizen();
    const phone = await setUpApp(world.browser(), siti);
    pass(DAY + 1);
    const browser = world.browser();
    const second = await open(browser, '/account/password', siti);
    expect(second.has('#save')).toBe(false);
    const page = await second.fill({ code: phone.generate() }).press('#continue');
    expect(page.url.pathname).toBe('/account/password');
    const removed = await (await browser.visit(`${world.issuer}/account/authenticator-app`)).press('#remove');
    expect(removed.text('.notice-done')).toContain('dihapus');
  });
});

describe('recovery codes', () => {
  test('are shown until they are kept, then never again; new ones void the old', async () => {
    const siti = await newCitizen();
    const browser = world.browser();
    const sheet = await (await open(browser, '/account/recovery-codes', siti)).press('#make');
    const codes = sheet.texts('.recovery-code');
    expect(codes).toHaveLength(10);
    expect(await subjectsTo(siti)).toContainEqual(expect.stringContaining('Kode pemulihan baru'));
    const english = await browser.visit(`${world.issuer}/account/recovery-codes?lang=en`);
    expect(english.texts('.recovery-code')).toEqual(codes);
    const kept = await english.press('#kept');
    expect(kept.text('[data-way=recovery-codes]')).toContain('10 codes left');
    const after = await browser.visit(`${world.issuer}/account/recovery-codes`);
    expect(after.count('.recovery-code')).toBe(0);
    expect(after.html).not.toContain(codes[0]);
    const renewed = await after.press('#make');
    expect(renewed.texts('.recovery-code')).not.toContain(codes[0]);
  });

  test('are not shown to another session of that browser, nor after ten minutes', async () => {
    const siti = await newCitizen();
    const browser = world.browser();
    await (await open(browser, '/account/recovery-codes', siti)).press('#make');
    await (await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes')).text();
    const later = await open(browser, '/account/recovery-codes', siti);
    expect(later.url.pathname).toBe('/account/recovery-codes');
    expect(later.count('.recovery-code')).toBe(0);
    const again = await later.press('#make');
    expect(again.count('.recovery-code')).toBe(10);
    pass(10 * 60 + 1);
    expect((await open(browser, '/account/recovery-codes', siti)).count('.recovery-code')).toBe(0);
  });

  test('are not replaced by a way of today', async () => {
    const siti = await newCitizen();
    await (await open(world.browser(), '/account/recovery-codes', siti)).press('#make');
    pass(2 * DAY);
    const thief = await givePasskey(siti);
    const page = await openByPasskey(world.browser(), '/account/recovery-codes', thief);
    const refused = await page.press('#make');
    expect(refused.status).toBe(422);
    expect(refused.text('#problems')).toContain('belum berumur sehari');
    expect(refused.text('#left')).toContain('10 kode');
  });

  test('that are few are told on the account page', async () => {
    const siti = await newCitizen();
    const browser = world.browser();
    await (await (await open(browser, '/account/recovery-codes', siti)).press('#make')).press('#kept');
    await world.database.execute(
      `update recovery_codes set used_at = now() where account_id = $1 and hash in (
         select hash from recovery_codes where account_id = $1 limit 8)`,
      [siti.id],
    );
    const page = await browser.visit(`${world.issuer}/account`);
    expect(page.text('[data-way=recovery-codes]')).toContain('Tinggal 2 kode');
  });
});

describe('whoever comes back by a printed code', () => {
  async function recover(siti: Citizen, code: string | undefined): Promise<BrowserAgent> {
    const browser = world.browser();
    const begun = await (await browser.visit(`${world.issuer}/account`)).follow('#recover');
    const asked = await begun.fill({ identifier: siti.address }).press('#continue');
    const ways = await asked.fill({ code: (await world.message(siti.address)).code ?? '' }).press('#continue');
    const newWay = await ways.fill({ 'recovery-code': code ?? '' }).press('#use-recovery-code');
    await newWay.fill({ password: 'kucing lompat pagar biru' }).press('#continue');
    return browser;
  }

  test('takes off the authenticator app of a lost phone', async () => {
    const siti = await newCitizen();
    const old = world.browser();
    await setUpApp(old, siti);
    const sheet = await (await old.visit(`${world.issuer}/account/recovery-codes`)).press('#make');
    pass(2 * DAY);
    const browser = await recover(siti, sheet.texts('.recovery-code')[3]);
    const page = await browser.visit(`${world.issuer}/account/authenticator-app`);
    expect((await page.press('#remove')).text('.notice-done')).toContain('dihapus');
    expect(await signsIn(siti, 'kucing lompat pagar biru')).toBe(true);
  });

  test('of a sheet of today takes off nothing older', async () => {
    const siti = await newCitizen();
    await setUpApp(world.browser(), siti);
    pass(2 * DAY);
    const { database, secrets } = world.house;
    const [code] = await database.transaction((tx) => makeRecoveryCodes(tx, secrets, siti.id));
    pass(60);
    const browser = await recover(siti, code);
    expect((await browser.visit(`${world.issuer}/account`)).has('#connected-apps')).toBe(true);
    const page = await browser.visit(`${world.issuer}/account/authenticator-app`);
    expect(page.has('#remove')).toBe(false);
    expect(await hasTotp(database, siti.id)).toBe(true);
  });
});

describe('a passkey', () => {
  test('is renamed, its name tidied, and gets that of its make back', async () => {
    const siti = await newCitizen();
    await givePasskey(siti);
    const page = await open(world.browser(), '/account', siti);
    const own = page.text('[data-passkey] h3');
    const named = await page.fill({ label: `  Ponsel \u0007 Ibu ${'x'.repeat(80)}` }).press('.rename button');
    expect(named.text('[data-passkey] h3')).toMatch(/^Ponsel Ibu x+$/);
    expect(named.text('[data-passkey] h3')).toHaveLength(60);
    const back = await named.fill({ label: ' ' }).press('.rename button');
    expect(back.text('[data-passkey] h3')).toBe(own);
    const renamed = await world.database.query(
      `select 1 from account_events where account_id = $1 and kind = 'passkey.renamed'`,
      [siti.id],
    );
    expect(renamed).toHaveLength(2);
  });
});

describe('beside a passkey that is a day old', () => {
  test('a phished password changes nothing, also by hand', async () => {
    const siti = await newCitizen();
    await givePasskey(siti);
    pass(DAY + 1);
    const thief = world.browser();
    const account = await open(thief, '/account', siti);
    expect(account.has('#connected-apps')).toBe(true);
    expect(account.has('#add-passkey')).toBe(false);
    for (const page of ['password', 'authenticator-app', 'recovery-codes'])
      expect((await thief.visit(`${world.issuer}/account/${page}`)).has('#sign-in')).toBe(true);
    const csrf = account.value('csrf') ?? '';
    const passkey = account.attribute('[data-passkey]', 'data-passkey') ?? '';
    const forms: [string, Record<string, string>][] = [
      ['/account', { action: 'remove-passkey', passkey }],
      ['/account', { action: 'rename-passkey', passkey, label: 'Milik pencuri' }],
      [
        '/account/password',
        { action: 'save', 'current-password': password, 'new-password': 'kucing lompat pagar biru' },
      ],
      ['/account/password', { action: 'switch-off' }],
      ['/account/authenticator-app', { action: 'begin' }],
      ['/account/recovery-codes', { action: 'make' }],
    ];
    const events = () => world.database.query('select kind from account_events where account_id = $1', [siti.id]);
    const before = await events();
    for (const [path, form] of forms) await thief.post(`${world.issuer}${path}`, { csrf, ...form }, world.issuer);
    expect(await events()).toEqual(before);
    expect(await signsIn(siti, password)).toBe(true);
  });

  test('a password session is sent to prove as much, and one by the passkey may change everything', async () => {
    const siti = await newCitizen();
    const device = await givePasskey(siti);
    pass(DAY + 1);
    const browser = world.browser();
    const account = await open(browser, '/account', siti);
    const asked = await account.follow('#fresh-proof');
    const refused = await asked.fill({ identifier: siti.address, password }).press('#sign-in');
    expect(refused.has('#connected-apps')).toBe(false);
    expect((await signInByPasskey(asked, device)).has('#add-passkey')).toBe(true);
  });
});

describe('after a recovery by two contacts', () => {
  const restrict = ({ id }: Citizen) =>
    world.database.execute('update accounts set restricted_at = $2 where id = $1', [id, new Date()]);

  test('older ways stay as they are, and none is added', async () => {
    const siti = await newCitizen();
    const phone = await setUpApp(world.browser(), siti);
    await restrict(siti);
    pass(60);
    const browser = world.browser();
    const second = await open(browser, '/account', siti);
    const account = await second.fill({ code: phone.generate() }).press('#continue');
    expect(account.has('#add-passkey')).toBe(false);
    expect(account.text('#restricted')).toContain('loket');
    const typed = { 'current-password': password, 'new-password': 'kucing lompat pagar biru' };
    for (const [path, button, fields] of [
      ['/account/password', '#save', typed],
      ['/account/authenticator-app', '#remove', {}],
      ['/account/recovery-codes', '#make', {}],
    ] as const) {
      const refused = await (await browser.visit(`${world.issuer}${path}`)).fill(fields).press(button);
      expect(refused.text('#error-code')).toBe('account_restricted');
    }
    expect(await hasTotp(world.database, siti.id)).toBe(true);
  });

  test('who comes back with the old password takes off what came in that way, however late', async () => {
    const siti = await newCitizen();
    await restrict(siti);
    await givePasskey(siti);
    pass(3 * DAY);
    const account = await open(world.browser(), '/account', siti);
    expect((await account.press('[data-passkey] .stop')).count('[data-passkey]')).toBe(0);
  });
});

describe('a way that is less than a day old', () => {
  test('removes no older one, until the day is over', async () => {
    const siti = await newCitizen();
    pass(2 * DAY);
    const thief = await givePasskey(siti);
    const inside = await openByPasskey(world.browser(), '/account/password', thief);
    const refused = await inside.press('#switch-off');
    expect(refused.status).toBe(422);
    expect(refused.text('#problems')).toContain('belum berumur sehari');
    pass(DAY);
    const later = await openByPasskey(world.browser(), '/account/password', thief);
    expect((await later.press('#switch-off')).text('.notice-done')).toContain('dimatikan');
  });

  test('added in a stolen session puts nobody out: the owner takes it off with the password they had', async () => {
    const siti = await newCitizen();
    const own = await givePasskey(siti);
    pass(2 * DAY);
    const stolen = world.browser();
    const account = await openByPasskey(stolen, '/account', own);
    const theirs = new SoftwareAuthenticator();
    const credential = theirs.create(account.json('#passkey-options'), { origin: world.issuer });
    const added = await account.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
    expect(added.count('[data-passkey]')).toBe(2);
    // The session was proven by the old passkey, but before the new one came: it may be the thief's by now.
    const refused = await added.press('[data-passkey] .stop');
    expect(refused.status).toBe(422);
    expect(refused.count('[data-passkey]')).toBe(2);
    pass(60);
    const home = await openByPasskey(world.browser(), '/account', own);
    const ids = home.attributes('[data-passkey]', 'data-passkey');
    const freed = await home.press(`[data-passkey=${ids.at(-1)}] .stop`);
    expect(freed.attributes('[data-passkey]', 'data-passkey')).toEqual(ids.slice(0, 1));
  });
});

test('a browser’s password manager finds the page to change the password', async () => {
  const siti = await newCitizen();
  const browser = world.browser();
  await open(browser, '/account', siti);
  const page = await browser.visit(`${world.issuer}/.well-known/change-password`);
  expect(page.url.pathname).toBe('/account/password');
});
