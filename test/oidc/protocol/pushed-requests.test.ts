import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { wrappingKeyring } from '#src/base/secrets.ts';
import {
  answered,
  ask,
  basic,
  curious,
  goThrough,
  newClientKey,
  openPublicApp,
  refusalOf,
  type Said,
} from '#test/oidc/flows.ts';
import type { Overrides, RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, secretOf, signIn, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  const { jwk } = await newClientKey();
  await world.declare(
    curious('must-push', { require_pushed_authorization_requests: true }),
    curious('open-push', { type: 'spa' }),
    curious('keyed', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } }),
  );
  app = await world.app({ par: true });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => void vi.useRealTimers());

/** Pushes by hand, as `puskesmas-online` unless told otherwise. */
async function push(overrides: Overrides = {}, headers?: Record<string, string>): Promise<Said> {
  const plain = await world.app();
  const { url } = await plain.startSignIn(overrides);
  const authorization = headers ?? basic('puskesmas-online', secretOf('puskesmas-online'));
  return ask(`${world.issuer}/par`, { form: url.search.slice(1), headers: authorization });
}

const open = (request_uri: unknown, client_id = 'puskesmas-online', more: Record<string, string> = {}) =>
  world
    .browser()
    .visit(
      `${world.issuer}/authorize?${new URLSearchParams({ client_id, request_uri: String(request_uri), ...more })}`,
    );

test('a pushed request signs in, and shows nothing of itself in the address (RFC 9126)', async () => {
  const attempt = await app.startSignIn();
  expect([...attempt.url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
  const page = await goThrough(world.browser(), attempt.url);
  expect((await app.finishSignIn(attempt, page)).claims()?.aud).toBe('puskesmas-online');
});

test('the answer is 201 with an address that cannot be guessed and lives a minute', async () => {
  const { status, json, headers } = await push();
  expect(status).toBe(201);
  expect(json).toEqual({
    request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:[\w-]{45}$/),
    expires_in: 60,
  });
  expect(headers.get('cache-control')).toBe('no-store');
});

test('a public app pushes with its id', async () => {
  const spa = await openPublicApp(world, 'open-push', { par: true });
  const attempt = await spa.startSignIn();
  const page = await goThrough(world.browser(), attempt.url);
  expect((await spa.finishSignIn(attempt, page)).claims()?.aud).toBe('open-push');
});

test.each<[string, Record<string, string>]>([
  ['without its secret', {}],
  ['with a wrong secret', basic('puskesmas-online', 'wrong')],
])('a confidential app is refused %s', async (_what, headers) => {
  expect(await push({}, headers)).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
});

test('a request pushed as one app is not taken for another', async () => {
  expect(await push({ client_id: 'pajak-daerah' })).toMatchObject({ status: 400 });
  const { json } = await push();
  const page = await open(json.request_uri, 'pajak-daerah');
  expect(page.status).toBe(400);
  expect(page.has('#sign-in')).toBe(false);
});

test.each<[string, Overrides, string]>([
  ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/' }, 'invalid_request'],
  ['a response type other than code', { response_type: 'token' }, 'unsupported_response_type'],
  ['no proof key', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  ['a scope that is not registered', { scope: 'openid phone' }, 'invalid_scope'],
  ['a request object', { request: 'e30.e30.' }, 'request_not_supported'],
  ['a request_uri', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'request_uri_not_supported'],
])('%s is refused when it is pushed', async (_what, overrides, error) => {
  expect(await push(overrides)).toMatchObject({ status: 400, json: { error } });
});

test('an app that must push is refused when it does not, and signs in when it does', async () => {
  const bare = await world.app({ clientId: 'must-push' });
  const { url } = await bare.startSignIn();
  expect(answered(await world.browser().visit(url))).toMatchObject({ error: 'invalid_request', iss: world.issuer });
  const pushing = await world.app({ clientId: 'must-push', par: true });
  const attempt = await pushing.startSignIn();
  const page = await goThrough(world.browser(), attempt.url);
  expect((await pushing.finishSignIn(attempt, page)).claims()?.aud).toBe('must-push');
});

test('what stands beside a request_uri in the address does not count', async () => {
  const { json } = await push({ prompt: 'none' });
  const page = await open(json.request_uri, undefined, { prompt: 'login', redirect_uri: 'https://evil.example/' });
  expect(page.url.href).toMatch(/^http:\/\/localhost:3001\/callback\?error=login_required/);
});

test('a pushed request is over a minute after it was pushed, not before', async () => {
  const { json } = await push();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 55_000 });
  expect((await open(json.request_uri)).has('#sign-in')).toBe(true);
  vi.setSystemTime(Date.now() + 10_000);
  const page = await open(json.request_uri);
  expect(page.status).toBe(400);
  expect(page.hops).toHaveLength(1);
});

test('a person may take longer than that: the interaction has begun', async () => {
  const attempt = await app.startSignIn();
  const page = await world.browser().visit(attempt.url);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 60_000 });
  expect((await app.finishSignIn(attempt, await signIn(page))).claims()?.aud).toBe('puskesmas-online');
});

test('a pushed request serves one answer', async () => {
  const attempt = await app.startSignIn();
  const browser = world.browser();
  await goThrough(browser, attempt.url);
  const again = await browser.visit(attempt.url);
  expect(again.status).toBe(400);
  expect(again.text('#error-code')).toBe('invalid_request');
});

test.each(['urn:ietf:params:oauth:request_uri:', `urn:ietf:params:oauth:request_uri:${'A'.repeat(45)}`, 'urn:x', 'x'])(
  'a request_uri that never was (%s) gets a page or an error, no sign-in',
  async (uri) => {
    const page = await open(uri);
    expect(page.has('#sign-in')).toBe(false);
    expect([0, 400]).toContain(page.status);
  },
);

test('a pushed request is no code and no token', async () => {
  const { json } = await push();
  const id = String(json.request_uri).split(':').at(-1) ?? '';
  const plain = await world.app();
  expect(await refusalOf(plain.redeem(id, 'v'.repeat(43)))).toBe('400 invalid_grant');
  expect(await refusalOf(plain.userinfo(id))).toBe('401 invalid_token');
});

test('a pushed request whose master key is gone is not found, and the log says why', async () => {
  const { json } = await push();
  const sealed = wrappingKeyring([randomBytes(32)])
    .seal('elsewhere', '{}')
    .toString('base64');
  const reseal = `update artifacts set payload = $1 where kind = 'PushedAuthorizationRequest'`;
  await world.database.execute(reseal, [JSON.stringify({ sealed })]);
  world.log.length = 0;
  const page = await open(json.request_uri);
  expect([page.status, page.hops.length]).toEqual([400, 1]);
  const warnings = world.log.map((line) => JSON.parse(line)).filter(({ level }) => level === 40 || level === 'warn');
  expect(warnings).toEqual([expect.objectContaining({ msg: expect.stringContaining('master key') })]);
});
