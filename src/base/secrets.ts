/**
 * Random ids, keyed hashes and sealed values: what makes a stolen database useless.
 *
 * Every secret an outsider holds (token, code, session id) is stored only as a keyed hash, every personal value only
 * sealed. Keys hang under the master keys (`MASTER_KEYS`): the master seals the rows of table `keys` and the data key
 * of each account; those do the daily work, so rotating the master never moves a hash or an index.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomFillSync,
  randomUUID,
} from 'node:crypto';

/** Number of shard values; a shard is 0 to 4095. */
export const SHARDS = 4096;

/** Each of them, for what is asked of all citizens' rows. */
export const everyShard: readonly number[] = Array.from({ length: SHARDS }, (_, shard) => shard);

/** A fresh account id (UUID v4). Its first three hex digits are its shard. */
export function newAccountId(): string {
  return randomUUID();
}

/** Whether a text is shaped like an id of ours (a UUID); anything else cannot be looked up. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** The 16 bytes of a UUID, for where its text would be too long. */
export function bytesOfId(id: string): Buffer<ArrayBuffer> {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

/** The UUID of 16 bytes. */
export function idOfBytes(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** The shard that an account id, or any id made by {@link newIdIn}, carries in its first three hex digits. */
export function shardOf(id: string): number {
  return Number.parseInt(id.slice(0, 3), 16);
}

/** A random id (UUID shaped) that lives in `shard`. */
export function newIdIn(shard: number): string {
  return shard.toString(16).padStart(3, '0') + randomUUID().slice(3);
}

/** A random id of `shard` whose order is that of time: what hangs on one account is listed by it, the latest last. */
export function newOrderedIdIn(shard: number, at: Date): string {
  const digits = shard.toString(16).padStart(3, '0') + at.getTime().toString(16).padStart(12, '0').slice(-12);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12)}${randomUUID().slice(17)}`;
}

/** The shard of a row addressed by a value alone: the first 12 bits of the value's keyed hash. */
export function shardOfHash(hash: Buffer): number {
  return hash.readUInt16BE(0) >> 4;
}

const SECRET_BYTES = 32;
const DRAWN_AT_ONCE = 4096;

/** Random bytes are drawn for many uses at once, which costs about as much as for one; each is used once and wiped. */
const drawn = { bytes: Buffer.alloc(DRAWN_AT_ONCE), used: DRAWN_AT_ONCE };

/** So many random bytes, to be wiped by whoever takes them. */
function draw(size: number): Buffer {
  if (drawn.used + size > drawn.bytes.length) {
    randomFillSync(drawn.bytes);
    drawn.used = 0;
  }
  drawn.used += size;
  return drawn.bytes.subarray(drawn.used - size, drawn.used);
}

/** 256 random bits, base64url. */
export function randomSecret(): string {
  const bytes = draw(SECRET_BYTES);
  const secret = bytes.toString('base64url');
  bytes.fill(0);
  return secret;
}

/** A value that cannot be opened: another key, another row, or altered bytes. */
export class SealError extends Error {
  override name = 'SealError';
}

const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES;

/** Keys that seal and open: the first seals, all open. AES-256-GCM; a sealed value is version, key id, nonce, tag, data. */
export class Keyring {
  // Key objects: OpenSSL takes a key in once, which costs more than a seal does.
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #first: { id: Buffer; key: KeyObject };

  constructor(keys: readonly Buffer[]) {
    const known = keys.map((key) => ({ id: keyId(key), key: createSecretKey(key) }));
    const [first] = known;
    if (!first) throw new SealError('a keyring needs at least one key');
    this.#keys = new Map(known.map(({ id, key }) => [id.toString('hex'), key]));
    this.#first = first;
  }

  /**
   * Seals `data` for one place, written as `table.column:row id`. The place is authenticated with it, so a value copied
   * to another row does not open there.
   */
  seal(place: string, data: string | Buffer): Buffer {
    const head = Buffer.allocUnsafe(1 + KEY_ID_BYTES + NONCE_BYTES);
    head[0] = VERSION;
    this.#first.id.copy(head, 1);
    const nonce = head.subarray(1 + KEY_ID_BYTES);
    const random = draw(NONCE_BYTES);
    random.copy(nonce);
    random.fill(0);
    const cipher = createCipheriv('aes-256-gcm', this.#first.key, nonce).setAAD(Buffer.from(place));
    // GCM is a stream: `final` adds nothing to what `update` has given.
    const body = cipher.update(data);
    cipher.final();
    return Buffer.concat([head, cipher.getAuthTag(), body]);
  }

  /** @throws {SealError} when no key opens it, it was altered, or it was sealed for another place. */
  open(place: string, sealed: Buffer): Buffer {
    const key = this.#keys.get(sealedBy(sealed));
    if (!key) throw new SealError(`the key ${sealedBy(sealed)} that sealed ${place} is not among the keys given`);
    const nonce = sealed.subarray(1 + KEY_ID_BYTES, 1 + KEY_ID_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place));
    decipher.setAuthTag(sealed.subarray(HEAD_BYTES - TAG_BYTES, HEAD_BYTES));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(HEAD_BYTES)), decipher.final()]);
    } catch (cause) {
      throw new SealError(`${place} does not open: it was altered or sealed for another place`, { cause });
    }
  }

  /** What was sealed; undefined when {@link open} would throw. For what may be foreign, or whose key may have gone. */
  tryOpen(place: string, sealed: Buffer): Buffer | undefined {
    try {
      return this.open(place, sealed);
    } catch (error) {
      if (error instanceof SealError) return undefined;
      throw error;
    }
  }

  /**
   * Keyed hash (32 bytes) by the first key, of what is looked up by value beside what the key seals: without the key nobody
   * finds it, and two keys never agree.
   */
  hash(purpose: string, value: string): Buffer {
    return createHmac('sha256', this.#first.key).update(purpose).update('\0').update(value).digest();
  }

  /** Seals something that a link or a cookie carries: in it nothing can be read, and nobody else can make one. */
  sealToken(place: string, data: string | Buffer): string {
    return this.seal(place, data).toString('base64url');
  }

  /** What a token says; undefined when it is not ours, was altered or is spelt in another way. */
  openToken(place: string, token: string): Buffer | undefined {
    const sealed = Buffer.from(token, 'base64url');
    return sealed.toString('base64url') === token ? this.tryOpen(place, sealed) : undefined;
  }

  /** Whether the value was sealed by the first key; if not, a rotation has still to seal it anew. */
  isCurrent(sealed: Buffer): boolean {
    return sealedBy(sealed) === this.#first.id.toString('hex');
  }
}

/** The id (hex) of the key that sealed a value. */
export function sealedBy(sealed: Buffer): string {
  if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) throw new SealError('not a sealed value');
  return sealed.subarray(1, 1 + KEY_ID_BYTES).toString('hex');
}

const KEY_ID_PREFIX = Buffer.from('lawang key id');

function keyId(key: Buffer): Buffer {
  return hash('sha256', Buffer.concat([KEY_ID_PREFIX, key]), 'buffer').subarray(0, KEY_ID_BYTES);
}

/** The keyring that seals table `keys` and the accounts' data keys, derived from the master keys. */
export function wrappingKeyring(masterKeys: readonly Buffer[]): Keyring {
  return new Keyring(masterKeys.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'lawang wrap', 32))));
}

/** What is hashed must say what it is, so that an id of one kind is never found as another. */
export type HashPurpose =
  | 'api-answer'
  | 'api-request'
  | 'registration-access'
  | 'registration-token'
  | 'client-secret'
  | 'invitation'
  | 'client-contact'
  | 'interaction'
  | 'grant'
  | 'one-time-code'
  | 'totp-code'
  | 'recovery-code'
  | 'desk-sheet'
  | 'challenge'
  | 'throttle'
  | 'replay'
  | 'browser'
  | 'message'
  | 'notice'
  | 'stand-in'
  | 'receipt';

/** What the running server keeps in memory to hash, find and open. Loaded from table `keys` by `loadSecrets`. */
export class Secrets {
  #wrap: Keyring;
  readonly #token: KeyObject;
  readonly #index: KeyObject;

  constructor(wrap: Keyring, keys: { token: Buffer; index: Buffer }) {
    this.#wrap = wrap;
    this.#token = createSecretKey(keys.token);
    this.#index = createSecretKey(keys.index);
  }

  /** What seals and opens. Ask anew for each piece of work: it is another one after {@link rewrap}. */
  get wrap(): Keyring {
    return this.#wrap;
  }

  /** Takes over other master keys while the server runs. */
  rewrap(wrap: Keyring): void {
    this.#wrap = wrap;
  }

  /** Keyed hash (32 bytes) of a secret or of anything looked up by value. */
  hash(purpose: HashPurpose, value: string | Buffer): Buffer {
    return createHmac('sha256', this.#token).update(purpose).update('\0').update(value).digest();
  }

  /** Blind index (32 bytes) of a normalised identifier or contact: equal values meet, nothing can be read back. */
  index(kind: string, value: string): Buffer {
    return createHmac('sha256', this.#index).update(kind).update('\0').update(value).digest();
  }

  /**
   * A fresh opaque id that carries a shard: two base64url characters, masked with bits of the keyed hash of the rest
   * (so two ids of one person do not look alike to the apps that see them), then 256 random bits.
   */
  newTaggedId(shard: number): string {
    return this.newTaggedPlace(shard).id;
  }

  /** {@link newTaggedId} and where it is stored, as {@link locate} would find it. */
  newTaggedPlace(shard: number): { id: string; place: { shard: number; hash: Buffer } } {
    const random = randomSecret();
    const { mask, hash } = this.#digest(random);
    return { id: encodeTag(shard ^ mask) + random, place: { shard, hash } };
  }

  /** Where an opaque id is stored: its shard and its keyed hash. Undefined when it cannot be one of ours. */
  locate(id: string): { shard: number; hash: Buffer } | undefined {
    if (!/^[\w-]{45}$/.test(id)) return undefined;
    const { mask, hash } = this.#digest(id.slice(2));
    return { shard: decodeTag(id) ^ mask, hash };
  }

  /**
   * How an id made by {@link newIdIn} is told outside: another one of its shape, whose first digits do not give its shard away.
   * Two apps would otherwise know a person by it.
   */
  outsideId(id: string): string {
    const rest = id.slice(3);
    return (shardOf(id) ^ this.#digest(rest).mask).toString(16).padStart(3, '0') + rest;
  }

  /** The id that {@link outsideId} has told; of any other text some id that nothing has. Undefined for what is no id. */
  insideId(told: string): string | undefined {
    return isId(told) ? this.outsideId(told) : undefined;
  }

  #digest(random: string): { mask: number; hash: Buffer } {
    const digest = createHmac('sha512', this.#token).update('id\0').update(random).digest();
    return { hash: digest.subarray(0, 32), mask: digest.readUInt16BE(32) >> 4 };
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function encodeTag(shard: number): string {
  return ALPHABET.charAt(shard >> 6) + ALPHABET.charAt(shard & 63);
}

function decodeTag(id: string): number {
  return (ALPHABET.indexOf(id.charAt(0)) << 6) | ALPHABET.indexOf(id.charAt(1));
}
