import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startPurge } from '#src/jobs/purge.ts';
import {
  answered,
  answerOf,
  ask,
  basic,
  bearer,
  claimsOf,
  curious,
  everyScope,
  getCode,
  goThrough,
  openPublicApp,
  refusalOf,
  signInto,
} from '#test/oidc/flows.ts';
import { useClock } from '#test/support/clock.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, secretOf, type World } from '#test/support/world.ts';

const offline = { scope: everyScope, prompt: 'consent' };
const machineUri = 'https://mesin-data.contoh.go.id/';
const day = 24 * 3600;

let world: World;
let open: RelyingParty;
let turning: RelyingParty;
let keeping: RelyingParty;
let brief: RelyingParty;
let stranger: RelyingParty;
let machine: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  await world.declare(
    curious('open', { type: 'spa', consent_days: 365 }),
    curious('turning', { rotate_refresh: true }),
    curious('keeping'),
    curious('brief', { consent_days: 5 }),
    curious('posing', { client_uri: machineUri }),
  );
  open = await openPublicApp(world, 'open');
  turning = await world.app({ clientId: 'turning' });
  keeping = await world.app({ clientId: 'keeping' });
  brief = await world.app({ clientId: 'brief' });
  stranger = await world.app({ clientId: 'posing' });
  machine = await world.app({ clientId: 'mesin-data' });
});
afterAll(() => world?.[Symbol.asyncDispose]());
const later = useClock();

async function offlineTokens(app: RelyingParty, overrides = {}) {
  const { tokens } = await signInto(app, world.browser(), { ...offline, ...overrides });
  return { ...tokens, refresh: tokens.refresh_token ?? '', claims: claimsOf(tokens.id_token) };
}

test.each([1, 90, 300])(
  'a code used again after %d seconds ends what came of it (RFC 6749 §4.1.2)',
  async (seconds) => {
    const { code, attempt } = await getCode(keeping, world.browser(), offline);
    const form = {
      grant_type: 'authorization_code',
      code,
      code_verifier: attempt.codeVerifier,
      redirect_uri: keeping.redirectUri,
    };
    const redeem = () => ask(`${world.issuer}/token`, { form, headers: basic('keeping', secretOf('keeping')) });
    const { access_token, refresh_token } = (await redeem()).json;
    later(seconds);
    const purge = startPurge(world.house, { everyMs: day * 1000 });
    await purge.purgeNow();
    await purge.stop();
    expect((await keeping.userinfo(String(access_token))).sub).toBeDefined();
    expect((await redeem()).json.error).toBe('invalid_grant');
    expect(await refusalOf(keeping.userinfo(String(access_token)))).toBe('401 invalid_token');
    expect(await refusalOf(keeping.refresh(String(refresh_token)))).toBe('400 invalid_grant');
  },
);

test('a code that nobody used in its minute is of no use', async () => {
  const { code, attempt } = await getCode(keeping, world.browser());
  later(61);
  const form = {
    grant_type: 'authorization_code',
    code,
    code_verifier: attempt.codeVerifier,
    redirect_uri: keeping.redirectUri,
  };
  const said = await ask(`${world.issuer}/token`, { form, headers: basic('keeping', secretOf('keeping')) });
  expect(said).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
});

describe('refresh tokens', () => {
  test('come with offline_access, which takes prompt=consent (OpenID Connect Core §11)', async () => {
    expect((await offlineTokens(keeping)).refresh).toMatch(/^[\w-]{45}$/);
    const { tokens } = await signInto(keeping, world.browser(), { scope: everyScope });
    expect(tokens.refresh_token).toBeUndefined();
    expect(tokens.scope).not.toContain('offline_access');
  });

  test.each([
    ['a public app', () => open],
    ['an app with rotate_refresh', () => turning],
  ])('%s gets a new one each time, and the old one ends the family', async (_what, app) => {
    const first = await offlineTokens(app());
    const second = await app().refresh(first.refresh);
    expect(second.refresh_token).not.toBe(first.refresh);
    expect(await refusalOf(app().refresh(first.refresh))).toBe('400 invalid_grant');
    expect(await refusalOf(app().refresh(second.refresh_token ?? ''))).toBe('400 invalid_grant');
    expect(await refusalOf(app().userinfo(second.access_token))).toBe('401 invalid_token');
  });

  test('a confidential app keeps its own', async () => {
    const { refresh } = await offlineTokens(keeping);
    expect((await keeping.refresh(refresh)).refresh_token).toBe(refresh);
    expect((await keeping.refresh(refresh)).token_type).toBe('bearer');
  });

  test('end for good after 30 days at a public app, however often they were renewed', async () => {
    let { refresh } = await offlineTokens(open);
    later(20 * day);
    refresh = (await open.refresh(refresh)).refresh_token ?? '';
    vi.setSystemTime(Date.now() + 9.9 * day * 1000);
    refresh = (await open.refresh(refresh)).refresh_token ?? '';
    vi.setSystemTime(Date.now() + 0.2 * day * 1000);
    expect(await refusalOf(open.refresh(refresh))).toBe('400 invalid_grant');
  });

  test('end for good after 90 days at a confidential app', async () => {
    const { refresh } = await offlineTokens(keeping);
    later(89 * day);
    expect((await keeping.refresh(refresh)).token_type).toBe('bearer');
    vi.setSystemTime(Date.now() + 2 * day * 1000);
    expect(await refusalOf(keeping.refresh(refresh))).toBe('400 invalid_grant');
  });

  test('end with the consent where that ends earlier', async () => {
    const { refresh } = await offlineTokens(brief);
    later(4.9 * day);
    expect((await brief.refresh(refresh)).token_type).toBe('bearer');
    vi.setSystemTime(Date.now() + 0.2 * day * 1000);
    expect(await refusalOf(brief.refresh(refresh))).toBe('400 invalid_grant');
  });

  test('may ask for less, never for more', async () => {
    const narrow = { scope: 'openid email offline_access', prompt: 'consent' };
    const { refresh } = await offlineTokens(keeping, narrow);
    const less = await keeping.refresh(refresh, { scope: 'openid' });
    expect(less.scope).toBe('openid');
    expect(await keeping.userinfo(less.access_token)).toEqual({ sub: expect.any(String) });
    expect(await refusalOf(keeping.refresh(refresh, { scope: 'openid phone' }))).toBe('400 invalid_scope');
    expect(await refusalOf(keeping.refresh(refresh, { scope: 'openid admin' }))).toBe('400 invalid_scope');
    expect((await keeping.refresh(refresh)).scope).toBe('openid email offline_access');
  });

  test('do not reach a resource that nobody was asked about', async () => {
    const { refresh } = await offlineTokens(keeping);
    expect(await refusalOf(keeping.refresh(refresh, { resource: machineUri }))).toBe('400 invalid_target');
  });

  test('serve the app they were made for', async () => {
    const { refresh } = await offlineTokens(keeping);
    expect(await refusalOf(turning.refresh(refresh))).toBe('400 invalid_grant');
    expect(await refusalOf(open.refresh(refresh))).toBe('400 invalid_grant');
    expect((await keeping.refresh(refresh)).token_type).toBe('bearer');
  });

  test('the new ID token says when the person signed in, not when it was renewed', async () => {
    const first = await offlineTokens(keeping, { max_age: '100' });
    later(3600);
    const { id_token } = await keeping.refresh(first.refresh);
    expect(claimsOf(id_token)).toMatchObject({
      sub: first.claims.sub,
      auth_time: first.claims.auth_time,
      aud: 'keeping',
    });
    expect(Number(claimsOf(id_token).iat) - Number(first.claims.iat)).toBeGreaterThanOrEqual(3600);
  });
});

describe('access tokens', () => {
  test('live ten minutes', async () => {
    const { access_token, expires_in } = await offlineTokens(keeping);
    expect(expires_in).toBe(600);
    later(590);
    expect((await keeping.userinfo(access_token)).name).toBe('Siti Rahayu');
    vi.setSystemTime(Date.now() + 20_000);
    expect(await refusalOf(keeping.userinfo(access_token))).toBe('401 invalid_token');
  });

  test('end with the session they came of, unless the person allowed offline access', async () => {
    const browser = world.browser();
    const here = (await signInto(keeping, browser, { scope: 'openid profile' })).tokens;
    const away = (await signInto(turning, browser, offline)).tokens;
    const page = await browser.visit(keeping.signOutUrl({ id_token_hint: here.id_token ?? '' }));
    await page.press('#logout-yes');
    expect(await refusalOf(keeping.userinfo(here.access_token))).toBe('401 invalid_token');
    expect((await turning.refresh(away.refresh_token ?? '')).token_type).toBe('bearer');
  });

  test('a code lives a minute', async () => {
    const { code, attempt } = await getCode(keeping, world.browser());
    later(61);
    expect(await refusalOf(keeping.redeem(code, attempt.codeVerifier))).toBe('400 invalid_grant');
  });

  test.each([
    ['the address', (token: string) => ask(`${world.issuer}/userinfo?access_token=${token}`)],
    [
      'two places',
      (token: string) => ask(`${world.issuer}/userinfo`, { form: { access_token: token }, headers: bearer(token) }),
    ],
    [
      'another scheme',
      (token: string) => ask(`${world.issuer}/userinfo`, { headers: { authorization: `Basic ${token}` } }),
    ],
    ['nothing', () => ask(`${world.issuer}/userinfo`)],
  ])('userinfo refuses a token in %s (RFC 6750 §2)', async (_where, send) => {
    const { access_token } = await offlineTokens(keeping);
    const { status, json } = await send(access_token);
    expect([400, 401]).toContain(status);
    expect(json).not.toHaveProperty('sub');
  });

  test('userinfo says in its header what is wrong with a token', async () => {
    const { status, headers } = await ask(`${world.issuer}/userinfo`, { headers: bearer('x'.repeat(45)) });
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/);
  });
});

describe('what is one kind is never taken for another', () => {
  let kinds: Record<string, string>;

  beforeAll(async () => {
    const { code } = await getCode(keeping, world.browser());
    const { access_token, refresh, id_token } = await offlineTokens(keeping);
    const machineToken = await machine.requestGrant('client_credentials', {});
    kinds = { code, access: access_token, refresh, id: id_token ?? '', machine: machineToken.access_token };
  });

  test.each(['access', 'refresh', 'id', 'machine'])('a %s token is no code', async (kind) => {
    expect(await refusalOf(keeping.redeem(kinds[kind] ?? '', 'v'.repeat(43)))).toBe('400 invalid_grant');
  });

  test.each(['code', 'access', 'id', 'machine'])('%s: no refresh token', async (kind) => {
    expect(await refusalOf(keeping.refresh(kinds[kind] ?? ''))).toBe('400 invalid_grant');
  });

  test.each(['code', 'refresh', 'id', 'machine'])('%s: no access token', async (kind) => {
    expect(await refusalOf(keeping.userinfo(kinds[kind] ?? ''))).toBe('401 invalid_token');
  });

  test('an access token is no ID token', async () => {
    const attempt = await keeping.startSignIn({ id_token_hint: kinds.access });
    expect(answered(await world.browser().visit(attempt.url))).toMatchObject({ error: 'invalid_request' });
    const page = await world.browser().visit(`${world.issuer}/logout?id_token_hint=${kinds.access}`);
    expect(page.status).toBe(400);
  });

  test('none of them is a session', async () => {
    for (const value of Object.values(kinds)) {
      const said = await ask(`${world.issuer}/account`, {
        headers: { cookie: `session=${value}`, accept: 'text/html' },
      });
      expect(said.status).toBe(303);
    }
  });

  test.each(['', 'x', 'x'.repeat(45), 'x'.repeat(50_000), `${'é'.repeat(45)}`, '../../etc/passwd', "' or 1=1 --"])(
    'an unknown, malformed or oversized token (%.12s) is an error, never another grant',
    async (token) => {
      const headers = basic('keeping', secretOf('keeping'));
      const url = `${world.issuer}/token`;
      const asRefresh = await ask(url, { form: { grant_type: 'refresh_token', refresh_token: token }, headers });
      expect(asRefresh.status).toBe(400);
      expect(asRefresh.json.error).toMatch(/^invalid_(grant|request)$/);
      const redirect_uri = 'http://localhost:3001/callback';
      const asCode = await ask(url, { form: { grant_type: 'authorization_code', code: token, redirect_uri }, headers });
      expect(asCode.status).toBe(400);
      expect(asCode.json.error).toMatch(/^invalid_(grant|request)$/);
    },
  );

  test('a body too large to be read is refused', async () => {
    const form = { grant_type: 'refresh_token', refresh_token: 'x'.repeat(100_000) };
    const { status, json } = await ask(`${world.issuer}/token`, {
      form,
      headers: basic('keeping', secretOf('keeping')),
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(json).not.toHaveProperty('access_token');
  });

  test.each(['grant_type', 'code', 'redirect_uri', 'client_id'])('%s twice is refused', async (name) => {
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code: 'x',
      redirect_uri: 'http://localhost:3001/callback',
      client_id: 'keeping',
    });
    form.append(name, form.get(name) ?? '');
    const said = await ask(`${world.issuer}/token`, {
      form: `${form}`,
      headers: basic('keeping', secretOf('keeping')),
    });
    expect(said).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
  });
});

describe('introspection (RFC 7662)', () => {
  /** A token that the app had made for the machine. */
  async function tokenForMachine() {
    const attempt = await keeping.startSignIn({ resource: machineUri, scope: 'openid' });
    const page = await goThrough(world.browser(), attempt.url);
    const code = answerOf(page).get('code') ?? '';
    return keeping.redeem(code, attempt.codeVerifier, { resource: machineUri });
  }

  test('tells an app about its own tokens, with the sub it knows', async () => {
    const { access_token, refresh, claims } = await offlineTokens(keeping);
    const { sub } = claims;
    expect(await keeping.introspect(access_token)).toMatchObject({
      active: true,
      client_id: 'keeping',
      iss: world.issuer,
      sub,
      token_type: 'Bearer',
      scope: everyScope,
      exp: expect.any(Number),
    });
    expect(await keeping.introspect(refresh)).toMatchObject({ active: true, sub });
    expect(await keeping.introspect(refresh, { token_type_hint: 'access_token' })).toMatchObject({ active: true });
  });

  test('tells nobody else', async () => {
    const { access_token, refresh } = await offlineTokens(keeping);
    for (const other of [turning, stranger, machine]) {
      expect(await other.introspect(access_token)).toEqual({ active: false });
      expect(await other.introspect(refresh)).toEqual({ active: false });
    }
  });

  test('tells the machine about a token made for it (RFC 8707), by the sub that the app knows', async () => {
    const { access_token, id_token } = await tokenForMachine();
    const told = await machine.introspect(access_token);
    expect(told).toMatchObject({ active: true, aud: machineUri, client_id: 'keeping' });
    expect(told.sub).toBe(claimsOf(id_token).sub);
    expect(Object.keys(told).sort()).toEqual([
      ...['acr', 'active', 'aud', 'auth_time', 'client_id', 'exp', 'iat', 'iss', 'sub', 'token_type'],
    ]);
  });

  test('tells how sure and how long ago the sign-in was that a token stands on, also after renewing (RFC 9470)', async () => {
    const { access_token, refresh, claims } = await offlineTokens(keeping, { max_age: '9999' });
    const sign = { acr: 'aal1', auth_time: claims.auth_time };
    expect(claims.auth_time).toEqual(expect.any(Number));
    expect(await keeping.introspect(access_token)).toMatchObject(sign);
    later(100);
    const renewed = await keeping.refresh(refresh);
    expect(await keeping.introspect(renewed.access_token)).toMatchObject(sign);
  });

  test('does not tell a web app that gives the address of the machine as its own', async () => {
    const { access_token } = await tokenForMachine();
    expect(await stranger.introspect(access_token)).toEqual({ active: false });
  });

  test('a token made for a machine opens no userinfo', async () => {
    const { access_token } = await tokenForMachine();
    expect(await refusalOf(keeping.userinfo(access_token))).toMatch(/^40[13] (invalid_token|insufficient_scope)$/);
  });

  test('unknown, expired and revoked tokens are all just not active', async () => {
    const { access_token, refresh } = await offlineTokens(keeping);
    expect(await keeping.introspect('x'.repeat(45))).toEqual({ active: false });
    expect(await keeping.introspect('x')).toEqual({ active: false });
    later(601);
    expect(await keeping.introspect(access_token)).toEqual({ active: false });
    await keeping.revoke(refresh);
    expect(await keeping.introspect(refresh)).toEqual({ active: false });
  });

  test('asks who asks', async () => {
    const { access_token: token } = await offlineTokens(keeping);
    expect(await ask(`${world.issuer}/introspect`, { form: { token } })).toMatchObject({ status: 400 });
    expect(await ask(`${world.issuer}/introspect?token=${token}`)).toMatchObject({ status: 404 });
  });
});

describe('revocation (RFC 7009)', () => {
  test('of a refresh token ends all that came of the same grant', async () => {
    const { access_token, refresh } = await offlineTokens(turning);
    const second = await turning.refresh(refresh);
    await turning.revoke(second.refresh_token ?? '');
    expect(await refusalOf(turning.refresh(second.refresh_token ?? ''))).toBe('400 invalid_grant');
    expect(await refusalOf(turning.userinfo(second.access_token))).toBe('401 invalid_token');
    expect(await refusalOf(turning.userinfo(access_token))).toBe('401 invalid_token');
  });

  test('of an access token ends its grant as well', async () => {
    const { access_token, refresh } = await offlineTokens(keeping);
    await keeping.revoke(access_token, { token_type_hint: 'access_token' });
    expect(await refusalOf(keeping.userinfo(access_token))).toBe('401 invalid_token');
    expect(await refusalOf(keeping.refresh(refresh))).toBe('400 invalid_grant');
  });

  test('by another app changes nothing, and does not say so', async () => {
    const { access_token, refresh } = await offlineTokens(keeping);
    const revoke = (token: string) =>
      ask(`${world.issuer}/revoke`, { form: { token }, headers: basic('turning', secretOf('turning')) });
    for (const token of [access_token, refresh]) expect([200, 400]).toContain((await revoke(token)).status);
    expect((await keeping.userinfo(access_token)).sub).toBeDefined();
    expect((await keeping.refresh(refresh)).token_type).toBe('bearer');
  });

  test('of an unknown token is no error', async () => {
    await expect(keeping.revoke('x'.repeat(45))).resolves.toBeUndefined();
    await expect(keeping.revoke('x')).resolves.toBeUndefined();
  });

  test('leaves the consent: the next sign-in does not ask again', async () => {
    const browser = world.browser();
    const { tokens } = await signInto(keeping, browser, { scope: 'openid profile' });
    await keeping.revoke(tokens.access_token);
    const again = await browser.visit((await keeping.startSignIn({ scope: 'openid profile', prompt: 'none' })).url);
    expect(answered(again)).toHaveProperty('code');
  });
});

describe('client credentials', () => {
  test('a machine gets a token about nobody', async () => {
    const tokens = await machine.requestGrant('client_credentials', {});
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 600 });
    expect(tokens).not.toHaveProperty('id_token');
    expect(tokens).not.toHaveProperty('refresh_token');
    const told = await machine.introspect(tokens.access_token);
    expect(told).toMatchObject({ active: true, client_id: 'mesin-data' });
    expect(told).not.toHaveProperty('sub');
  });

  test('and no scope about people', async () => {
    for (const scope of ['openid', 'openid profile', 'offline_access']) {
      expect(await refusalOf(machine.requestGrant('client_credentials', { scope }))).toBe('400 invalid_scope');
    }
    const tokens = await machine.requestGrant('client_credentials', { scope: 'everything' });
    expect(tokens.scope).toBeUndefined();
    expect(await machine.introspect(tokens.access_token)).not.toHaveProperty('scope');
  });
});
