/**
 * The keys that all processes of one deployment share: table `keys`, each row sealed by a master key.
 *
 * Where a key is missing, the first process to ask makes it and the others read that one: the database's unique index
 * on the active key decides, whoever comes second throws its own away.
 *
 * Keys for signatures, receipts and cookies change while processes run (`oidc/key-rotation.ts`). Whoever changes one first takes
 * the lock of `keys_version` and raises the version in the same transaction; by the version every process notices.
 */
import type { JWK } from 'jose';
import type { Db } from './database.ts';
import { type Keyring, randomSecret, Secrets, wrappingKeyring } from './secrets.ts';

/** What a key is for. `token` and `index` hash; changing those would lose every session and identifier. */
const keyPurposes = ['signing', 'receipt', 'cookie', 'token', 'index'] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

/** `published`: known to verifiers, signs later. `active`: in use. `retired`: verifies what it signed, then goes. */
export type KeyState = 'published' | 'active' | 'retired';

/** One row of `keys`, opened. */
export interface StoredKey {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly algorithm: string;
  readonly state: KeyState;
  /** Of keys whose signatures others verify. */
  readonly publicJwk?: JWK;
  readonly secret: Buffer;
  /** Whether the first master key sealed it; if not, a rotation has still to seal it anew. */
  readonly isCurrent: boolean;
  readonly createdAt: Date;
  /** Of a published key: from when on it is the active one. */
  readonly activatesAt?: Date;
  /** Of a retired key: from when on nothing that it signed counts any more. None where that always counts: receipts. */
  readonly endsAt?: Date;
}

/** What `create` of {@link ensureKey} makes. `publicJwk` belongs to keys of signatures that others verify, and to no other. */
export interface NewKey {
  readonly id: string;
  readonly secret: Buffer;
  readonly publicJwk?: JWK;
}

interface KeyRow {
  id: string;
  purpose: KeyPurpose;
  algorithm: string;
  state: KeyState;
  public_jwk: JWK | null;
  sealed: Buffer;
  created_at: Date;
  activates_at: Date | null;
  ends_at: Date | null;
}

/** The algorithm of every key that does not sign for others. */
export const HMAC = 'HMAC-SHA256';

const listByPurpose = `
  select id, purpose, algorithm, state, public_jwk, sealed, created_at, activates_at, ends_at
  from keys where purpose = $1 order by created_at desc, id`;
const listPublic = `
  select public_jwk from keys where purpose = $1 and public_jwk is not null order by created_at desc, id`;
const insert = `
  insert into keys (id, purpose, algorithm, state, public_jwk, sealed, created_at, activates_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`;
const activate = `update keys set state = 'active', activates_at = null where id = $1 and state = 'published'`;
const retire = `update keys set state = 'retired', ends_at = $2 where id = $1 and state = 'active'`;
const remove = 'delete from keys where id = $1';
const keepRevoked = `
  insert into revoked_keys (id, purpose, public_jwk, revoked_at) values ($1, $2, $3, $4) on conflict do nothing`;
const listRevoked =
  'select id, public_jwk, revoked_at from revoked_keys where purpose = $1 order by revoked_at desc, id';
const readVersion = 'select version from keys_version where only_row';
const raiseVersion = 'update keys_version set version = version + 1 where only_row';
const listSealed = 'select id, sealed from keys order by id';
const reseal = 'update keys set sealed = $2 where id = $1 and sealed = $3';

/**
 * The keyed hashing of this deployment; makes its keys at the very first start.
 *
 * @throws {SealError} when the master keys given are not those that sealed the keys
 */
export async function loadSecrets(db: Db, masterKeys: readonly Buffer[]): Promise<Secrets> {
  const wrap = wrappingKeyring(masterKeys);
  const token = await ensureKey(db, wrap, { purpose: 'token', algorithm: HMAC, create: newHmacKey });
  const index = await ensureKey(db, wrap, { purpose: 'index', algorithm: HMAC, create: newHmacKey });
  return new Secrets(wrap, { token: token.secret, index: index.secret });
}

/** All keys of one purpose, newest first, in whatever state. @throws {SealError} when one does not open */
export async function listKeys(db: Db, wrap: Keyring, purpose: KeyPurpose): Promise<StoredKey[]> {
  const rows = await db.query<KeyRow>(listByPurpose, [purpose]);
  return rows.map((row) => openKey(wrap, row));
}

/** The public halves of one purpose, newest first, in whatever state. Needs no master key. */
export async function listPublicKeys(db: Db, purpose: KeyPurpose): Promise<JWK[]> {
  const rows = await db.query<{ public_jwk: JWK }>(listPublic, [purpose]);
  return rows.map((row) => row.public_jwk);
}

/** Every key, purpose by purpose. @throws {SealError} when one does not open */
export async function listAllKeys(db: Db, wrap: Keyring): Promise<StoredKey[]> {
  const keys: StoredKey[] = [];
  for (const purpose of keyPurposes) keys.push(...(await listKeys(db, wrap, purpose)));
  return keys;
}

/**
 * The active key of a purpose and algorithm. `create` runs only when there is none, and what it makes is dropped when
 * another process was faster.
 */
export async function ensureKey(
  db: Db,
  wrap: Keyring,
  wanted: { purpose: KeyPurpose; algorithm: string; create: () => Promise<NewKey> },
): Promise<StoredKey> {
  const found = await findActive(db, wrap, wanted);
  if (found) return found;
  await addKey(db, wrap, { ...wanted, key: await wanted.create() });
  const active = await findActive(db, wrap, wanted);
  if (!active) throw new Error(`the ${wanted.purpose} key for ${wanted.algorithm} was not stored: its id is taken`);
  return active;
}

/**
 * Writes a key: published when `activatesAt` says from when on it is to be used, active otherwise.
 *
 * @returns whether it was written; false when there is another of this purpose, algorithm and state
 */
export async function addKey(
  db: Db,
  wrap: Keyring,
  { purpose, algorithm, key, activatesAt }: { purpose: KeyPurpose; algorithm: string; key: NewKey; activatesAt?: Date },
): Promise<boolean> {
  const state: KeyState = activatesAt ? 'published' : 'active';
  const jwk = key.publicJwk ? JSON.stringify(key.publicJwk) : null;
  const sealed = wrap.seal(placeOf(key.id), key.secret);
  const values = [key.id, purpose, algorithm, state, jwk, sealed, new Date(), activatesAt ?? null];
  return (await db.execute(insert, values)) === 1;
}

/** From published to active; whether it was published. The one that was active has to be retired before. */
export async function activateKey(db: Db, id: string): Promise<boolean> {
  return (await db.execute(activate, [id])) === 1;
}

/** From active to retired, to be removed at `endsAt`, or never; whether it was active. */
export async function retireKey(db: Db, id: string, endsAt: Date | undefined): Promise<boolean> {
  return (await db.execute(retire, [id, endsAt ?? null])) === 1;
}

/** Destroys a key; whether it was there. */
export async function removeKey(db: Db, id: string): Promise<boolean> {
  return (await db.execute(remove, [id])) === 1;
}

/** The public half of a key whose signatures count no more: what it signed is still met. */
export interface RevokedKey {
  readonly publicJwk: JWK;
  readonly revokedAt: Date;
}

/** Keeps the public half of a key that is being revoked. */
export async function keepRevokedKey(db: Db, { id, purpose, publicJwk }: StoredKey, at: Date): Promise<void> {
  await db.execute(keepRevoked, [id, purpose, JSON.stringify(publicJwk), at]);
}

/** The revoked keys of one purpose, the latest first. Needs no master key. */
export async function listRevokedKeys(db: Db, purpose: KeyPurpose): Promise<RevokedKey[]> {
  const rows = await db.query<{ public_jwk: JWK; revoked_at: Date }>(listRevoked, [purpose]);
  return rows.map((row) => ({ publicJwk: row.public_jwk, revokedAt: row.revoked_at }));
}

/** Waits for its turn to change keys. Only inside a transaction, and before the keys are read. */
export async function lockKeys(db: Db): Promise<void> {
  await db.query('select version from keys_version where only_row for update');
}

/** Tells every process to read the keys again. The caller holds the lock. */
export async function raiseKeysVersion(db: Db): Promise<void> {
  await db.execute(raiseVersion);
}

/** The version of the last committed change. */
export async function readKeysVersion(db: Db): Promise<number> {
  const row = await db.first<{ version: string }>(readVersion);
  return Number(row?.version);
}

/**
 * Seals every key anew that is not sealed by the first master key. May run beside the server, more than once, and be
 * interrupted: what is not done stays open to the older key.
 *
 * @returns how many keys it sealed
 */
export async function rotateMaster(db: Db, wrap: Keyring): Promise<number> {
  const rows = await db.query<{ id: string; sealed: Buffer }>(listSealed);
  let count = 0;
  for (const { id, sealed } of rows.filter((row) => !wrap.isCurrent(row.sealed))) {
    const place = placeOf(id);
    count += await db.execute(reseal, [id, wrap.seal(place, wrap.open(place, sealed)), sealed]);
  }
  return count;
}

async function findActive(
  db: Db,
  wrap: Keyring,
  wanted: { purpose: KeyPurpose; algorithm: string },
): Promise<StoredKey | undefined> {
  const keys = await listKeys(db, wrap, wanted.purpose);
  return keys.find((key) => key.algorithm === wanted.algorithm && key.state === 'active');
}

function openKey(wrap: Keyring, row: KeyRow): StoredKey {
  return {
    id: row.id,
    purpose: row.purpose,
    algorithm: row.algorithm,
    state: row.state,
    ...(row.public_jwk && { publicJwk: row.public_jwk }),
    secret: wrap.open(placeOf(row.id), row.sealed),
    isCurrent: wrap.isCurrent(row.sealed),
    createdAt: row.created_at,
    ...(row.activates_at && { activatesAt: row.activates_at }),
    ...(row.ends_at && { endsAt: row.ends_at }),
  };
}

function placeOf(id: string): string {
  return `keys.sealed:${id}`;
}

/** A fresh key for HMAC-SHA256. */
export async function newHmacKey(): Promise<NewKey> {
  return { id: randomSecret().slice(0, 22).replace(/^-/, '_'), secret: Buffer.from(randomSecret(), 'base64url') };
}
