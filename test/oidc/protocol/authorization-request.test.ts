import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  answered,
  answerOf,
  ask,
  basic,
  curious,
  finishWithoutPkce,
  getCode,
  goThrough,
  land,
  refusalOf,
  signInto,
  withoutPkce,
} from '#test/oidc/flows.ts';
import type { Page } from '#test/support/page.ts';
import type { Overrides, RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, secretOf, signIn, type World } from '#test/support/world.ts';

const callback = 'https://uji.contoh.go.id/masuk/callback';

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  await world.declare(
    curious('exact', { redirect_uris: [callback, 'https://uji.contoh.go.id/masuk/kedua?app=1'] }),
    curious('legacy', { require_pkce: false }),
  );
  app = await world.app();
});
afterAll(() => world?.[Symbol.asyncDispose]());

const visit = async (from: RelyingParty, overrides: Overrides) =>
  world.browser({ stopAt: [callback] }).visit((await from.startSignIn(overrides)).url);

function expectPage(page: Page, code: string): void {
  expect(page.status).toBe(code === 'client_not_found' ? 404 : 400);
  expect(page.hops).toHaveLength(1);
  expect(page.text('#error-code')).toBe(code);
  expect(page.text('#error-reference')).not.toBe('');
}

describe('redirect URIs are compared exactly (RFC 9700 §2.1); others get a page, never a redirect', () => {
  const exact = (overrides: Overrides = {}) =>
    world.app({ clientId: 'exact', redirectUri: callback }).then((from) => visit(from, overrides));

  test('the registered one leads to the sign-in page', async () => {
    expect((await exact()).has('#sign-in')).toBe(true);
    expect((await exact({ redirect_uri: 'https://uji.contoh.go.id/masuk/kedua?app=1' })).has('#sign-in')).toBe(true);
  });

  test.each([
    'https://uji.contoh.go.id/masuk/callback/',
    'https://uji.contoh.go.id/masuk/callback/more',
    'https://uji.contoh.go.id/masuk/callbackx',
    'https://uji.contoh.go.id/masuk/callback?x=1',
    'https://uji.contoh.go.id/masuk/callback?',
    'https://uji.contoh.go.id/masuk/callback#fragment',
    'https://uji.contoh.go.id/masuk/callback#',
    'https://uji.contoh.go.id/masuk/callback%20',
    'https://uji.contoh.go.id/masuk/callback\t',
    ' https://uji.contoh.go.id/masuk/callback',
    'https://uji.contoh.go.id/masuk/CALLBACK',
    'HTTPS://uji.contoh.go.id/masuk/callback',
    'https://UJI.contoh.go.id/masuk/callback',
    'https://uji.contoh.go.id./masuk/callback',
    'https://uji.contoh.go.id:443/masuk/callback',
    'https://uji.contoh.go.id:8443/masuk/callback',
    'http://uji.contoh.go.id/masuk/callback',
    'https://uji.contoh.go.id.evil.example/masuk/callback',
    'https://eviluji.contoh.go.id/masuk/callback',
    'https://evil.uji.contoh.go.id/masuk/callback',
    'https://uji.contoh.go.id@evil.example/masuk/callback',
    'https://evil.example@uji.contoh.go.id/masuk/callback',
    'https://uji.contoh.go.id%2f@evil.example/masuk/callback',
    'https://uji.contoh.go.id\\@evil.example/masuk/callback',
    'https://uji.contoh.go.id/masuk/%2e%2e/masuk/callback',
    'https://uji.contoh.go.id/masuk/..;/masuk/callback',
    'https://uji.contoh.go.id/masuk/../masuk/callback',
    'https://uji.contoh.go.id/masuk//callback',
    'https://uji.contoh.go.id//masuk/callback',
    'https:uji.contoh.go.id/masuk/callback',
    '//uji.contoh.go.id/masuk/callback',
    '/masuk/callback',
    'https://xn--uji-0na.contoh.go.id/masuk/callback',
    'https://uji。contoh.go.id/masuk/callback',
    'https://[::ffff:7f00:1]/masuk/callback',
    'https://uji.contoh.go.id/masuk/kedua?app=2',
    'https://uji.contoh.go.id/masuk/kedua?app=1&app=2',
    'https://uji.contoh.go.id/masuk/kedua',
    'javascript:alert(1)',
    'data:text/html,x',
  ])('%s', async (redirect_uri) => {
    expectPage(await exact({ redirect_uri }), 'redirect_uri_mismatch');
  });

  test('also where the request has another mistake', async () => {
    const page = await exact({ redirect_uri: 'https://evil.example/', response_type: 'token', prompt: 'none' });
    expectPage(page, 'redirect_uri_mismatch');
  });

  test('a missing one is not guessed', async () => {
    expectPage(await exact({ redirect_uri: undefined }), 'invalid_request');
  });

  test('a sandbox leaves the port of a loopback address free, and nothing else of it', async () => {
    expect((await visit(app, { redirect_uri: 'http://localhost:49152/callback' })).has('#sign-in')).toBe(true);
    expectPage(await visit(app, { redirect_uri: 'http://127.0.0.1:3001/callback' }), 'redirect_uri_mismatch');
    expectPage(await visit(app, { redirect_uri: 'http://localhost:49152/callback/x' }), 'redirect_uri_mismatch');
  });

  test('an unknown app gets a page', async () => {
    expectPage(await visit(app, { client_id: 'nobody' }), 'client_not_found');
    expectPage(await world.browser().visit(`${world.issuer}/authorize?response_type=code`), 'invalid_request');
  });
});

describe('what an app is told at its redirect URI, always with state and iss (RFC 9207)', () => {
  test.each<[string, Overrides, string]>([
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['an ID token from the front channel', { response_type: 'id_token' }, 'unsupported_response_type'],
    ['the hybrid flow', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['the hybrid flow with a token', { response_type: 'code token' }, 'unsupported_response_type'],
    ['no answer at all', { response_type: 'none' }, 'unsupported_response_type'],
    ['an unknown response type', { response_type: 'kode' }, 'unsupported_response_type'],
    ['an unknown response mode', { response_mode: 'web_message' }, 'unsupported_response_mode'],
    ['an encrypted response mode', { response_mode: 'jwt' }, 'unsupported_response_mode'],
    ['a request object', { request: 'e30.e30.' }, 'request_not_supported'],
    ['a request by reference', { request_uri: 'https://uji.contoh.go.id/x' }, 'request_uri_not_supported'],
    ['a registration', { registration: '{}' }, 'registration_not_supported'],
    ['no proof key', withoutPkce, 'invalid_request'],
    ['a plain proof key', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a proof key without a method, which would be plain', { code_challenge_method: undefined }, 'invalid_request'],
    ['a method without a proof key', { code_challenge: undefined }, 'invalid_request'],
    ['a proof key of the wrong length', { code_challenge: 'short' }, 'invalid_request'],
    ['a scope the app is not registered for', { scope: 'openid phone' }, 'invalid_scope'],
    ['no scope', { scope: undefined, nonce: undefined }, 'invalid_scope'],
    ['scopes without openid', { scope: 'profile email', nonce: undefined }, 'invalid_scope'],
    ['unknown scopes alone', { scope: 'everything', nonce: undefined }, 'invalid_scope'],
    ['claims without openid', { scope: 'profile', claims: '{"userinfo":{}}', nonce: undefined }, 'invalid_request'],
    ['claims that are no JSON', { claims: '{' }, 'invalid_request'],
    ['claims that are no object', { claims: '[]' }, 'invalid_request'],
    ['claims of an unknown place', { claims: '{"token":{}}' }, 'invalid_request'],
    ['an unknown prompt', { prompt: 'nothing' }, 'invalid_request'],
    ['prompt=none beside another', { prompt: 'none login' }, 'invalid_request'],
    ['a negative max_age', { max_age: '-1' }, 'invalid_request'],
    ['a max_age that is no number', { max_age: 'soon' }, 'invalid_request'],
    ['an id_token_hint that is none', { id_token_hint: 'x' }, 'invalid_request'],
    ['an unregistered resource', { resource: 'https://elsewhere.contoh.go.id/' }, 'invalid_target'],
    ['prompt=none without a session', { prompt: 'none' }, 'login_required'],
  ])('%s: %o is %s', async (_what, overrides, error) => {
    const attempt = await app.startSignIn(overrides);
    const answer = answered(await land(await world.browser().visit(attempt.url)));
    expect(answer).toMatchObject({ error, state: attempt.state, iss: world.issuer });
    expect(answer).not.toHaveProperty('code');
    expect(answer).not.toHaveProperty('access_token');
  });

  test('cancelling is access_denied', async () => {
    const attempt = await app.startSignIn();
    const page = await world.browser().visit(attempt.url);
    expect(answered(await page.press('#cancel'))).toMatchObject({
      error: 'access_denied',
      state: attempt.state,
      iss: world.issuer,
    });
  });

  test('refusing the consent is access_denied, and no tokens come of it', async () => {
    const attempt = await app.startSignIn({ prompt: 'consent' });
    const browser = world.browser();
    const page = await browser.visit(attempt.url);
    page.fill({ identifier: 'siti@contoh.id', password: 'lawang-sandbox' });
    const consent = await page.press('#sign-in');
    expect(answered(await consent.press('#consent-deny'))).toMatchObject({ error: 'access_denied', iss: world.issuer });
  });

  test('errors come by form where the app asked for form_post, and by fragment where for fragment', async () => {
    const posted = await visit(app, { response_mode: 'form_post', prompt: 'none' });
    expect(posted.status).toBe(400);
    expect(answered(await land(posted))).toMatchObject({ error: 'login_required', iss: world.issuer });
    const page = await visit(app, { response_mode: 'fragment', prompt: 'none' });
    expect(answered(page)).toMatchObject({ error: 'login_required', iss: world.issuer });
    expect(page.url.search).toBe('');
  });

  test('a code comes by form or by fragment as asked', async () => {
    const browser = world.browser();
    const { tokens } = await signInto(app, browser, { response_mode: 'form_post' });
    expect(tokens.claims()?.aud).toBe('puskesmas-online');
    const { url } = await browser.visit((await app.startSignIn({ response_mode: 'fragment' })).url);
    expect(new URLSearchParams(url.hash.slice(1)).has('code')).toBe(true);
  });

  test('the form of form_post may be posted to the app: the policy names it', async () => {
    const page = await visit(app, { response_mode: 'form_post', prompt: 'none' });
    expect(page.headers.get('content-security-policy')).toMatch(/form-action 'self' http:\/\/localhost:3001/);
    expect(page.headers.get('cache-control')).toBe('no-store');
  });
});

describe('PKCE (RFC 7636, RFC 9700 §2.1.1)', () => {
  let code: string;
  let verifier: string;
  const redeem = (code_verifier: string | undefined) =>
    app.redeem(code, '', code_verifier === undefined ? { code_verifier: undefined } : { code_verifier });

  beforeAll(async () => {
    const got = await getCode(app, world.browser());
    ({ code } = got);
    verifier = got.attempt.codeVerifier;
  });

  test('a code is not redeemed without its verifier, nor with another', async () => {
    expect(await refusalOf(redeem(undefined))).toBe('400 invalid_grant');
    expect(await refusalOf(redeem('w'.repeat(43)))).toBe('400 invalid_grant');
    expect(await refusalOf(redeem('too short'))).toBe('400 invalid_request');
  });

  test('the refusals cost nothing: the right verifier still redeems it', async () => {
    expect((await redeem(verifier)).token_type).toBe('bearer');
  });

  test('an app of the exception may go without, as web app with a secret only', async () => {
    const legacy = await world.app({ clientId: 'legacy' });
    const attempt = await legacy.startSignIn(withoutPkce);
    const page = await goThrough(world.browser(), attempt.url);
    expect((await finishWithoutPkce(legacy, attempt, page)).claims()?.aud).toBe('legacy');
    await expect(
      world.declare(curious('open', { type: 'spa', require_pkce: false, grant_types: ['authorization_code'] })),
    ).rejects.toThrow('require_pkce');
  });

  test('where it sends a proof key it is held to it', async () => {
    const legacy = await world.app({ clientId: 'legacy' });
    const { code: held } = await getCode(legacy, world.browser());
    expect(await refusalOf(legacy.redeem(held, '', { code_verifier: undefined }))).toBe('400 invalid_grant');
  });

  test('downgrade: a verifier for a code that was asked without a proof key is refused', async () => {
    const legacy = await world.app({ clientId: 'legacy' });
    const { code: bare } = await getCode(legacy, world.browser(), withoutPkce);
    expect(await refusalOf(legacy.redeem(bare, 'v'.repeat(43)))).toBe('400 invalid_grant');
  });
});

describe('a code', () => {
  test('is bound to its app and its redirect URI', async () => {
    const { code, attempt } = await getCode(app, world.browser());
    const thief = await world.app({ clientId: 'pajak-daerah' });
    expect(await refusalOf(thief.redeem(code, attempt.codeVerifier))).toBe('400 invalid_grant');
    const elsewhere = { redirect_uri: 'http://localhost:3009/callback' };
    expect(await refusalOf(app.redeem(code, attempt.codeVerifier, elsewhere))).toBe('400 invalid_grant');
    expect(await refusalOf(app.redeem(code, attempt.codeVerifier, { redirect_uri: undefined }))).toBe(
      '400 invalid_request',
    );
    expect((await app.redeem(code, attempt.codeVerifier)).token_type).toBe('bearer');
  });
});

describe('POST /authorize', () => {
  test('is answered with 303 to the same request by GET, where the session counts', async () => {
    const browser = world.browser();
    const first = await signInto(app, browser);
    const attempt = await app.startSignIn();
    const form = Object.fromEntries(attempt.url.searchParams);
    const page = await browser.post(`${world.issuer}/authorize`, form, 'null');
    expect(page.hops[0]).toMatchObject({ method: 'POST', status: 303 });
    const tokens = await app.finishSignIn(attempt, page);
    expect(tokens.claims()?.sub).toBe(first.tokens.claims()?.sub);
  });

  test('refuses what is no form, is too large, or has parameters in both places', async () => {
    const url = `${world.issuer}/authorize`;
    const json = await ask(url, { form: 'x', headers: { 'content-type': 'application/json' } });
    expect(json).toMatchObject({ status: 400, json: { code: 'invalid_request' } });
    expect(await ask(url, { form: { state: 's'.repeat(9000) } })).toMatchObject({ status: 413 });
    expect(await ask(`${url}?state=x`, { form: { client_id: 'puskesmas-online' } })).toMatchObject({ status: 400 });
  });
});

const manyClaims = Array.from({ length: 4000 }, (_, i) => [`c${i}`, null]);

describe('hostile parameters', () => {
  const repeated = [
    'client_id',
    'redirect_uri',
    'response_type',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'claims',
  ];

  test.each(repeated)('%s twice is refused', async (name) => {
    const { url } = await app.startSignIn({ claims: '{"userinfo":{}}' });
    url.searchParams.append(name, url.searchParams.get(name) ?? '');
    const page = await world.browser().visit(url);
    const error = page.status === 0 ? answerOf(page).get('error') : page.text('#error-code');
    expect(error).toBe('invalid_request');
  });

  test.each([
    ['NUL in the state', 'state=%00'],
    ['NUL in the nonce', 'nonce=a%00b'],
    ['bytes that are not UTF-8', 'state=%ff%fe'],
    ['half a character', 'login_hint=%ed%a0%80'],
    ['a broken escape', 'state=%'],
  ])('%s: 400, no redirect', async (_what, more) => {
    const { url } = await app.startSignIn({ state: undefined, nonce: undefined });
    const said = await ask(`${url}&${more}`);
    expect(said.status).toBe(400);
    expect(said.json).toMatchObject({ code: 'invalid_request' });
  });

  test.each([
    ['markup', '"><script>alert(1)</script>'],
    ['a template', '{{7*7}}'],
    ['line breaks', 'a\r\nSet-Cookie: x=1'],
    ['the other direction', '\u202Egnp.exe'],
    ['4,000 characters', 'x'.repeat(4000)],
    ['the whole of Unicode', 'é漢字🚪\u0301'],
  ])('a state with %s comes back as it went, and shows on no page', async (_what, state) => {
    const attempt = await app.startSignIn({ state });
    const page = await world.browser().visit(attempt.url);
    expect(page.html).not.toContain('<script>alert');
    const arrived = await signIn(page);
    expect(answerOf(arrived).get('state')).toBe(state);
    expect(arrived.headers.get('set-cookie') ?? '').not.toContain('x=1');
    expect((await app.finishSignIn(attempt, arrived)).claims()?.aud).toBe('puskesmas-online');
  });

  test.each(['login_hint', 'ui_locales', 'claims_locales', 'acr_values', 'display', 'nonce'])(
    'markup in %s is never markup on a page',
    async (name) => {
      const page = await visit(app, { [name]: '"><img src=x onerror=alert(1)>' });
      expect(page.status).toBe(200);
      expect(page.has('img[onerror]')).toBe(false);
    },
  );

  test('a request too long for a header line is refused by status 431', async () => {
    const { url } = await app.startSignIn({ state: 's'.repeat(40_000) });
    expect((await ask(url.href)).status).toBe(431);
  });

  test.each([
    ['a NUL', { state: 'a\0b', nonce: '\0' }],
    ['five thousand scopes', { scope: `openid ${'x '.repeat(5000).trim()}` }],
    ['deep claims', { claims: `{"userinfo":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}` }],
    ['four thousand claims', { claims: JSON.stringify({ userinfo: Object.fromEntries(manyClaims) }) }],
    ['claims of odd names', { claims: '{"userinfo":{"__proto__":null,"constructor":{"value":1},"":{}}}' }],
  ])('a pushed request with %s is answered at once', async (_what, overrides) => {
    const { url } = await app.startSignIn({ prompt: 'none', ...overrides });
    const headers = basic('puskesmas-online', secretOf('puskesmas-online'));
    const pushed = await ask(`${world.issuer}/par`, { form: url.search.slice(1), headers });
    expect(pushed.status).toBeLessThan(500);
    if (pushed.status !== 201) return;
    const request = { client_id: 'puskesmas-online', request_uri: String(pushed.json.request_uri) };
    const page = await world.browser().visit(`${world.issuer}/authorize?${new URLSearchParams(request)}`);
    expect(answered(page)).toMatchObject({ error: 'login_required' });
  });
});

test('a NUL that came by a pushed request ends in an error at the app, not in a fault', async () => {
  const pushing = await world.app({ par: true });
  for (const overrides of [{ nonce: 'a\0b' }, { state: 'a\0b' }, { login_hint: 'a\0b' }]) {
    const attempt = await pushing.startSignIn(overrides);
    const page = await goThrough(world.browser(), attempt.url);
    expect(page.status).toBeLessThan(500);
  }
  expect(world.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

describe('grants that are not offered', () => {
  test.each([
    ['password', { username: 'siti@contoh.id', password: 'lawang-sandbox', scope: 'openid' }],
    ['implicit', {}],
    ['urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion: 'x.y.z' }],
    ['urn:ietf:params:oauth:grant-type:token-exchange', { subject_token: 'x' }],
    ['authorization_code ', { code: 'x' }],
  ])('%s is refused', async (grant, parameters) => {
    expect(await refusalOf(app.requestGrant(grant, parameters))).toMatch(
      /^400 (unsupported_grant_type|invalid_request)$/,
    );
  });

  test('a grant the app is not registered for is refused', async () => {
    expect(await refusalOf(app.requestGrant('client_credentials', {}))).toBe('400 invalid_request');
    expect(await refusalOf(app.requestGrant('refresh_token', { refresh_token: 'x' }))).toBe('400 invalid_request');
  });

  test('a machine has no way to sign people in', async () => {
    const page = await visit(app, { client_id: 'mesin-data' });
    expect(page.status).toBe(400);
    expect(page.hops).toHaveLength(1);
    const machine = await world.app({ clientId: 'mesin-data', clientSecret: secretOf('mesin-data') });
    expect(await refusalOf(machine.redeem('x', 'v'.repeat(43)))).toBe('400 invalid_request');
  });
});
