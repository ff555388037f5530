/** Receipts as they are made and signed, and the keys that others verify them with. */
import type { JWK } from 'jose';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import type { RevokedKey } from '#src/base/keys.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import type { Permission } from '#src/consents/permissions.ts';
import {
  RECEIPT_ALGORITHM,
  RECEIPT_TYPE,
  type Receipt,
  type ReceiptKeys,
  type RevokedReceiptKey,
  receiptOf,
  type ShortReceipt,
} from '#src/consents/receipts.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { findClient } from '#src/registry/clients.ts';
import type { KeyCache } from './key-cache.ts';
import { signToken } from './signing-keys.ts';
import { loadSubject } from './subjects.ts';

/**
 * What is said of a permission of an account. Its `record_id` is a keyed hash: the permission's own id tells which part of the
 * database its owner lives in, and two agencies could compare that.
 *
 * @throws {Refusal} `not_found` when the app or the agency is not registered any more
 */
export async function composeReceipt(
  db: Db,
  { secrets, config }: { readonly secrets: Secrets; readonly config: Pick<Config, 'issuer'> },
  accountId: string,
  permission: Permission,
  part: 'beginning' | 'end',
): Promise<Receipt> {
  const { language, terms } = permission;
  const client = await findClient(db, terms.clientId);
  const agency = await findAgency(db, terms.agencyId);
  if (!client || !agency) throw new Refusal('not_found', 'the app of a permission is gone');
  const circumstances = {
    issuer: config.issuer,
    subject: await loadSubject(db, secrets, accountId, client.subjectGroupId),
    recordId: secrets.hash('receipt', permission.id).subarray(0, 16).toString('base64url'),
    service: client.name[language],
    agency: { name: language === 'en' ? agency.nameEn : agency.name, domain: agency.domain },
  };
  return receiptOf(permission, circumstances, part);
}

/** Signs a receipt with the active key. Each signature is another; what is signed is the same each time. */
export function signReceipt(keys: Pick<KeyCache, 'receipts'>, receipt: Receipt | ShortReceipt): string {
  const [key] = keys.receipts;
  if (!key) throw new Error('there is no key for receipts');
  return signToken(key, RECEIPT_TYPE, receipt);
}

/**
 * The public halves of all keys that ever signed a receipt, and of the one that will sign next; those that were revoked stand
 * apart.
 */
export function receiptKeysOf(
  { receipts, revokedReceipts }: Pick<KeyCache, 'receipts' | 'revokedReceipts'>,
  issuer: string,
): ReceiptKeys {
  const keys = receipts.map((key) => publicKey(key.kid ?? '', key.keyObject().export({ format: 'jwk' })));
  return { issuer, keys, revoked: revokedReceipts.map(revokedKeyOf) };
}

/** A revoked key as `/receipts/keys.json` names it. */
export function revokedKeyOf({ publicJwk, revokedAt }: RevokedKey): RevokedReceiptKey {
  return { ...publicKey(publicJwk.kid ?? '', publicJwk), revoked: { revoked_at: epochSeconds(revokedAt) } };
}

function publicKey(kid: string, { kty, crv, x, y }: Pick<JWK, 'kty' | 'crv' | 'x' | 'y'>): JWK {
  return { kty, crv, x, y, kid, alg: RECEIPT_ALGORITHM, use: 'sig' } as JWK;
}
