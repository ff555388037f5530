/** Who may call the API, and with what: tokens of this provider for its address, bound to a key for whatever changes something. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apiScopes } from '#src/registry/api-scopes.ts';
import { setClientState } from '#src/registry/client-writes.ts';
import { type ApiClient, ask, machineOf, newKey, openApi, requestToken } from '#test/support/api.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let api: ApiClient;
let tokens: string;

beforeAll(async () => {
  world = await openWorld();
  api = await openApi(world);
  tokens = `/agencies/${api.agencyId}/registration-tokens`;
});
afterAll(() => world?.[Symbol.asyncDispose]());

const addressOf = (path: string) => `${world.issuer}/api/v1${path}`;

describe('a token', () => {
  test('is made for the API’s address, with the scopes that the machine is registered for', async () => {
    await world.declare(machineOf('mesin-baca', ['apps.read']));
    const { json } = await requestToken(world, 'mesin-baca', { scope: 'apps.read apps.write team.read' });
    expect(json).toMatchObject({ token_type: 'Bearer', scope: 'apps.read', expires_in: 600 });
  });

  test('is not made for a machine without such scopes, nor for an app', async () => {
    expect((await requestToken(world, 'mesin-data', { scope: 'apps.read' })).json.error).toBe('invalid_target');
    const app = await requestToken(world, 'puskesmas-online', { scope: 'apps.read' });
    expect(app.json.error).toBe('invalid_request');
  });

  test('without the resource opens nothing', async () => {
    const form = { scope: 'apps.read', resource: 'https://mesin-data.contoh.go.id/' };
    const { json } = await requestToken(world, 'mesin-api', form);
    const answer = await ask('GET', addressOf('/apps/mesin-api'), {
      headers: { authorization: `Bearer ${json.access_token}` },
    });
    expect([answer.status, answer.json.code]).toEqual([401, 'token_invalid']);
  });

  test('that is bound to no key reads, and changes nothing', async () => {
    const { json } = await requestToken(world, 'mesin-api', { scope: apiScopes.join(' ') });
    const headers = { authorization: `Bearer ${json.access_token}` };
    expect((await ask('GET', addressOf('/apps/mesin-api'), { headers })).status).toBe(200);
    const write = await ask('POST', addressOf(tokens), { headers, body: { label: 'x' } });
    expect([write.status, write.json.code]).toEqual([401, 'proof_required']);
    expect(write.headers.get('www-authenticate')).toMatch(/^DPoP .*algs="ES256/);
  });

  test('is asked for by name where it is missing or not enough', async () => {
    const none = await ask('GET', addressOf('/apps/mesin-api'));
    expect([none.status, none.json.code]).toEqual([401, 'token_required']);
    expect(none.headers.get('www-authenticate')).toMatch(/^Bearer, DPoP/);
    expect(none.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const reader = await openApi(world, { clientId: 'mesin-lihat', scopes: ['apps.read'] });
    const write = await reader.post(`/agencies/${reader.agencyId}/registration-tokens`, { label: 'x' });
    expect([write.status, write.json.code]).toEqual([403, 'scope_required']);
    expect(write.headers.get('www-authenticate')).toContain('scope="apps.secrets"');
  });

  test('ends with its machine', async () => {
    const stopped = await openApi(world, { clientId: 'mesin-berhenti' });
    expect((await stopped.get('/apps/mesin-berhenti')).status).toBe(200);
    await world.database.transaction((tx) => setClientState(tx, 'mesin-berhenti', 'suspended', 'test'));
    await world.house.clients.refresh();
    expect((await stopped.get('/apps/mesin-berhenti')).json.code).toBe('token_invalid');
  });

  test.each(['', 'Bearer', 'Basic x', 'Bearer x', 'DPoP x', `Bearer ${'x'.repeat(600)}`, 'Bearer a b'])(
    'that is none: %s',
    async (authorization) => {
      const { status } = await ask('GET', addressOf('/apps/mesin-api'), { headers: { authorization } });
      expect(status).toBe(401);
    },
  );
});

describe('a proof (RFC 9449 §4.3)', () => {
  const show = async (proof: string, token = api.token) =>
    ask('GET', addressOf('/apps/mesin-api'), { headers: { authorization: `DPoP ${token}`, dpop: proof } });

  test('counts once', async () => {
    const proof = await api.key.prove('GET', addressOf('/apps/mesin-api'), api.token);
    const answers = await Promise.all(Array.from({ length: 20 }, () => show(proof)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    // A machine that is short of connections may tell some to come again.
    expect(statuses.filter((status) => ![200, 401, 503].includes(status))).toEqual([]);
  });

  test('counts once even when the request was refused', async () => {
    const address = addressOf('/apps/tidak-ada');
    const headers = { authorization: `DPoP ${api.token}`, dpop: await api.key.prove('GET', address, api.token) };
    expect((await ask('GET', address, { headers })).json.code).toBe('not_here');
    expect((await ask('GET', address, { headers })).json.code).toBe('proof_invalid');
  });

  test.each([
    ['for another method', () => api.key.prove('POST', addressOf('/apps/mesin-api'), api.token)],
    ['for another address', () => api.key.prove('GET', addressOf('/apps/mesin-lain'), api.token)],
    ['for another token', () => api.key.prove('GET', addressOf('/apps/mesin-api'), 'x')],
    ['without a hash of the token', () => api.key.prove('GET', addressOf('/apps/mesin-api'))],
    ['from long ago', () => api.key.prove('GET', addressOf('/apps/mesin-api'), api.token, { iat: 1_700_000_000 })],
    ['from far ahead', () => api.key.prove('GET', addressOf('/apps/mesin-api'), api.token, { iat: 4_000_000_000 })],
    ['without a jti', () => api.key.prove('GET', addressOf('/apps/mesin-api'), api.token, { jti: undefined })],
    ['by another key', async () => (await newKey()).prove('GET', addressOf('/apps/mesin-api'), api.token)],
    ['that is no proof', async () => 'x.y.z'],
  ])('%s is refused', async (_what, make) => {
    const answer = await show(await make());
    expect([answer.status, answer.json.code]).toEqual([401, 'proof_invalid']);
  });

  test('cannot be left out of a token that is bound to a key', async () => {
    const headers = { authorization: `DPoP ${api.token}` };
    const bare = await ask('GET', addressOf('/apps/mesin-api'), { headers });
    expect([bare.status, bare.json.code]).toEqual([401, 'proof_required']);
    const bearer = await ask('GET', addressOf('/apps/mesin-api'), {
      headers: { authorization: `Bearer ${api.token}` },
    });
    expect([bearer.status, bearer.json.code]).toEqual([401, 'token_invalid']);
  });
});

test('an agency sees and changes nothing of another one', async () => {
  const other = await openApi(world, { clientId: 'mesin-tetangga' });
  const foreign = [
    await other.get('/apps/mesin-api'),
    await other.get(`/agencies/${api.agencyId}`),
    await other.get(tokens),
    await other.post(tokens, { label: 'x' }),
    await other.delete(`${tokens}/00000000-0000-4000-8000-000000000000`),
  ];
  expect(foreign.map(({ status, json }) => [status, json.code])).toEqual(foreign.map(() => [404, 'not_here']));
  expect((await api.get(tokens)).json.items).toEqual([]);
});
