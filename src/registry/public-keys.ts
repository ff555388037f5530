/** The keys by which an app signs its assertions: public ones only, and strong (RFC 7517, RFC 7518). */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';

/** What is wrong with one key, or with the set when `index` is undefined. */
export interface KeyMistake {
  readonly kind: 'private' | 'use' | 'kid' | 'weak' | 'count' | 'same-kid';
  readonly index: number | undefined;
  readonly what: string;
  readonly expected: string;
}

const MAX_KEYS = 20;
const MIN_RSA_BITS = 2_048;
/** A verification takes time in the square of this. */
const MAX_RSA_BITS = 8_192;

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const strong = `an RSA key of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits, an EC key on P-256, P-384 or P-521, or an Ed25519 key`;

/** Everything that is wrong with a set of keys. */
export function findKeyMistakes(keys: readonly Readonly<Record<string, unknown>>[]): KeyMistake[] {
  const mistakes = keys.flatMap((key, index) => findKeyMistake(key, index) ?? []);
  if (keys.length === 0 || keys.length > MAX_KEYS)
    mistakes.push({ kind: 'count', index: undefined, what: `has ${keys.length} keys`, expected: `1 to ${MAX_KEYS}` });
  const ids = keys.map(({ kid }) => kid).filter((kid) => kid !== undefined);
  if (new Set(ids).size < ids.length)
    mistakes.push({
      kind: 'same-kid',
      index: undefined,
      what: 'has two keys of one kid',
      expected: 'a kid of its own for each key',
    });
  return mistakes;
}

function findKeyMistake(key: Readonly<Record<string, unknown>>, index: number): KeyMistake | undefined {
  const secret = privateMembers.find((name) => Object.hasOwn(key, name));
  if (secret || key.kty === 'oct')
    return {
      kind: 'private',
      index,
      what: 'is a private or a shared key',
      expected: 'the public part alone; take the other one for stolen',
    };
  if (key.use !== undefined && key.use !== 'sig')
    return { kind: 'use', index, what: 'is not for signing', expected: 'use: sig' };
  if (key.kid !== undefined && typeof key.kid !== 'string')
    return { kind: 'kid', index, what: 'has a kid that is no text', expected: 'text' };
  return isStrong(key)
    ? undefined
    : { kind: 'weak', index, what: 'is not a key that can be accepted', expected: strong };
}

function isStrong(jwk: Readonly<Record<string, unknown>>): boolean {
  try {
    const { asymmetricKeyType, asymmetricKeyDetails: details } = createPublicKey({
      key: jwk as JsonWebKey,
      format: 'jwk',
    });
    if (asymmetricKeyType === 'ed25519') return true;
    if (asymmetricKeyType === 'ec') return ['prime256v1', 'secp384r1', 'secp521r1'].includes(details?.namedCurve ?? '');
    const bits = details?.modulusLength ?? 0;
    return (
      asymmetricKeyType === 'rsa' &&
      bits >= MIN_RSA_BITS &&
      bits <= MAX_RSA_BITS &&
      (details?.publicExponent ?? 0n) > 2n
    );
  } catch {
    return false;
  }
}

/** A JWK, a JWK set or a list of keys, as somebody pasted it; undefined where it is none of them. */
export function readPastedKeys(text: string): Readonly<Record<string, unknown>>[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const keys = Array.isArray(value) ? value : isObject(value) && Array.isArray(value.keys) ? value.keys : [value];
  return keys.length > 0 && keys.every((key) => isObject(key) && typeof key.kty === 'string') ? keys : undefined;
}

/** A key with the name by which an assertion refers to it: its own, or the thumbprint of its public part (RFC 7638). */
export async function withKeyId(key: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
  return typeof key.kid === 'string' && key.kid !== '' ? key : { ...key, kid: await calculateJwkThumbprint(key) };
}

/** What kind of key it is, in the words of those who make them: `ES256`, `RSA, 2048 bit`. */
export function describeKey(key: Readonly<Record<string, unknown>>): string {
  const curve = curves[String(key.crv)];
  if (curve) return curve;
  if (key.kty !== 'RSA' || typeof key.n !== 'string') return String(key.kty);
  return `RSA, ${Buffer.from(key.n, 'base64url').length * 8} bit`;
}

const curves: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
