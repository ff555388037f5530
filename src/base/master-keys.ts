/** Where the master keys come from: the settings, and in sandbox a file in the data directory. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, ConfigError, readMasterKeysFile } from './config.ts';
import type { Db } from './database.ts';
import { isKeyCheckOpen } from './instance.ts';
import { listAllKeys } from './keys.ts';
import type { Log } from './log.ts';
import { type Repeated, repeat } from './repeat.ts';
import { type Secrets, wrappingKeyring } from './secrets.ts';

const BYTES = 32;

/**
 * The master keys (32 bytes each; the first seals, all open). Where the settings name none, the one in
 * `DATA_DIR/master-key`, made at the first call: only a sandbox comes that far.
 *
 * @throws {ConfigError} when the file cannot be made or read, or holds something else
 */
export async function loadMasterKeys(
  config: Pick<Config, 'mode' | 'masterKeys' | 'masterKeysFile' | 'dataDir'>,
): Promise<readonly Buffer[]> {
  if (config.masterKeys) return keysOfNow(config) ?? config.masterKeys;
  const path = join(config.dataDir, 'master-key');
  try {
    return [decode(path, (await findText(path)) ?? (await make(config.dataDir, path)))];
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([`DATA_DIR: the master key ${path} cannot be read or made (${code})`]);
  }
}

/**
 * What the file says by now: the settings may have been read by another process, weeks ago. Undefined where it says
 * nothing that can be used.
 */
function keysOfNow(config: Pick<Config, 'mode' | 'masterKeysFile'>): readonly Buffer[] | undefined {
  try {
    return config.masterKeysFile === undefined ? undefined : readMasterKeysFile(config, config.masterKeysFile);
  } catch {
    return undefined;
  }
}

const FOLLOW_MS = 3_000;

/** Master keys that follow their file. */
export interface FollowedMasterKeys extends Pick<Repeated, 'stop'> {
  /** Takes over what the file says now. @throws when that cannot be used; the keys stay as they were */
  refresh(): Promise<void>;
}

/**
 * Takes over the keys of MASTER_KEYS_FILE whenever it changes, so that they rotate without a restart. What cannot be
 * read, or does not open this database, is left alone and said once; the keys stay as they were.
 */
export function followMasterKeys({ config, database, secrets, log }: Following): FollowedMasterKeys | undefined {
  const { masterKeysFile: path } = config;
  if (path === undefined) return undefined;
  let inForce = config.masterKeys ?? [];
  const refresh = async () => {
    const keys = readMasterKeysFile(config, path);
    if (Buffer.concat(keys).equals(Buffer.concat(inForce))) return;
    const wrap = wrappingKeyring(keys);
    if (!(await isKeyCheckOpen(database, wrap)))
      throw new ConfigError(['MASTER_KEYS: none of the keys in the file sealed this database']);
    await listAllKeys(database, wrap);
    secrets.rewrap(wrap);
    inForce = keys;
    log.info({ keys: keys.length }, 'the master keys have changed');
  };
  const { stop } = repeat('master keys', FOLLOW_MS, log, refresh);
  return { refresh, stop };
}

interface Following {
  readonly config: Pick<Config, 'mode' | 'masterKeys' | 'masterKeysFile'>;
  readonly database: Db;
  readonly secrets: Secrets;
  readonly log: Log;
}

async function findText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written under another name and then linked: whoever reads it finds all of it, and of two who make it one wins. */
async function make(directory: string, path: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  await writeFile(draft, `${randomBytes(BYTES).toString('base64')}\n`, { mode: 0o600, flush: true });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return readFile(path, 'utf8');
}

function decode(path: string, text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === BYTES) return key;
  throw new ConfigError([
    `DATA_DIR: ${path} does not hold a master key (${BYTES} bytes in base64): put the right one back, or begin with an empty directory`,
  ]);
}
