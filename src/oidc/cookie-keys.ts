/** Signs cookies, in the way that koa and the engine ask for it (the interface of keygrip). */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** About as many as there are cookies in requests under way at one moment. */
const REMEMBERED = 256;

/**
 * The first key signs, all verify; both change under a running server. HMAC-SHA-256 over keys that are imported once.
 */
export class CookieKeys {
  #keys: readonly KeyObject[] = [];
  /** What the first key has signed lately: the library signs the session's cookie again in each request that it came with. */
  readonly #signed = new Map<string, Buffer>();

  /** From now on these (32 bytes each). */
  replace(keys: readonly Buffer[]): void {
    this.#keys = keys.map((key) => createSecretKey(key));
    this.#signed.clear();
  }

  sign(data: string): string {
    const [first] = this.#keys;
    if (!first) throw new TypeError('no key to sign cookies with');
    return this.#byFirst(first, data).toString('base64url');
  }

  verify(data: string, signature: string): boolean {
    return this.index(data, signature) === 0;
  }

  /**
   * 0 when one of the keys made the signature, whichever; else -1. Told of an older key, the library would sign anew
   * at once, and the new signature would lose the path and the end of its cookie. Sessions are signed anew with every
   * use, and keys stay as long as the longest session. One signature has one spelling: the bits that base64url leaves over
   * are not free.
   */
  index(data: string, signature: string): number {
    const given = Buffer.from(signature, 'base64url');
    if (given.toString('base64url') !== signature) return -1;
    const isMade = (key: KeyObject, i: number) => {
      const expected = i === 0 ? this.#byFirst(key, data) : digest(key, data);
      return given.length === expected.length && timingSafeEqual(given, expected);
    };
    return this.#keys.some(isMade) ? 0 : -1;
  }

  #byFirst(key: KeyObject, data: string): Buffer {
    const known = this.#signed.get(data);
    if (known) return known;
    if (this.#signed.size >= REMEMBERED) this.#signed.clear();
    const made = digest(key, data);
    this.#signed.set(data, made);
    return made;
  }
}

function digest(key: KeyObject, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
