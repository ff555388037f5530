/** Apps hear that an account is held or at its end: by a token they can verify, once, whatever the others do. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { rotateMaster } from '#src/base/keys.ts';
import { wrappingKeyring } from '#src/base/secrets.ts';
import { listWithdrawals } from '#src/consents/withdrawals.ts';
import { type AppNotices, startAppNotices } from '#src/jobs/app-notices.ts';
import { startClosings } from '#src/jobs/closings.ts';
import { startOutbox } from '#src/jobs/outbox.ts';
import { disable, freeze } from '#src/oidc/account-end.ts';
import { openNotice, putNotice } from '#src/oidc/app-notices.ts';
import { withdraw } from '#src/oidc/withdrawals.ts';
import { closeAccount } from '#src/people/account-life.ts';
import { listMessages, resealMessages } from '#src/people/messages.ts';
import { setClientState } from '#src/registry/client-writes.ts';
import { signInto } from '#test/oidc/flows.ts';
import { eventually } from '#test/support/eventually.ts';
import { testMasterKey } from '#test/support/master-key.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

const operator = { actor: 'command', reason: 'perkara 12' };

let world: World;
const works: AppNotices[] = [];
const apps: Server[] = [];

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => world.database.execute('delete from outbox'));

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(works.splice(0).map((work) => work.stop()));
  for (const app of apps.splice(0)) {
    app.closeAllConnections();
    app.close();
  }
});

/** An app that never answers is waited for as long as the test lasts: nothing goes on, or fails, because it was given up. */
const UNTIL_IT_HANGS_UP = 600_000;

function open(config: Partial<World['house']['config']> = {}, patienceMs = UNTIL_IT_HANGS_UP): AppNotices {
  const { database, secrets, log, keys } = world.house;
  const work = startAppNotices(
    { database, secrets, log, keys, config: { ...world.house.config, ...config } },
    { everyMs: 1_000_000_000, patienceMs },
  );
  works.push(work);
  return work;
}

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

const ok: Answer = (_request, response) => void response.writeHead(200).end();

let declared = 0;

/** An app with a place to be told at; `answer` is how it takes it. */
async function listeningApp(answer: Answer = ok, more: Record<string, unknown> = {}) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`);
      answer(request, response, bodies.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  apps.push(server);
  declared += 1;
  const clientId = `pendengar-${declared}`;
  const port = (server.address() as AddressInfo).port;
  await world.declare({ client_id: clientId, backchannel_logout_uri: `http://localhost:${port}/keluar`, ...more });
  const tokens = () => bodies.map((body) => new URLSearchParams(body.split(' ').at(-1)).get('logout_token') ?? '');
  const hangUp = () => server.closeAllConnections();
  return { clientId, port, bodies, tokens, hangUp };
}

let made = 0;

/** Somebody who has used these apps; by what name each knows them. */
async function citizenOf(...clientIds: string[]) {
  made += 1;
  const address = `terhubung-${made}@contoh.id`;
  const id = await world.citizen(address, { password });
  const browser = world.browser();
  const subs: Record<string, string> = {};
  for (const clientId of clientIds) {
    const app = await world.app({ clientId, redirectUri: 'http://localhost:3001/callback' });
    const { tokens } = await signInto(app, browser, {}, address);
    subs[clientId] = String(decodeJwt(tokens.id_token ?? '').sub);
  }
  return { id, subs };
}

const hold = (id: string) =>
  world.database.transaction((tx) => freeze(tx, world.house.secrets, id, { reason: 'not-me' }));

const waiting = () =>
  world.database.query<{
    attempts: number;
    next_attempt_at: Date | null;
    delivered_at: Date | null;
    answer: string | null;
  }>(`select attempts, next_attempt_at, delivered_at, answer from outbox where channel = 'logout'`);

test('its agency reads when a notice was made in whole minutes, as the app does', async () => {
  const app = await listeningApp();
  const { id } = await citizenOf(app.clientId);
  await hold(id);
  const [made] = await world.database.query<{ created_at: Date }>('select created_at from outbox where channel = $1', [
    'logout',
  ]);
  expect(Number(made?.created_at) % 60_000).toBe(0);
});

test('a frozen account: each connected app gets a token by which it knows the person, signed with the current key', async () => {
  const [one, other] = [await listeningApp(), await listeningApp(ok, { id_token_signed_response_alg: 'RS256' })];
  const { id, subs } = await citizenOf(one.clientId, other.clientId);
  await hold(id);
  expect(await open().deliverDue()).toBe(2);
  const keys = createRemoteJWKSet(new URL(`${world.issuer}/jwks`));
  for (const [app, alg] of [
    [one, 'ES256'],
    [other, 'RS256'],
  ] as const) {
    expect(app.bodies[0]).toMatch(/^POST \/keluar application\/x-www-form-urlencoded logout_token=ey[\w.-]+$/);
    const [token = ''] = app.tokens();
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      ...{ issuer: world.issuer, audience: app.clientId, typ: 'logout+jwt', algorithms: [alg] },
    });
    expect(protectedHeader).toMatchObject({ alg, typ: 'logout+jwt' });
    expect(payload).toEqual({
      iss: world.issuer,
      aud: app.clientId,
      sub: subs[app.clientId],
      iat: expect.any(Number),
      exp: Number(payload.iat) + 120,
      jti: expect.any(String),
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
  }
  // Two agencies know the person by two names.
  expect(subs[one.clientId]).not.toBe(subs[other.clientId]);
  expect(await open().deliverDue()).toBe(0);
  for (const row of await waiting()) expect(row).toMatchObject({ next_attempt_at: null, attempts: 1 });
});

test('a disabled account and an erased one are told of as well, by the name that is gone with the account', async () => {
  const app = await listeningApp();
  const disabled = await citizenOf(app.clientId);
  const erased = await citizenOf(app.clientId);
  await world.database.transaction((tx) => disable(tx, world.house.secrets, disabled.id, operator));
  await open().deliverDue();
  await world.database.transaction((tx) => closeAccount(tx, erased.id));
  const { database, secrets, log } = world.house;
  const closings = startClosings({ database, secrets, log, tellOwner: async () => undefined });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 14 * 24 * 3600 * 1000 });
  expect(await closings.closeDue()).toBe(1);
  await closings.stop();
  await open().deliverDue();
  // Of who is no more nothing stays once the app knows it.
  const sizes = await world.database.query(
    'select reason, octet_length(sealed) > 0 as holds from outbox order by reason',
  );
  expect(sizes).toEqual([
    { reason: 'account-ended', holds: false },
    { reason: 'account-held', holds: true },
  ]);
  const told = app.tokens().map((token) => decodeJwt(token).sub);
  expect(told).toEqual([disabled.subs[app.clientId], erased.subs[app.clientId]]);
});

test('who has disconnected an app, and an app without an address, get nothing', async () => {
  const app = await listeningApp();
  const deaf = 'tanpa-alamat';
  await world.declare({ client_id: deaf });
  const { id } = await citizenOf(app.clientId, deaf);
  await world.database.execute(
    `update permissions set ended_at = $1, end_reason = 'withdrawn' where account_id = $2 and client_id = $3`,
    [new Date(), id, app.clientId],
  );
  await hold(id);
  expect(await waiting()).toEqual([]);
});

test('an app that is down is told when it is back, by the same jti', async () => {
  const app = await listeningApp((_request, response, count) => void response.writeHead(count < 3 ? 503 : 204).end());
  const { id } = await citizenOf(app.clientId);
  await hold(id);
  const work = open();
  vi.useFakeTimers({ toFake: ['Date'] });
  for (const delivered of [0, 0, 1]) {
    expect(await work.deliverDue()).toBe(delivered);
    vi.setSystemTime(Date.now() + 120_000);
  }
  const jtis = app.tokens().map((token) => decodeJwt(token).jti);
  expect(jtis).toHaveLength(3);
  expect(new Set(jtis).size).toBe(1);
  const issued = app.tokens().map((token) => decodeJwt(token).iat);
  expect(new Set(issued).size).toBe(3);
});

const refusing: Answer = (_request, response) => void response.writeHead(400).end();
const sendingOn: Answer = (_request, response) => void response.writeHead(307, { location: '/lain' }).end();

test.each([
  ['refuses the token', refusing, 1],
  ['sends it elsewhere', sendingOn, 2],
] as const)('an app that %s is not followed and not hammered', async (_, answer, attempts) => {
  const app = await listeningApp(answer);
  const { id } = await citizenOf(app.clientId);
  await hold(id);
  const work = open();
  vi.useFakeTimers({ toFake: ['Date'] });
  await work.deliverDue();
  await work.deliverDue();
  vi.setSystemTime(Date.now() + 60_000);
  await work.deliverDue();
  expect(app.bodies.map((body) => body.split(' ')[1])).toEqual(Array(attempts).fill('/keluar'));
});

test('an app that never answers delays no message and no other app', async () => {
  const dead = await listeningApp(() => undefined);
  const quick = await listeningApp();
  for (let i = 0; i < 12; i += 1) await hold((await citizenOf(dead.clientId)).id);
  await hold((await citizenOf(quick.clientId)).id);
  await world.database.execute(
    `update outbox set next_attempt_at = created_at - interval '1 hour' where channel = 'logout'`,
  );
  const { database, secrets, log, config } = world.house;
  const work = open();
  const notices = work.deliverDue();
  const outbox = startOutbox({ database, secrets, log, config }, { everyMs: 1_000_000_000 });
  await outbox.deliverDue();
  await outbox.stop();
  // The dead one must have the notice before it hangs up, or nobody would ever let go of it.
  await eventually(() => expect([quick.bodies.length, dead.bodies.length]).toEqual([1, 1]));
  dead.hangUp();
  await notices;
  // The dead app had one round of its limit.
  expect(dead.bodies.length).toBeLessThanOrEqual(10);
});

test('an app that takes too long is given up for now', async () => {
  const dead = await listeningApp(() => undefined);
  await hold((await citizenOf(dead.clientId)).id);
  expect(await open({}, 50).deliverDue()).toBe(0);
  expect(await waiting()).toEqual([
    { attempts: 1, next_attempt_at: expect.any(Date), delivered_at: null, answer: 'no-answer' },
  ]);
});

test('a stop cuts off what an app holds open, and leaves it to the next', async () => {
  let arrived: () => void = () => undefined;
  const hanging = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const app = await listeningApp((_request, response, count) => {
    if (count === 1) arrived();
    else response.writeHead(200).end();
  });
  const { id } = await citizenOf(app.clientId);
  await hold(id);
  const work = open();
  const delivering = work.deliverDue();
  await hanging;
  await work.stop();
  expect(await delivering).toBe(0);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 180_000 });
  expect(await open().deliverDue()).toBe(1);
});

test('an address inside is asked by nobody but a sandbox on one’s own machine', async () => {
  const app = await listeningApp();
  const { id } = await citizenOf(app.clientId);
  await hold(id);
  await open({ sandboxPublic: true }).deliverDue();
  expect(app.bodies).toEqual([]);
});

test('a suspended app is told nothing', async () => {
  const app = await listeningApp();
  const { id } = await citizenOf(app.clientId);
  await hold(id);
  await world.database.transaction((tx) => setClientState(tx, app.clientId, 'suspended', 'test'));
  expect(await open().deliverDue()).toBe(0);
  expect(app.bodies).toEqual([]);
  expect(await waiting()).toEqual([
    expect.objectContaining({ next_attempt_at: null, delivered_at: null, answer: 'not-in-use' }),
  ]);
});

test('notices are no messages: nobody reads them in the outbox, none is sent to a person, and a new master key seals them', async () => {
  const app = await listeningApp();
  const { id, subs } = await citizenOf(app.clientId);
  await hold(id);
  const { database, secrets } = world.house;
  expect(await listMessages(database, secrets, { limit: 100 })).toEqual([]);
  const outbox = startOutbox({ database, secrets, log: world.house.log, config: world.house.config });
  expect(await outbox.deliverDue()).toBe(0);
  await outbox.stop();
  const wrap = wrappingKeyring([Buffer.alloc(32, 7), testMasterKey]);
  await rotateMaster(database, wrap);
  expect(await resealMessages(database, wrap)).toBe(1);
  const [row] = await database.query<{ id: string; channel: string; sealed: Buffer }>(
    'select id, channel, sealed from outbox',
  );
  expect(row && openNotice(wrap, row)).toEqual({
    ...{ clientId: app.clientId, sub: subs[app.clientId], reason: 'account-held', at: expect.any(Number) },
  });
});

const eventsOf = (bodies: readonly string[]) => bodies.map((body) => body.split(' ').at(-1) ?? '');

test('an app with an address for events gets a signed one, by RFC 8935, with ids that are its own', async () => {
  const app = await listeningApp((_request, response) => void response.writeHead(202).end(), {
    backchannel_logout_uri: undefined,
    event_uri: 'http://localhost:1/peristiwa',
  });
  const port = app.port;
  await world.declare({ client_id: app.clientId, event_uri: `http://localhost:${port}/peristiwa` });
  const { id, subs } = await citizenOf(app.clientId);
  await world.database.transaction((tx) =>
    withdraw(tx, world.house.secrets, { accountId: id, clientId: app.clientId, cause: 'withdrawn' }),
  );
  expect(await open().deliverDue()).toBe(1);
  expect(app.bodies[0]).toMatch(/^POST \/peristiwa application\/secevent\+jwt ey[\w.-]+$/);
  const keys = createRemoteJWKSet(new URL(`${world.issuer}/jwks`));
  const [token = ''] = eventsOf(app.bodies);
  const { payload } = await jwtVerify(token, keys, {
    ...{ issuer: world.issuer, audience: app.clientId, typ: 'secevent+jwt', algorithms: ['ES256'] },
  });
  const [withdrawal] = await listWithdrawals(world.database, id, { limit: 1 });
  expect(payload).toEqual({
    ...{ iss: world.issuer, aud: app.clientId, iat: expect.any(Number), jti: expect.any(String) },
    toe: expect.any(Number),
    sub_id: { format: 'iss_sub', iss: world.issuer, sub: subs[app.clientId] },
    events: {
      [`${world.issuer}/event-types/consent-withdrawn`]: {
        event_timestamp: payload.toe,
        withdrawal: world.house.secrets.outsideId(withdrawal?.id ?? ''),
      },
    },
  });
  expect(Number(payload.toe) % 60).toBe(0);
});

test.each([
  ['200', 200, undefined, 'tried'],
  ['202', 202, undefined, 'taken'],
  ['400 invalid_audience', 400, { err: 'invalid_audience', description: 'bukan untuk kami' }, 'over'],
  ['400 invalid_key', 400, { err: 'invalid_key', description: 'belum kenal kuncinya' }, 'tried'],
  ['400', 400, { err: 'siti@contoh.id' }, 'over'],
] as const)('an event that is answered %s', async (answer, status, body, becomes) => {
  const app = await listeningApp(
    (_request, response) => void response.writeHead(status).end(body && JSON.stringify(body)),
    { backchannel_logout_uri: undefined },
  );
  await world.declare({ client_id: app.clientId, event_uri: `http://localhost:${app.port}/peristiwa` });
  await hold((await citizenOf(app.clientId)).id);
  await open().deliverDue();
  const [row] = await world.database.query<{ answer: string; delivered_at: Date | null; next_attempt_at: Date | null }>(
    `select answer, delivered_at, next_attempt_at from outbox where channel = 'event'`,
  );
  expect(row?.answer).toBe(answer);
  expect([row?.delivered_at !== null, row?.next_attempt_at !== null]).toEqual([
    becomes === 'taken',
    becomes === 'tried',
  ]);
});

test('fifty dead apps with notices before its own do not keep another one waiting', async () => {
  const dead = await listeningApp(() => undefined);
  const quick = await listeningApp();
  const { secrets } = world.house;
  const put = (clientId: string) =>
    putNotice(
      world.database,
      secrets,
      7,
      { id: clientId, hearsLogout: true, hearsEvents: false },
      {
        ...{ sub: 'seseorang', reason: 'signed-out' },
      },
    );
  for (let i = 0; i < 50; i += 1) {
    const clientId = `mati-${i}`;
    await world.declare({ client_id: clientId, backchannel_logout_uri: `http://localhost:${dead.port}/keluar` });
    for (let n = 0; n < 4; n += 1) await put(clientId);
  }
  for (let n = 0; n < 20; n += 1) await put(quick.clientId);
  const work = open();
  const delivering = work.deliverDue();
  const arrived = () => [quick.bodies.length, dead.bodies.length];
  await eventually(() => expect(arrived()).toEqual([20, 50]));
  await work.stop();
  await delivering;
  // Of each dead one a single notice was tried.
  expect(dead.bodies).toHaveLength(50);
});

test('an app that has answered while the work looks for more gets its next notice in the same round', async () => {
  const app = await listeningApp((_request, response) => void setTimeout(() => response.writeHead(200).end(), 100));
  const { secrets, log, keys, config } = world.house;
  const target = { id: app.clientId, hearsLogout: true, hearsEvents: false };
  for (let n = 0; n < 2; n += 1)
    await putNotice(world.database, secrets, 7, target, { sub: 'seseorang', reason: 'signed-out' });
  const database = lookingSlowly(world.database);
  const work = startAppNotices(
    { database, secrets, log, keys, config },
    { everyMs: 1_000_000_000, patienceMs: UNTIL_IT_HANGS_UP },
  );
  works.push(work);
  expect(await work.deliverDue()).toBe(2);
});

/** Whoever finds nothing learns of it late. */
function lookingSlowly(database: World['database']): World['database'] {
  return new Proxy(database, {
    get(target, name) {
      if (name !== 'forAll') {
        const member = Reflect.get(target, name, target);
        return typeof member === 'function' ? member.bind(target) : member;
      }
      return (shards: readonly number[]) => {
        const db = target.forAll(shards);
        const query: typeof db.query = async (text, values) => {
          const rows = await db.query(text, values);
          if (rows.length === 0 && shards.includes(7)) await new Promise((resolve) => setTimeout(resolve, 400));
          return rows as never;
        };
        return Object.assign(Object.create(db), { query, execute: db.execute.bind(db) });
      };
    },
  });
}

test('what is not answered for three days is given up', async () => {
  const app = await listeningApp((_request, response) => void response.writeHead(503).end());
  await hold((await citizenOf(app.clientId)).id);
  const work = open();
  vi.useFakeTimers({ toFake: ['Date'] });
  for (let hours = 0; hours < 90; hours += 1) {
    await work.deliverDue();
    vi.setSystemTime(Date.now() + 3_600_000);
  }
  const [row] = await waiting();
  expect(row).toMatchObject({ next_attempt_at: null, delivered_at: null, answer: '503' });
  expect(row?.attempts).toBeGreaterThan(12);
});
