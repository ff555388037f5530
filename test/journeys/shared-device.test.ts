/** The tick box of somebody whose device is not theirs alone: what it leaves there, and for how long. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { answerOf, signInto } from '#test/oidc/flows.ts';
import { passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { useClock } from '#test/support/clock.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

const MINUTE = 60_000;

let world: World;
let app: RelyingParty;
let made = 0;

beforeAll(async () => {
  world = await openWorld();
  app = await world.app();
});
afterAll(() => world?.[Symbol.asyncDispose]());
const pass = useClock();
const wait = (milliseconds: number) => pass(milliseconds / 1000);

async function newCitizen(): Promise<{ id: string; address: string }> {
  made += 1;
  const address = `bersama.${made}@contoh.id`;
  return { id: await world.citizen(address, { name: 'Warga Bersama', password }), address };
}

/** Signs in at the account page with the box ticked. */
async function enter(browser: BrowserAgent, address: string): Promise<Page> {
  const page = (await browser.visit(`${world.issuer}/account`)).tick('shared-device');
  return signIn(page, address);
}

const isSignedIn = async (browser: BrowserAgent) => {
  const answer = answerOf(await browser.visit((await app.startSignIn({ prompt: 'none' })).url));
  await world.database.settle();
  return answer.has('code') || answer.get('error') === 'consent_required';
};

const devicesOf = (id: string) => world.database.query('select 1 from devices where account_id = $1', [id]);

test('the box is there, unticked, on the page of every sign-in and of a new account', async () => {
  const page = await world.browser().visit(`${world.issuer}/account`);
  expect(page.has('#shared-device')).toBe(true);
  expect(page.value('shared-device')).toBeUndefined();
  const signUp = await world.browser().visit((await app.startSignIn()).url);
  const address = signUp.attribute('#sign-up', 'href') ?? '';
  expect((await world.browser().visit(new URL(address, signUp.url))).has('#shared-device')).toBe(false);
  const browser = world.browser();
  const again = await browser.visit((await app.startSignIn()).url);
  const begun = await browser.visit(new URL(again.attribute('#sign-up', 'href') ?? '', again.url));
  expect(begun.value('shared-device')).toBeUndefined();
  expect(begun.has('#shared-device')).toBe(true);
});

test('a sheet of recovery codes that was not put away is gone with the browser', async () => {
  const { address } = await newCitizen();
  const browser = world.browser();
  await enter(browser, address);
  const sheet = await (await browser.visit(`${world.issuer}/account/recovery-codes`)).press('#make');
  expect(sheet.count('.recovery-code')).toBe(10);
  browser.cookies.dropSessionCookies();
  expect(leftIn(browser)).toEqual([]);
});

test('it is on the first page of a recovery too: who has lost a phone is often at somebody else’s', async () => {
  const { id, address } = await newCitizen();
  const [code = ''] = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, id));
  const browser = world.browser();
  const signInPage = await browser.visit(`${world.issuer}/account`);
  const recovery = await signInPage.follow('#recover');
  expect(recovery.value('shared-device')).toBeUndefined();
  const asked = await recovery.fill({ identifier: address }).tick('shared-device').press('#continue');
  const ways = await asked.fill({ code: (await world.message(address)).code ?? '' }).press('#continue');
  const newWay = await ways.fill({ 'recovery-code': code }).press('#use-recovery-code');
  expect(newWay.has('#create-passkey')).toBe(false);
  const inside = await newWay.fill({ password: 'rumput tetangga selalu hijau' }).press('#continue');
  expect(inside.has('#connected-apps')).toBe(true);
  browser.cookies.dropSessionCookies();
  expect(leftIn(browser)).toEqual([]);
  expect(await devicesOf(id)).toEqual([]);
});

/** The engine's own cookie of a sign-in that is over; it names nothing any more. */
const leftIn = (browser: BrowserAgent) =>
  browser.cookies.all.map(({ name }) => name).filter((name) => !/^interaction(\.sig)?$/.test(name));

test('nothing is left when the browser was closed: no session, and no device that is known', async () => {
  const { id, address } = await newCitizen();
  const browser = world.browser();
  await enter(browser, address);
  expect(await isSignedIn(browser)).toBe(true);
  browser.cookies.dropSessionCookies();
  expect(leftIn(browser)).toEqual([]);
  expect(await isSignedIn(browser)).toBe(false);
  expect(await devicesOf(id)).toEqual([]);
  const row = await world.database.first(
    'select is_shared, idle_seconds, device_hash from sessions where account_id = $1',
    [id],
  );
  expect(row).toEqual({ is_shared: true, idle_seconds: 600, device_hash: null });
});

test('a device that is known from before is left as it was', async () => {
  const [own, guest] = [await newCitizen(), await newCitizen()];
  const browser = world.browser();
  await signIn(await browser.visit(`${world.issuer}/account`), own.address);
  await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');
  await enter(browser, guest.address);
  expect(await devicesOf(own.id)).toHaveLength(1);
  expect(await devicesOf(guest.id)).toEqual([]);
});

test('ten minutes without use end the session, and an hour ends it in any case', async () => {
  const { address } = await newCitizen();
  const browser = world.browser();
  await enter(browser, address);
  wait(9 * MINUTE);
  expect(await isSignedIn(browser)).toBe(true);
  wait(11 * MINUTE);
  expect(await isSignedIn(browser)).toBe(false);
  await enter(browser, address);
  for (let used = 0; used < 7; used += 1) {
    wait(8 * MINUTE);
    expect(await isSignedIn(browser)).toBe(true);
  }
  wait(5 * MINUTE);
  expect(await isSignedIn(browser)).toBe(false);
});

test('proving anew without the tick takes nothing back; signing out does', async () => {
  const { address } = await newCitizen();
  const browser = world.browser();
  await enter(browser, address);
  const again = await browser.visit(`${world.issuer}/account/confirm`);
  expect(again.value('shared-device')).toBe('yes');
  const page = await signIn(again.untick('shared-device'), address);
  expect(page.has('#sign-out-here')).toBe(true);
  expect(browser.cookies.all.find(({ name }) => name === 'session')?.expires).toBeUndefined();
  expect(browser.cookies.all.some(({ name }) => name === 'device')).toBe(false);
  await page.press('#sign-out-here');
  expect((await signIn(await browser.visit(`${world.issuer}/account`), address)).has('#sign-out-here')).toBe(false);
});

describe('on the account page', () => {
  test('values are covered until tapped, and signing out is one press, on every page', async () => {
    const { address } = await newCitizen();
    const browser = world.browser();
    const page = await enter(browser, address);
    expect(page.text('h1')).not.toContain('Warga Bersama');
    expect(page.texts('#person details').map((text) => text.replace('Tampilkan Tutup ', ''))).toEqual([
      'Warga Bersama',
      address,
    ]);
    expect(page.attributes('#person details', 'open')).toEqual([]);
    for (const path of ['/account', '/account/password']) {
      const shown = await browser.visit(`${world.issuer}${path}`);
      expect(shown.text('.shared-device'), path).toContain('dipakai bersama');
      expect(shown.attribute('#sign-out-here', 'value'), path).toBe('sign-out-here');
    }
    const other = await browser.visit(`${world.issuer}/account/password`);
    const left = await other.press('#sign-out-here');
    expect(left.has('#logout-done')).toBe(true);
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('no passkey is offered, and none is made', async () => {
    const { id, address } = await newCitizen();
    const [browser, own] = [world.browser(), world.browser()];
    const page = await enter(browser, address);
    expect(page.has('#add-passkey')).toBe(false);
    expect(page.has('#passkey-options')).toBe(false);
    const options = (await signIn(await own.visit(`${world.issuer}/account`), address)).json('#passkey-options');
    const credential = JSON.stringify(new SoftwareAuthenticator().create(options as never, { origin: world.issuer }));
    const csrf = page.value('csrf') ?? '';
    const refused = await browser.post(`${world.issuer}/account`, { csrf, action: 'add-passkey', credential });
    expect(refused.status).toBe(422);
    expect(refused.text('#problems')).toContain('tidak dibuat kunci sandi');
    expect(await world.database.query('select 1 from passkeys where account_id = $1', [id])).toEqual([]);
  });

  test('values are in the open, and there is no such button, on a device of one\u2019s own', async () => {
    const { address } = await newCitizen();
    const page = await signIn(await world.browser().visit(`${world.issuer}/account`), address);
    expect(page.text('h1')).toContain('Warga Bersama');
    expect(page.has('details.masked')).toBe(false);
    expect(page.has('#sign-out-here')).toBe(false);
  });
});

describe('on the consent page', () => {
  async function openConsent(browser: BrowserAgent, address: string): Promise<Page> {
    const page = (await browser.visit((await app.startSignIn()).url)).tick('shared-device');
    return page.fill({ identifier: address, password }).press('#sign-in');
  }

  test('values are covered until tapped; allowing goes on as ever', async () => {
    const { address } = await newCitizen();
    const page = await openConsent(world.browser(), address);
    expect(page.texts('.masked').join()).toContain(address);
    expect(page.texts('label').join()).not.toContain(address);
    const arrived = await page.press('#consent-allow');
    expect(answerOf(arrived).has('code')).toBe(true);
  });

  test('who opens the browser anew finds no sign-in that somebody left there', async () => {
    const { address } = await newCitizen();
    const browser = world.browser();
    const page = await openConsent(browser, address);
    browser.cookies.dropSessionCookies();
    expect((await browser.visit(page.url)).text('#error-code')).toBe('interaction_expired');
    expect((await page.press('#consent-allow')).text('#error-code')).toBe('interaction_expired');
  });

  test('who opens the browser anew finds no question that a session there was asked', async () => {
    const { address } = await newCitizen();
    const browser = world.browser();
    await enter(browser, address);
    const page = await browser.visit((await app.startSignIn()).url);
    expect(page.has('#consent-allow')).toBe(true);
    browser.cookies.dropSessionCookies();
    expect((await browser.visit(page.url)).text('#error-code')).toBe('interaction_expired');
  });

  test('"sign out here" ends a sign-in that nothing was answered with', async () => {
    const { address } = await newCitizen();
    const browser = world.browser();
    const page = await openConsent(browser, address);
    expect(answerOf(await page.press('#sign-out-here')).get('error')).toBe('access_denied');
    expect(await isSignedIn(browser)).toBe(false);
    const back = await page.press('#consent-allow');
    expect(back.url.searchParams.has('code')).toBe(false);
  });

  test('"sign out here" ends the session where there is one', async () => {
    const { address } = await newCitizen();
    const browser = world.browser();
    await enter(browser, address);
    const page = await browser.visit((await app.startSignIn()).url);
    expect(page.texts('.masked').join()).toContain(address);
    expect((await page.press('#sign-out-here')).has('#logout-done')).toBe(true);
    expect(await isSignedIn(browser)).toBe(false);
    expect((await page.press('#consent-allow')).url.searchParams.has('code')).toBe(false);
  });
});

describe('a new account', () => {
  async function begin(browser: BrowserAgent, address: string): Promise<Page> {
    const first = await browser.visit((await app.startSignIn()).url);
    const page = await browser.visit(new URL(first.attribute('#sign-up', 'href') ?? '', first.url));
    const asked = await page.fill({ identifier: address }).tick('shared-device').press('#continue');
    return asked.fill({ code: (await world.message(address)).code ?? '' }).press('#continue');
  }

  test('is opened with a password, without a passkey and without a trace', async () => {
    const browser = world.browser();
    const page = await begin(browser, 'warnet@contoh.id');
    expect(page.has('#create-passkey')).toBe(false);
    const consent = await page.fill({ name: 'Anak Warnet', password: 'bukan sandi biasa' }).press('#continue');
    await consent.press('#consent-allow');
    expect(await isSignedIn(browser)).toBe(true);
    browser.cookies.dropSessionCookies();
    expect(leftIn(browser)).toEqual([]);
  });

  test('takes no passkey that a program sends all the same', async () => {
    const browser = world.browser();
    const page = await begin(browser, 'warnet.dua@contoh.id');
    const form = { csrf: page.value('csrf') ?? '', action: 'create-passkey', name: 'Dua', credential: '{}' };
    expect((await browser.post(page.url, form)).status).toBe(422);
    expect(await world.database.query(`select 1 from passkeys`)).toEqual([]);
  });

  test('without a password comes in by its code alone, with no offer in between', async () => {
    const browser = world.browser();
    const page = await begin(browser, 'warnet.tiga@contoh.id');
    const consent = await page.fill({ name: 'Tiga' }).press('#continue');
    expect(consent.has('#skip-passkey')).toBe(false);
    expect(consent.has('#consent-allow')).toBe(true);
  });
});

test('a passkey of one\u2019s own phone signs in there too, with the same short session', async () => {
  const { id, device } = await passkeyCitizen(world, 'dari.ponsel@contoh.id');
  const browser = world.browser();
  const page = (await browser.visit(`${world.issuer}/account`)).tick('shared-device');
  expect((await signInByPasskey(page, device)).has('#sign-out-here')).toBe(true);
  expect(await devicesOf(id)).toEqual([]);
  const { tokens } = await signInto(app, browser);
  expect(await app.userinfo(tokens.access_token)).toHaveProperty('sub');
  wait(11 * MINUTE);
  expect(await isSignedIn(browser)).toBe(false);
});
