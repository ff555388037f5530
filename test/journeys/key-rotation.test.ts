/** Keys change under two running servers, and nobody who signs in, or checks what was signed, notices. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { rotateMaster } from '#src/base/keys.ts';
import { wrappingKeyring } from '#src/base/secrets.ts';
import { revokeKey, rotateKeys } from '#src/oidc/key-rotation.ts';
import { schedules } from '#src/oidc/key-schedule.ts';
import { answered, ask, basic, bearer, goThrough, headerOf, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { eventually } from '#test/support/eventually.ts';
import { testMasterKey } from '#test/support/master-key.ts';
import { openWorld, type RunningServer, secretOf, type World } from '#test/support/world.ts';

let world: World;
let other: RunningServer;

beforeEach(async () => {
  world = await openWorld();
  await world.declare({ client_id: 'lama', id_token_signed_response_alg: 'RS256' }, { client_id: 'baru' });
  other = await world.startServer();
});

afterEach(async () => {
  vi.useRealTimers();
  await other?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

/** Moves the clock, and with it nothing but `Date`. */
function pass(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

const origins = () => [world.issuer, `http://localhost:${other.port}`];
const followAll = () => Promise.all([world.house, other.house].map(({ keys }) => keys.refresh()));
const rotate = (wanted: Parameters<typeof rotateKeys>[2]) => rotateKeys(world.database, world.house.secrets, wanted);
const revoke = (id: string) => revokeKey(world.database, world.house.secrets, id);

async function keySet(origin: string): Promise<JSONWebKeySet> {
  return (await ask(`${origin}/jwks`)).json as unknown as JSONWebKeySet;
}

const kidsOf = async (origin: string) => (await keySet(origin)).keys.map(({ kid }) => kid);

/** A relying party that never looks at the key set again before its copy is as old as this, not even for a new key. */
class CachingVerifier {
  readonly #seconds: number;
  #keys: Promise<JSONWebKeySet> | undefined;
  #since = 0;
  #fetches = 0;

  constructor(seconds: number) {
    this.#seconds = seconds;
  }

  /** As it is at `now`, whatever the clock does meanwhile. */
  async verify(idToken: string, now: Date): Promise<void> {
    if (!this.#keys || now.getTime() - this.#since >= this.#seconds * 1000) {
      this.#since = now.getTime();
      this.#fetches += 1;
      this.#keys = keySet(origins()[this.#fetches % 2] ?? '');
    }
    await jwtVerify(idToken, createLocalJWKSet(await this.#keys), { issuer: world.issuer, currentDate: now });
  }
}

async function openRefreshing(clientId: string): Promise<{ clientId: string; refreshToken: string }> {
  const app = await world.app({ clientId, scope: 'openid offline_access' });
  const { tokens } = await signInto(app, world.browser(), { prompt: 'consent' });
  return { clientId, refreshToken: tokens.refresh_token ?? '' };
}

async function issue(origin: string, { clientId, refreshToken }: { clientId: string; refreshToken: string }) {
  const said = await ask(`${origin}/token`, {
    form: { grant_type: 'refresh_token', refresh_token: refreshToken },
    headers: basic(clientId, secretOf(clientId)),
  });
  expect(said.status).toBe(200);
  return String(said.json.id_token);
}

/** As the token itself says: the clock may have been moved since it was asked for. */
function secondsLeft(token: string, now: Date): number {
  return Number(decodeJwt(token).exp) - now.getTime() / 1000;
}

test('two servers issue without a pause while keys rotate: no relying party ever refuses what is alive', async () => {
  const apps = [await openRefreshing('lama'), await openRefreshing('baru')];
  const verifiers = [60, 300].map((seconds) => new CachingVerifier(seconds));
  const issued: string[] = [];
  const kids = new Set<unknown>();
  let rounds = 0;
  let isRunning = true;
  const check = async (token: string, now: Date) => {
    for (const verifier of verifiers) await verifier.verify(token, now);
  };
  const round = async (origin: string) => {
    for (const app of apps) {
      const token = await issue(origin, app);
      issued.push(token);
      kids.add(headerOf(token).kid);
      await check(token, new Date());
    }
    rounds += 1;
  };
  const servers = origins().map(async (origin) => {
    while (isRunning) await round(origin);
  });
  const issuing = Promise.all(servers);
  issuing.catch(() => undefined);
  const aRoundOfEach = async () => {
    const enough = rounds + 4;
    await Promise.race([issuing, eventually(() => expect(rounds).toBeGreaterThanOrEqual(enough))]);
  };
  const checkAll = async () => {
    const now = new Date();
    const alive = issued.filter((token) => secondsLeft(token, now) > 100);
    expect(alive.length).toBeGreaterThan(0);
    for (const token of alive) await check(token, now);
  };

  await aRoundOfEach();
  await rotate({ purpose: 'signing', publishSeconds: schedules.signing.leastPublishSeconds });
  for (let step = 0; step < 20; step += 1) {
    pass(60);
    await Promise.all([followAll(), aRoundOfEach()]);
  }
  expect(kids.size).toBe(4);
  for (let step = 0; step < 4; step += 1) {
    pass(900);
    await checkAll();
    await aRoundOfEach();
  }
  expect(await kidsOf(world.issuer)).toHaveLength(4);
  isRunning = false;
  await issuing;
  expect(kids.size).toBe(4);

  pass(schedules.signing.keepSeconds);
  await followAll();
  for (const origin of origins()) expect(await kidsOf(origin)).toHaveLength(2);
});

test('the key set has public halves only, may be kept for a while, and shows a new key at once and everywhere', async () => {
  const before = await kidsOf(world.issuer);
  const published = await rotate({ purpose: 'signing' });
  const expected = [...before, ...published.map(({ id }) => id)].sort();
  for (const origin of origins()) await eventually(async () => expect((await kidsOf(origin)).sort()).toEqual(expected));
  const { headers, json } = await ask(`${world.issuer}/jwks`);
  expect(headers.get('cache-control')).toBe('public, max-age=300');
  const shapes = (json.keys as Record<string, string>[]).map((key) => Object.keys(key).sort().join());
  expect(new Set(shapes)).toEqual(new Set(['alg,crv,kid,kty,use,x,y', 'alg,e,kid,kty,n,use']));
});

test('a sign-in that began before a rotation ends after it, and so does the sign-out by the older ID token', async () => {
  const app = await world.app();
  const browser = world.browser();
  const { tokens } = await signInto(app, browser);
  await rotate({ purpose: 'signing', publishSeconds: 900 });
  pass(890);
  const attempt = await app.startSignIn({ prompt: 'login' });
  const page = await browser.visit(attempt.url);
  pass(20);
  await followAll();
  page.fill({ identifier: 'siti@contoh.id', password: 'lawang-sandbox' });
  const later = await app.finishSignIn(attempt, await page.press('#sign-in'));
  expect(headerOf(later.id_token).kid).not.toBe(headerOf(tokens.id_token).kid);
  pass(3000);
  await followAll();
  const end = await browser.visit(app.signOutUrl({ id_token_hint: tokens.id_token ?? '' }));
  expect(end.status).toBe(200);
  expect(end.has('#logout-yes')).toBe(true);
});

test('a signed userinfo is by the active key as well', async () => {
  await world.declare({ client_id: 'bertanda', userinfo_signed_response_alg: 'ES256' });
  const app = await world.app({ clientId: 'bertanda' });
  const { tokens } = await signInto(app, world.browser());
  const [next] = await rotate({ purpose: 'signing', algorithm: 'ES256', publishSeconds: 900 });
  await revoke(String(headerOf(tokens.id_token).kid));
  await followAll();
  const { body } = await ask(`${world.issuer}/userinfo`, { headers: bearer(tokens.access_token) });
  expect(headerOf(body).kid).toBe(next?.id);
  await jwtVerify(body, createLocalJWKSet(await keySet(world.issuer)));
});

test('a revoked key is gone from both servers by itself: out of the key set, and signs no more', async () => {
  const app = await openRefreshing('baru');
  const before = String(headerOf(await issue(world.issuer, app)).kid);
  const now = await revoke(before);
  for (const origin of origins()) {
    await eventually(async () => expect(await kidsOf(origin)).not.toContain(before));
    const token = await issue(origin, app);
    expect(headerOf(token).kid).toBe(now?.id);
    await jwtVerify(token, createLocalJWKSet(await keySet(origin)));
  }
});

describe('cookies', () => {
  const silent = async (browser: BrowserAgent, origin: string) => {
    const { url } = await (await world.app()).startSignIn({ prompt: 'none' });
    return answered(await browser.visit(url.href.replace(world.issuer, origin)));
  };

  test('a session is kept while the key changes, on every server', async () => {
    const [browser, idle] = [world.browser(), world.browser()];
    for (const each of [browser, idle]) await goThrough(each, (await (await world.app()).startSignIn()).url);
    const [next] = await rotate({ purpose: 'cookie' });
    for (const seconds of [30, 31, 3000]) {
      pass(seconds);
      for (const { house } of [other, world]) {
        await house.keys.refresh();
        for (const origin of origins()) expect(await silent(browser, origin)).toHaveProperty('code');
      }
    }
    expect(await silent(idle, world.issuer)).toHaveProperty('code');
    const rows = await world.database.query(`select id from keys where purpose = 'cookie' and state = 'active'`);
    expect(rows).toEqual([{ id: next?.id }]);
  });

  test('a revoked key ends the sessions whose cookies it signed, and a new sign-in works', async () => {
    const browser = world.browser();
    await goThrough(browser, (await (await world.app()).startSignIn()).url);
    const [key] = await world.database.query<{ id: string }>(`select id from keys where purpose = 'cookie'`);
    await revoke(key?.id ?? '');
    await followAll();
    for (const origin of origins()) expect(await silent(browser, origin)).toHaveProperty('error', 'login_required');
    await goThrough(browser, (await (await world.app()).startSignIn()).url);
    expect(await silent(browser, world.issuer)).toHaveProperty('code');
  });
});

test('the master key is exchanged in its file under a running server, and everybody can go on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lawang-master-'));
  const path = join(folder, 'master-keys');
  const next = Buffer.from('lawang next test key of 32 bytes');
  const say = (...keys: Buffer[]) => writeFile(path, keys.map((key) => key.toString('base64')).join(','));
  await say(testMasterKey);
  try {
    await using filed = await openWorld({ settings: { MASTER_KEYS_FILE: path } });
    const { secrets } = filed.house;
    const opens = (keys: Buffer[], sealed: Buffer) => () => wrappingKeyring(keys).open('a.b:1', sealed).toString();
    await say(testMasterKey, next);
    await eventually(() => expect(secrets.wrap.open('a.b:1', wrappingKeyring([next]).seal('a.b:1', 'x'))).toBeTruthy());
    expect(opens([testMasterKey], secrets.wrap.seal('a.b:1', 'x'))()).toBe('x');
    await say(next, testMasterKey);
    await eventually(() => expect(opens([next], secrets.wrap.seal('a.b:1', 'x'))()).toBe('x'));
    expect(await rotateMaster(filed.database, secrets.wrap)).toBeGreaterThan(0);
    const { tokens } = await signInto(await filed.app(), filed.browser());
    expect(tokens.id_token).toBeTruthy();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
