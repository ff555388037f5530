import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '#test/oidc/flows.ts';
import { openWorld, type World } from '#test/support/world.ts';

/** Behind a TLS proxy, as every public deployment: addresses follow the configured issuer. */
const issuer = 'https://localhost:8443';

describe('plan Config OP', () => {
  let world: World;
  let address: string;

  beforeAll(async () => {
    world = await openWorld({ settings: { ISSUER: issuer } });
    const server = await world.startServer();
    address = `http://127.0.0.1:${server.port}`;
    servers.use(server);
  });
  const servers = new AsyncDisposableStack();
  afterAll(async () => {
    await servers.disposeAsync();
    await world?.[Symbol.asyncDispose]();
  });

  const read = async (path: string) => {
    const { status, json, headers } = await ask(`${address}${path}`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/(jwk-set\+)?json/);
    return json;
  };

  test('oidcc-discovery-endpoint-verification: the document has every required member', async () => {
    expect(await read('/.well-known/openid-configuration')).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      scopes_supported: expect.arrayContaining(['openid']),
      response_types_supported: ['code'],
      grant_types_supported: expect.arrayContaining(['authorization_code']),
      subject_types_supported: expect.arrayContaining(['pairwise']),
      id_token_signing_alg_values_supported: expect.arrayContaining(['RS256']),
      claims_supported: expect.arrayContaining(['sub', 'name', 'email']),
      claims_parameter_supported: true,
      request_uri_parameter_supported: false,
    });
  });

  test('oidcc-discovery-endpoint-verification: every address in it is https and of the issuer', async () => {
    const document = await read('/.well-known/openid-configuration');
    const addresses = Object.entries(document).filter(([name]) => /_(endpoint|uri)$/.test(name));
    expect(addresses.length).toBeGreaterThan(7);
    for (const [, value] of addresses) expect(value).toMatch(/^https:\/\/localhost:8443\/[a-z/]+$/);
  });

  test('oidcc-discovery-endpoint-verification: the keys are public, named and meant for signing', async () => {
    const { keys } = (await read('/jwks')) as { keys: Record<string, unknown>[] };
    expect(keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'RS256']);
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
    for (const key of keys) {
      expect(key).toMatchObject({ use: 'sig', kid: expect.any(String) });
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) expect(key).not.toHaveProperty(secret);
    }
  });
});
