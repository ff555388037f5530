/** Without its database the provider says so, everywhere, at once, and comes back by itself. */
import { expect, inject, test } from 'vitest';
import { Database, DatabaseUnavailable } from '#src/base/database.ts';
import { signInto } from '#test/oidc/flows.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { PATIENCE } from '#test/support/postgres.ts';
import { openTcpProxy } from '#test/support/tcp-proxy.ts';
import { turnsNow } from '#test/support/turns.ts';
import { openWorld, type World } from '#test/support/world.ts';
import { openScene, requestsOf, type Scene, send, type Wanted } from './scene.ts';

/** A world whose database hangs on a wire. */
async function openWiredWorld() {
  const stack = new AsyncDisposableStack();
  const adminUrl = new URL(inject('adminUrl'));
  const wire = stack.use(await openTcpProxy({ host: adminUrl.hostname, port: Number(adminUrl.port) }));
  adminUrl.host = `127.0.0.1:${wire.port}`;
  const world = stack.use(
    await openWorld({ isImpatient: true, from: { adminUrl: adminUrl.href, template: inject('sandboxTemplate') } }),
  );
  stack.defer(() => wire.mend());
  return { world, wire, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

interface Told {
  readonly what: string;
  readonly status: number;
  readonly retryAfter: string | null;
  readonly type: string;
  readonly code: string | undefined;
  readonly location: string | null;
  readonly body: string;
  readonly ms: number;
}

async function tell(world: World, wanted: Wanted, html: boolean): Promise<Told> {
  const started = turnsNow();
  const said = await send(world, wanted, html).catch((cause) => {
    throw new Error(`${wanted.method} ${wanted.path} got no answer`, { cause });
  });
  const isPage = said.headers.get('content-type')?.startsWith('text/html');
  const code = isPage ? /id="error-code"[^>]*>([^<]*)</.exec(said.body)?.[1] : problemCode(said.body);
  return {
    what: `${wanted.method} ${wanted.path.replace(/\?.*/, '').replace(/[\w-]{21,}/, ':uid')} ${html ? 'html' : 'json'}`,
    status: said.status,
    retryAfter: said.headers.get('retry-after'),
    type: (said.headers.get('content-type') ?? '').split(';')[0] ?? '',
    code,
    location: said.headers.get('location'),
    body: said.body,
    ms: turnsNow() - started,
  };
}

function problemCode(body: string): string | undefined {
  try {
    return JSON.parse(body).code;
  } catch {
    return undefined;
  }
}

/** Asks for everything at once, as browsers and as programs; the API as programs, which it has alone. */
async function tellAll(scene: Scene): Promise<{ told: Told[]; free: Told[] }> {
  const ask = (wanted: Wanted[]) =>
    Promise.all(
      wanted.flatMap((each) => {
        const asProgram = tell(scene.world, each, false);
        return each.path.startsWith('/api/') ? [asProgram] : [tell(scene.world, each, true), asProgram];
      }),
    );
  // A bundle that is none is refused before the database is asked.
  const all = requestsOf(scene).filter(({ path }) => path !== '/bundles');
  return { told: await ask(all.filter((each) => !each.isFree)), free: await ask(all.filter((each) => each.isFree)) };
}

/** What every answer must be while the database is away. */
function unavailable({ what }: Told) {
  const isForPrograms = / \/(api\/|register)/.test(what);
  const html = what.endsWith('html') && !isForPrograms;
  return {
    what,
    status: 503,
    retryAfter: '2',
    type: html ? 'text/html' : what.includes(' /register') ? 'application/json' : 'application/problem+json',
    code: 'database_unavailable',
    location: null,
    body: expect.any(String),
    ms: expect.any(Number),
  };
}

async function healthOf(world: World): Promise<string> {
  const [live, ready] = await Promise.all(['/livez', '/readyz'].map((path) => exchange(world.issuer + path)));
  return `${live?.status} ${ready?.status} ${ready?.headers.get('retry-after')}`;
}

test('cut off: 503 with Retry-After everywhere, and all is back by itself', async () => {
  await using wired = await openWiredWorld();
  const { world, wire } = wired;
  const scene = await openScene(world);
  expect(await healthOf(world)).toBe('200 200 null');

  await wire.cut();
  const { told, free } = await tellAll(scene);
  expect(told).toEqual(told.map(unavailable));
  expect(Math.max(...told.map(({ ms }) => ms))).toBeLessThan(4_000);
  expect(free.filter(({ status }) => status >= 400)).toEqual([]);
  expect(await healthOf(world)).toBe('200 503 2');

  await wire.mend();
  expect(await healthOf(world)).toBe('200 200 null');
  // Nothing was lost: the session is there, and the code that could not be redeemed still can be.
  expect((await scene.citizen.visit(`${world.issuer}/account`)).has('#connected-apps')).toBe(true);
  await scene.app.redeem(scene.code, scene.attempt.codeVerifier);
  await signInto(scene.app, world.browser());
  const errors = world.log.filter((line) => JSON.parse(line).msg === 'a request failed');
  expect(errors).toEqual([]);
});

test('a database that takes the question and never answers: 503 as well, in time', async () => {
  await using wired = await openWiredWorld();
  const { world, wire } = wired;
  const scene = await openScene(world);
  wire.stall();
  const asked = requestsOf(scene).filter(({ path }) => ['/sandbox/outbox', '/account'].includes(path));
  const told = await Promise.all(asked.map((each) => tell(world, each, true)));
  expect(told).toEqual(told.map(unavailable));
  expect(Math.max(...told.map(({ ms }) => ms))).toBeLessThan(12_000);
  await wire.mend();
  await signInto(scene.app, world.browser());
});

const pathOf = ({ what }: Told) => what.split(' ')[1] ?? '';

/** What may be served by the connections that requests share, and how it is told that it was served right. */
const served: Readonly<Record<string, object>> = {
  // Somebody who comes back without having begun is sent on whatever the database does.
  '/account/callback': { status: 303, location: '/account' },
  // That a sheet of codes was kept is written down nowhere.
  '/account/recovery-codes': { status: 303, location: '/account?done=recovery-codes-kept#passkeys' },
  '/interaction/:uid': { status: 200, body: expect.stringContaining('id="sign-in"') },
  '/authorize': { status: 303, location: expect.stringMatching(/^http:\/\/localhost:3001\/callback\?code=/) },
  '/logout/confirm': { status: 303, location: expect.stringMatching(/\/logout\/success$/) },
  '/coverage': { status: 200, body: expect.stringContaining('<h1') },
  '/coverage.csv': { status: 200 },
  '/coverage.json': { status: 200, body: expect.stringContaining('"groups":') },
  '/api/v1/catalogue': { status: 200, body: expect.stringContaining('"items":[{') },
  '/api/v1/catalogue/sectors': { status: 200 },
  // What can be no release is told before anything is asked.
  '/account/releases/x': { status: 404 },
  '/not-me': { status: 200, body: expect.stringContaining('id="freeze"') },
  '/par': { status: 201, body: expect.stringMatching(/"request_uri":"urn:/) },
  '/token': { status: 200, body: expect.stringMatching(/"id_token":"ey/) },
  '/introspect': { status: 200, body: expect.stringMatching(/"active":true/) },
  '/userinfo': { status: 200, body: expect.stringMatching(/"sub":"/) },
};

test('no connection left but the shared ones: 503 in time for what needs another, and the rest is right', async () => {
  await using world = await openWorld({ isImpatient: true });
  const scene = await openScene(world);
  const held = await Promise.all(
    Array.from({ length: world.house.config.databaseConnections }, () => world.database.connect()),
  );
  const asked = Promise.all([tellAll(scene), healthOf(world)]);
  const [{ told, free }, health] = await asked.finally(() => {
    for (const client of held) client.release();
  });
  // A rush is no end: whoever sends traffic elsewhere for it brings down the next server.
  expect(health).toBe('200 200 null');
  const refused = told.filter(({ status }) => status >= 500);
  expect(refused).toEqual(refused.map(unavailable));
  expect(Math.max(...told.map(({ ms }) => ms))).toBeLessThan(6_000);
  const pages = ['/account', '/sandbox/outbox', '/authorize/:uid', '/logout'];
  expect(refused.map(pathOf)).toEqual(expect.arrayContaining([...pages, '/revoke']));

  const answered = told.filter(({ status }) => status < 500);
  expect(answered.map(pathOf)).toEqual(expect.arrayContaining(['/userinfo', '/introspect']));
  // A change by a token that is bound to no key is refused before anything else is asked.
  const otherwise = (path: string) => (path.startsWith('/api/') ? { status: 401 } : { status: 503 });
  for (const each of answered) expect(each, each.what).toMatchObject(served[pathOf(each)] ?? otherwise(pathOf(each)));
  expect(free.filter(({ status }) => status >= 400)).toEqual([]);

  // Whoever was refused may come again, and a code is redeemed once in all.
  const redeemed = answered.filter((each) => pathOf(each) === '/token');
  const again = await scene.app.redeem(scene.code, scene.attempt.codeVerifier).catch(() => undefined);
  expect(redeemed.length + (again ? 1 : 0)).toBe(1);
  await signInto(scene.app, world.browser());
});

test('connections ended by the database (failover, restart) cost at most one answer each', async () => {
  await using world = await openWorld({ isImpatient: true });
  const scene = await openScene(world);
  const outside = new Database(world.databaseUrl, { max: 1, ...PATIENCE });
  try {
    await outside.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    );
  } finally {
    await outside.close();
  }
  const { told } = await tellAll(scene);
  expect(told.filter(({ status }) => status === 500)).toEqual([]);
  await signInto(scene.app, world.browser());
});

/** What is sent while it is read, of what the scene may ask for. */
const files = [
  ...['apps', 'inventory', 'duplicates', 'events', 'apps/puskesmas-online/figures', 'coverage/architecture'].map(
    (name) => `/console/${name}.csv`,
  ),
  '/console/coverage/architecture.json',
];

test('a file that is sent while it is read: when its beginning cannot be read, 503 as everywhere', async () => {
  await using world = await openWorld();
  const scene = await openScene(world);
  const requests = new Map(requestsOf(scene).map((wanted) => [wanted.path, wanted]));
  const withoutStatement = async (wanted: Wanted, lost: (text: string) => boolean) => {
    const hear = world.database.onStatement;
    world.database.onStatement = (text) => {
      if (lost(text)) throw new DatabaseUnavailable('gone');
    };
    const told = await tell(world, wanted, false).finally(() => {
      world.database.onStatement = hear;
    });
    expect(told).toEqual(unavailable(told));
  };
  const askFor = (path: string) => requests.get(path) ?? { method: 'GET', path };
  await withoutStatement(askFor('/account/data.json'), (text) => text.includes('col_description'));
  for (const path of files) {
    const sent = await world.sentFor(async () => expect((await send(world, askFor(path), false)).status).toBe(200));
    const last = sent.findLast(({ isLate }) => !isLate)?.text;
    await withoutStatement(askFor(path), (text) => text === last);
  }
});
