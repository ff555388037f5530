/**
 * The modules of the OpenID Foundation's plan `oidcc-basic-certification-test-plan`, each a test that asks what the
 * module asks. The plan Form Post OP is the same list with `response_mode=form_post`.
 *
 * As in the suite, the app is confidential and sends no proof key, which takes the registry's exception
 * (`require_pkce: false`); the module about PKCE shows that it is checked all the same where it is sent.
 */
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { claimsOfScope } from '#src/registry/claims.ts';
import {
  answered,
  answerOf,
  ask,
  bearer,
  claimsOf,
  curious,
  everyScope,
  finishWithoutPkce,
  goThrough,
  headerOf,
  land,
  refusalOf,
  withoutPkce,
} from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import type { Overrides, RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, signIn, type World } from '#test/support/world.ts';

/** The claims of budi@contoh.id, who has every one of OpenID Connect Core §5.1, with the types that §5.1 asks for. */
const budi = {
  profile: {
    name: 'Budi Agung Santoso',
    given_name: 'Budi',
    family_name: 'Santoso',
    middle_name: 'Agung',
    nickname: 'Bud',
    preferred_username: 'budi.santoso',
    profile: expect.stringMatching(/^https:\/\//),
    picture: expect.stringMatching(/^https:\/\//),
    website: expect.stringMatching(/^https:\/\//),
    gender: 'male',
    birthdate: '1987-03-14',
    zoneinfo: 'Asia/Jakarta',
    locale: 'id-ID',
    updated_at: expect.any(Number),
  },
  email: { email: 'budi@contoh.id', email_verified: true },
  phone: { phone_number: '+6281200000002', phone_number_verified: true },
  address: {
    address: {
      formatted: expect.stringContaining('Semarang'),
      street_address: 'Jalan Pemuda 12',
      locality: 'Semarang',
      region: 'Jawa Tengah',
      postal_code: '50132',
      country: 'ID',
    },
  },
};

/** Declares the tests of the plan; `mode` is added to every request. */
export function testBasicPlan(mode: { response_mode?: string }): void {
  let world: World;
  let app: RelyingParty;

  beforeAll(async () => {
    world = await openWorld();
    await world.declare(
      curious('suite', { require_pkce: false }),
      curious('suite-two', { require_pkce: false, redirect_uris: ['http://localhost:3002/callback'] }),
      curious('suite-post', { require_pkce: false, token_endpoint_auth_method: 'client_secret_post' }),
    );
    app = await world.app({ clientId: 'suite', scope: 'openid' });
  });
  afterAll(() => world?.[Symbol.asyncDispose]());
  afterEach(() => void vi.useRealTimers());

  const start = (overrides: Overrides = {}) => app.startSignIn({ ...withoutPkce, ...mode, ...overrides });

  /** A request answered with tokens, budi signing in where the pages ask for it. */
  async function authorize(browser: BrowserAgent, overrides: Overrides = {}) {
    const attempt = await start(overrides);
    const page = await goThrough(browser, attempt.url, 'budi@contoh.id');
    const tokens = await finishWithoutPkce(app, attempt, page);
    return { attempt, page, tokens, claims: tokens.claims() };
  }

  /** A request that must be answered with an error: to the app, or as a page where there is nobody to answer. */
  async function refuse(browser: BrowserAgent, overrides: Overrides): Promise<Page> {
    const attempt = await start(overrides);
    return land(await browser.visit(attempt.url));
  }

  function later(seconds: number): void {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + seconds * 1000);
  }

  test('oidcc-server: a request for a code is answered with state and iss, and the code with tokens', async () => {
    const { attempt, page, tokens, claims } = await authorize(world.browser());
    const answer = answered(page);
    expect(Object.keys(answer).sort()).toEqual(['code', 'iss', 'state']);
    expect(answer).toMatchObject({ state: attempt.state, iss: world.issuer });
    expect(page.hops.at(-1)?.method).toBe(mode.response_mode ? 'POST' : 'GET');
    expect(page.url.hash).toBe('');
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 600, scope: 'openid' });
    expect(claims).toMatchObject({ iss: world.issuer, aud: 'suite', nonce: attempt.nonce });
    expect(claims?.sub).toMatch(/^[\x21-\x7e]{1,255}$/);
    expect(claims?.exp).toBeGreaterThan(claims?.iat ?? Number.NaN);
    expect(await app.userinfo(tokens.access_token, claims?.sub)).toEqual({ sub: claims?.sub });
  });

  test('oidcc-response-type-missing: the app is told, with its state', async () => {
    const page = await refuse(world.browser(), { response_type: '' });
    expect(answered(page)).toMatchObject({ error: 'invalid_request', iss: world.issuer, state: expect.any(String) });
    expect(answerOf(page).has('code')).toBe(false);
  });

  test('oidcc-idtoken-signature: the ID token is signed by a published key, which its kid names', async () => {
    const { tokens } = await authorize(world.browser());
    const keys = createRemoteJWKSet(new URL(`${world.issuer}/jwks`));
    const { protectedHeader } = await jwtVerify(tokens.id_token ?? '', keys, {
      issuer: world.issuer,
      audience: 'suite',
    });
    expect(protectedHeader).toMatchObject({ alg: 'ES256', kid: expect.any(String) });
  });

  test('oidcc-idtoken-unsigned: an ID token is never unsigned, so the module does not apply', async () => {
    const { json } = await ask(`${world.issuer}/.well-known/openid-configuration`);
    expect(json.id_token_signing_alg_values_supported).toEqual(['ES256', 'RS256']);
    await expect(world.declare(curious('unsigned', { id_token_signed_response_alg: 'none' }))).rejects.toThrow(
      'id_token_signed_response_alg',
    );
  });

  test.each([
    ['get', (url: string, token: string) => ask(url, { headers: bearer(token) })],
    ['post-header', (url: string, token: string) => ask(url, { method: 'POST', headers: bearer(token) })],
    ['post-body', (url: string, token: string) => ask(url, { form: { access_token: token } })],
  ])('oidcc-userinfo-%s: userinfo answers this way of sending the token', async (_way, send) => {
    const { tokens, claims } = await authorize(world.browser(), { scope: 'openid email' });
    const { status, json, headers } = await send(`${world.issuer}/userinfo`, tokens.access_token);
    expect(status).toBe(200);
    expect(json).toEqual({ sub: claims?.sub, ...budi.email });
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('oidcc-ensure-request-without-nonce-succeeds-for-code-flow: and the ID token then has none', async () => {
    const attempt = await start({ nonce: undefined });
    const page = await goThrough(world.browser(), attempt.url, 'budi@contoh.id');
    const code = answerOf(page).get('code') ?? '';
    const { id_token } = await app.requestGrant('authorization_code', { code, redirect_uri: app.redirectUri });
    expect(claimsOf(id_token)).not.toHaveProperty('nonce');
  });

  test.each(['profile', 'email', 'address', 'phone'] as const)(
    'oidcc-scope-%s: userinfo has the claims of the scope, the ID token has not',
    async (scope) => {
      const { tokens, claims } = await authorize(world.browser(), { scope: `openid ${scope}` });
      expect(await app.userinfo(tokens.access_token)).toEqual({ sub: claims?.sub, ...budi[scope] });
      for (const claim of claimsOfScope[scope]) expect(claims).not.toHaveProperty(claim);
    },
  );

  test('oidcc-scope-all: userinfo has the claims of all scopes', async () => {
    const { tokens, claims } = await authorize(world.browser(), { scope: 'openid profile email address phone' });
    const all = { sub: claims?.sub, ...budi.profile, ...budi.email, ...budi.address, ...budi.phone };
    expect(await app.userinfo(tokens.access_token)).toEqual(all);
  });

  test('oidcc-ensure-other-scope-order-succeeds: openid need not come first', async () => {
    const { tokens, claims } = await authorize(world.browser(), { scope: 'email openid' });
    expect(await app.userinfo(tokens.access_token)).toEqual({ sub: claims?.sub, ...budi.email });
  });

  test('oidcc-alternate-happy-flow: scopes and parameters in another order mean the same', async () => {
    const attempt = await start({ scope: 'email openid' });
    const reversed = new URL(attempt.url.origin + attempt.url.pathname);
    for (const [name, value] of [...attempt.url.searchParams].reverse()) reversed.searchParams.append(name, value);
    const page = await goThrough(world.browser(), reversed, 'budi@contoh.id');
    expect((await finishWithoutPkce(app, attempt, page)).scope?.split(' ').sort()).toEqual(['email', 'openid']);
  });

  test.each(['page', 'popup'])('oidcc-display-%s: the request is answered as any other', async (display) => {
    expect((await authorize(world.browser(), { display })).claims?.aud).toBe('suite');
  });

  test('oidcc-prompt-login: signs in anew although there is a session, and auth_time says so', async () => {
    const claims = JSON.stringify({ id_token: { auth_time: { essential: true } } });
    const browser = world.browser();
    const first = await authorize(browser, { claims });
    later(5);
    const attempt = await start({ claims, prompt: 'login' });
    const page = await browser.visit(attempt.url);
    expect(page.has('input[name="password"]')).toBe(true);
    const second = await finishWithoutPkce(app, attempt, await land(await signIn(page, 'budi@contoh.id')));
    expect(Number(second.claims()?.auth_time) - Number(first.claims?.auth_time)).toBeGreaterThanOrEqual(5);
    expect(second.claims()?.sub).toBe(first.claims?.sub);
  });

  test('oidcc-prompt-none-not-logged-in: login_required without a page', async () => {
    const attempt = await start({ prompt: 'none' });
    const page = await land(await world.browser().visit(attempt.url));
    expect(answered(page)).toMatchObject({ error: 'login_required', state: attempt.state, iss: world.issuer });
  });

  test('oidcc-prompt-none-logged-in: answered without a page, about the same sign-in', async () => {
    const claims = JSON.stringify({ id_token: { auth_time: null } });
    const browser = world.browser();
    const first = await authorize(browser, { claims });
    later(3);
    const attempt = await start({ prompt: 'none', claims });
    const second = await finishWithoutPkce(app, attempt, await land(await browser.visit(attempt.url)));
    expect(second.claims()).toMatchObject({ sub: first.claims?.sub, auth_time: first.claims?.auth_time });
  });

  test('oidcc-max-age-1: a sign-in older than a second is repeated, and auth_time is told', async () => {
    const browser = world.browser();
    const first = await authorize(browser, { max_age: '1' });
    later(3);
    const attempt = await start({ max_age: '1' });
    const page = await browser.visit(attempt.url);
    expect(page.has('input[name="password"]')).toBe(true);
    const second = await finishWithoutPkce(app, attempt, await land(await signIn(page, 'budi@contoh.id')), {
      maxAge: 1,
    });
    expect(Number(second.claims()?.auth_time) - Number(first.claims?.auth_time)).toBeGreaterThanOrEqual(3);
  });

  test('oidcc-max-age-10000: a fresh enough sign-in is not repeated, and auth_time is told', async () => {
    const browser = world.browser();
    const first = await authorize(browser, { max_age: '10000' });
    later(60);
    const attempt = await start({ max_age: '10000' });
    const page = await land(await browser.visit(attempt.url));
    const second = await finishWithoutPkce(app, attempt, page, { maxAge: 10_000 });
    expect(second.claims()).toMatchObject({ sub: first.claims?.sub, auth_time: first.claims?.auth_time });
  });

  test('oidcc-ensure-request-with-unknown-parameter-succeeds: what is not understood is ignored', async () => {
    expect((await authorize(world.browser(), { extra: 'foobar' })).claims?.aud).toBe('suite');
  });

  test('oidcc-id-token-hint: prompt=none with the ID token of the one who is signed in', async () => {
    const browser = world.browser();
    const first = await authorize(browser);
    const attempt = await start({ prompt: 'none', id_token_hint: first.tokens.id_token });
    const second = await finishWithoutPkce(app, attempt, await land(await browser.visit(attempt.url)));
    expect(second.claims()?.sub).toBe(first.claims?.sub);
  });

  test('oidcc-login-hint: the sign-in page has it filled in', async () => {
    const attempt = await start({ login_hint: 'budi@contoh.id' });
    const page = await world.browser().visit(attempt.url);
    expect(page.value('identifier')).toBe('budi@contoh.id');
    const tokens = await finishWithoutPkce(app, attempt, await land(await signIn(page, 'budi@contoh.id')));
    expect(tokens.claims()?.aud).toBe('suite');
  });

  test('oidcc-ui-locales: the pages are in the first language that we have, and an unknown one does no harm', async () => {
    const english = await world.browser().visit((await start({ ui_locales: 'se en-GB id' })).url);
    expect(english.attribute('html', 'lang')).toBe('en');
    expect((await authorize(world.browser(), { ui_locales: 'se' })).claims?.aud).toBe('suite');
  });

  test('oidcc-claims-locales: the request is answered as any other', async () => {
    expect((await authorize(world.browser(), { claims_locales: 'se' })).claims?.aud).toBe('suite');
  });

  test('oidcc-ensure-request-with-acr-values-succeeds: values we do not know as well, and the acr reached is told', async () => {
    expect((await authorize(world.browser(), { acr_values: '1 2' })).claims?.acr).toBe('aal1');
    expect((await authorize(world.browser(), { acr_values: 'aal1 aal2' })).claims?.acr).toBe('aal1');
  });

  test.each([
    ['oidcc-codereuse', 0],
    ['oidcc-codereuse-30seconds', 31],
  ])('%s: the second use is refused, and ends the tokens of the first', async (_module, seconds) => {
    const { page, tokens } = await authorize(world.browser());
    if (seconds > 0) later(seconds);
    const code = answerOf(page).get('code') ?? '';
    const again = app.requestGrant('authorization_code', { code, redirect_uri: app.redirectUri });
    expect(await refusalOf(again)).toBe('400 invalid_grant');
    expect(await refusalOf(app.userinfo(tokens.access_token))).toBe('401 invalid_token');
  });

  test('oidcc-ensure-registered-redirect-uri: an unregistered one gets a page, never a redirect', async () => {
    const page = await refuse(world.browser(), { redirect_uri: 'http://localhost:3001/callback/other' });
    expect(page.status).toBe(400);
    expect(page.text('#error-code')).toBe('redirect_uri_mismatch');
    expect(page.hops).toHaveLength(1);
  });

  test('oidcc-ensure-post-request-succeeds: the request as a form', async () => {
    const attempt = await start();
    const browser = world.browser();
    const asked = await browser.post(`${world.issuer}/authorize`, Object.fromEntries(attempt.url.searchParams), 'null');
    const page = await land(await signIn(asked, 'budi@contoh.id'));
    expect((await finishWithoutPkce(app, attempt, page)).claims()?.aud).toBe('suite');
  });

  test('oidcc-server-client-secret-post: the secret in the body', async () => {
    const other = await world.app({ clientId: 'suite-post', scope: 'openid', secretIn: 'post' });
    const attempt = await other.startSignIn({ ...withoutPkce, ...mode });
    const page = await goThrough(world.browser(), attempt.url, 'budi@contoh.id');
    expect((await finishWithoutPkce(other, attempt, page)).claims()?.aud).toBe('suite-post');
  });

  test('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported: rejected', async () => {
    const page = await refuse(world.browser(), { request_uri: 'https://uji.contoh.go.id/request.jwt' });
    expect(answered(page)).toMatchObject({ error: 'request_uri_not_supported', state: expect.any(String) });
  });

  test('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported: rejected', async () => {
    const page = await refuse(world.browser(), { request: unsigned({ client_id: 'suite', nonce: 'x' }) });
    expect(answered(page)).toMatchObject({ error: 'request_not_supported', state: expect.any(String) });
  });

  test('oidcc-ensure-request-object-with-redirect-uri: rejected before its redirect URI counts', async () => {
    const request = unsigned({ client_id: 'suite', redirect_uri: 'http://localhost:3009/callback' });
    const page = await refuse(world.browser(), { request });
    expect(page.url.href).toMatch(/^http:\/\/localhost:3001\/callback/);
    expect(answered(page)).toMatchObject({ error: 'request_not_supported' });
  });

  test('oidcc-claims-essential: userinfo has the claim that was asked for by name', async () => {
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } });
    const { tokens } = await authorize(world.browser(), { scope: 'openid', claims });
    const told = await app.userinfo(tokens.access_token);
    expect(told).toEqual({ sub: expect.any(String), name: 'Budi Agung Santoso' });
  });

  test('oidcc-refresh-token: serves its own app and no other, and the new ID token is about the same sign-in', async () => {
    const offline = { scope: everyScope, prompt: 'consent', max_age: '3600' };
    const first = await authorize(world.browser(), offline);
    const token = first.tokens.refresh_token ?? '';
    const second = await app.refresh(token);
    const { iss, sub, aud, auth_time } = first.claims ?? {};
    expect(claimsOf(second.id_token)).toMatchObject({ iss, sub, aud, auth_time });
    expect(headerOf(second.id_token).alg).toBe('ES256');
    expect(await app.userinfo(second.access_token)).toMatchObject({ sub });

    const other = await world.app({ clientId: 'suite-two', redirectUri: 'http://localhost:3002/callback' });
    expect(await refusalOf(other.refresh(token))).toBe('400 invalid_grant');
  });

  test('oidcc-ensure-request-with-valid-pkce-succeeds: checked where it is sent', async () => {
    const attempt = await app.startSignIn(mode);
    const page = await goThrough(world.browser(), attempt.url, 'budi@contoh.id');
    expect((await app.finishSignIn(attempt, page)).claims()?.aud).toBe('suite');
  });
}

/** A request object signed by nobody. */
function unsigned(claims: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode({ alg: 'none' })}.${encode({ ...claims, response_type: 'code' })}.`;
}
