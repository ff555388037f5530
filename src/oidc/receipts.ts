/** Receipts as they are signed, and the keys that others verify them with. */
import type { JWK } from 'jose';
import {
  RECEIPT_ALGORITHM,
  RECEIPT_TYPE,
  type Receipt,
  type ReceiptKeys,
  type ShortReceipt,
} from '#src/consents/receipts.ts';
import type { KeyCache } from './key-cache.ts';
import { signToken } from './signing-keys.ts';

/** Signs a receipt with the active key. Each signature is another; what is signed is the same each time. */
export function signReceipt(keys: Pick<KeyCache, 'receipts'>, receipt: Receipt | ShortReceipt): string {
  const [key] = keys.receipts;
  if (!key) throw new Error('there is no key for receipts');
  return signToken(key, RECEIPT_TYPE, receipt);
}

/** The public halves of all keys that ever signed a receipt and were not revoked, and of the one that will sign next. */
export function receiptKeysOf({ receipts }: Pick<KeyCache, 'receipts'>, issuer: string): ReceiptKeys {
  const keys = receipts.map((key) => {
    const { kty, crv, x, y } = key.keyObject().export({ format: 'jwk' });
    return { kty, crv, x, y, kid: key.kid, alg: RECEIPT_ALGORITHM, use: 'sig' } as JWK;
  });
  return { issuer, keys };
}
