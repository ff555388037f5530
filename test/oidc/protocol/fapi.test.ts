/** The FAPI 2.0 Security Profile, where an app is registered for it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answered, ask, assertion, curious, goThrough, newClientKey, type Said, signInto } from '#test/oidc/flows.ts';
import { openRelyingParty, type RelyingPartyOptions } from '#test/support/relying-party.ts';
import { openWorld, type World } from '#test/support/world.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let world: World;
let key: Awaited<ReturnType<typeof newClientKey>>;
let rsa: Awaited<ReturnType<typeof newClientKey>>;

beforeAll(async () => {
  world = await openWorld();
  key = await newClientKey();
  rsa = await newClientKey('RS256');
  const more = {
    security_profile: 'fapi2',
    scope: 'openid profile offline_access',
    grant_types: ['authorization_code', 'refresh_token'],
  };
  await world.declare(
    curious('antrean', { ...more, jwks: { keys: [key.jwk] } }),
    curious('by-rsa', { ...more, jwks: { keys: [rsa.jwk] } }),
  );
});
afterAll(() => world?.[Symbol.asyncDispose]());

function open(options: Partial<RelyingPartyOptions> = {}) {
  return openRelyingParty({
    issuer: world.issuer,
    clientId: 'antrean',
    redirectUri: 'http://localhost:3001/callback',
    privateKey: key.privateKey,
    scope: 'openid profile offline_access',
    par: true,
    dpop: true,
    ...options,
  });
}

async function introspect(signer: typeof key, clientId: string): Promise<Said> {
  const client_assertion = await assertion(signer, clientId, world.issuer);
  return ask(`${world.issuer}/introspect`, {
    form: { token: 'x', client_assertion_type: assertionType, client_assertion },
  });
}

test('with a pushed request, a signed assertion and a proof of its key it signs people in', async () => {
  const app = await open();
  const { tokens } = await signInto(app, world.browser(), { prompt: 'consent' });
  expect(tokens.token_type).toBe('dpop');
  expect((await app.userinfo(tokens.access_token)).name).toBe('Siti Rahayu');
});

test('its refresh token stays the same: it is bound to the key already', async () => {
  const app = await open();
  const { tokens } = await signInto(app, world.browser(), { prompt: 'consent' });
  const first = await app.refresh(String(tokens.refresh_token));
  expect(first.refresh_token ?? tokens.refresh_token).toBe(tokens.refresh_token);
  expect((await app.refresh(String(tokens.refresh_token))).token_type).toBe('dpop');
});

test('a request in an address is refused', async () => {
  const app = await open({ par: false });
  const { url } = await app.startSignIn();
  expect(answered(await world.browser().visit(url))).toMatchObject({ error: 'invalid_request' });
});

test('a code is worth nothing without a proof of the key', async () => {
  const app = await open({ dpop: false });
  const attempt = await app.startSignIn();
  const page = await goThrough(world.browser(), attempt.url);
  await expect(app.finishSignIn(attempt, page)).rejects.toMatchObject({ error: 'invalid_grant' });
});

test('an assertion by an algorithm of yesterday is refused', async () => {
  expect((await introspect(key, 'antrean')).status).toBe(200);
  expect(await introspect(rsa, 'by-rsa')).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
});
