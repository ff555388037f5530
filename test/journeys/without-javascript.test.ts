/** Everything a citizen can do, with a browser that knows links and forms. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;
let health: RelyingParty;
let browser: BrowserAgent;

beforeAll(async () => {
  world = await openWorld();
  health = await world.app();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => {
  browser = world.browser();
});

async function openSignIn() {
  return browser.visit((await health.startSignIn()).url);
}

test('signs in by password and hands over what is required and what was ticked, nothing else', async () => {
  const attempt = await health.startSignIn();
  const page = await browser.visit(attempt.url);
  const consent = await page.fill({ identifier: 'budi@contoh.id', password }).press('#sign-in');
  expect(consent.text('main')).toContain('Budi Agung Santoso');
  const offered = consent.attributes('input[name=claim]', 'value');
  expect(offered).toEqual(expect.arrayContaining(['nickname', 'birthdate']));
  expect(offered).not.toContain('name');
  const arrived = await consent.tick('claim', 'nickname').press('#consent-allow');
  const tokens = await health.finishSignIn(attempt, arrived);
  const { sub, ...told } = await health.userinfo(tokens.access_token);
  expect(sub).toBeTruthy();
  expect(told).toEqual({ name: 'Budi Agung Santoso', nickname: 'Bud', email: 'budi@contoh.id', email_verified: true });
  // What was left out stays left out, and is not asked for again.
  expect((await openSignIn()).status).toBe(0);
});

test('signs in by a code', async () => {
  const codePage = await (await openSignIn()).fill({ identifier: 'siti@contoh.id' }).press('#send-code');
  const { code = '' } = await world.message('siti@contoh.id');
  const consent = await codePage.fill({ code }).press('#continue');
  expect((await consent.press('#consent-allow')).url.searchParams.has('code')).toBe(true);
});

test('denies, and cancels', async () => {
  const consent = await (await openSignIn()).fill({ identifier: 'dewi@contoh.id', password }).press('#sign-in');
  expect((await consent.press('#consent-deny')).url.searchParams.get('error')).toBe('access_denied');
  browser = world.browser();
  expect((await (await openSignIn()).press('#cancel')).url.searchParams.get('error')).toBe('access_denied');
  const codePage = await (await openSignIn()).fill({ identifier: 'dewi@contoh.id' }).press('#send-code');
  expect((await codePage.press('#cancel')).url.searchParams.get('error')).toBe('access_denied');
  const signUp = await (await openSignIn()).follow('#sign-up');
  expect((await signUp.press('#cancel')).url.searchParams.get('error')).toBe('access_denied');
});

test('is told kindly that a passkey needs JavaScript, and goes on another way', async () => {
  const refused = await (await openSignIn()).fill({ identifier: 'dewi@contoh.id' }).press('#passkey');
  expect(refused.status).toBe(422);
  expect(refused.text('#problems')).toMatch(/JavaScript.*(kata sandi|cara lain)/);
  expect(refused.value('identifier')).toBe('dewi@contoh.id');
  expect((await refused.fill({ password }).press('#sign-in')).has('#consent-allow')).toBe(true);
});

test('makes an account by password, although the passkey button was pressed first', async () => {
  const signUp = await (await openSignIn()).follow('#sign-up');
  const codePage = await signUp.fill({ identifier: 'oki@contoh.id' }).press('#continue');
  const { code = '' } = await world.message('oki@contoh.id');
  const namePage = await codePage.fill({ code }).press('#continue');
  const refused = await namePage.fill({ name: 'Oki' }).press('#create-passkey');
  expect(refused.status).toBe(422);
  expect(refused.text('#problems')).toContain('JavaScript');
  expect(refused.value('name')).toBe('Oki');
  const consent = await refused.fill({ password: 'perahu kertas di sungai' }).press('#continue');
  expect(consent.text('main')).toContain('Anda masuk sebagai Oki.');
  expect((await consent.press('#consent-allow')).url.searchParams.has('code')).toBe(true);

  const account = await browser.visit(`${world.issuer}/account`);
  const disconnected = await account.press('[data-client=puskesmas-online] .disconnect');
  expect(disconnected.count('[data-client]')).toBe(0);
  const asked = await disconnected.press('#sign-out');
  expect((await asked.press('#logout-yes')).has('#logout-done')).toBe(true);
});

test('changes the language anywhere and stays where it is', async () => {
  const codePage = await (await openSignIn()).fill({ identifier: 'rina@contoh.id' }).press('#send-code');
  const english = await codePage.follow({ text: 'English' });
  expect(english.attribute('html', 'lang')).toBe('en');
  expect(english.has('input[name=code]')).toBe(true);
  const { code = '' } = await world.message('rina@contoh.id');
  const consent = await english.fill({ code }).press('#continue');
  expect(consent.attribute('html', 'lang')).toBe('en');
  const signUp = await (await world.browser().visit((await health.startSignIn()).url)).follow('#sign-up');
  expect((await signUp.follow({ text: 'English' })).has('#to-sign-in')).toBe(true);
});

test('signs out from the app, or stays', async () => {
  const consent = await (await openSignIn()).fill({ identifier: 'wayan@contoh.id', password }).press('#sign-in');
  await consent.press('#consent-allow');
  const url = health.signOutUrl({ post_logout_redirect_uri: 'http://localhost:3001/signed-out' });
  await (await browser.visit(url)).press('#logout-no');
  expect((await browser.visit(`${world.issuer}/account`)).has('#connected-apps')).toBe(true);
  const left = await (await browser.visit(url)).press('#logout-yes');
  expect(left.url.href).toBe('http://localhost:3001/signed-out');
  expect((await browser.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
});
