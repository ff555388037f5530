/** Whatever others have written stays text on every page, in both languages (security line 32). */
import { parse } from 'parse5';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { exchange } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, password, secretOf, type World } from '#test/support/world.ts';
import { expectHarmless, hostile, injectedInto } from './injected.ts';

const header = 'x\r\nX-Evil: 1\r\n\r\n<x-evil>';

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  const claims = ['name', 'email'].map((name) => ({
    name,
    required: name === 'name',
    basis: 'consent',
    purpose: hostile,
    'purpose#en': hostile,
  }));
  await world.declare({
    client_id: 'jahat',
    client_name: hostile,
    'client_name#en': hostile,
    purpose: hostile,
    'purpose#en': hostile,
    token_endpoint_auth_method: 'client_secret_basic',
    claims,
  });
  await world.database.transaction(async (tx) => {
    await tx.execute('update registry_version set version = version + 1');
    await tx.execute(
      `update agencies set name = $1, name_en = $1, legal_name = $1 where id = (select agency_id from clients where id = 'jahat')`,
      [hostile],
    );
    await tx.execute(`update clients set version = (select version from registry_version) where id = 'jahat'`);
  });
  await world.house.clients.refresh();
  app = await world.app({ clientId: 'jahat', clientSecret: secretOf('jahat') });
  await world.citizen('jahat@contoh.id', {
    name: hostile,
    password,
    profile: { email: 'jahat@contoh.id', name: hostile },
  });
});

afterAll(() => world[Symbol.asyncDispose]());

const shown = hostile.replace(/\s+/g, ' ');

async function start(browser: BrowserAgent, more: Record<string, string> = {}): Promise<Page> {
  return browser.visit((await app.startSignIn({ scope: 'openid profile email', ...more })).url);
}

test.each(['id', 'en'])('names of apps, agencies and people, purposes and what was typed: %s', async (language) => {
  const browser = world.browser({ language });
  const signIn = await start(browser, { login_hint: hostile, state: hostile, ui_locales: `${language} ${hostile}` });
  expectHarmless(signIn, shown);
  expect(signIn.value('identifier')).toBe(hostile);

  const refused = await signIn.fill({ identifier: hostile, password: 'x' }).press('#sign-in');
  expectHarmless(refused);
  expect(refused.value('identifier')).toBe(hostile);

  const code = await signIn.fill({ identifier: `baru-${language}@contoh.id` }).press('#send-code');
  expectHarmless(code, shown);
  const sent = await world.message(`baru-${language}@contoh.id`);
  const name = await code.fill({ code: sent.code ?? '' }).press('#continue');
  expectHarmless(name, shown);
  const again = await name.fill({ name: hostile + 'x'.repeat(200) }).press('#continue');
  expectHarmless(again);
  const offer = await name.fill({ name: hostile }).press('#continue');
  expectHarmless(offer);

  const other = world.browser({ language });
  const consent = await (await start(other)).fill({ identifier: 'jahat@contoh.id', password }).press('#sign-in');
  if (consent.has('#consent-allow')) expectHarmless(consent, shown);
  const arrived = await allow(consent);
  expect(arrived.status).toBe(0);
  expectHarmless(await other.visit(`${world.issuer}/account`), shown);
  expectHarmless(
    await other.visit(`${world.issuer}/logout?client_id=jahat&state=${encodeURIComponent(hostile)}`),
    shown,
  );
});

test('odd names: every script and emoji as written; what turns text around or cannot be seen is refused', async () => {
  const signUp = await (await start(world.browser())).fill({ identifier: 'aneh@contoh.id' }).press('#send-code');
  const { code } = await world.message('aneh@contoh.id');
  const name = await signUp.fill({ code: code ?? '' }).press('#continue');
  for (const odd of ['\u202eitiS', 'Si\u2066ti', 'Si\u0007ti', '👩‍👩‍👧‍👦', ' ', 'S'.repeat(201), 'S'.repeat(60_000)]) {
    const page = await name.fill({ name: odd }).press('#continue');
    expect([odd.slice(0, 20), page.status]).toEqual([odd.slice(0, 20), 422]);
    expectHarmless(page);
  }
  const page = await name.fill({ name: 'ꦱꦶꦠꦶ 👩‍👧 سيتي' }).press('#continue');
  expect([page.status, page.has('#skip-passkey') || page.has('#create-passkey')]).toEqual([200, true]);
});

test.each(['id', 'en'])('what stands in an address: %s', async (language) => {
  const browser = world.browser({ language });
  await browser.visit((await app.startSignIn()).url);
  for (const value of [hostile, header, '\u202e\u0007\u{1f600}'.repeat(20), '%0d%0aX-Evil: 1', '"'.repeat(500)]) {
    const text = encodeURIComponent(value);
    for (const path of [
      `/authorize?client_id=${text}`,
      `/authorize?client_id=jahat&redirect_uri=${text}`,
      `/authorize?client_id=jahat&state=${text}&redirect_uri=${encodeURIComponent('http://localhost:3001/callback')}`,
      `/authorize/${text.slice(0, 300)}`,
      `/interaction/${text.slice(0, 300)}`,
      `/account?done=${text}`,
      `/account/callback?error=${text}&error_description=${text}&state=${text}`,
      `/?lang=${text}&ui_locales=${text}`,
      `/help?${text}=${text}`,
      `/logout?id_token_hint=${text}&post_logout_redirect_uri=${text}&state=${text}&client_id=${text}`,
      `/logout/success?client_id=${text}`,
      `/sandbox/outbox?to=${text}`,
      `/${text.slice(0, 300)}`,
      `/.well-known/${text.slice(0, 300)}`,
      `/assets/${text.slice(0, 300)}`,
    ]) {
      const page = await browser.visit(world.issuer + path);
      if (page.status !== 0) expectHarmless(page);
    }
  }
});

test('what an app is answered cannot carry a header or markup, by query or by form', async () => {
  for (const mode of ['query', 'form_post', 'fragment']) {
    for (const state of [hostile, header]) {
      const { url } = await app.startSignIn({ state, prompt: 'none', response_mode: mode });
      const said = await exchange(url, { headers: { accept: 'text/html' } });
      expect(said.status).toBe(mode === 'form_post' ? 400 : 303);
      expect(said.headers.get('x-evil')).toBeNull();
      expect(injectedInto(parse(said.body))).toEqual([]);
    }
  }
});

test('a cookie cannot speak', async () => {
  for (const name of ['language', 'browser', 'app', 'session', 'interaction', 'resume']) {
    const said = await exchange(`${world.issuer}/`, {
      headers: { accept: 'text/html', cookie: `${name}=${encodeURIComponent(hostile)}; ${name}="><x-evil>` },
    });
    expectHarmless({ html: said.body, ...said });
  }
});

test('a programs error says nothing that a browser could take for a page', async () => {
  const text = encodeURIComponent(hostile);
  for (const path of [
    `/authorize?client_id=${text}`,
    `/interaction/${text}`,
    `/sandbox/outbox.json?to=${text}`,
    `/${text}`,
  ]) {
    const said = await exchange(world.issuer + path, { headers: { accept: 'application/json' } });
    expect(said.headers.get('content-type')).toMatch(/^application\/(problem\+)?json/);
    expect(said.body).not.toContain('x-evil');
  }
});
