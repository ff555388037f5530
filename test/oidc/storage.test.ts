/** What the engine's storage promises, kept on real PostgreSQL (see `src/oidc/storage.ts`). */
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import { UnitOfWork, withDb } from '#src/base/unit-of-work.ts';
import { Spent } from '#src/oidc/statements.ts';
import { endGrant } from '#src/oidc/storage/grants.ts';
import { claimReplayMarker, createAdapter } from '#src/oidc/storage.ts';
import { answerOf, ask, basic, goThrough, signInto } from '#test/oidc/flows.ts';
import { passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import type { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, secretOf, signIn, type World } from '#test/support/world.ts';

let world: World;
let accountId: string;
let shard: number;

beforeAll(async () => {
  world = await openWorld();
  accountId = await world.citizen('pemilik@contoh.id');
  shard = shardOf(accountId);
});
afterAll(() => world?.[Symbol.asyncDispose]());
/** The time stands still, so that a second of life is one however slow the machine. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => vi.useRealTimers());

const limits = { idle: 3600, absolute: 24 * 3600 };

const context = () => ({ ...world.house, findClient: (id: string) => world.house.clients.find(id) });
const adapterOf = (model: string): Adapter => createAdapter(context())(model);
const newId = () => world.house.secrets.newTaggedId(shard);
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });

/** What one request does, as one transaction; a lost race is answered as the server does. */
async function request<T>(work: () => Promise<T>): Promise<T> {
  const unit = new UnitOfWork(world.database);
  try {
    const result = await withDb(unit, work);
    await unit.commit();
    return result;
  } catch (error) {
    await unit.rollback();
    if (error instanceof Spent && error.grantId) await endGrant(world.database, error.grantId);
    throw error;
  }
}

async function newGrant(): Promise<string> {
  const id = newIdIn(shard);
  await adapterOf('Grant').upsert(id, { accountId, clientId: 'pajak-daerah', exp: inSeconds(600) }, 600);
  return id;
}

async function newToken(kind: string, grantId: string): Promise<string> {
  const id = newId();
  const payload = { jti: id, kind, grantId, accountId, clientId: 'pajak-daerah', exp: inSeconds(60) };
  await request(() => adapterOf(kind).upsert(id, payload, 60));
  return id;
}

const kinds = ['AccessToken', 'AuthorizationCode', 'RefreshToken'];

describe('codes and tokens', () => {
  test('are found as they were stored, and only under their own kind', async () => {
    const grantId = await newGrant();
    for (const kind of kinds) {
      const id = await newToken(kind, grantId);
      expect(await adapterOf(kind).find(id)).toMatchObject({ jti: id, kind, grantId, accountId });
      for (const other of [
        ...kinds,
        'PushedAuthorizationRequest',
        'ClientCredentials',
        'Session',
        'Grant',
        'Interaction',
      ])
        if (other !== kind) expect(await adapterOf(other).find(id)).toBeUndefined();
    }
  });

  test('are not found under an id that is nearly theirs or none of ours', async () => {
    const id = await newToken('AccessToken', await newGrant());
    const swapped = `${id.slice(1, 2)}${id.slice(0, 1)}${id.slice(2)}x`;
    for (const guess of [
      '',
      'x',
      id.slice(0, -1),
      `${id}A`,
      swapped,
      id.toUpperCase(),
      `${id}\0`,
      '../../etc',
      'é'.repeat(45),
    ])
      expect(await adapterOf('AccessToken').find(guess)).toBeUndefined();
  });

  test('are not found once they have expired, but while they are consumed', async () => {
    const token = await newToken('AccessToken', await newGrant());
    await request(async () => {
      await adapterOf('AccessToken').find(token);
      await adapterOf('AccessToken').consume(token);
    });
    expect(await adapterOf('AccessToken').find(token)).toMatchObject({ consumed: expect.any(Number) });
    later(61);
    expect(await adapterOf('AccessToken').find(token)).toBeUndefined();
  });

  test('of which a code is known for ten minutes after its end, so that a second use is', async () => {
    const code = await newToken('AuthorizationCode', await newGrant());
    await request(() => adapterOf('AuthorizationCode').consume(code));
    later(600);
    expect(await adapterOf('AuthorizationCode').find(code)).toMatchObject({ consumed: expect.any(Number) });
    later(61);
    expect(await adapterOf('AuthorizationCode').find(code)).toBeUndefined();
  });

  test('are void after a restore', async () => {
    const id = await newToken('AccessToken', await newGrant());
    const restored = createAdapter({ ...context(), epoch: context().epoch + 1 });
    expect(await restored('AccessToken').find(id)).toBeUndefined();
  });

  test.each(kinds)('%s: consumed twice, the second is refused and the grant ends', async (kind) => {
    const grantId = await newGrant();
    const id = await newToken(kind, grantId);
    const sibling = await newToken('AccessToken', grantId);
    const spend = () =>
      request(async () => {
        await adapterOf(kind).find(id);
        await adapterOf(kind).consume(id);
      });
    await spend();
    await expect(spend()).rejects.toThrow(Spent);
    expect(await adapterOf('Grant').find(grantId)).toBeUndefined();
    expect(await adapterOf('AccessToken').find(sibling)).toBeUndefined();
  });

  test('end with their grant, and none is made without it', async () => {
    const grantId = await newGrant();
    const ids = [await newToken('AccessToken', grantId), await newToken('RefreshToken', grantId)];
    await request(() => adapterOf('Grant').destroy(grantId));
    expect(await adapterOf('AccessToken').find(ids[0] ?? '')).toBeUndefined();
    expect(await adapterOf('RefreshToken').find(ids[1] ?? '')).toBeUndefined();
    await expect(newToken('AccessToken', grantId)).rejects.toThrow(errors.InvalidGrant);
  });

  test('saved by a request that has read them do not come back when another has ended them', async () => {
    const id = await newToken('RefreshToken', await newGrant());
    const late = request(async () => {
      const payload = (await adapterOf('RefreshToken').find(id)) as AdapterPayload;
      await request(() => adapterOf('RefreshToken').destroy(id));
      await adapterOf('RefreshToken').upsert(id, payload, 60);
    });
    await expect(late).rejects.toThrow(errors.SessionNotFound);
    expect(await adapterOf('RefreshToken').find(id)).toBeUndefined();
  });

  test('of a request that fails were never there', async () => {
    const grantId = await newGrant();
    const id = newId();
    const failing = request(async () => {
      await adapterOf('AccessToken').upsert(id, { kind: 'AccessToken', grantId, exp: inSeconds(60) }, 60);
      throw new Error('the request fails');
    });
    await expect(failing).rejects.toThrow('the request fails');
    expect(await adapterOf('AccessToken').find(id)).toBeUndefined();
  });
});

test('an interaction ends once, and what was typed into it is sealed', async () => {
  const uid = 'interaction-of-this-test';
  const adapter = adapterOf('Interaction');
  await request(() => adapter.upsert(uid, { params: { login_hint: 'rahasia@contoh.id' }, exp: inSeconds(60) }, 60));
  expect(await adapter.find(uid)).toMatchObject({ params: { login_hint: 'rahasia@contoh.id' } });
  await request(() => adapter.destroy(uid));
  await expect(request(() => adapter.destroy(uid))).rejects.toThrow(errors.SessionNotFound);
});

test('a replay marker is claimed once in its namespace', async () => {
  const claim = (namespace: string, jti: string) =>
    claimReplayMarker(context(), namespace, jti, new Date(Date.now() + 60_000));
  expect(await claim('app', '1')).toBe(true);
  expect(await claim('app', '1')).toBe(false);
  expect(await claim('ap', 'p1')).toBe(true);
  expect(await claim('other', '1')).toBe(true);
});

describe('a session', () => {
  const session = adapterOfSession();

  function adapterOfSession() {
    return {
      find: (id: string) => adapterOf('Session').find(id),
      save: (id: string, payload: AdapterPayload) => adapterOf('Session').upsert(id, payload, limits.idle),
    };
  }

  async function newSession(authorizations: Record<string, object> = {}) {
    const [id, uid] = [newId(), newIdIn(shard)];
    const payload = {
      jti: id,
      uid,
      kind: 'Session',
      accountId,
      loginTs: inSeconds(0),
      exp: inSeconds(limits.absolute),
      authorizations,
    };
    await request(() => session.save(id, payload));
    return { id, uid };
  }

  /** Reads the session as a request does, changes it and saves it. @returns the writes that were sent */
  async function change(id: string, edit: (payload: AdapterPayload) => AdapterPayload): Promise<string[]> {
    const sent = await world.sentFor(() =>
      request(async () => {
        const payload = edit((await session.find(id)) as AdapterPayload);
        await session.save(String(payload.jti), payload);
      }),
    );
    return sent.flatMap(({ text, isLate }) => (isLate || text.startsWith('select') ? [] : [text]));
  }

  const withApp = (app: string, value: object) => (payload: AdapterPayload) => ({
    ...payload,
    authorizations: { ...payload.authorizations, [app]: value },
  });

  test('is one row and one for each of its apps', async () => {
    const { id } = await newSession({ a: { sid: '1' }, b: { sid: '2' } });
    expect(await session.find(id)).toMatchObject({
      jti: id,
      accountId,
      authorizations: { a: { sid: '1' }, b: { sid: '2' } },
    });
  });

  test('that did not change is not written, and its last use once a minute', async () => {
    const { id, uid } = await newSession({ a: { sid: '1', grantId: 'g' } });
    const end = async () =>
      (await world.database.first<{ at: Date }>('select expires_at as at from sessions where uid = $1', [uid]))?.at;
    const before = await end();
    expect(await change(id, (payload) => payload)).toEqual([]);
    later(59);
    expect(await change(id, (payload) => payload)).toEqual([]);
    expect(await end()).toEqual(before);
    later(2);
    expect(await change(id, (payload) => payload)).toEqual([]);
    expect(await end()).not.toEqual(before);
    expect(await session.find(id)).toBeDefined();
  });

  test('lives an hour without use and a day at most', async () => {
    const { id } = await newSession();
    later(limits.idle - 1);
    expect(await session.find(id)).toBeDefined();
    later(2);
    expect(await session.find(id)).toBeUndefined();
    const { id: used } = await newSession();
    for (let hours = 0; hours < 23; hours += 1) {
      later(3500);
      expect(await change(used, (payload) => payload)).toEqual([]);
      await world.database.execute('update sessions set expires_at = $1 where id_hash = $2', [
        new Date(Date.now() + 3_600_000),
        world.house.secrets.locate(used)?.hash,
      ]);
    }
    expect(await session.find(used)).toBeDefined();
    later(6000);
    expect(await session.find(used)).toBeUndefined();
  });

  test('gets a row for a new app and nothing else; requests at once do not undo each other', async () => {
    const { id } = await newSession({ a: { sid: '1' } });
    const writes = await change(id, withApp('b', { sid: '2' }));
    expect(writes).toHaveLength(1);
    await Promise.all(['c', 'd', 'e', 'f', 'g'].map((app) => change(id, withApp(app, { sid: app }))));
    expect(Object.keys((await session.find(id))?.authorizations ?? {}).sort()).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
      'f',
      'g',
    ]);
    const without = await change(id, ({ authorizations: { a: _, ...rest } = {}, ...payload }) => ({
      ...payload,
      authorizations: rest as NonNullable<AdapterPayload['authorizations']>,
    }));
    expect(without).toHaveLength(1);
    expect((await session.find(id))?.authorizations).not.toHaveProperty('a');
  });

  test('changes its id by one update, and the id before is gone', async () => {
    const { id, uid } = await newSession({ a: { sid: '1' } });
    const next = newId();
    const writes = await change(id, (payload) => ({ ...payload, jti: next }));
    expect(writes).toEqual([expect.stringMatching(/^update sessions/)]);
    expect(await session.find(id)).toBeUndefined();
    expect(await session.find(next)).toMatchObject({ uid, authorizations: { a: { sid: '1' } } });
  });

  test('changes its id once, of two requests that try at once', async () => {
    const { id } = await newSession();
    const ids = [newId(), newId()];
    const { promise: bothHaveRead, resolve } = Promise.withResolvers<void>();
    let readers = 0;
    const rotate = async (next: string) => {
      const payload = (await session.find(id)) as AdapterPayload;
      readers += 1;
      if (readers === 2) resolve();
      await bothHaveRead;
      await session.save(next, { ...payload, jti: next });
    };
    await Promise.all(ids.map((next) => request(() => rotate(next))));
    const found = await Promise.all(ids.map((next) => session.find(next)));
    expect(found.filter((each) => each !== undefined)).toHaveLength(1);
  });

  test('that ended while a request was on its way does not come back, and the request learns it', async () => {
    const { id, uid } = await newSession();
    const late = request(async () => {
      const payload = (await session.find(id)) as AdapterPayload;
      await request(() => adapterOf('Session').destroy(id));
      await session.save(id, withApp('b', { sid: '2' })(payload));
    });
    await expect(late).rejects.toThrow(errors.LoginRequired);
    expect(await world.database.query('select client_id from session_clients where session_uid = $1', [uid])).toEqual(
      [],
    );
  });

  test('ends, although another request has changed its id meanwhile', async () => {
    const { id } = await newSession({ a: { sid: '1' } });
    const next = newId();
    await request(async () => {
      await session.find(id);
      await request(async () => {
        const payload = (await session.find(id)) as AdapterPayload;
        await session.save(next, { ...payload, jti: next });
      });
      await adapterOf('Session').destroy(id);
    });
    expect(await session.find(next)).toBeUndefined();
  });

  test('is found by its uid, for interactions that began in it', async () => {
    const { uid } = await newSession({ a: { grantId: 'g' } });
    expect(await adapterOf('Session').findByUid(uid)).toMatchObject({ uid, accountId });
    later(limits.idle + 1);
    expect(await adapterOf('Session').findByUid(uid)).toBeUndefined();
  });
});

describe('in the database and in the log', () => {
  test('no code, token, session id, secret, address, name or number is to be read', async () => {
    const secrets: string[] = [password, secretOf('pajak-daerah'), 'siti@contoh.id', 'Siti Rahayu', '+6281200000001'];
    const app = await world.app({
      clientId: 'pajak-daerah',
      scope: 'openid profile email phone offline_access',
      par: true,
    });
    const browser = world.browser();
    const attempt = await app.startSignIn({ prompt: 'consent', login_hint: 'petunjuk@contoh.id' });
    const page = await browser.visit(attempt.url);
    secrets.push(
      'petunjuk@contoh.id',
      attempt.url.searchParams.get('request_uri')?.split(':').at(-1) ?? '',
      attempt.codeVerifier,
    );
    secrets.push(page.url.pathname.split('/').at(-1) ?? '');
    const arrived = await signIn(page);
    secrets.push(answerOf(arrived).get('code') ?? '');
    const tokens = await app.finishSignIn(attempt, arrived);
    secrets.push(tokens.access_token, tokens.refresh_token ?? '', tokens.id_token ?? '');
    const waiting = await browser.visit((await app.startSignIn({ prompt: 'login' })).url);
    secrets.push(waiting.url.pathname.split('/').at(-1) ?? '');
    secrets.push(...browser.cookies.all.map(({ value }) => value).filter((value) => value.length > 20));
    const fresh = await world.browser().visit((await app.startSignIn()).url);
    await fresh.fill({ identifier: '0812 0000 7777' }).press('#send-code');
    secrets.push('+6281200007777', 'petunjuk@contoh.id');

    const tables = await world.database.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    expect(tables.length).toBeGreaterThan(20);
    const dump: string[] = [];
    for (const { name } of tables) {
      const rows = await world.database.query<{ row: string }>(`select t::text as row from ${name} t`);
      dump.push(...rows.map(({ row }) => row));
    }
    const everything = dump.join('\n').toLowerCase();
    const log = world.log.join('\n').toLowerCase();
    expect(secrets.filter((secret) => secret.length < 8)).toEqual([]);
    for (const secret of secrets) {
      for (const written of [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      ]) {
        expect(everything.includes(written.toLowerCase()), `${secret} is in the database`).toBe(false);
        expect(log.includes(written.toLowerCase()), `${secret} is in the log`).toBe(false);
      }
    }
  });
});

describe('statements that are sent for a flow', () => {
  /** Of one flow, without what is written late; `begin` and `commit` come on top where it writes. */
  const count = async (work: () => Promise<unknown>) =>
    (await world.sentFor(work)).filter(({ isLate }) => !isLate).length;

  test('signing in silently, redeeming, refreshing, userinfo, introspection', async () => {
    await world.declare(
      { client_id: 'berputar', rotate_refresh: true },
      { client_id: 'bleibt' },
      { client_id: 'baru' },
    );
    const rotating = await world.app({ clientId: 'berputar', scope: 'openid profile offline_access' });
    const lasting = await world.app({ clientId: 'bleibt', scope: 'openid profile offline_access' });
    const { device } = await passkeyCitizen(world, 'hitung@contoh.id');
    const browser = world.browser();
    await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
    const { tokens } = await signInto(rotating, browser, { prompt: 'consent' });
    const { tokens: kept } = await signInto(lasting, browser, { prompt: 'consent' });

    const attempt = await rotating.startSignIn();
    let code = '';
    const counts = {
      silent: await count(async () => {
        code = answerOf(await goThrough(browser, attempt.url)).get('code') ?? '';
      }),
      redeem: await count(() => rotating.redeem(code, attempt.codeVerifier)),
      refresh: await count(() => lasting.refresh(kept.refresh_token ?? '')),
      rotate: await count(() => rotating.refresh(tokens.refresh_token ?? '')),
      userinfo: await count(() => lasting.userinfo(kept.access_token)),
      introspect: await count(() => lasting.introspect(kept.access_token)),
      machine: await count(() => ask(`${world.issuer}/token`, machineAsks)),
    };
    expect(counts).toEqual({
      ...{ silent: 2, redeem: 2, refresh: 2, rotate: 2, userinfo: 1, introspect: 1, machine: 1 },
    });
  });

  test('userinfo after the app has changed its declaration: the first of a day by a token of before costs one more', async () => {
    const declared = (clientId: string, english: string) => ({
      ...{ client_id: clientId, purpose: 'Menguji.', 'purpose#en': english },
    });
    const ids = ['berganti-kata', 'berganti-kata-lagi'];
    await world.declare(...ids.map((id) => declared(id, 'To test.')));
    const [before, after] = await Promise.all(ids.map((clientId) => world.app({ clientId })));
    const { device } = await passkeyCitizen(world, 'kata@contoh.id');
    const browser = world.browser();
    await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
    if (!before || !after) throw new Error('no apps');
    const { tokens: old } = await signInto(before, browser, { prompt: 'consent' });
    await signInto(after, browser, { prompt: 'consent' });
    // A translation that is put right asks nobody again, so that grants stand on the old text until they are renewed.
    await world.declare(...ids.map((id) => declared(id, 'For testing.')));
    expect(await count(() => before.userinfo(old.access_token))).toBe(2);
    expect(await count(() => before.userinfo(old.access_token))).toBe(1);
    later(120);
    const { tokens: young } = await signInto(after, browser, { prompt: 'none' });
    expect(await count(() => after.userinfo(young.access_token))).toBe(1);
  });

  const machineAsks = {
    form: { grant_type: 'client_credentials' },
    headers: basic('mesin-data', secretOf('mesin-data')),
  };

  test('an app that a person opens for the first time in a session costs no more', async () => {
    const app = await world.app({ clientId: 'bleibt' });
    const { device } = await passkeyCitizen(world, 'lagi@contoh.id');
    await signInWithPasskey(app, world.browser(), device);
    const browser = world.browser();
    await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
    const { url, codeVerifier } = await app.startSignIn();
    expect(await count(async () => app.redeem(codeOf(await browser.visit(url)), codeVerifier))).toBe(4);
  });

  test('a whole sign-in by passkey: 19 with a first consent, fewer with one on record', async () => {
    const app = await world.app({ clientId: 'bleibt' });
    const { device } = await passkeyCitizen(world, 'semua@contoh.id');
    const browser = world.browser();
    expect(await count(() => signInWithPasskey(app, browser, device))).toBe(19);
    await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');
    expect(await count(() => signInWithPasskey(app, browser, device))).toBe(13);
  });

  /** From the app's first request to what it reads of the person. */
  async function signInWithPasskey(app: RelyingParty, browser: BrowserAgent, device: SoftwareAuthenticator) {
    const { url, codeVerifier } = await app.startSignIn();
    const arrived = await signInByPasskey(await browser.visit(url), device);
    const { access_token } = await app.redeem(codeOf(arrived), codeVerifier);
    expect(await app.userinfo(access_token)).toHaveProperty('name');
  }

  const codeOf = (page: Page) => answerOf(page).get('code') ?? '';
});
