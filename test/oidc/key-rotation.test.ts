/** Keys in the database: what each change does, its event, and that nothing happens twice. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { Database } from '#src/base/database.ts';
import { loadSecrets, readKeysVersion } from '#src/base/keys.ts';
import { createLog } from '#src/base/log.ts';
import { SealError, type Secrets, wrappingKeyring } from '#src/base/secrets.ts';
import { KeyCache } from '#src/oidc/key-cache.ts';
import { advanceKeys, KeyRotationError, listRotatingKeys, revokeKey, rotateKeys } from '#src/oidc/key-rotation.ts';
import { schedules } from '#src/oidc/key-schedule.ts';
import { testMasterKey } from '#test/support/master-key.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

let home: TestDatabase;
let database: Database;
let secrets: Secrets;

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('sandboxTemplate') });
  database = new Database(home.url, PATIENCE);
  secrets = await loadSecrets(database, [testMasterKey]);
  await database.execute('delete from admin_events');
});

afterEach(async () => {
  vi.useRealTimers();
  await database.close();
  await home.drop();
});

/** Of those that sign tokens and cookies. */
const keysOf = async (algorithm: string) =>
  (await listRotatingKeys(database, secrets.wrap)).filter(
    (key) => key.algorithm === algorithm && key.purpose !== 'receipt',
  );
const states = async (algorithm: string) => (await keysOf(algorithm)).map(({ state }) => state).sort();
const events = async () =>
  (await database.query<{ kind: string }>('select kind from admin_events order by at, kind')).map(({ kind }) => kind);

async function activeOf(algorithm: string): Promise<string> {
  return (await keysOf(algorithm)).find(({ state }) => state === 'active')?.id ?? '';
}

/** Moves the clock, and with it nothing but `Date`. */
function pass(seconds: number): void {
  const to = Date.now() + seconds * 1000;
  vi.useFakeTimers({ toFake: ['Date'], now: to });
}

const everybody = () => Promise.all(Array.from({ length: 10 }, () => advanceKeys(database, secrets)));

test('ten processes that start at once on an empty database agree on one key of each kind, with one event each', async () => {
  await database.execute(`delete from keys where purpose in ('signing', 'receipt', 'cookie')`);
  await everybody();
  const kinds = await database.query(
    `select purpose, algorithm, count(*)::int as n from keys where purpose in ('signing', 'receipt', 'cookie')
     group by purpose, algorithm order by purpose, algorithm`,
  );
  expect(kinds).toEqual([
    { purpose: 'cookie', algorithm: 'HMAC-SHA256', n: 1 },
    { purpose: 'receipt', algorithm: 'ES256', n: 1 },
    { purpose: 'signing', algorithm: 'ES256', n: 1 },
    { purpose: 'signing', algorithm: 'RS256', n: 1 },
  ]);
  expect(await events()).toEqual(Array(4).fill('key.activated'));
});

test('a rotation goes through its phases, each taken once by ten processes at a time', async () => {
  const before = await activeOf('ES256');
  const [next] = await rotateKeys(database, secrets, { purpose: 'signing', algorithm: 'ES256' });
  expect(next).toMatchObject({ state: 'published', algorithm: 'ES256' });
  expect(next?.activatesAt?.getTime()).toBeGreaterThan(Date.now() + 23.9 * 3600 * 1000);
  await everybody();
  expect(await activeOf('ES256')).toBe(before);

  pass(24 * 3600 + 1);
  await everybody();
  expect(await activeOf('ES256')).toBe(next?.id);
  expect(await states('ES256')).toEqual(['active', 'retired']);
  expect(await states('RS256')).toEqual(['active']);

  pass(schedules.signing.keepSeconds - 1);
  await everybody();
  expect(await states('ES256')).toEqual(['active', 'retired']);
  pass(1);
  await everybody();
  expect(await states('ES256')).toEqual(['active']);
  expect(await events()).toEqual(['key.published', 'key.activated', 'key.retired', 'key.removed']);
});

test('a key of receipts that is retired stays for ever, and only its being revoked takes it away', async () => {
  const receiptKeys = async () => {
    const keys = await listRotatingKeys(database, secrets.wrap);
    return keys.filter(({ purpose }) => purpose === 'receipt');
  };
  const [first] = await receiptKeys();
  const [next] = await rotateKeys(database, secrets, { purpose: 'receipt' });
  pass(24 * 3600 + 1);
  await everybody();
  pass(30 * 365 * 24 * 3600);
  await everybody();
  expect((await receiptKeys()).map(({ id, state, endsAt }) => [id, state, endsAt])).toEqual([
    [next?.id, 'active', undefined],
    [first?.id, 'retired', undefined],
  ]);
  expect((await revokeKey(database, secrets, first?.id ?? ''))?.id).toBe(next?.id);
  expect(await receiptKeys()).toHaveLength(1);
});

test('an event says which key, of what, and who; nothing secret', async () => {
  const [key] = await rotateKeys(database, secrets, { purpose: 'cookie' });
  expect(await database.query('select kind, actor, subject, details from admin_events')).toEqual([
    {
      kind: 'key.published',
      actor: 'command',
      subject: `key ${key?.id}`,
      details: { purpose: 'cookie', algorithm: 'HMAC-SHA256' },
    },
  ]);
});

test('without an algorithm each of the purpose rotates; of ten rotations at once one does', async () => {
  const tries = await Promise.allSettled(
    Array.from({ length: 10 }, () => rotateKeys(database, secrets, { purpose: 'signing' })),
  );
  const done = tries.filter((each) => each.status === 'fulfilled');
  expect(done.map(({ value }) => value.map(({ algorithm }) => algorithm))).toEqual([['ES256', 'RS256']]);
  for (const each of tries) if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(KeyRotationError);
  expect(await states('ES256')).toEqual(['active', 'published']);
});

describe('revoking', () => {
  test('the active key: a new one is active in the same moment', async () => {
    const before = await activeOf('ES256');
    const now = await revokeKey(database, secrets, before);
    expect(now?.id).not.toBe(before);
    expect((await keysOf('ES256')).map(({ id, state }) => [id, state])).toEqual([[now?.id, 'active']]);
    expect(await events()).toEqual(['key.revoked', 'key.activated']);
  });

  test('the active key with a successor waiting: that one takes over', async () => {
    const [next] = await rotateKeys(database, secrets, { purpose: 'signing', algorithm: 'ES256' });
    expect((await revokeKey(database, secrets, await activeOf('ES256')))?.id).toBe(next?.id);
    expect(await states('ES256')).toEqual(['active']);
  });

  test('a published or a retired key leaves the active one', async () => {
    const before = await activeOf('ES256');
    const [next] = await rotateKeys(database, secrets, { purpose: 'signing', algorithm: 'ES256' });
    expect((await revokeKey(database, secrets, next?.id ?? ''))?.id).toBe(before);
    await rotateKeys(database, secrets, { purpose: 'signing', algorithm: 'ES256', publishSeconds: 900 });
    pass(901);
    await advanceKeys(database, secrets);
    const active = await activeOf('ES256');
    expect((await revokeKey(database, secrets, before))?.id).toBe(active);
    expect(await states('ES256')).toEqual(['active']);
  });

  test('by two at once: there is an active key after both', async () => {
    const id = await activeOf('ES256');
    const tries = await Promise.allSettled([revokeKey(database, secrets, id), revokeKey(database, secrets, id)]);
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await states('ES256')).toEqual(['active']);
  });
});

test('what cannot be done is said in a sentence, and nothing has changed', async () => {
  const version = await readKeysVersion(database);
  const [index] = await database.query<{ id: string }>(`select id from keys where purpose = 'index'`);
  const sentence = (work: Promise<unknown>) => expect(work.catch((error) => `${error}`)).resolves;
  await sentence(revokeKey(database, secrets, 'nothing')).toMatch(/There is no key nothing, or it is gone already/);
  await sentence(revokeKey(database, secrets, index?.id ?? '')).toMatch(/hashes \(index\) and cannot be revoked/);
  const signing = { purpose: 'signing' } as const;
  await sentence(rotateKeys(database, secrets, { ...signing, algorithm: 'HS256' })).toMatch(/use ES256 or RS256/);
  await sentence(rotateKeys(database, secrets, { purpose: 'cookie', algorithm: 'ES256' })).toMatch(/use HMAC-SHA256/);
  for (const publishSeconds of [0, 899, Number.NaN, 91 * 24 * 3600])
    await sentence(rotateKeys(database, secrets, { ...signing, publishSeconds })).toMatch(
      /between 0.25 and 2160 hours/,
    );
  expect(await readKeysVersion(database)).toBe(version);
  await rotateKeys(database, secrets, signing);
  await sentence(rotateKeys(database, secrets, signing)).toMatch(/A new key for ES256 waits already \(.+, active at 2/);
});

describe('a process that follows', () => {
  const open = () => KeyCache.load(database, secrets, createLog('silent'));

  test('has the active key first, and every other one behind it', async () => {
    const cache = await open();
    const before = await activeOf('ES256');
    const [next] = await rotateKeys(database, secrets, { purpose: 'signing', algorithm: 'ES256' });
    await cache.refresh();
    const ids = () => cache.signing.filter(({ alg }) => alg === 'ES256').map(({ kid }) => kid);
    expect(ids()).toEqual([before, next?.id]);
    pass(24 * 3600);
    await cache.refresh();
    expect(ids()).toEqual([next?.id, before]);
  });

  test('asks one thing when nothing has changed, and tells of changed signing keys only', async () => {
    const cache = await open();
    let told = 0;
    cache.onSigningChange(() => {
      told += 1;
    });
    const sent: string[] = [];
    database.onStatement = (text) => sent.push(text);
    await cache.refresh();
    expect(sent).toEqual(['select version from keys_version where only_row']);
    await rotateKeys(database, secrets, { purpose: 'cookie' });
    await cache.refresh();
    expect(told).toBe(0);
    await revokeKey(database, secrets, await activeOf('RS256'));
    await cache.refresh();
    expect(told).toBe(1);
  });

  test('tries again when a change could not be taken over', async () => {
    const cache = await open();
    let fails = true;
    cache.onSigningChange(() => {
      if (fails) throw new Error('not now');
    });
    await revokeKey(database, secrets, await activeOf('ES256'));
    await expect(cache.refresh()).rejects.toThrow('not now');
    fails = false;
    await cache.refresh();
    expect(cache.signing[0]?.kid).toBe(await activeOf('ES256'));
  });

  test('keeps its keys when those in the database do not open', async () => {
    const cache = await open();
    const before = cache.signing;
    await rotateKeys(database, secrets, { purpose: 'signing' });
    secrets.rewrap(wrappingKeyring([randomBytes(32)]));
    await expect(cache.refresh()).rejects.toThrow(SealError);
    expect(cache.signing).toBe(before);
    secrets.rewrap(wrappingKeyring([testMasterKey]));
    await cache.refresh();
    expect(cache.signing).toHaveLength(4);
  });
});
