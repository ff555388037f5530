/** What the provider fetches on the word of others never reaches the inside of a network (security line 33). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createRawServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGuardedFetch, ForbiddenAddress, type Resolve } from '#src/base/guarded-fetch.ts';
import { specialNetworks } from '#src/base/networks.ts';
import { assertion, newClientKey } from '#test/oidc/flows.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { turnsNow } from '#test/support/turns.ts';
import { openWorld, type World } from '#test/support/world.ts';

const key = await newClientKey();
let inside: Server;
let connections = 0;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

const publicKeys = (_: IncomingMessage, response: ServerResponse) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ keys: [key.jwk] }));
};

beforeAll(async () => {
  inside = createServer((request, response) => answer(request, response));
  inside.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  inside.closeAllConnections();
  inside.close();
});

function insidePort(): number {
  return (inside.address() as AddressInfo).port;
}

/** Answers each question with the next list of addresses, the last one for ever. */
function resolving(...answers: readonly string[][]): Resolve {
  const left = [...answers];
  return (_name, _options, done) => {
    const addresses = (left.length > 1 ? left.shift() : left[0]) ?? [];
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

test.each([
  'http://127.0.0.1',
  'http://2130706433',
  'http://0x7f.1',
  'http://127.1',
  'http://0.0.0.0',
  'http://10.0.0.1',
  'http://172.16.0.1',
  'http://192.168.1.1',
  'http://100.64.0.1',
  'http://169.254.169.254/latest/meta-data/',
  'http://[::1]',
  'http://[::]',
  'http://[::ffff:127.0.0.1]',
  'http://[::ffff:7f00:1]',
  'http://[::7f00:1]',
  'http://[64:ff9b::7f00:1]',
  'http://[2002:7f00:1::]',
  'http://[fe80::1]',
  'http://[fd00::1]',
  'http://localhost',
  'https://127.0.0.1',
])('%s is not asked', async (address) => {
  const url = new URL(address);
  url.port = String(insidePort());
  connections = 0;
  await expect(createGuardedFetch([])(url)).rejects.toThrow(ForbiddenAddress);
  expect(connections).toBe(0);
});

test.each(['8.8.8.8', '103.16.199.1', '2606:4700::1111', '::ffff:8.8.8.8', '172.15.255.255', '172.32.0.1', '11.0.0.1'])(
  '%s is outside',
  (address) => expect(specialNetworks.has(address)).toBe(false),
);

test('a name that resolves to the inside is not asked', async () => {
  connections = 0;
  const fetch = createGuardedFetch([], resolving(['127.0.0.1', '::1', '::ffff:10.0.0.1']));
  await expect(fetch(`http://kunci.contoh.go.id:${insidePort()}/`)).rejects.toThrow(ForbiddenAddress);
  expect(connections).toBe(0);
});

test('of a name with an address outside and one inside only the one outside is connected to', async () => {
  connections = 0;
  const fetch = createGuardedFetch([], resolving(['127.0.0.1', '198.41.0.4']));
  const signal = AbortSignal.timeout(200);
  await expect(fetch(`http://kunci.contoh.go.id:${insidePort()}/`, { signal })).rejects.not.toThrow(ForbiddenAddress);
  expect(connections).toBe(0);
});

test('a name that resolves to the inside at the second question gains nothing (DNS rebinding)', async () => {
  answer = publicKeys;
  const url = `http://kunci.contoh.go.id:${insidePort()}/`;
  // The first answer is allowed, by an allow-list here; the connection must not ask a second time.
  const once = createGuardedFetch(['127.0.0.1'], resolving(['127.0.0.1'], ['127.0.0.2']));
  expect((await once(url)).status).toBe(200);
  await expect(once(url)).rejects.toThrow(ForbiddenAddress);
});

test('an allow-list opens exactly its networks', async () => {
  answer = publicKeys;
  const url = `http://127.0.0.1:${insidePort()}/`;
  expect((await createGuardedFetch(['127.0.0.0/8'])(url)).status).toBe(200);
  await expect(createGuardedFetch(['10.0.0.0/8', '::1/128'])(url)).rejects.toThrow(ForbiddenAddress);
  const mapped = `http://[::ffff:127.0.0.1]:${insidePort()}/`;
  expect((await createGuardedFetch(['127.0.0.0/8'])(mapped)).status).toBe(200);
});

test('a redirect is handed back and not followed', async () => {
  const asked: string[] = [];
  answer = (request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(302, { location: '/elsewhere' }).end();
  };
  const response = await createGuardedFetch(['127.0.0.0/8'])(`http://127.0.0.1:${insidePort()}/keys`);
  expect([response.status, asked]).toEqual([302, ['/keys']]);
});

const noAnswers = {
  'a status that HTTP does not have': 'HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n',
  'no status': 'HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n',
  'another protocol': 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'another protocol, unnamed': 'HTTP/1.1 101 Switching\r\n\r\n',
  'nothing but that it goes on': 'HTTP/1.1 100 Continue\r\n\r\n',
  'a header without end': `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(200_000)}`,
  'a header with a control character': 'HTTP/1.1 200 OK\r\nX-A: \u0001\r\nContent-Length: 0\r\n\r\n',
  'empty lines': '\r\n\r\n\r\n',
};

test.each(Object.entries(noAnswers))(
  'what answers with %s is refused, and ends nothing but itself',
  async (_, bytes) => {
    const rude = createRawServer((socket) => void socket.on('error', () => undefined).write(bytes));
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
    const { port } = rude.address() as AddressInfo;
    const signal = AbortSignal.timeout(300);
    const asked = createGuardedFetch(['127.0.0.0/8'])(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: 'x',
      signal,
    });
    await expect(asked).rejects.toThrow();
    rude.close();
  },
);

/** An app that signs its assertions and publishes its key at `url`. */
async function askWithKeysAt(world: World, url: string) {
  const id = `kunci-${crypto.randomUUID().slice(0, 8)}`;
  await world.declare({
    client_id: id,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: 'https://kunci.uji.contoh.go.id/jwks',
    grant_types: ['authorization_code', 'refresh_token'],
  });
  await world.database.transaction(async (tx) => {
    await tx.execute('update registry_version set version = version + 1');
    await tx.execute(
      'update clients set jwks_uri = $2, version = (select version from registry_version) where id = $1',
      [id, url],
    );
  });
  await world.house.clients.refresh();
  const started = turnsNow();
  const body = new URLSearchParams({
    client_id: id,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion(key, id, world.issuer),
    grant_type: 'authorization_code',
    code: 'x',
    redirect_uri: 'http://localhost:3001/callback',
    code_verifier: 'v'.repeat(43),
  }).toString();
  const said = await exchange(`${world.issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body,
  });
  return { ...said, error: JSON.parse(said.body).error as string, ms: turnsNow() - started };
}

test("an app's keys on the intranet are fetched when its network is allowed, and not otherwise", async () => {
  answer = publicKeys;
  {
    await using open = await openWorld({ settings: { INTRANET_ALLOWLIST: '127.0.0.0/8' } });
    // The assertion is right, so what is refused is the code.
    expect(await askWithKeysAt(open, `http://127.0.0.1:${insidePort()}/`)).toMatchObject({
      status: 400,
      error: 'invalid_grant',
    });
  }
  await using closed = await openWorld();
  connections = 0;
  for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
    const said = await askWithKeysAt(closed, `http://${host}:${insidePort()}/`);
    expect(said.status).toBeGreaterThanOrEqual(400);
    expect(said.status).toBeLessThan(500);
    expect(said.error).not.toBe('invalid_grant');
  }
  expect(connections).toBe(0);
});

test('keys that are too large, too slow, redirected, no keys or no answer: refused in a few seconds, never 5xx', async () => {
  await using world = await openWorld({ settings: { INTRANET_ALLOWLIST: '127.0.0.0/8' } });
  const asked: string[] = [];
  const rude: Record<string, typeof answer> = {
    '/too-large': (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`{"keys":[],"x":"${'x'.repeat(200_000)}`);
    },
    '/announced-too-large': (_, response) => response.writeHead(200, { 'content-length': '10000000' }).end('{'),
    '/a-drop-at-a-time': (_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 100);
      response.on('close', () => clearInterval(drip));
    },
    '/silent': () => undefined,
    '/redirected': (_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${insidePort()}/inner` }).end();
    },
    '/nothing-in-it': (_, response) => response.writeHead(204).end(),
    '/no-json': (_, response) => response.end('<html>'),
    '/cut-off': (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"keys":');
      setImmediate(() => response.destroy());
    },
  };
  answer = (request, response) => {
    asked.push(request.url ?? '');
    rude[request.url ?? '']?.(request, response);
  };
  const paths = Object.keys(rude);
  const said = await Promise.all(paths.map((path) => askWithKeysAt(world, `http://127.0.0.1:${insidePort()}${path}`)));
  expect(said.map(({ status, error }, i) => [paths[i], status, error])).toEqual(
    paths.map((path) => [path, 401, 'invalid_client']),
  );
  expect(Math.max(...said.map(({ ms }) => ms))).toBeLessThan(6_000);
  expect(asked.toSorted()).toEqual(paths.toSorted());
});
