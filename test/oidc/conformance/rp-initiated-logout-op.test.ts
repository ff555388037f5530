import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { answered, ask, claimsOf, headerOf, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import type { Parameters, RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, type World } from '#test/support/world.ts';

const back = 'http://localhost:3001/signed-out';

describe('plan RP-Initiated Logout OP', () => {
  let world: World;
  let app: RelyingParty;

  beforeAll(async () => {
    world = await openWorld();
    app = await world.app();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** Somebody signed in, and the ID token that the app holds. */
  async function signedIn(): Promise<{ browser: BrowserAgent; hint: string }> {
    const browser = world.browser();
    const { tokens } = await signInto(app, browser);
    return { browser, hint: tokens.id_token ?? '' };
  }

  const end = (browser: BrowserAgent, parameters: Parameters) =>
    browser.visit(`${world.issuer}/logout?${new URLSearchParams(parameters)}`);

  async function isSignedIn(browser: BrowserAgent): Promise<boolean> {
    const attempt = await app.startSignIn({ prompt: 'none' });
    return 'code' in answered(await browser.visit(attempt.url));
  }

  /** The person is asked, says yes, and stands at the end of it. */
  async function confirm(page: Page): Promise<Page> {
    expect(page.status).toBe(200);
    return page.press('#logout-yes');
  }

  function expectSignedOutPage(page: Page): void {
    expect(page.status).toBe(200);
    expect(page.has('#logout-done')).toBe(true);
    expect(page.url.origin).toBe(world.issuer);
  }

  /** An error page: nobody is redirected and nobody is signed out. */
  async function expectRefused(browser: BrowserAgent, page: Page): Promise<void> {
    expect(page.status).toBe(400);
    expect(page.text('#error-code')).toBe('invalid_request');
    expect(page.hops).toHaveLength(1);
    expect(await isSignedIn(browser)).toBe(true);
  }

  test('oidcc-rp-initiated-logout-discovery-endpoint-verification: end_session_endpoint is there', async () => {
    const { json } = await ask(`${world.issuer}/.well-known/openid-configuration`);
    expect(json.end_session_endpoint).toBe(`${world.issuer}/logout`);
  });

  test('oidcc-rp-initiated-logout: back at the app with its state, and the session is over', async () => {
    const { browser, hint } = await signedIn();
    const page = await end(browser, { id_token_hint: hint, post_logout_redirect_uri: back, state: 'a b&c' });
    const arrived = await confirm(page);
    expect(arrived.url.origin + arrived.url.pathname).toBe(back);
    expect(answered(arrived)).toEqual({ state: 'a b&c' });
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('oidcc-rp-initiated-logout-bad-post-logout-redirect-uri: a page, and still signed in', async () => {
    const { browser, hint } = await signedIn();
    const parameters = { id_token_hint: hint, post_logout_redirect_uri: 'http://localhost:3001/elsewhere' };
    await expectRefused(browser, await end(browser, parameters));
  });

  test('oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri: a page, and still signed in', async () => {
    const { browser, hint } = await signedIn();
    const parameters = { id_token_hint: hint, post_logout_redirect_uri: `${back}?foo=bar` };
    await expectRefused(browser, await end(browser, parameters));
  });

  test('oidcc-rp-initiated-logout-modified-id-token-hint: a page, and still signed in', async () => {
    const { browser, hint } = await signedIn();
    const [header, , signature] = hint.split('.');
    const altered = Buffer.from(JSON.stringify({ ...claimsOf(hint), sub: 'another' })).toString('base64url');
    const parameters = { id_token_hint: `${header}.${altered}.${signature}`, post_logout_redirect_uri: back };
    await expectRefused(browser, await end(browser, parameters));
  });

  test('oidcc-rp-initiated-logout-bad-id-token-hint: signed by a foreign key, a page, and still signed in', async () => {
    const { browser, hint } = await signedIn();
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const header = { ...headerOf(hint), alg: 'ES256', jwk: await exportJWK(publicKey) };
    const forged = await new SignJWT(claimsOf(hint)).setProtectedHeader(header).sign(privateKey);
    await expectRefused(browser, await end(browser, { id_token_hint: forged, post_logout_redirect_uri: back }));
    await expectRefused(browser, await end(browser, { id_token_hint: 'no token', post_logout_redirect_uri: back }));
  });

  test('oidcc-rp-initiated-logout-no-id-token-hint: asks, signs out, and stays here', async () => {
    const { browser } = await signedIn();
    const page = await end(browser, { post_logout_redirect_uri: back, state: 'x' });
    expect(await isSignedIn(browser)).toBe(true);
    expectSignedOutPage(await confirm(page));
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('oidcc-rp-initiated-logout-no-params: asks, signs out, and stays here', async () => {
    const { browser } = await signedIn();
    expectSignedOutPage(await confirm(await end(browser, {})));
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri: signs out and stays here', async () => {
    const { browser, hint } = await signedIn();
    expectSignedOutPage(await confirm(await end(browser, { id_token_hint: hint, state: 'x' })));
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('oidcc-rp-initiated-logout-no-state: back at the app, without a state', async () => {
    const { browser, hint } = await signedIn();
    const arrived = await confirm(await end(browser, { id_token_hint: hint, post_logout_redirect_uri: back }));
    expect(arrived.url.href).toBe(back);
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('oidcc-rp-initiated-logout-only-state: asks, signs out, and stays here', async () => {
    const { browser } = await signedIn();
    expectSignedOutPage(await confirm(await end(browser, { state: 'x' })));
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('client_id in place of a hint: asks, and goes back to the app', async () => {
    const { browser } = await signedIn();
    const page = await end(browser, { client_id: 'puskesmas-online', post_logout_redirect_uri: back, state: 's' });
    expect(answered(await confirm(page))).toEqual({ state: 's' });
  });

  test('a hint that names another app than client_id: a page, and still signed in', async () => {
    const { browser, hint } = await signedIn();
    await expectRefused(browser, await end(browser, { client_id: 'pajak-daerah', id_token_hint: hint }));
  });

  test('an expired hint still says which app asks', async () => {
    const { hint } = await signedIn();
    vi.useFakeTimers({ toFake: ['Date'], now: (Number(claimsOf(hint).exp) + 60) * 1000 });
    try {
      const { browser } = await signedIn();
      const page = await end(browser, { id_token_hint: hint, post_logout_redirect_uri: back, state: 's' });
      expect(answered(await confirm(page))).toEqual({ state: 's' });
    } finally {
      vi.useRealTimers();
    }
  });

  test('a request by POST is led to the page by 303', async () => {
    const { browser, hint } = await signedIn();
    const form = { id_token_hint: hint, post_logout_redirect_uri: back, state: 's' };
    const page = await browser.post(`${world.issuer}/logout`, form, 'null');
    expect(page.hops[0]).toMatchObject({ method: 'POST', status: 303 });
    expect(answered(await confirm(page))).toEqual({ state: 's' });
  });

  test('"no" leaves the person signed in at the provider and goes back to the app', async () => {
    const { browser, hint } = await signedIn();
    const page = await end(browser, { id_token_hint: hint, post_logout_redirect_uri: back, state: 's' });
    expect(answered(await page.press('#logout-no'))).toEqual({ state: 's' });
    expect(await isSignedIn(browser)).toBe(true);
  });

  test('nobody signed in: goes back to the app all the same', async () => {
    const { hint } = await signedIn();
    const stranger = world.browser();
    const page = await end(stranger, { id_token_hint: hint, post_logout_redirect_uri: back, state: 's' });
    expect(answered(await page.submit())).toEqual({ state: 's' });
  });
});
