import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { ConfigError } from '#src/base/config.ts';
import { Database } from '#src/base/database.ts';
import { findInstance, InstanceError, isKeyCheckOpen, openInstance, resealKeyCheck } from '#src/base/instance.ts';
import { loadMasterKeys } from '#src/base/master-keys.ts';
import { wrappingKeyring } from '#src/base/secrets.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

let home: TestDatabase;
let database: Database;
let dataDir: string;
const master = randomBytes(32);
const wrap = wrappingKeyring([master]);
const sandbox = { mode: 'sandbox', issuer: 'http://localhost:3000', rpId: 'localhost' } as const;
const production = { mode: 'production', issuer: 'https://masuk.contoh.go.id', rpId: 'contoh.go.id' } as const;

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
  dataDir = await mkdtemp(join(tmpdir(), 'lawang-instance-'));
});

afterEach(async () => {
  await database.close();
  await home.drop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Of settings that name no file. */
const plain = { mode: 'sandbox', masterKeysFile: undefined } as const;

test('the first start says what this deployment is, and later ones read it', async () => {
  expect(await findInstance(database)).toBeUndefined();
  const first = await openInstance(database, sandbox, wrap);
  expect(first).toMatchObject({ environment: 'sandbox', issuer: 'http://localhost:3000', rpId: 'localhost', epoch: 1 });
  await database.execute('update instance set epoch = 7');
  const second = await openInstance(database, sandbox, wrap);
  expect(second).toEqual({ ...first, epoch: 7 });
  expect(await findInstance(database)).toEqual(second);
});

test('of ten first starts at once with other issuers one wins, and the others are told', async () => {
  const starts = Array.from({ length: 10 }, (_, i) =>
    openInstance(database, { ...sandbox, issuer: `http://localhost:${4000 + i}` }, wrap),
  );
  const ends = await Promise.allSettled(starts);
  expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1);
  for (const end of ends) {
    if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(InstanceError);
  }
});

test.each([
  [production, { ...production, issuer: 'https://lain.contoh.go.id' }, /^ISSUER: .*contoh\.go\.id.*lain.*set ISSUER/],
  [production, { ...production, rpId: 'masuk.contoh.go.id' }, /^WEBAUTHN_RP_ID: .*set WEBAUTHN_RP_ID=contoh\.go\.id/],
  [{ ...production, mode: 'sandbox' as const }, production, /^MODE: .*sandbox and can never be used in production/],
  [production, { ...production, mode: 'sandbox' as const }, /^MODE: .*belongs to production/],
])('a setting that differs from the database is refused in one sentence (%#)', async (was, is, sentence) => {
  await openInstance(database, was, wrap);
  const error = await openInstance(database, is, wrap).catch((caught: Error) => caught);
  expect(error).toBeInstanceOf(InstanceError);
  expect((error as Error).message).toMatch(sentence);
  expect((error as Error).message.split('\n')).toHaveLength(1);
});

test('several mismatches are told together', async () => {
  await openInstance(database, sandbox, wrap);
  const other = wrappingKeyring([randomBytes(32)]);
  const error = (await openInstance(database, production, other).catch((caught) => caught)) as Error;
  expect(error.message.split('\n').map((line) => line.split(':', 1)[0])).toEqual([
    'MODE',
    'ISSUER',
    'WEBAUTHN_RP_ID',
    'MASTER_KEYS',
  ]);
});

test('other master keys are refused before anything is sealed with them', async () => {
  await openInstance(database, sandbox, wrap);
  const other = wrappingKeyring([randomBytes(32)]);
  expect(await isKeyCheckOpen(database, other)).toBe(false);
  await expect(openInstance(database, sandbox, other)).rejects.toThrow(/^MASTER_KEYS: none of these keys/);
  expect(await isKeyCheckOpen(database, wrap)).toBe(true);
});

test('a new first master key is accepted beside the old one, and alone once the check is sealed anew', async () => {
  await openInstance(database, sandbox, wrap);
  const next = randomBytes(32);
  const both = wrappingKeyring([next, master]);
  await openInstance(database, sandbox, both);
  await resealKeyCheck(database, both);
  await openInstance(database, sandbox, wrappingKeyring([next]));
  await expect(openInstance(database, sandbox, wrap)).rejects.toThrow(InstanceError);
});

test('a sandbox makes its master key once, readable by its owner only', async () => {
  const directory = join(dataDir, 'new');
  const calls = Array.from({ length: 5 }, () =>
    loadMasterKeys({ ...plain, masterKeys: undefined, dataDir: directory }),
  );
  const keys = (await Promise.all(calls)).map(([key]) => key?.toString('hex'));
  expect(new Set(keys).size).toBe(1);
  expect(keys[0]).toHaveLength(64);
  expect((await stat(join(directory, 'master-key'))).mode & 0o777).toBe(0o600);
  expect(Buffer.from(await readFile(join(directory, 'master-key'), 'utf8'), 'base64').toString('hex')).toBe(keys[0]);
});

test('master keys in the settings are used and no file is made', async () => {
  expect(await loadMasterKeys({ ...plain, masterKeys: [master], dataDir: join(dataDir, 'none') })).toEqual([master]);
  await expect(stat(join(dataDir, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a damaged master key is refused and left as it is', async () => {
  await writeFile(join(dataDir, 'master-key'), 'half of it');
  const loading = loadMasterKeys({ ...plain, masterKeys: undefined, dataDir });
  await expect(loading).rejects.toThrow(ConfigError);
  await expect(loading).rejects.toThrow(/does not hold a master key/);
  expect(await readFile(join(dataDir, 'master-key'), 'utf8')).toBe('half of it');
});

test('a data directory that is a file is refused in one sentence', async () => {
  await writeFile(join(dataDir, 'file'), '');
  await chmod(join(dataDir, 'file'), 0o600);
  await expect(loadMasterKeys({ ...plain, masterKeys: undefined, dataDir: join(dataDir, 'file') })).rejects.toThrow(
    /ENOTDIR|EEXIST/,
  );
});
