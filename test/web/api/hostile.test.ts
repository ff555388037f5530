/** Whatever is sent to the API by somebody who may: it is refused or carried out, and nothing breaks (security line 35). */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publicRoutes } from '#src/web/api/public.ts';
import { apiRoutes } from '#src/web/api/routes.ts';
import { type ApiClient, openApi } from '#test/support/api.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let api: ApiClient;

beforeAll(async () => {
  world = await openWorld();
  api = await openApi(world);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const requests = Number(process.env.FUZZ_REQUESTS ?? 400);

const keys =
  `declaration reason label days uses overlap_days client_id client_name purpose redirect_uris scope claims jwks keys kty
  type token_endpoint_auth_method contacts logo_uri client_uri sectors default_max_age launch_on constructor toString`.split(
    /\s+/,
  );
const values: unknown[] = [
  ...[
    '',
    'x',
    'openid',
    'machine',
    'https://a.contoh.go.id/cb',
    'javascript:alert(1)',
    '\u202e',
    'a\u0000b',
    '\ud800',
    '2026-02-31',
  ],
  ...[null, true, -1, 0, 1.5, 1e308, 2 ** 53, [], {}, [[]], 'x'.repeat(70_000)],
];

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...values),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string({ maxLength: 8 })), tie('value'), { maxKeys: 5 }),
  ),
})).value;

const declaration = fc.record({
  declaration: fc.dictionary(fc.constantFrom(...keys), json, { maxKeys: 8 }).map((changed) => ({
    ...{
      client_id: 'portal-acak',
      client_name: 'Acak',
      purpose: 'Acak.',
      redirect_uris: ['https://a.contoh.go.id/cb'],
    },
    ...changed,
  })),
});

const part = fc.oneof(
  fc.constantFrom('mesin-api', 'x', '..', '%2e%2e', '1', '-1', '%F0%9F%98%80', 'a%20b', "'", 'x'.repeat(2_000)),
  fc.string({ maxLength: 12 }).map((text) => encodeURIComponent(text.toWellFormed())),
);

const headers = fc.dictionary(
  fc.constantFrom('if-match', 'if-none-match', 'idempotency-key', 'accept', 'accept-language', 'content-type'),
  fc.oneof(
    fc.constantFrom(
      '"1"',
      '"0"',
      '*',
      'W/"1"',
      'text/csv',
      'application/json',
      'application/xml',
      'id',
      'x'.repeat(300),
    ),
    fc.string({ maxLength: 20 }).map((text) => text.replace(/[^\x20-\x7e]/g, '')),
  ),
  { maxKeys: 3 },
);

test(
  `${requests} generated calls: no 5xx, and every refusal is a problem with a code`,
  async () => {
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...[...apiRoutes, ...publicRoutes]),
        part,
        fc.oneof(declaration, json),
        headers,
        fc.option(fc.string({ maxLength: 30 }), { nil: undefined }),
        async ({ method, path }, name, body, sent, query) => {
          const agency = path.startsWith('/agencies/:agency') && name.length % 2 === 0 ? api.agencyId : name;
          const filled = path.replace(':agency', agency).replace(/:\w+/g, name);
          const target =
            query === undefined ? filled : `${filled}?${new URLSearchParams({ after: query, limit: query })}`;
          const said =
            method === 'GET'
              ? await api.get(target, { headers: sent })
              : method === 'DELETE'
                ? await api.delete(target, sent)
                : await api[method === 'PUT' ? 'put' : 'post'](target, body ?? null, sent);
          statuses.set(said.status, (statuses.get(said.status) ?? 0) + 1);
          if (said.status >= 500)
            throw new Error(
              `${method} ${target} ${JSON.stringify(body)}: ${said.body}\n${world.log.filter((line) => line.includes('"error"')).at(-1)}`,
            );
          if (said.status >= 400) expect(said.json.code).toMatch(/^[a-z_]+$/);
        },
      ),
      { numRuns: requests },
    );
    // Not everything is refused at the door.
    expect([...statuses.keys()].filter((status) => status < 300).length).toBeGreaterThan(0);
    expect(statuses.get(422) ?? 0).toBeGreaterThan(5);
  },
  Math.max(60_000, requests * 60),
);

test.each([
  ['half an object', '{"label":', 400],
  ['nothing', '', 400],
  ['no object', '[]', 422],
  ['a NUL', '{"label":"a\\u0000b"}', 400],
  ['half a character', '{"label":"\\ud800"}', 400],
  ['a key that means something to JavaScript', '{"__proto__":{"uses":1},"label":"x"}', 400],
  ['a thousand brackets', `{"label":${'['.repeat(1_000)}${']'.repeat(1_000)}}`, 400],
  ['a hundred thousand brackets', '['.repeat(100_000), 400],
  ['more than anybody needs', JSON.stringify({ label: 'x'.repeat(300_000) }), 413],
  ['a number too large', '{"label":"x","uses":1e400}', 422],
])('%s is refused', async (_what, body, status) => {
  const answer = await api.post(`/agencies/${api.agencyId}/registration-tokens`, body);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/problem\+json/);
});

test('what the API does not know is 404, and another method is 405 with those that there are', async () => {
  expect((await api.get('/tidak-ada')).json.code).toBe('not_found');
  const other = await api.put('/apps', {});
  expect([other.status, other.json.code, other.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'HEAD, GET']);
});
