import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { standardClaims } from '#src/registry/claims.ts';
import { answered, ask, bearer, claimsOf, curious, headerOf, openPublicApp, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, password, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  const [name, email] = curious('x').claims as object[];
  await world.declare(
    curious('curious'),
    curious('modest', { claims: [name, email] }),
    curious('sealed', { userinfo_signed_response_alg: 'ES256' }),
    curious('sealed-rsa', { userinfo_signed_response_alg: 'RS256', id_token_signed_response_alg: 'RS256' }),
    curious('dated', { default_max_age: 3600 }),
  );
  app = await world.app({ clientId: 'curious', scope: 'openid' });
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** Signs budi in with a `claims` parameter; answers with what the app then knows. */
async function tellsOf(claims: object, overrides: Record<string, string> = {}, from = app) {
  const request = { claims: JSON.stringify(claims), ...overrides };
  const { tokens } = await signInto(from, world.browser(), request, 'budi@contoh.id');
  return { idToken: claimsOf(tokens.id_token), userinfo: await from.userinfo(tokens.access_token), tokens };
}

describe('the claims parameter (OpenID Connect Core §5.5)', () => {
  test('userinfo members come at userinfo', async () => {
    const { idToken, userinfo } = await tellsOf({ userinfo: { email: null, birthdate: { essential: true } } });
    expect(userinfo).toEqual({ sub: idToken.sub, email: 'budi@contoh.id', birthdate: '1987-03-14' });
    expect(idToken).not.toHaveProperty('email');
  });

  test('id_token members come in the ID token', async () => {
    const { idToken, userinfo } = await tellsOf({ id_token: { email: null, address: { essential: true } } });
    expect(idToken).toMatchObject({ email: 'budi@contoh.id', address: { country: 'ID' } });
    expect(userinfo).toEqual({ sub: idToken.sub });
  });

  test('members of both places go to both', async () => {
    const { idToken, userinfo } = await tellsOf({ id_token: { name: null }, userinfo: { nickname: null } });
    expect(idToken).toMatchObject({ name: 'Budi Agung Santoso' });
    expect(userinfo).toEqual({ sub: idToken.sub, nickname: 'Bud' });
  });

  test('they come on top of the scopes', async () => {
    const { userinfo } = await tellsOf({ userinfo: { nickname: null } }, { scope: 'openid email' });
    expect(userinfo).toEqual({ sub: userinfo.sub, email: 'budi@contoh.id', email_verified: true, nickname: 'Bud' });
  });

  test('claims that nobody knows, and claims the app is not registered for, are left out', async () => {
    const { idToken } = await tellsOf({ id_token: { shoe_size: null, name: null }, userinfo: { nik: null } });
    expect(idToken).not.toHaveProperty('shoe_size');
    const modest = await world.app({ clientId: 'modest', scope: 'openid profile email' });
    const asked = { userinfo: { phone_number: { essential: true }, address: null } };
    const { userinfo } = await tellsOf(asked, {}, modest);
    expect(userinfo).toEqual({ sub: userinfo.sub, name: 'Budi Agung Santoso', given_name: 'Budi' });
  });

  test('a scope hands out no claim that the app is not registered for', async () => {
    const modest = await world.app({ clientId: 'modest', scope: 'openid profile email phone address' });
    const { tokens } = await signInto(modest, world.browser(), {}, 'budi@contoh.id');
    expect(Object.keys(await modest.userinfo(tokens.access_token)).sort()).toEqual(['given_name', 'name', 'sub']);
  });

  test.each([
    ['a value that is true of the person', { value: 'budi@contoh.id' }],
    ['a value that is not', { value: 'siti@contoh.id' }],
    ['several values', { values: ['a', 'b'] }],
    ['members nobody knows', { max_age: 5, essential: false }],
  ])('%s is a wish, the true claim is told', async (_what, wish) => {
    const { userinfo } = await tellsOf({ userinfo: { email: wish } });
    expect(userinfo.email).toBe('budi@contoh.id');
  });

  test('a claim the person has not is left out, never empty', async () => {
    const claims = JSON.stringify({ userinfo: { phone_number: { essential: true }, family_name: null, name: null } });
    const { tokens } = await signInto(app, world.browser(), { claims }, 'wayan@contoh.id');
    expect(await app.userinfo(tokens.access_token)).toEqual({ sub: expect.any(String), name: 'Wayan' });
  });

  test('the sub that must sign in: another one is asked to', async () => {
    const browser = world.browser();
    const { tokens } = await signInto(app, browser);
    const sub = tokens.claims()?.sub;
    const same = await app.startSignIn({
      prompt: 'none',
      claims: JSON.stringify({ id_token: { sub: { value: sub } } }),
    });
    expect(answered(await browser.visit(same.url))).toHaveProperty('code');
    const other = await app.startSignIn({
      prompt: 'none',
      claims: JSON.stringify({ id_token: { sub: { value: 'another' } } }),
    });
    expect(answered(await browser.visit(other.url))).toMatchObject({ error: 'login_required' });
  });

  test.each(['{"userinfo":[]}', '{"id_token":"x"}', '{"userinfo":{"name":1}}', 'null', '""'])(
    '%s is invalid_request',
    async (claims) => {
      const attempt = await app.startSignIn({ claims });
      expect(answered(await world.browser().visit(attempt.url))).toMatchObject({ error: 'invalid_request' });
    },
  );

  test.each([
    '{"id_token":{"acr":{"essential":true,"values":"aal1"}}}',
    '{"id_token":{"acr":{"essential":true,"value":1}}}',
    '{"id_token":{"acr":{"essential":true,"values":[1,null,{}]}}}',
    '{"id_token":{"acr":{"values":[]}}}',
    '{"id_token":{"sub":{"value":{}}}}',
    '{"id_token":{"auth_time":{"value":"x"}}}',
  ])('members of odd types (%s) are no fault of ours', async (claims) => {
    const attempt = await app.startSignIn({ claims });
    const page = await world.browser().visit(attempt.url);
    expect([0, 200]).toContain(page.status);
  });
});

describe('what a person declined', () => {
  test('is in no answer, and is not asked again', async () => {
    const browser = world.browser();
    const attempt = await app.startSignIn({ scope: 'openid profile email', prompt: 'consent' });
    const page = await browser.visit(attempt.url);
    page.fill({ identifier: 'budi@contoh.id', password: 'lawang-sandbox' });
    const consent = await page.press('#sign-in');
    expect(consent.attributes('input[name="claim"]', 'value')).toContain('email');
    const tokens = await app.finishSignIn(attempt, await consent.press('#consent-allow'));
    expect(await app.userinfo(tokens.access_token)).toEqual({ sub: expect.any(String), name: 'Budi Agung Santoso' });
    const again = await app.startSignIn({ scope: 'openid profile email', prompt: 'none' });
    expect(answered(await browser.visit(again.url))).toHaveProperty('code');
  });

  test('is asked again when the app asks for more', async () => {
    const browser = world.browser();
    await signInto(app, browser, { scope: 'openid email' }, 'dewi@contoh.id');
    const more = await app.startSignIn({ scope: 'openid email phone' });
    const page = await browser.visit(more.url);
    expect(page.has('#consent-allow')).toBe(true);
    expect((await app.finishSignIn(more, await allow(page))).claims()?.aud).toBe('curious');
  });
});

describe('a consent on record', () => {
  const asksAgain = async (browser: BrowserAgent, clientId: string) => {
    const one = await world.app({ clientId, scope: 'openid email' });
    return (await browser.visit((await one.startSignIn()).url)).has('#consent-allow');
  };

  test('is asked anew when the purpose of the app has changed, and only then', async () => {
    await world.declare(curious('changing'));
    const browser = world.browser();
    await signInto(await world.app({ clientId: 'changing', scope: 'openid email' }), browser);
    expect(await asksAgain(browser, 'changing')).toBe(false);
    await world.declare(curious('changing', { purpose: 'Hal lain.', 'purpose#en': 'Something else.' }));
    expect(await asksAgain(browser, 'changing')).toBe(true);
  });

  test('is asked anew when it ran out', async () => {
    await world.declare(curious('brief', { consent_days: 1 }));
    const browser = world.browser();
    await signInto(await world.app({ clientId: 'brief', scope: 'openid email' }), browser);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * 3600 * 1000 });
    try {
      const one = await world.app({ clientId: 'brief', scope: 'openid email' });
      const page = await browser.visit((await one.startSignIn()).url);
      page.fill({ identifier: 'siti@contoh.id', password });
      expect((await page.press('#sign-in')).has('#consent-allow')).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  test('serves a native app as well: it is not asked each time', async () => {
    const redirectUri = 'id.go.contoh.ponsel:/callback';
    await world.declare(
      curious('ponsel', { type: 'native', redirect_uris: [redirectUri], post_logout_redirect_uris: [] }),
    );
    const native = await openPublicApp(world, 'ponsel', { redirectUri });
    const browser = world.browser({ stopAt: [redirectUri] });
    await signInto(native, browser);
    expect(answered(await browser.visit((await native.startSignIn({ prompt: 'none' })).url))).toHaveProperty('code');
  });
});

describe('ID tokens', () => {
  test('have exactly what OpenID Connect Core §2 asks for', async () => {
    const { tokens } = await signInto(app, world.browser());
    const claims = claimsOf(tokens.id_token);
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'nonce', 'sub']);
    expect(Number(claims.exp) - Number(claims.iat)).toBe(3600);
    expect(Object.keys(headerOf(tokens.id_token)).sort()).toEqual(['alg', 'kid']);
  });

  test('tell auth_time, amr and acr where they are asked for', async () => {
    const { idToken } = await tellsOf({ id_token: { auth_time: null, amr: null, acr: null } });
    expect(idToken).toMatchObject({ auth_time: expect.any(Number), amr: ['pwd'], acr: 'aal1' });
  });

  test('tell auth_time to an app with default_max_age', async () => {
    const dated = await world.app({ clientId: 'dated', scope: 'openid' });
    const { tokens } = await signInto(dated, world.browser());
    expect(tokens.claims()?.auth_time).toEqual(expect.any(Number));
  });

  test('have no claim of a person unless asked for by name', async () => {
    const { tokens } = await signInto(app, world.browser(), { scope: 'openid profile email phone address' });
    for (const claim of standardClaims) expect(claimsOf(tokens.id_token)).not.toHaveProperty(claim);
  });

  test.each([
    ['curious', 'ES256'],
    ['sealed-rsa', 'RS256'],
  ])('of %s are signed by %s', async (clientId, alg) => {
    const one = await world.app({ clientId, scope: 'openid' });
    const { tokens } = await signInto(one, world.browser());
    const keys = createRemoteJWKSet(new URL(`${world.issuer}/jwks`));
    const { protectedHeader } = await jwtVerify(tokens.id_token ?? '', keys, {
      issuer: world.issuer,
      audience: clientId,
    });
    expect(protectedHeader.alg).toBe(alg);
  });
});

describe('userinfo', () => {
  test.each([
    ['sealed', 'ES256'],
    ['sealed-rsa', 'RS256'],
  ])('comes signed to %s, by %s', async (clientId, alg) => {
    const one = await world.app({ clientId, scope: 'openid email' });
    const { tokens } = await signInto(one, world.browser(), {}, 'budi@contoh.id');
    const said = await ask(`${world.issuer}/userinfo`, { headers: bearer(tokens.access_token) });
    expect(said.headers.get('content-type')).toMatch(/^application\/jwt/);
    const keys = createRemoteJWKSet(new URL(`${world.issuer}/jwks`));
    const { payload, protectedHeader } = await jwtVerify(said.body, keys, { issuer: world.issuer, audience: clientId });
    expect(protectedHeader.alg).toBe(alg);
    expect(payload).toMatchObject({ sub: tokens.claims()?.sub, email: 'budi@contoh.id', email_verified: true });
    expect(await one.userinfo(tokens.access_token, tokens.claims()?.sub)).toMatchObject({ email: 'budi@contoh.id' });
  });

  test('follows the consent: nothing after the person has disconnected the app', async () => {
    const browser = world.browser();
    const { tokens } = await signInto(app, browser);
    const account = await browser.visit(`${world.issuer}/account`);
    expect(account.has('[data-client=curious] button.disconnect')).toBe(true);
    await account.press('[data-client=curious] button.disconnect');
    const { status } = await ask(`${world.issuer}/userinfo`, { headers: bearer(tokens.access_token) });
    expect(status).toBe(401);
  });
});
