import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { Database } from '#src/base/database.ts';
import { ensureKey, listKeys, loadSecrets, newHmacKey, rotateMaster } from '#src/base/keys.ts';
import { SealError, wrappingKeyring } from '#src/base/secrets.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

let home: TestDatabase;
let database: Database;
const master = randomBytes(32);

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
});

afterEach(async () => {
  await database.close();
  await home.drop();
});

test('a second process hashes and finds like the first', async () => {
  const first = await loadSecrets(database, [master]);
  const second = await loadSecrets(database, [master]);
  expect(second.hash('client-secret', 'x')).toEqual(first.hash('client-secret', 'x'));
  expect(second.index('email', 'siti@contoh.id')).toEqual(first.index('email', 'siti@contoh.id'));
  expect(first.index('email', 'x')).not.toEqual(first.hash('client-secret', 'x'));
});

test('ten processes that start at once on an empty database agree on one key of each purpose', async () => {
  const starts = Array.from({ length: 10 }, async () => {
    const secrets = await loadSecrets(database, [master]);
    return secrets.hash('challenge', 'x').toString('hex') + secrets.index('email', 'x').toString('hex');
  });
  expect(new Set(await Promise.all(starts)).size).toBe(1);
  const counts = await database.query('select purpose, count(*)::int as n from keys group by purpose order by purpose');
  expect(counts).toEqual([
    { purpose: 'index', n: 1 },
    { purpose: 'token', n: 1 },
  ]);
});

test('a signing key is made once per algorithm and keeps its public part', async () => {
  const wrap = wrappingKeyring([master]);
  const publicJwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };
  let made = 0;
  const create = async () => ({ id: `k${++made}`, secret: Buffer.from('private'), publicJwk });
  const wanted = { purpose: 'signing', algorithm: 'ES256', create } as const;
  const key = await ensureKey(database, wrap, wanted);
  expect(key).toMatchObject({ id: 'k1', purpose: 'signing', algorithm: 'ES256', state: 'active', publicJwk });
  expect(key.secret.toString()).toBe('private');
  expect(key.createdAt).toBeInstanceOf(Date);
  expect((await ensureKey(database, wrap, wanted)).id).toBe('k1');
  expect((await ensureKey(database, wrap, { ...wanted, algorithm: 'RS256' })).id).toBe('k2');
  expect(made).toBe(2);
});

test('keys are listed newest first and only of the purpose asked for', async () => {
  const wrap = wrappingKeyring([master]);
  await loadSecrets(database, [master]);
  const make = (id: string) => async () => ({ id, secret: Buffer.from(id), publicJwk: { kty: 'EC' } });
  await ensureKey(database, wrap, { purpose: 'signing', algorithm: 'ES256', create: make('old') });
  await database.execute(
    `update keys set state = 'retired', ends_at = now(), created_at = created_at - interval '1 day' where id = 'old'`,
  );
  await ensureKey(database, wrap, { purpose: 'signing', algorithm: 'ES256', create: make('new') });
  const keys = await listKeys(database, wrap, 'signing');
  expect(keys.map(({ id, state }) => [id, state])).toEqual([
    ['new', 'active'],
    ['old', 'retired'],
  ]);
});

test('nothing in the table can be read without a master key, nor moved to another row', async () => {
  await loadSecrets(database, [master]);
  await expect(loadSecrets(database, [randomBytes(32)])).rejects.toThrow(SealError);
  await database.execute(
    "update keys set sealed = (select sealed from keys where purpose = 'token') where purpose = 'index'",
  );
  await expect(loadSecrets(database, [master])).rejects.toThrow(/altered or sealed for another place/);
});

test('after the rotation of the master key the new one alone opens everything, and nothing else has moved', async () => {
  const before = await loadSecrets(database, [master]);
  const wanted = { purpose: 'cookie', algorithm: 'HMAC-SHA256', create: newHmacKey } as const;
  const cookie = await ensureKey(database, before.wrap, wanted);
  const next = randomBytes(32);
  const wrap = wrappingKeyring([next, master]);
  expect(await rotateMaster(database, wrap)).toBe(3);
  expect(await rotateMaster(database, wrap)).toBe(0);

  const after = await loadSecrets(database, [next]);
  expect(after.hash('challenge', 'x')).toEqual(before.hash('challenge', 'x'));
  expect(after.index('email', 'x')).toEqual(before.index('email', 'x'));
  expect((await ensureKey(database, after.wrap, wanted)).secret).toEqual(cookie.secret);
  await expect(loadSecrets(database, [master])).rejects.toThrow(SealError);
});
