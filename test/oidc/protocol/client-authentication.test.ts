import { exportSPKI, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ask,
  assertion,
  basic,
  curious,
  getCode,
  newClientKey,
  openPublicApp,
  type Said,
  signInto,
} from '#test/oidc/flows.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, secretOf, type World } from '#test/support/world.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let world: World;
let key: Awaited<ReturnType<typeof newClientKey>>;
let rsa: Awaited<ReturnType<typeof newClientKey>>;

beforeAll(async () => {
  world = await openWorld();
  key = await newClientKey('ES256');
  rsa = await newClientKey('PS256');
  await world.declare(
    curious('by-key', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } }),
    curious('by-rsa', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [rsa.jwk] } }),
    curious('by-basic'),
    curious('by-post', { token_endpoint_auth_method: 'client_secret_post' }),
    curious('by-nothing', { type: 'spa' }),
  );
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** Asks about a token that does not exist: whoever is let in gets `active: false`. */
const introspect = (form: Record<string, string>, headers: Record<string, string> = {}): Promise<Said> =>
  ask(`${world.issuer}/introspect`, { form: { token: 'x', ...form }, headers });

const byKey = async (more: Parameters<typeof assertion>[3] = {}, audience = world.issuer) =>
  introspect({
    client_assertion_type: assertionType,
    client_assertion: await assertion(key, 'by-key', audience, more),
  });

const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;

describe('each way signs a person in', () => {
  test.each<[string, () => Promise<RelyingParty>]>([
    ['client_secret_basic', () => world.app({ clientId: 'by-basic' })],
    ['client_secret_post', () => world.app({ clientId: 'by-post', secretIn: 'post' })],
    ['private_key_jwt, ES256', () => openWithKey('by-key', key.privateKey)],
    ['private_key_jwt, PS256', () => openWithKey('by-rsa', rsa.privateKey)],
    ['none', () => openPublicApp(world, 'by-nothing')],
  ])('%s', async (_way, open) => {
    const app = await open();
    const { tokens } = await signInto(app, world.browser());
    expect((await app.userinfo(tokens.access_token)).name).toBe('Siti Rahayu');
  });

  const openWithKey = (clientId: string, privateKey: NonNullable<Parameters<World['app']>[0]>['privateKey']) =>
    world.app({ clientId, ...(privateKey && { privateKey }) });
});

describe('secrets', () => {
  test('the right one, in the header or in the body', async () => {
    expect((await introspect({}, basic('by-basic', secretOf('by-basic')))).json).toEqual({ active: false });
    const inBody = { client_id: 'by-post', client_secret: secretOf('by-post') };
    expect((await introspect(inBody)).json).toEqual({ active: false });
  });

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['a wrong one', {}, basic('by-basic', 'wrong')],
    ['the one of another app', {}, basic('by-basic', secretOf('by-post'))],
    ['the beginning of the right one', {}, basic('by-basic', secretOf('by-basic').slice(0, -1))],
    ['an unknown app', {}, basic('nobody', 'x')],
    ['none where one is needed', { client_id: 'by-basic' }, {}],
    ['one where none is registered', {}, basic('by-nothing', 'x')],
    ['one where a key is registered', {}, basic('by-key', 'x')],
  ])('%s is invalid_client', async (_what, form, headers) => {
    const { status, json, headers: answer } = await introspect(form, headers);
    expect(status).toBe(401);
    expect(json.error).toBe('invalid_client');
    if (headers.authorization) expect(answer.get('www-authenticate')).toMatch(/^Basic /);
  });

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['two ways at once', { client_id: 'by-basic', client_secret: 'x' }, basic('by-basic', 'x')],
    ['two apps at once', { client_id: 'by-post' }, basic('by-basic', secretOf('by-basic'))],
    ['nobody', {}, {}],
    ['an empty secret', {}, basic('by-basic', '')],
    ['a header that is not Basic', {}, { authorization: 'Bearer x' }],
    ['a header that is not base64', {}, { authorization: 'Basic ***' }],
    ['a header without a colon', {}, { authorization: `Basic ${Buffer.from('by-basic').toString('base64')}` }],
    ['a NUL', {}, { authorization: `Basic ${Buffer.from('by-basic:a\0b').toString('base64')}` }],
  ])('%s is refused', async (_what, form, headers) => {
    const { status, json } = await introspect(form, headers);
    expect([400, 401]).toContain(status);
    expect(json.error).toMatch(/^invalid_(request|client)$/);
  });

  test('no answer and no log line repeats a secret', async () => {
    const said = await introspect({}, basic('by-basic', 'my-wrong-secret'));
    expect(JSON.stringify(said.json)).not.toContain('my-wrong-secret');
    expect(world.log.join('')).not.toContain('my-wrong-secret');
    expect(world.log.join('')).not.toContain(secretOf('by-basic'));
  });
});

describe('client assertions (RFC 7523, private_key_jwt)', () => {
  test.each<[string, Parameters<typeof assertion>[3]]>([
    ['the plain one', {}],
    ['with its type', { header: { typ: 'client-authentication+jwt' } }],
    ['a clock 10 seconds ahead', { claims: { iat: seconds(10), nbf: seconds(10) } }],
    ['one that names foreign keys, which are not looked at', { header: { jku: 'https://evil.example/jwks' } }],
  ])('%s lets in', async (_what, more) => {
    expect((await byKey(more)).json).toEqual({ active: false });
  });

  test.each<[string, Parameters<typeof assertion>[3]]>([
    ['another issuer', { claims: { iss: 'by-rsa' } }],
    ['no issuer', { claims: { iss: undefined } }],
    ['another subject', { claims: { sub: 'by-rsa' } }],
    ['no audience', { claims: { aud: undefined } }],
    ['the audience of another server', { claims: { aud: 'https://elsewhere.contoh.go.id' } }],
    ['no end', { claims: { exp: undefined } }],
    ['a past end', { claims: { exp: seconds(-60) } }],
    ['an end far ahead', { claims: { exp: seconds(86_400) } }],
    ['a beginning a minute ahead', { claims: { nbf: seconds(61) } }],
    ['no jti', { claims: { jti: undefined } }],
    ['the type of a DPoP proof', { header: { typ: 'dpop+jwt' } }],
    ['a key id that is not registered', { header: { kid: 'other' } }],
  ])('%s is invalid_client', async (_what, more) => {
    const { status, json } = await byKey(more);
    expect(status).toBe(401);
    expect(json.error).toBe('invalid_client');
  });

  test('only the issuer is an audience, not an endpoint and not a list', async () => {
    expect((await byKey({}, `${world.issuer}/token`)).status).toBe(401);
    expect((await byKey({}, `${world.issuer}/introspect`)).status).toBe(401);
    expect((await byKey({ claims: { aud: [world.issuer] } })).status).toBe(401);
    expect((await byKey({ claims: { aud: [world.issuer, 'https://evil.example'] } })).status).toBe(401);
    expect((await byKey({}, `${world.issuer}/`)).status).toBe(401);
  });

  test('serves once', async () => {
    const jti = crypto.randomUUID();
    expect((await byKey({ claims: { jti } })).status).toBe(200);
    expect((await byKey({ claims: { jti } })).status).toBe(401);
  });

  test('two apps may use the same jti', async () => {
    const jti = crypto.randomUUID();
    expect((await byKey({ claims: { jti } })).status).toBe(200);
    const other = await assertion(rsa, 'by-rsa', world.issuer, { claims: { jti } });
    expect((await introspect({ client_assertion_type: assertionType, client_assertion: other })).status).toBe(200);
  });

  test.each<[string, () => Promise<string>]>([
    ['unsigned', async () => `${encode({ alg: 'none' })}.${encode(await rightClaims())}.`],
    [
      'signed by HMAC with the public key as its secret',
      async () =>
        new SignJWT(await rightClaims())
          .setProtectedHeader({ alg: 'HS256', kid: 'app-key' })
          .sign(Buffer.from(await exportSPKI(key.publicKey))),
    ],
    [
      'signed by a key that it brings along',
      async () => {
        const own = await newClientKey();
        return assertion(own, 'by-key', world.issuer, { header: { jwk: own.jwk, kid: undefined } });
      },
    ],
    ['with an altered payload', async () => alter(await assertion(key, 'by-key', world.issuer))],
    ['cut short', async () => (await assertion(key, 'by-key', world.issuer)).slice(0, -4)],
    ['of the right key, but another algorithm stated', async () => assertion(rsa, 'by-key', world.issuer)],
  ])('%s: invalid_client', async (_what, make) => {
    const said = await introspect({ client_assertion_type: assertionType, client_assertion: await make() });
    expect(said.status).toBe(401);
    expect(said.json.error).toBe('invalid_client');
  });

  test.each(['', 'x', 'a.b.c', '..', 'e30.e30.', `${'a'.repeat(20_000)}.b.c`])(
    'what is no token (%.20s) is refused',
    async (client_assertion) => {
      const said = await introspect({ client_id: 'by-key', client_assertion_type: assertionType, client_assertion });
      expect([400, 401]).toContain(said.status);
    },
  );

  test('an ID token is no assertion', async () => {
    const { tokens } = await signInto(await world.app({ clientId: 'by-basic' }), world.browser());
    const form = { client_assertion_type: assertionType, client_assertion: tokens.id_token ?? '' };
    expect((await introspect(form)).status).toBe(401);
  });

  const rightClaims = async () => {
    const token = await assertion(key, 'by-key', world.issuer);
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  };
});

test('a code of an app with a key is not redeemed by its id alone', async () => {
  const app = await world.app({ clientId: 'by-key', ...(key && { privateKey: key.privateKey }) });
  const { code, attempt } = await getCode(app, world.browser());
  const said = await ask(`${world.issuer}/token`, {
    form: {
      grant_type: 'authorization_code',
      client_id: 'by-key',
      code,
      code_verifier: attempt.codeVerifier,
      redirect_uri: app.redirectUri,
    },
  });
  expect(said.status).toBe(401);
});

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function alter(token: string): string {
  const [header, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return `${header}.${encode({ ...claims, jti: 'another' })}.${signature}`;
}
