import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { Database } from '#src/base/database.ts';
import { openInstance, resealKeyCheck } from '#src/base/instance.ts';
import { loadSecrets, rotateMaster } from '#src/base/keys.ts';
import { createLog } from '#src/base/log.ts';
import { type FollowedMasterKeys, followMasterKeys, loadMasterKeys } from '#src/base/master-keys.ts';
import { type Secrets, wrappingKeyring } from '#src/base/secrets.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

let home: TestDatabase;
let database: Database;
let directory: string;
let path: string;
let secrets: Secrets;
let followed: FollowedMasterKeys;
const [old, next] = [randomBytes(32), randomBytes(32)];
const log = createLog('silent');
const sandbox = { mode: 'sandbox', issuer: 'http://localhost:3000', rpId: 'localhost' } as const;

const say = (...keys: Buffer[]) => writeFile(path, `${keys.map((key) => key.toString('base64')).join(',')}\n`);
const seal = () => secrets.wrap.seal('a.b:1', 'x');
const opens = (keys: Buffer[], sealed: Buffer) => wrappingKeyring(keys).open('a.b:1', sealed).toString() === 'x';

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
  directory = await mkdtemp(join(tmpdir(), 'lawang-master-keys-'));
  path = join(directory, 'keys');
  await say(old);
  await openInstance(database, sandbox, wrappingKeyring([old]));
  secrets = await loadSecrets(database, [old]);
  const config = { mode: 'sandbox', masterKeys: [old], masterKeysFile: path } as const;
  const following = followMasterKeys({ config, database, secrets, log });
  if (!following) throw new Error('a file is followed');
  followed = following;
});

afterEach(async () => {
  await followed.stop();
  await database.close();
  await home.drop();
  await rm(directory, { recursive: true, force: true });
});

test('a key is exchanged in four steps, and at each of them all that was sealed opens', async () => {
  const before = seal();
  await say(old, next);
  await followed.refresh();
  expect(opens([old], seal())).toBe(true);
  expect(secrets.wrap.open('a.b:1', wrappingKeyring([next]).seal('a.b:1', 'x')).toString()).toBe('x');
  await say(next, old);
  await followed.refresh();
  expect(opens([next], seal())).toBe(true);
  expect(secrets.wrap.open('a.b:1', before).toString()).toBe('x');
  await rotateMaster(database, secrets.wrap);
  await resealKeyCheck(database, secrets.wrap);
  await say(next);
  await followed.refresh();
  expect(() => secrets.wrap.open('a.b:1', before)).toThrow(/not among the keys given/);
  await loadSecrets(database, [next]);
});

test.each([
  ['nothing', '', /is empty/],
  ['something else', 'not a key', /expected 32 bytes in base64/],
  ['half a key', old.toString('base64').slice(0, 20), /expected 32 bytes in base64/],
  ['other keys', next.toString('base64'), /none of the keys in the file sealed this database/],
])('a file with %s in it is left alone', async (_, text, sentence) => {
  const { wrap } = secrets;
  await writeFile(path, text);
  await expect(followed.refresh()).rejects.toThrow(sentence);
  expect(secrets.wrap).toBe(wrap);
  await say(next, old);
  await followed.refresh();
  expect(opens([next], seal())).toBe(true);
});

test('a file that is gone is left alone, and an unchanged one costs no statement', async () => {
  const sent = vi.spyOn(database, 'query');
  await followed.refresh();
  expect(sent).not.toHaveBeenCalled();
  await rm(path);
  await expect(followed.refresh()).rejects.toThrow(/cannot be read \(ENOENT\)/);
  expect(opens([old], seal())).toBe(true);
});

test('keys that the environment gave are not followed', () => {
  const config = { mode: 'sandbox', masterKeys: [old], masterKeysFile: undefined } as const;
  expect(followMasterKeys({ config, database, secrets, log })).toBeUndefined();
});

test('a worker that takes the place of another gets what the file says by now, not what the settings said', async () => {
  const settings = { mode: 'sandbox', masterKeys: [old], masterKeysFile: path, dataDir: directory } as const;
  await say(next);
  expect(await loadMasterKeys(settings)).toEqual([next]);
  await writeFile(path, 'nothing of use');
  expect(await loadMasterKeys(settings)).toEqual([old]);
  await rm(path);
  expect(await loadMasterKeys(settings)).toEqual([old]);
});
