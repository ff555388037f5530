/**
 * Generated requests over every address (security line 35): none is answered with 5xx, none hangs, no markup comes back,
 * and memory stays flat. `FUZZ_REQUESTS=100000` runs as many; `FUZZ_SEED` repeats a run.
 */
import { Agent, request } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer } from '#test/support/browser-agent.ts';
import { openWorld, type World } from '#test/support/world.ts';
import { openScene, requestsOf, routesOf, type Scene, type Wanted } from './scene.ts';

const requests = Number(process.env.FUZZ_REQUESTS ?? 2_000);
const seed = process.env.FUZZ_SEED === undefined ? undefined : Number(process.env.FUZZ_SEED);
const BATCH = 25;
const MARK = '<x-evil>';

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
let world: World;
let scene: Scene;
let honest: Wanted[];
let paths: string[];

beforeAll(async () => {
  world = await openWorld();
  scene = await openScene(world);
  honest = requestsOf(scene);
  const known = (await routesOf(world)).map(({ path }) => path);
  paths = [...new Set([...known.map((path) => path.replace(/[:*]\w+/g, 'x')), ...honest.map(({ path }) => path)])];
});

afterAll(async () => {
  agent.destroy();
  await world[Symbol.asyncDispose]();
});

/** Names that mean something to some address. */
const names =
  `client_id redirect_uri response_type response_mode scope state nonce prompt max_age ui_locales claims_locales
  id_token_hint login_hint acr_values code_challenge code_challenge_method claims resource request request_uri dpop_jkt
  grant_type code code_verifier refresh_token client_secret client_assertion client_assertion_type token token_type_hint
  post_logout_redirect_uri logout xsrf csrf action identifier password credential name claim client session passkey lang
  page done to error error_description iss __proto__ constructor audience`.split(/\s+/);

const values = `code form_post fragment query openid profile offline_access none login consent select_account S256 plain
  authorization_code refresh_token client_credentials password puskesmas-online pajak-daerah lawang-account mesin-data
  sign-in send-code continue allow deny cancel resend passkey create-passkey disconnect end-session yes id en
  http://localhost:3001/callback http://localhost:3001/signed-out siti@contoh.id joko@contoh.id +6281234567890
  lawang-sandbox 0 -1 1e9 {} [] null {"userinfo":{"name":null}} urn:ietf:params:oauth:client-assertion-type:jwt-bearer
  eyJhbGciOiJub25lIn0.e30. aal1 phr true`.split(/\s+/);

const text = () =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...values) },
    { weight: 2, arbitrary: fc.string({ maxLength: 60 }).map((some) => some + MARK + some) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 200 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(`"'${MARK}`, '\0', '\ud800', '%00', '../', '\r\nX-Evil: 1', 'x'.repeat(5_000)),
    },
    { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
  );

const fields = () =>
  fc.array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 10 })), text()), { maxLength: 12 });

const headerValue = () =>
  fc.oneof(
    fc.constantFrom(
      '',
      'null',
      'Bearer x',
      'Basic Og==',
      'Basic eDp5',
      'DPoP x',
      'cross-site',
      'text/html',
      '*/*',
      'application/json',
    ),
    fc.string({ maxLength: 40 }).map((some) => some.replace(/[^\t\x20-\x7e]/g, '')),
  );

interface Shot {
  readonly base: number | undefined;
  readonly method: string;
  readonly path: number;
  readonly tail: string;
  readonly query: [string, string][];
  readonly form: [string, string][];
  readonly isHonestBase: boolean;
  readonly headers: Record<string, string>;
  readonly type: string;
}

const shot = (): fc.Arbitrary<Shot> =>
  fc.record({
    base: fc.option(fc.nat(10_000), { nil: undefined }),
    method: fc.constantFrom('GET', 'GET', 'POST', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'),
    path: fc.nat(10_000),
    tail: fc.oneof(
      { weight: 6, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: text().map((some) => `/${encodeURI(some.toWellFormed())}`) },
    ),
    query: fields(),
    form: fields(),
    isHonestBase: fc.boolean(),
    headers: fc.dictionary(
      fc.constantFrom(
        'authorization',
        'origin',
        'dpop',
        'accept',
        'accept-language',
        'cookie',
        'sec-fetch-site',
        'x-forwarded-for',
        'if-none-match',
        'content-encoding',
        'referer',
      ),
      headerValue(),
      { maxKeys: 4 },
    ),
    type: fc.constantFrom(
      'application/x-www-form-urlencoded',
      'application/x-www-form-urlencoded',
      'application/x-www-form-urlencoded',
      'application/json',
      '',
    ),
  });

/** An honest request with something changed, or one made up from nothing. */
function fire({ base, method, path, tail, query, form, isHonestBase, headers, type }: Shot): Promise<Answer> {
  const from = base === undefined ? undefined : honest[base % honest.length];
  const target = new URL(from?.path ?? paths[path % paths.length] ?? '/', world.issuer);
  for (const [name, value] of query) target.searchParams.append(name, value);
  const address = `${target.pathname}${from ? '' : tail}${target.search}`.slice(0, 12_000).replace(/%.?$/, '');
  const kept = from && isHonestBase ? { ...from.form, ...Object.fromEntries(form) } : form;
  const body = new URLSearchParams(kept as Record<string, string>).toString();
  const sent = { accept: 'text/html', ...from?.headers, ...headers, ...(type && { 'content-type': type }) };
  return ask(from?.method ?? method, address, sent, body);
}

function ask(method: string, path: string, headers: Record<string, string>, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(world.issuer);
    const outgoing = request({ hostname, port, method, path, agent, headers, timeout: 60_000 }, (incoming) => {
      let said = '';
      incoming.setEncoding('utf8').on('data', (chunk) => {
        said += chunk;
      });
      incoming.on('error', reject).on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: new Headers(
            Object.entries(incoming.headersDistinct).flatMap(([name, all]) =>
              (all ?? []).map((value): [string, string] => [name, value]),
            ),
          ),
          body: said,
        }),
      );
    });
    outgoing.on('error', reject).on('timeout', () => outgoing.destroy(new Error(`${method} ${path} hangs`)));
    outgoing.end(method === 'GET' || method === 'HEAD' ? undefined : body);
  });
}

/** A connection that the server closed after an answer may be chosen for the next request; that one is sent again. */
async function fireAgain(aimed: Shot): Promise<Answer> {
  return fire(aimed).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
    return fire(aimed);
  });
}

function wrongWith({ status, headers, body }: Answer): string | undefined {
  if (status < 200 || status >= 500) return `status ${status}`;
  if (headers.has('x-evil')) return 'a header came back';
  if (headers.get('content-type')?.includes('html') && body.toLowerCase().includes(MARK)) return 'markup came back';
  return undefined;
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heap(): number {
  world.log.length = 0;
  world.statements.length = 0;
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

test(
  `${requests} generated requests: no 5xx, no hang, no markup back, memory flat`,
  async () => {
    let fired = 0;
    let settled: number | undefined;
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(shot(), { minLength: BATCH, maxLength: BATCH }), async (shots) => {
        const answers = await Promise.all(shots.map(fireAgain));
        const wrong = answers.flatMap((answer, i) => {
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          const what = wrongWith(answer);
          return what
            ? [{ what, shot: shots[i], log: world.log.filter((line) => line.includes('"error"')).slice(-2) }]
            : [];
        });
        expect(wrong).toEqual([]);
        fired += shots.length;
        world.log.length = 0;
        world.statements.length = 0;
        if (settled === undefined && fired >= requests / 3) settled = heap();
      }),
      { numRuns: Math.ceil(requests / BATCH), ...(seed !== undefined && { seed }) },
    );
    expect(fired).toBeGreaterThanOrEqual(requests);
    // Not everything is refused at the door, or the test would say nothing.
    expect((statuses.get(200) ?? 0) / fired).toBeGreaterThan(0.05);
    expect((statuses.get(303) ?? 0) / fired).toBeGreaterThan(0.02);
    expect(heap() - (settled ?? 0)).toBeLessThan(16);
  },
  Math.max(60_000, requests * 40),
);
