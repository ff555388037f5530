/**
 * The keys that all processes of one deployment share: table `keys`, each row sealed by a master key.
 *
 * Where a key is missing, the first process to ask makes it and the others read that one: the database's unique index
 * on the active key decides, whoever comes second throws its own away.
 */
import type { JWK } from 'jose';
import type { Db } from './database.ts';
import { type Keyring, randomSecret, Secrets, wrappingKeyring } from './secrets.ts';

/** What a key is for. `token` and `index` hash; changing those would lose every session and identifier. */
const keyPurposes = ['signing', 'cookie', 'token', 'index'] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

/** `published`: known to verifiers, signs later. `active`: in use. `retired`: verifies what it signed, then goes. */
export type KeyState = 'published' | 'active' | 'retired';

/** One row of `keys`, opened. */
export interface StoredKey {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly algorithm: string;
  readonly state: KeyState;
  /** Of signing keys only. */
  readonly publicJwk?: JWK;
  readonly secret: Buffer;
  /** Whether the first master key sealed it; if not, a rotation has still to seal it anew. */
  readonly isCurrent: boolean;
  readonly createdAt: Date;
}

/** What `create` of {@link ensureKey} makes. `publicJwk` belongs to signing keys and to no other. */
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
}

const HMAC = 'HMAC-SHA256';

const listByPurpose = `
  select id, purpose, algorithm, state, public_jwk, sealed, created_at
  from keys where purpose = $1 order by created_at desc, id`;
const insertActive = `
  insert into keys (id, purpose, algorithm, state, public_jwk, sealed, created_at)
  values ($1, $2, $3, 'active', $4, $5, $6) on conflict do nothing`;
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

/** The keys cookies are signed with (32 bytes each): the first signs, all verify. Makes the first one when there is none. */
export async function loadCookieKeys(db: Db, secrets: Secrets): Promise<Buffer[]> {
  await ensureKey(db, secrets.wrap, { purpose: 'cookie', algorithm: HMAC, create: newHmacKey });
  const keys = await listKeys(db, secrets.wrap, 'cookie');
  const isActive = (key: StoredKey) => key.state === 'active';
  return [...keys.filter(isActive), ...keys.filter((key) => !isActive(key))].map((key) => key.secret);
}

/** All keys of one purpose, newest first, in whatever state. @throws {SealError} when one does not open */
export async function listKeys(db: Db, wrap: Keyring, purpose: KeyPurpose): Promise<StoredKey[]> {
  const rows = await db.query<KeyRow>(listByPurpose, [purpose]);
  return rows.map((row) => openKey(wrap, row));
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
  const { id, secret, publicJwk } = await wanted.create();
  const sealed = wrap.seal(placeOf(id), secret);
  const jwk = publicJwk ? JSON.stringify(publicJwk) : null;
  await db.execute(insertActive, [id, wanted.purpose, wanted.algorithm, jwk, sealed, new Date()]);
  const active = await findActive(db, wrap, wanted);
  if (!active) throw new Error(`the ${wanted.purpose} key for ${wanted.algorithm} was not stored: its id is taken`);
  return active;
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
  };
}

function placeOf(id: string): string {
  return `keys.sealed:${id}`;
}

async function newHmacKey(): Promise<NewKey> {
  return { id: randomSecret().slice(0, 22), secret: Buffer.from(randomSecret(), 'base64url') };
}
