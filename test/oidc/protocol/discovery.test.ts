import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scopes, standardClaims } from '#src/registry/claims.ts';
import { ask, assertion, bearer, curious, newClientKey, openPublicApp, type Said, signInto } from '#test/oidc/flows.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let metadata: Record<string, unknown>;

beforeAll(async () => {
  world = await openWorld();
  metadata = (await ask(`${world.issuer}/.well-known/openid-configuration`)).json;
});
afterAll(() => world?.[Symbol.asyncDispose]());

describe('metadata (OpenID Connect Discovery §3, RFC 8414 §2)', () => {
  test('says exactly what there is', () => {
    const { issuer } = world;
    const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];
    const algorithms = ['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519'];
    expect(metadata).toEqual({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      pushed_authorization_request_endpoint: `${issuer}/par`,
      introspection_endpoint: `${issuer}/introspect`,
      revocation_endpoint: `${issuer}/revoke`,
      end_session_endpoint: `${issuer}/logout`,
      registration_endpoint: `${issuer}/register`,
      op_policy_uri: `${issuer}/privacy`,
      acr_values_supported: ['aal1', 'aal2', 'phr'],
      authorization_response_iss_parameter_supported: true,
      backchannel_logout_session_supported: true,
      backchannel_logout_supported: true,
      claims_parameter_supported: true,
      claim_types_supported: ['normal'],
      claims_supported: expect.arrayContaining(['sub', ...standardClaims, 'acr', 'amr', 'auth_time', 'iss', 'sid']),
      code_challenge_methods_supported: ['S256'],
      display_values_supported: ['page'],
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      id_token_signing_alg_values_supported: ['ES256', 'RS256'],
      introspection_endpoint_auth_methods_supported: methods,
      introspection_endpoint_auth_signing_alg_values_supported: algorithms,
      prompt_values_supported: ['none', 'login', 'consent'],
      request_uri_parameter_supported: false,
      response_modes_supported: ['form_post', 'fragment', 'query'],
      response_types_supported: ['code'],
      revocation_endpoint_auth_methods_supported: methods,
      revocation_endpoint_auth_signing_alg_values_supported: algorithms,
      scopes_supported: scopes,
      subject_types_supported: ['pairwise', 'public'],
      token_endpoint_auth_methods_supported: methods,
      token_endpoint_auth_signing_alg_values_supported: algorithms,
      ui_locales_supported: ['id', 'en'],
      userinfo_signing_alg_values_supported: ['ES256', 'RS256'],
    });
    expect((metadata.claims_supported as string[]).length).toBe(standardClaims.length + 6);
  });

  test('is the same at the address of RFC 8414', async () => {
    expect((await ask(`${world.issuer}/.well-known/oauth-authorization-server`)).json).toEqual(metadata);
  });

  test('comes from the configured issuer, whatever Host and forwarding headers say', async () => {
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    expect((await ask(`${world.issuer}/.well-known/openid-configuration`, { headers })).json).toEqual(metadata);
  });

  test('every endpoint it names answers, and none that it does not name is there', async () => {
    for (const [name, address] of Object.entries(metadata)) {
      if (!/_(endpoint|uri)$/.test(name)) continue;
      const answers = [await ask(String(address)), await ask(String(address), { form: '' })];
      expect(answers.map(({ status }) => status).sort()[0], name).toBeLessThan(404);
    }
    for (const path of ['device', 'device/authorize', 'backchannel-authentication', 'request', 'session'])
      expect((await ask(`${world.issuer}/${path}`, { form: '' })).status, path).toBe(404);
  });

  test.each(['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519'])(
    'an assertion signed by %s lets an app in',
    async (alg) => {
      const key = await newClientKey(alg);
      const clientId = `by-${alg.toLowerCase()}`;
      await world.declare(
        curious(clientId, { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.jwk] } }),
      );
      const form = {
        token: 'x',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await assertion(key, clientId, world.issuer),
      };
      expect((await ask(`${world.issuer}/introspect`, { form })).json).toEqual({ active: false });
    },
  );
});

describe('JWKS', () => {
  test('has public keys only, each named by its thumbprint', async () => {
    const { json, headers } = await ask(`${world.issuer}/jwks`);
    const keys = json.keys as Record<string, unknown>[];
    expect(keys.map(({ alg, kty }) => `${alg} ${kty}`).sort()).toEqual(['ES256 EC', 'RS256 RSA']);
    for (const key of keys) {
      const members = key.kty === 'EC' ? ['crv', 'x', 'y'] : ['e', 'n'];
      expect(Object.keys(key).sort()).toEqual(['alg', 'kid', 'kty', 'use', ...members].sort());
      expect(key.kid).toMatch(/^[\w-]{43}$/);
    }
    expect(headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
  });
});

describe('reading across origins', () => {
  const own = 'http://localhost:3003';
  let spa: RelyingParty;
  let token: string;

  beforeAll(async () => {
    spa = await openPublicApp(world, 'layanan-spa', { redirectUri: `${own}/callback` });
    token = (await signInto(spa, world.browser())).tokens.access_token;
  });

  const allowed = ({ headers }: Said) => headers.get('access-control-allow-origin');
  const redeem = (origin: string, clientId = 'layanan-spa') =>
    ask(`${world.issuer}/token`, {
      form: { grant_type: 'authorization_code', code: 'x', client_id: clientId, redirect_uri: `${own}/callback` },
      headers: { origin },
    });

  test('metadata and keys are open to every page', async () => {
    for (const path of ['.well-known/openid-configuration', '.well-known/oauth-authorization-server', 'jwks']) {
      const said = await ask(`${world.issuer}/${path}`, { headers: { origin: 'https://anywhere.example' } });
      expect(allowed(said)).toBe('https://anywhere.example');
      expect(said.headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  test('a browser app redeems, reads and revokes from its own origin', async () => {
    expect(allowed(await redeem(own))).toBe(own);
    const headers = { ...bearer(token), origin: own };
    const read = await ask(`${world.issuer}/userinfo`, { headers });
    expect(read.status).toBe(200);
    expect(allowed(read)).toBe(own);
    const form = { token: 'x', client_id: 'layanan-spa' };
    expect(allowed(await ask(`${world.issuer}/revoke`, { form, headers: { origin: own } }))).toBe(own);
  });

  test.each([
    'https://anywhere.example',
    'null',
    'http://localhost:3001',
    'https://localhost:3003',
    `${own}.evil.example`,
  ])('not from %s', async (origin) => {
    const said = await redeem(origin);
    expect(said.status).toBe(400);
    expect(allowed(said)).toBeNull();
    const read = await ask(`${world.issuer}/userinfo`, { headers: { ...bearer(token), origin } });
    expect(allowed(read)).toBeNull();
    expect(read.json).not.toHaveProperty('sub');
  });

  test('an app with a secret has no business in a browser', async () => {
    const app = await world.app();
    const { tokens } = await signInto(app, world.browser());
    const headers = { ...bearer(tokens.access_token), origin: 'http://localhost:3001' };
    expect(allowed(await ask(`${world.issuer}/userinfo`, { headers }))).toBeNull();
  });

  test('a preflight is answered where an app may read, and nowhere else', async () => {
    const headers = {
      origin: own,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,dpop',
    };
    const preflight = await ask(`${world.issuer}/token`, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('dpop');
    for (const path of ['authorize', 'logout', 'account', 'interaction/x', '']) {
      const said = await ask(`${world.issuer}/${path}`, { method: 'OPTIONS', headers });
      expect(allowed(said), path).toBeNull();
    }
  });
});
