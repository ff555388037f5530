/**
 * The key of an account, which seals what is its own: profile, contacts. Destroying it makes them unreadable for good.
 *
 * It is stored sealed by the master keys, for the account it belongs to.
 */
import { randomBytes } from 'node:crypto';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { Keyring, type Secrets, shardOf } from '#src/base/secrets.ts';

/** A key for a new account, and how it is stored. */
export function newDataKey(wrap: Keyring, accountId: string): { readonly dataKey: Keyring; readonly sealed: Buffer } {
  const key = randomBytes(32);
  return { dataKey: new Keyring([key]), sealed: wrap.seal(placeOf(accountId), key) };
}

/** The key as it is stored, opened. */
export function openDataKey(wrap: Keyring, accountId: string, sealed: Buffer): Keyring {
  return new Keyring([wrap.open(placeOf(accountId), sealed)]);
}

/** Keys as they are stored that a unit of work has read, by account. */
class StoredKeys extends Map<string, Buffer> {}

function storedKeysOf({ memory }: Db): StoredKeys {
  const keys = (memory.get(StoredKeys) as StoredKeys | undefined) ?? new StoredKeys();
  memory.set(StoredKeys, keys);
  return keys;
}

/** What was read with something else: {@link loadDataKey} asks for it no more in this unit of work. */
export function noteDataKey(db: Db, accountId: string, stored: Buffer): void {
  storedKeysOf(db).set(accountId, stored);
}

/** @throws `account_unavailable` when there is no such account. */
export async function loadDataKey(db: Db, secrets: Secrets, accountId: string): Promise<Keyring> {
  const known = storedKeysOf(db).get(accountId);
  if (known) return openDataKey(secrets.wrap, accountId, known);
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const row = await home.first<{ data_key: Buffer }>(`select data_key from accounts where shard = $1 and id = $2`, [
    shard,
    accountId,
  ]);
  if (!row) throw new Refusal('account_unavailable', 'no such account');
  noteDataKey(db, accountId, row.data_key);
  return openDataKey(secrets.wrap, accountId, row.data_key);
}

/** The keys of many accounts, by their ids; each account is held until the transaction ends. */
export async function holdDataKeys(
  tx: Db,
  secrets: Secrets,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, Keyring>> {
  const shards = [...new Set(accountIds.map(shardOf))];
  const rows = await tx
    .forAll(shards)
    .query<{ id: string; data_key: Buffer }>(
      `select id, data_key from accounts where shard = any($1) and id = any($2) order by id for no key update`,
      [shards, accountIds],
    );
  return new Map(rows.map((row) => [row.id, openDataKey(secrets.wrap, row.id, row.data_key)]));
}

/** The stored key, sealed anew with the first master key. */
export function resealDataKey(wrap: Keyring, accountId: string, sealed: Buffer): Buffer {
  const place = placeOf(accountId);
  return wrap.seal(place, wrap.open(place, sealed));
}

function placeOf(accountId: string): string {
  return `accounts.data_key:${accountId}`;
}
