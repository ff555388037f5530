/** Each way to sign in, as it is done in a browser, in both languages; and what the app is told about it. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { setUpApp } from '#test/support/authenticator-app.ts';
import type { Overrides } from '#test/support/relying-party.ts';
import { password } from '#test/support/world.ts';
import { openStage, type Stage, signInByPassword, typeCode } from './stage.ts';
import type { Visitor } from './visitor.ts';

const languages = ['id', 'en'] as const;
type Language = (typeof languages)[number];

let stage: Stage;
let me: Visitor;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

afterEach(async () => {
  expect(me.complaints).toEqual([]);
  await me[Symbol.asyncDispose]();
});

let people = 0;

/** Somebody with a password, an e-mail address and a phone. */
async function openPerson() {
  people += 1;
  const [email, phone] = [`masuk-${people}@contoh.id`, `+6281277${20_000 + people}`];
  const id = await stage.world.citizen(email, {
    name: 'Warga Masuk',
    password,
    profile: { phone_number: phone, phone_number_verified: true },
  });
  return { id, email, phone };
}

/** What the app asks to be told of the sign-in. */
const told = { claims: JSON.stringify({ id_token: { acr: null, amr: null, sid: null } }) };
const essential = (value: string) => ({
  claims: JSON.stringify({ id_token: { acr: { essential: true, value }, amr: null, sid: null } }),
});

/** To the sign-in page of the app; `arrive` is its word when the browser has come back. */
async function request(overrides: Overrides = told) {
  const { page } = me;
  const app = await stage.world.app({ redirectUri: `${stage.health}/callback`, scope: 'openid' });
  await page.route(`${stage.health}/callback?**`, (route) => route.fulfill({ contentType: 'text/html', body: 'ok' }));
  const attempt = await app.startSignIn(overrides);
  await page.goto(attempt.url.href);
  const arrive = async () => {
    await page.waitForURL(`${stage.health}/callback?**`);
    return (await app.finishSignIn(attempt, new URL(page.url()))).claims();
  };
  return { page, arrive };
}

async function allow(page: Page): Promise<void> {
  await page.click('#consent-allow');
}

/** On the account page; then nobody is signed in any more. */
async function makePasskey(email: string): Promise<void> {
  const { page, device, context } = me;
  await page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(page, email);
  await page.click('#add-passkey');
  await page.waitForSelector('[data-passkey]');
  await device.reacts(false);
  await context.clearCookies({ name: /^(?!language)/ });
}

const titles: Record<Language, { signIn: string; step: string }> = {
  id: { signIn: 'Masuk atau buat akun', step: 'Satu langkah lagi' },
  en: { signIn: 'Sign in or create an account', step: 'One more step' },
};

describe.each(languages)('in %s', (language) => {
  const title = titles[language];

  async function visit(): Promise<void> {
    me = await stage.visitor({ locale: language });
  }

  const heading = () => me.page.textContent('h1');

  it('a passkey of this device alone is two proofs', async () => {
    await visit();
    await makePasskey((await openPerson()).email);
    const { page, arrive } = await request();
    expect(await heading()).toBe(title.signIn);
    await me.device.reacts(true);
    await page.click('#passkey');
    await allow(page);
    const claims = await arrive();
    expect(claims?.acr).toBe('aal2');
    expect(claims?.amr).toContain('user');
  });

  it('a password is one', async () => {
    await visit();
    const { email } = await openPerson();
    await me.device.reacts(false);
    const { page, arrive } = await request();
    await signInByPassword(page, email);
    await allow(page);
    expect(await arrive()).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
  });

  it('a code by e-mail is one', async () => {
    await visit();
    const { email } = await openPerson();
    await me.device.reacts(false);
    const { page, arrive } = await request();
    await page.fill('#identifier', email);
    await page.click('#send-code');
    await typeCode(page, stage.world, email);
    await allow(page);
    expect(await arrive()).toMatchObject({ acr: 'aal1', amr: ['otp'] });
  });

  it('a password and the code of an authenticator app are two; a wrong code and a wrong clock are said', async () => {
    await visit();
    const { id, email } = await openPerson();
    const phone = await setUpApp(stage.world, id);
    await me.device.reacts(false);
    const { page, arrive } = await request();
    await signInByPassword(page, email);
    await page.waitForSelector('#code');
    expect(await heading()).toBe(title.step);
    await page.fill('#code', phone.showAt(-600));
    await page.click('#continue');
    await page
      .locator('.wrong')
      .filter({ hasText: language === 'id' ? /Jam ponsel.*10 menit/ : /clock.*10 minutes/ })
      .waitFor();
    await page.fill('#code', phone.show());
    await page.click('#continue');
    await allow(page);
    const claims = await arrive();
    expect(claims).toMatchObject({ acr: 'aal2', amr: expect.arrayContaining(['pwd', 'otp', 'mfa']) });
  });

  it('a password and a code to the other contact are two, where the app asks for two', async () => {
    await visit();
    const { email, phone } = await openPerson();
    await me.device.reacts(false);
    const { page, arrive } = await request(essential('aal2'));
    await signInByPassword(page, email);
    await page.click('#send-to-first');
    await typeCode(page, stage.world, phone);
    await allow(page);
    expect(await arrive()).toMatchObject({ acr: 'aal2', amr: expect.arrayContaining(['pwd', 'sms', 'mfa']) });
  });

  it('who is signed in by a password adds a passkey for an app that insists, and it is the same session', async () => {
    await visit();
    const { email } = await openPerson();
    await makePasskey(email);
    const first = await request();
    await signInByPassword(first.page, email);
    await allow(first.page);
    const before = await first.arrive();
    expect(before?.acr).toBe('aal1');
    const { page, arrive } = await request(essential('phr'));
    expect(await heading()).toBe(title.step);
    await me.device.reacts(true);
    await page.click('#passkey');
    expect(await arrive()).toMatchObject({ acr: 'phr', sid: before?.sid });
  });
});
