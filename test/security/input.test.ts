/** Whatever is sent, wherever: an answer below 500, soon (security line 35). */
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInto } from '#test/oidc/flows.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { turnsNow } from '#test/support/turns.ts';
import { openWorld, secretOf, type World } from '#test/support/world.ts';
import { openScene, requestsOf, routesOf, type Scene, send, type Wanted } from './scene.ts';

let world: World;
let scene: Scene;
let everything: Wanted[];

beforeAll(async () => {
  world = await openWorld();
  scene = await openScene(world);
  everything = requestsOf(scene);
});

afterAll(() => world[Symbol.asyncDispose]());

interface Outcome {
  readonly name: string;
  readonly status: number;
  /** Until the answer; or what was computed meanwhile, where that was more: no turn comes while an expression is matched. */
  readonly ms: number;
}

/** Asks a few at a time, so that the time of each means something. */
async function askAll(wanted: readonly { name: string; ask: () => Promise<{ status: number }> }[]): Promise<Outcome[]> {
  const left = [...wanted];
  const outcomes: Outcome[] = [];
  const worker = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const started = turnsNow();
      const computed = process.threadCpuUsage();
      const { status } = await next.ask().catch((error: NodeJS.ErrnoException) => {
        // The server closes a connection whose rest it does not want to read; the answer may be lost on the way.
        if (['ECONNRESET', 'EPIPE'].includes(error.code ?? '')) return { status: 413 };
        throw error;
      });
      const { user, system } = process.threadCpuUsage(computed);
      outcomes.push({ name: next.name, status, ms: Math.max(turnsNow() - started, (user + system) / 1000) });
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return outcomes;
}

function expectCalm(outcomes: readonly Outcome[]): void {
  expect(outcomes.length).toBeGreaterThan(0);
  expect(outcomes.filter(({ status, ms }) => status >= 500 || status < 200 || ms > 4_000)).toEqual([]);
}

const basic = `Basic ${Buffer.from(`puskesmas-online:${secretOf('puskesmas-online')}`).toString('base64')}`;
const deep = (open: string, close: string, depth: number) => open.repeat(depth) + close.repeat(depth);

/** Values that somebody once fell over. */
const nasty: Readonly<Record<string, string>> = {
  'a NUL': 'a\0b',
  'half a surrogate': '\ud800',
  'control characters': '\u0001\u0007\u001b[31m\u007f',
  'a prototype': '__proto__',
  'ten thousand scopes': Array.from({ length: 10_000 }, (_, i) => `s${i}`).join(' '),
  'many spaces': ' '.repeat(10_000),
  'deep claims': `{"userinfo":${deep('{"a":', '}', 5_000).replace('}', '1}')}}`,
  'deep lists': deep('[', ']', 10_000),
  'huge claims': JSON.stringify({
    userinfo: Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`c${i}`, null])),
  }),
  'claims of the prototype':
    '{"userinfo":{"__proto__":{"essential":true},"constructor":null},"id_token":{"toString":null}}',
  'claims that are none': '{"userinfo":5,"id_token":[]}',
  'claims of odd values': '{"id_token":{"acr":{"values":[1,null,{}]},"sub":{"value":5},"auth_time":"x"}}',
  'a large number': '9'.repeat(400),
  'a negative number': '-1',
  'an endless number': '1e999',
  'a broken JWT': 'eyJhbGciOiJub25lIn0.e30.',
  'a JWT of arrays': `${Buffer.from('[]').toString('base64url')}.${Buffer.from('[]').toString('base64url')}.AA`,
  emoji: '👩‍👩‍👧‍👦'.repeat(500),
  'right to left': '\u202e\u2066\u202d'.repeat(50),
  combining: `a${'\u0301'.repeat(5_000)}`,
  'an address': 'javascript:alert(1)',
  'percent signs': '%%%25%00%ff',
};

test('1 MB in a field, and every nasty value in every field, on every address', async () => {
  const names = [
    'scope',
    'claims',
    'state',
    'max_age',
    'ui_locales',
    'redirect_uri',
    'client_id',
    'request_uri',
    'prompt',
    'acr_values',
  ];
  const mine = [
    'token',
    'code',
    'identifier',
    'password',
    'name',
    'credential',
    'action',
    'csrf',
    'xsrf',
    'client',
    'session',
    'lang',
  ];
  const ruined = new Set([...names, ...mine]);
  // Encoded once: megabytes for each of several thousand requests would take longer than the requests.
  const encoded = Object.entries({ ...nasty, 'a megabyte in all': 'x'.repeat(2 ** 16) }).map(([what, value]) => {
    const fields = new URLSearchParams(Object.fromEntries([...ruined].map((name) => [name, value]))).toString();
    // Node itself refuses a head of more than 16 KB.
    return { what, fields, query: fields.slice(0, 14_000).replace(/%.?$/, '') };
  });
  const requests = everything.flatMap((wanted) => {
    const form = Object.fromEntries(Object.entries(wanted.form ?? {}).filter(([name]) => !ruined.has(name)));
    return encoded.map(({ what, fields, query }) => {
      const asked =
        wanted.method === 'POST'
          ? { ...wanted, form, more: fields }
          : { ...wanted, path: `${wanted.path.split('?', 1)[0]}?${query}` };
      return { name: `${what}: ${wanted.method} ${wanted.path}`, ask: () => send(world, asked, true) };
    });
  });
  expectCalm(await askAll(requests));
}, 240_000);

test('each field of an honest request ruined by itself', async () => {
  const requests = everything.flatMap((wanted) => {
    const fields = wanted.form ?? Object.fromEntries(new URL(wanted.path, world.issuer).searchParams);
    return Object.keys(fields).flatMap((field) =>
      Object.entries(nasty).map(([what, value]) => {
        const ruined = { ...fields, [field]: value };
        const path = wanted.form
          ? wanted.path
          : `${wanted.path.split('?', 1)[0]}?${new URLSearchParams(ruined).toString().slice(0, 14_000).replace(/%.?$/, '')}`;
        const asked = { ...wanted, path, ...(wanted.form && { form: ruined }) };
        return { name: `${what} in ${field}: ${wanted.method} ${wanted.path}`, ask: () => send(world, asked, false) };
      }),
    );
  });
  expectCalm(await askAll(requests));
}, 240_000);

test('fields that come twice, bytes that are not UTF-8, NULs in addresses', async () => {
  const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
    exchange(world.issuer + path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json', ...headers },
      body,
    });
  const requests = everything.flatMap(({ method, path, form, headers = {} }) => {
    const [bare = ''] = path.split('?', 1);
    const name = `${method} ${bare}`;
    if (method === 'GET')
      return [
        '?a=1&a=2&client_id=x&client_id=y&lang=id&lang=en&to=a&to=b&done=a&done=b&page=a&page=b',
        '?x=%ff%fe',
        '?%00=%00',
        '/%c0%ae%c0%ae/',
        '?lang[]=id',
        '?&&&=&=',
        '/..%2f..%2fetc/passwd',
      ].map((query) => ({
        name: name + query,
        ask: () => exchange(world.issuer + bare + query, { headers: { accept: 'text/html', ...headers } }),
      }));
    const twice = new URLSearchParams([
      ...Object.entries(form ?? {}),
      ...Object.entries(form ?? {}),
      ['action', 'allow'],
      ['action', 'deny'],
    ]);
    const bodies: (string | Buffer)[] = [
      twice.toString(),
      Buffer.from([0x61, 0x3d, 0xff, 0xfe, 0x26, 0x00]),
      'a=%ff%fe&scope=%00',
      '&&==&',
      '%',
      '',
      `${'a=1&'.repeat(5_000)}`,
    ];
    return bodies.map((body, i) => ({ name: `${name} body ${i}`, ask: () => post(bare, body, headers) }));
  });
  expectCalm(await askAll(requests));
  const said = await exchange(`${world.issuer}/help?x=%ff`, { headers: { accept: 'text/html' } });
  expect([said.status, /id="error-code"[^>]*>([^<]*)/.exec(said.body)?.[1]]).toEqual([400, 'invalid_request']);
});

test('large cookies, broken cookies, malformed Authorization', async () => {
  const headers: Record<string, string>[] = [
    { cookie: 'x'.repeat(12_000) },
    { cookie: `session=${'A'.repeat(12_000)}` },
    { cookie: Array.from({ length: 500 }, (_, i) => `session=${i}`).join('; ') },
    { cookie: 'session=%00%ff; interaction=%; resume="\\"; browser=; language=\u00ff; app=../..' },
    { cookie: '__proto__=1; constructor=2; session.sig=x' },
    ...[
      'Basic',
      'Basic ',
      'Basic !!!!',
      'Basic Og==',
      `Basic ${Buffer.from('a:b:c%zz').toString('base64')}`,
      'Bearer',
      'Bearer ',
      'Bearer \u00ff',
      `Bearer ${'x'.repeat(10_000)}`,
      'DPoP x',
      'DPoP',
      'Negotiate x',
      `${basic}, ${basic}`,
      `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}`,
    ].map((authorization) => ({ authorization })),
    { authorization: 'DPoP x', dpop: 'x' },
    { authorization: 'DPoP x', dpop: 'eyJhbGciOiJub25lIn0.e30.' },
    { 'accept-language': 'x'.repeat(8_000) },
    { 'accept-language': ',,,;q=,*;q=9' },
    { accept: '*/*;q=x,,text/html;q=' },
    { origin: 'x'.repeat(2_000) },
    { 'content-encoding': 'gzip' },
    { 'if-none-match': '*', 'if-modified-since': 'x', range: 'bytes=0-', te: 'trailers' },
  ];
  const requests = everything.flatMap((wanted) =>
    headers.map((more, i) => ({
      name: `${wanted.method} ${wanted.path} ${i}`,
      ask: () => send(world, { ...wanted, headers: { ...wanted.headers, ...more } }, i % 2 === 0),
    })),
  );
  expectCalm(await askAll(requests));
  // Node refuses such a head itself, and closes the connection without reading on.
  const said = await exchange(world.issuer, { headers: { cookie: 'x'.repeat(100_000) } }).catch(() => ({
    status: 431,
  }));
  expect(said.status).toBe(431);
});

test('bodies of the wrong kind, too large by their own word or without one', async () => {
  const kinds = [
    'application/json',
    'multipart/form-data; boundary=x',
    'text/plain',
    'application/xml',
    '',
    'x',
    'application/x-www-form-urlencoded; charset=utf-16',
    `a/${'b'.repeat(5_000)}`,
  ];
  const paths = [...new Set(everything.filter(({ method }) => method === 'POST').map(({ path }) => path))];
  const requests = paths.flatMap((path) => [
    ...kinds.map((kind) => ({
      name: `${kind} to ${path}`,
      ask: () =>
        exchange(world.issuer + path, {
          method: 'POST',
          headers: { 'content-type': kind, authorization: basic },
          body: '{"a":[1]}',
        }),
    })),
    { name: `announced to ${path}`, ask: () => pour(path, { 'content-length': '10000000' }, 1) },
    { name: `chunked to ${path}`, ask: () => pour(path, { 'transfer-encoding': 'chunked' }, 64) },
  ]);
  expectCalm(await askAll(requests));
});

/** Sends up to `chunks` times 64 KB, for as long as the server takes them. */
function pour(path: string, headers: Record<string, string>, chunks: number): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(world.issuer + path, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: basic, ...headers },
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      incoming.resume();
      resolve({ status: incoming.statusCode ?? 0 });
      outgoing.destroy();
    });
    for (let i = 0; i < chunks; i += 1) outgoing.write(`a=${'x'.repeat(65_534)}`);
    if (!headers['content-length']) outgoing.end();
  });
}

test('every method on every address', async () => {
  const routes = await routesOf(world);
  const paths = [...new Set(routes.map(({ path }) => path.replace(/[:*]\w+/g, 'x')))];
  const methods = [
    'HEAD',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'PROPFIND',
    'LINK',
    'PURGE',
    'M-SEARCH',
    'QUERY',
    'POST',
    'GET',
  ];
  const requests = paths.flatMap((path) =>
    methods.map((method) => ({
      name: `${method} ${path}`,
      ask: () => exchange(world.issuer + path, { method, headers: { accept: 'text/html', 'content-length': '0' } }),
    })),
  );
  const outcomes = await askAll(requests);
  expectCalm(outcomes);
  const changed = outcomes.filter(
    ({ name, status }) =>
      /^(PUT|PATCH|DELETE|TRACE|PROPFIND|LINK|PURGE|M-SEARCH|QUERY) \/(?!livez|readyz|assets)/.test(name) &&
      status < 400,
  );
  expect(changed).toEqual([]);
});

test('what is no HTTP is refused by the connection', async () => {
  const raw = (bytes: string) =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(world.issuer).port), '127.0.0.1', () => socket.end(bytes));
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', () => resolve(text)).on('close', () => resolve(text));
    });
  const wrong = [
    '\x16\x03\x01\x02\x00',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n',
    'POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
  ];
  for (const bytes of wrong)
    expect([bytes, await raw(bytes)]).toEqual([bytes, expect.stringMatching(/^$|^HTTP\/1\.1 [234]/)]);
});

test('a hundred bodies that never end do not keep anybody else from signing in', async () => {
  const paths = everything.filter(({ method }) => method === 'POST').map(({ path }) => path);
  const slow = Array.from({ length: 100 }, (_, i) => {
    const outgoing = request(world.issuer + paths[i % paths.length], {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '1000', authorization: basic },
    });
    outgoing.on('error', () => undefined);
    outgoing.write('a=');
    return outgoing;
  });
  try {
    const started = turnsNow();
    await signInto(scene.app, world.browser());
    expect(turnsNow() - started).toBeLessThan(5_000);
  } finally {
    for (const outgoing of slow) outgoing.destroy();
  }
});
