import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setClientState } from '#src/registry/client-writes.ts';
import { answered, ask, curious, openPublicApp, refusalOf, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, type World } from '#test/support/world.ts';

const back = 'https://uji.contoh.go.id/keluar';

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  await world.declare(curious('leaving', { post_logout_redirect_uris: [back] }), curious('staying'));
  app = await world.app({ clientId: 'leaving', scope: 'openid profile' });
});
afterAll(() => world?.[Symbol.asyncDispose]());

async function signedIn() {
  const browser = world.browser({ stopAt: [back] });
  const { tokens } = await signInto(app, browser);
  return { browser, tokens, hint: tokens.id_token ?? '' };
}

const isSignedIn = async (browser: BrowserAgent) =>
  'code' in answered(await browser.visit((await app.startSignIn({ prompt: 'none' })).url));

describe('post_logout_redirect_uri is compared exactly', () => {
  let hint: string;
  let browser: BrowserAgent;

  beforeAll(async () => {
    ({ browser, hint } = await signedIn());
  });

  test.each([
    `${back}/`,
    `${back}?`,
    `${back}?x=1`,
    `${back}#x`,
    `${back}/..`,
    `${back};x`,
    'https://uji.contoh.go.id/KELUAR',
    'https://UJI.contoh.go.id/keluar',
    'http://uji.contoh.go.id/keluar',
    'https://uji.contoh.go.id:443/keluar',
    'https://uji.contoh.go.id.evil.example/keluar',
    'https://uji.contoh.go.id@evil.example/keluar',
    'https://uji.contoh.go.id\\@evil.example/keluar',
    '//evil.example',
    '/\\evil.example',
    '/%09/evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    '/account',
  ])('%s gets a page and nobody is signed out', async (post_logout_redirect_uri) => {
    const query = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri });
    const page = await browser.visit(`${world.issuer}/logout?${query}`);
    expect(page.status).toBe(400);
    expect(page.hops).toHaveLength(1);
    expect(page.text('#error-code')).toBe('invalid_request');
  });

  test('and all that changed nothing', async () => {
    expect(await isSignedIn(browser)).toBe(true);
    const query = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: back });
    const page = await browser.visit(`${world.issuer}/logout?${query}`);
    expect((await page.press('#logout-yes')).url.href).toBe(back);
    expect(await isSignedIn(browser)).toBe(false);
  });
});

describe('signing out', () => {
  test('takes a click: the address alone does nothing', async () => {
    const { browser, hint } = await signedIn();
    await browser.visit(app.signOutUrl({ id_token_hint: hint, post_logout_redirect_uri: back }));
    expect(await isSignedIn(browser)).toBe(true);
  });

  test('takes the form of this browser', async () => {
    const { browser } = await signedIn();
    const other = await signedIn();
    const page = await other.browser.visit(`${world.issuer}/logout`);
    const forged = await browser.post(`${world.issuer}/logout/confirm`, {
      xsrf: page.value('xsrf') ?? '',
      logout: 'yes',
    });
    expect(forged.status).toBe(400);
    const empty = await browser.post(`${world.issuer}/logout/confirm`, { logout: 'yes' });
    expect(empty.status).toBe(400);
    expect(await isSignedIn(browser)).toBe(true);
  });

  test('ends the tokens of every app of the session', async () => {
    const { browser, tokens, hint } = await signedIn();
    const staying = await world.app({ clientId: 'staying', scope: 'openid' });
    const also = await signInto(staying, browser);
    const page = await browser.visit(app.signOutUrl({ id_token_hint: hint }));
    await page.press('#logout-yes');
    expect(await refusalOf(app.userinfo(tokens.access_token))).toBe('401 invalid_token');
    expect(await refusalOf(staying.userinfo(also.tokens.access_token))).toBe('401 invalid_token');
  });

  test('ends nobody else, and not the same person at another browser', async () => {
    const { browser } = await signedIn();
    const elsewhere = await signedIn();
    await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');
    expect(await isSignedIn(elsewhere.browser)).toBe(true);
    expect((await app.userinfo(elsewhere.tokens.access_token)).sub).toBeDefined();
  });

  test('once confirmed, the form serves no second time', async () => {
    const { browser } = await signedIn();
    const page = await browser.visit(`${world.issuer}/logout`);
    await page.press('#logout-yes');
    await signInto(app, browser);
    expect((await page.press('#logout-yes')).status).toBe(400);
    expect(await isSignedIn(browser)).toBe(true);
  });

  test('a browser app may send people here as well', async () => {
    const spa = await openPublicApp(world, 'layanan-spa', { redirectUri: 'http://localhost:3003/callback' });
    const browser = world.browser();
    const { tokens } = await signInto(spa, browser);
    const ended = {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: 'http://localhost:3003/signed-out',
    };
    const page = await browser.visit(spa.signOutUrl({ ...ended, state: 'x' }));
    expect(answered(await page.press('#logout-yes'))).toEqual({ state: 'x' });
  });

  test('hostile values get a page and no fault', async () => {
    for (const query of [
      'state=%00',
      'ui_locales=%3Cscript%3Ealert(1)',
      'id_token_hint=a&id_token_hint=b',
      'client_id=nobody',
    ]) {
      const said = await ask(`${world.issuer}/logout?${query}`, { headers: { accept: 'text/html' } });
      expect(said.status, query).toBeLessThan(500);
      expect(said.body).not.toContain('<script>alert');
    }
  });
});

describe('at an app that is stopped', () => {
  let stopped: RelyingParty;

  async function signedInAndStopped() {
    await world.database.transaction((tx) => setClientState(tx, 'stopping', 'live', 'test'));
    await world.house.clients.refresh();
    const browser = world.browser({ stopAt: [back] });
    const { tokens } = await signInto(stopped, browser);
    await world.database.transaction((tx) => setClientState(tx, 'stopping', 'suspended', 'test'));
    await world.house.clients.refresh();
    return { browser, hint: tokens.id_token ?? '' };
  }

  beforeAll(async () => {
    await world.declare(curious('stopping', { post_logout_redirect_uris: [back] }));
    stopped = await world.app({ clientId: 'stopping', scope: 'openid profile' });
  });

  test.each<[string, (hint: string) => Record<string, string>]>([
    ['its hint', (id_token_hint) => ({ id_token_hint })],
    ['its hint and everything else', (id_token_hint) => ({ id_token_hint, client_id: 'stopping', state: 'x' })],
    ['its id', () => ({ client_id: 'stopping' })],
    ['the id of nobody', () => ({ client_id: 'nobody' })],
  ])('%s leads to the form, and the form signs out and stays here', async (_what, parametersOf) => {
    const { browser, hint } = await signedInAndStopped();
    const query = new URLSearchParams({ ...parametersOf(hint), post_logout_redirect_uri: back });
    const page = await browser.visit(`${world.issuer}/logout?${query}`);
    expect(page.status).toBe(200);
    expect(await isSignedIn(browser)).toBe(true);
    expect((await page.press('#logout-yes')).has('#logout-done')).toBe(true);
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('two hints are refused as everywhere', async () => {
    const { browser, hint } = await signedInAndStopped();
    const page = await browser.visit(`${world.issuer}/logout?id_token_hint=${hint}&id_token_hint=${hint}`);
    expect(page.status).toBe(400);
  });
});
