/**
 * The keys that sign tokens, receipts and cookies, in the memory of a process and up to date there.
 *
 * About every second it asks for the version of the keys, and reads them when that moved. When the time of a step has
 * come it takes the step, unless another process was faster. While the database is away keys stay as they were.
 */
import type { Database } from '#src/base/database.ts';
import { listRevokedKeys, type RevokedKey, readKeysVersion, type StoredKey } from '#src/base/keys.ts';
import type { Log } from '#src/base/log.ts';
import { type Repeated, repeat } from '#src/base/repeat.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { CookieKeys } from './cookie-keys.ts';
import { advanceKeys, listRotatingKeys } from './key-rotation.ts';
import { findNextChange, isIn, keyGroups } from './key-schedule.ts';
import { SigningKey } from './signing-keys.ts';

const POLL_MILLISECONDS = 1_000;

/** The keys of a process, as it follows those of the database: for cookies, signatures and receipts. */
export class KeyCache {
  /** Always the ones in force. */
  readonly cookies = new CookieKeys();
  readonly #database: Database;
  readonly #secrets: Secrets;
  readonly #log: Log;
  #signing: readonly SigningKey[] = [];
  #receipts: readonly SigningKey[] = [];
  #revokedReceipts: readonly RevokedKey[] = [];
  #signingState = '';
  #version = 0;
  #nextChange: Date | undefined;
  #onSigningChange: (() => void) | undefined;
  #following: Repeated | undefined;
  /** Settles when the last read that was asked for is over. */
  #reading: Promise<unknown> = Promise.resolve();

  private constructor(database: Database, secrets: Secrets, log: Log) {
    this.#database = database;
    this.#secrets = secrets;
    this.#log = log;
  }

  /** Reads the keys, and makes those that are missing. @throws {SealError} when one does not open */
  static async load(database: Database, secrets: Secrets, log: Log): Promise<KeyCache> {
    await advanceKeys(database, secrets);
    const cache = new KeyCache(database, secrets, log);
    await cache.refresh();
    return cache;
  }

  /** For tokens: the active key of each algorithm first, which signs; all are in the key set. */
  get signing(): readonly SigningKey[] {
    return this.#signing;
  }

  /** For receipts: the active key first, which signs; the others verify what they signed, for ever. */
  get receipts(): readonly SigningKey[] {
    return this.#receipts;
  }

  /** Those for receipts that were revoked. */
  get revokedReceipts(): readonly RevokedKey[] {
    return this.#revokedReceipts;
  }

  /** Calls `listener` whenever {@link signing} has changed. There is one engine, so there is one listener. */
  onSigningChange(listener: () => void): void {
    this.#onSigningChange = listener;
  }

  /** Begins to follow the keys. Does not keep the process alive. */
  start(): void {
    this.#following ??= repeat('keys', POLL_MILLISECONDS, this.#log, () => this.refresh());
  }

  /** Stops following, after a read that is under way. */
  async stop(): Promise<void> {
    await this.#following?.stop();
    this.#following = undefined;
  }

  /** Does what is due and takes over what has changed by now. @throws {DatabaseUnavailable} with the keys as they were */
  refresh(): Promise<void> {
    const turn = this.#reading.then(() => this.#refresh());
    this.#reading = turn.catch(() => undefined);
    return turn;
  }

  async #refresh(): Promise<void> {
    await this.#read();
    if (!this.#nextChange || this.#nextChange.getTime() > Date.now()) return;
    await advanceKeys(this.#database, this.#secrets);
    await this.#read();
  }

  async #read(): Promise<void> {
    const version = await readKeysVersion(this.#database);
    if (version === this.#version) return;
    const keys = await listRotatingKeys(this.#database, this.#secrets.wrap);
    this.#revokedReceipts = await listRevokedKeys(this.#database, 'receipt');
    this.#apply(keys);
    this.#nextChange = findNextChange(keys);
    this.#version = version;
  }

  #apply(keys: readonly StoredKey[]): void {
    const ordered = [...keys].sort((a, b) => rankOf(a) - rankOf(b));
    // One that is only published verifies already: another process may be ahead and sign with it.
    this.cookies.replace(ordered.filter(({ purpose }) => purpose === 'cookie').map(({ secret }) => secret));
    this.#receipts = ordered.filter(({ purpose }) => purpose === 'receipt').map((key) => new SigningKey(key));
    const signing = ordered.filter(({ purpose }) => purpose === 'signing');
    const state = signing.map((key) => `${key.id} ${key.state}`).join();
    if (state === this.#signingState) return;
    this.#signing = signing.map((key) => new SigningKey(key));
    this.#onSigningChange?.();
    this.#signingState = state;
  }
}

const states: readonly StoredKey['state'][] = ['active', 'published', 'retired'];

/** By state, and within one by algorithm: metadata name the algorithms in this order. */
function rankOf(key: StoredKey): number {
  return states.indexOf(key.state) * keyGroups.length + keyGroups.findIndex((group) => isIn(group, key));
}
