/**
 * The keys that sign tokens (ES256 by default, RS256 for older relying parties) and receipts (ES256). Private halves rest sealed
 * in table `keys`.
 */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { ExternalSigningKey } from 'oidc-provider';
import type { NewKey, StoredKey } from '#src/base/keys.ts';

/**
 * One key as the library takes it. It signs here and now: a signature takes microseconds (RSA: less than one
 * millisecond), and in the pool of threads it would wait behind the hashes of passwords.
 */
export class SigningKey extends ExternalSigningKey {
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  constructor({ id, algorithm, secret }: Pick<StoredKey, 'id' | 'algorithm' | 'secret'>) {
    super();
    this.#private = createPrivateKey({ key: JSON.parse(secret.toString()) as JsonWebKey, format: 'jwk' });
    this.#public = createPublicKey(this.#private);
    Object.assign(this, { kid: id, alg: algorithm });
  }

  override keyObject(): KeyObject {
    return this.#public;
  }

  /** RFC 7518 §3.3 (RS256) and §3.4 (ES256). */
  override sign(data: Uint8Array): Uint8Array {
    const signature = sign('sha256', data, this.#private);
    return this.#private.asymmetricKeyType === 'ec' ? sideBySide(signature) : signature;
  }
}

/** A signed token that the library does not make (RFC 7515 §3.1). `typ` tells it from every other kind (RFC 8725 §3.11). */
export function signToken(key: SigningKey, typ: string, claims: object): string {
  const header = { alg: key.alg, kid: key.kid, typ };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${Buffer.from(key.sign(Buffer.from(signed))).toString('base64url')}`;
}

const NUMBER_BYTES = 32;

/**
 * An ECDSA signature as JOSE has it, both numbers side by side, from the DER in which OpenSSL makes it (RFC 3279 §2.2.3).
 * Node.js would do the same when told `dsaEncoding: 'ieee-p1363'`, and takes as long for it as for the signature.
 */
function sideBySide(der: Buffer): Buffer {
  const both = Buffer.alloc(2 * NUMBER_BYTES);
  // A sequence and its length, then each number: a tag, a length, and leading zeros as its value has it.
  let at = 2;
  for (const end of [NUMBER_BYTES, 2 * NUMBER_BYTES]) {
    const length = der[at + 1] ?? 0;
    const number = der.subarray(at + 2, at + 2 + length).subarray(Math.max(0, length - NUMBER_BYTES));
    both.set(number, end - number.length);
    at += 2 + length;
  }
  return both;
}

/** A new key pair; its id is the thumbprint of the public half (RFC 7638). */
export async function newSigningKey(algorithm: string): Promise<NewKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: 2048 });
  const kid = await calculateJwkThumbprint(await exportJWK(pair.publicKey));
  // `lawang keys revoke` could not tell it from an option.
  if (kid.startsWith('-')) return newSigningKey(algorithm);
  const common = { kid, alg: algorithm, use: 'sig' };
  return {
    id: kid,
    publicJwk: { ...(await exportJWK(pair.publicKey)), ...common },
    secret: Buffer.from(JSON.stringify({ ...(await exportJWK(pair.privateKey)), ...common })),
  };
}
