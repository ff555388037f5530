/** The keys by which an app signs its assertions: public ones only, and strong (RFC 7517, RFC 7518). */
import { createPublicKey, type JsonWebKey } from 'node:crypto';

/** What is wrong with one key, or with the set when `index` is undefined. */
export interface KeyMistake {
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
    mistakes.push({ index: undefined, what: `has ${keys.length} keys`, expected: `1 to ${MAX_KEYS}` });
  const ids = keys.map(({ kid }) => kid).filter((kid) => kid !== undefined);
  if (new Set(ids).size < ids.length)
    mistakes.push({ index: undefined, what: 'has two keys of one kid', expected: 'a kid of its own for each key' });
  return mistakes;
}

function findKeyMistake(key: Readonly<Record<string, unknown>>, index: number): KeyMistake | undefined {
  const secret = privateMembers.find((name) => Object.hasOwn(key, name));
  if (secret || key.kty === 'oct')
    return {
      index,
      what: 'is a private or a shared key',
      expected: 'the public part alone; take the other one for stolen',
    };
  if (key.use !== undefined && key.use !== 'sig') return { index, what: 'is not for signing', expected: 'use: sig' };
  if (key.kid !== undefined && typeof key.kid !== 'string')
    return { index, what: 'has a kid that is no text', expected: 'text' };
  return isStrong(key) ? undefined : { index, what: 'is not a key that can be accepted', expected: strong };
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
