/**
 * Receipts: what a person can show of a permission, for as long as they like and to whomever they like, without us.
 *
 * A receipt is a JWS in compact form (RFC 7515 §7.1) over JSON with the sections of a consent receipt of ISO/IEC TS 27560:2023
 * §6.4: metadata, what is processed, parties, events. Whoever has the public keys verifies it. It names data and never says
 * them, and it knows the person by the `sub` of that app alone, so that two receipts of one person do not meet.
 *
 * It does not expire: it says what held then. Whether that still holds is on the account page, or in the receipt of its end.
 */
import { compactVerify, importJWK, type JWK } from 'jose';
import { z } from 'zod';

/** The `typ` of a receipt: no token of another kind passes for one (RFC 8725 §3.11). */
export const RECEIPT_TYPE = 'permission-receipt+jwt';
export const RECEIPT_ALGORITHM = 'ES256';
export const RECEIPT_MEDIA_TYPE = 'application/jose';

/** The most that a text may weigh that is looked at as a receipt; a long one has some kilobytes. */
export const RECEIPT_BYTES = 48 * 1024;

/** What a permission goes through; the first three begin one. */
export const receiptEvents = ['given', 'narrowed', 'renewed', 'withdrawn', 'left', 'expired', 'replaced'] as const;

const text = z.string();
const moment = z.iso.datetime();

const receiptItem = z.strictObject({
  /** The claim (OpenID Connect Core §5.1). */
  pii_attribute_id: text,
  pii_optional: z.boolean(),
  /** What the app said that it needs it for. In the short form it is left out, like every other wording. */
  purpose: text.optional(),
  /** The law that another basis than consent rests on. */
  law: text.optional(),
});

const receiptPurpose = z.strictObject({
  purpose: text.optional(),
  /** The name of the whole wording, as it was shown: the first 16 bytes of its SHA-256, in hexadecimal digits. */
  purpose_version: text,
  lawful_basis: z.enum([
    ...(['consent', 'contract', 'legal_obligation'] as const),
    ...(['vital_interest', 'public_task', 'legitimate_interest'] as const),
  ]),
  services: z.array(z.strictObject({ service_id: text, service_name: text })),
  pii_information: z.array(receiptItem),
  /** Claims that were offered and not allowed. */
  pii_declined: z.array(text),
  pii_controllers: z.array(text),
  /** Where the person ends it. */
  withdrawal_method: text.optional(),
});

const receiptEvent = z.strictObject({
  event_type: z.enum(receiptEvents),
  event_state: z.enum(['active', 'ended']),
  event_time: moment,
  valid_until: moment.optional(),
  /** How sure the sign-in was, and how the person had signed in (OpenID Connect Core §2). */
  acr: text.optional(),
  amr: z.array(text).optional(),
});

const receipt = z.strictObject({
  iss: z.url(),
  /** The person, as this app alone knows them. */
  sub: text,
  /** The receipt. */
  jti: text,
  schema_version: z.literal('ISO/IEC TS 27560:2023'),
  /** The permission: the receipts of its beginning and of its end share it. */
  record_id: text,
  form: z.enum(['full', 'short']),
  language: z.enum(['id', 'en']),
  purposes: z.tuple([receiptPurpose]),
  parties: z.tuple([
    z.strictObject({ party_id: text, party_name: text, party_role: z.literal('pii_controller'), party_url: text }),
  ]),
  events: z.array(receiptEvent).min(1).max(2),
});

/** What a receipt says. */
export type Receipt = z.infer<typeof receipt>;
export type ReceiptItem = z.infer<typeof receiptItem>;

/**
 * The same without the wording of purposes and laws, small enough for a square that a phone scans: `purpose_version` names the
 * wording, and is the same in the full receipt.
 */
export function shortReceipt(full: Receipt): Receipt {
  const [{ purpose: _purpose, withdrawal_method: _method, ...purpose }] = full.purposes;
  const items = purpose.pii_information.map(({ purpose: _reason, law: _law, ...item }) => item);
  return { ...full, form: 'short', purposes: [{ ...purpose, pii_information: items }] };
}

/** What receipts are verified with: the public keys of one deployment, and its issuer, as `/receipts/keys.json` gives both. */
export interface ReceiptKeys {
  readonly issuer: string;
  readonly keys: readonly JWK[];
}

const keySet = z.object({ issuer: z.url(), keys: z.array(z.looseObject({ kid: z.string() })) });

/** Reads `/receipts/keys.json`, a JWK Set (RFC 7517 §5) that says whose it is; undefined when it is none. */
export function readReceiptKeys(json: string): ReceiptKeys | undefined {
  const read = keySet.safeParse(parsed(json));
  return read.success ? (read.data as ReceiptKeys) : undefined;
}

/**
 * What a text turned out to be.
 *
 * - `genuine`: this deployment issued it, and nothing in it was changed.
 * - `altered`: it names a key of this deployment, which did not sign these words.
 * - `unknown-key`: it has the shape of a receipt of this deployment; none of the known keys signed it.
 * - `elsewhere`: it says that it comes from another issuer, where it may be verified.
 * - `no-receipt`: anything else.
 */
export type Verdict =
  | { readonly kind: 'genuine'; readonly receipt: Receipt; readonly keyId: string }
  | { readonly kind: 'altered' | 'no-receipt' }
  | { readonly kind: 'unknown-key'; readonly keyId: string }
  | { readonly kind: 'elsewhere'; readonly issuer: string };

/** Nothing else may stand in it: a receipt brings no key of its own along (RFC 8725 §3.1, §3.10). */
const header = z.strictObject({
  alg: z.literal(RECEIPT_ALGORITHM),
  kid: z.string().min(1).max(100),
  typ: z.literal(RECEIPT_TYPE),
});

/** Says what a text is; the text may be the address that a printed square leads to, or be broken into lines. */
export async function verifyReceipt(given: string, known: ReceiptKeys): Promise<Verdict> {
  const parts = partsOf(given);
  const head = header.safeParse(parts && jsonIn(parts.header));
  if (!parts || !head.success) return { kind: 'no-receipt' };
  const { kid } = head.data;
  const key = known.keys.find((one) => one.kid === kid && one.kty === 'EC' && one.crv === 'P-256');
  if (!key) return explainUnknown(parts.payload, kid, known);
  if (!(await isSignedBy(key, parts.compact))) return { kind: 'altered' };
  const content = receipt.safeParse(jsonIn(parts.payload));
  if (!content.success) return { kind: 'no-receipt' };
  if (content.data.iss !== known.issuer) return { kind: 'elsewhere', issuer: content.data.iss };
  return { kind: 'genuine', receipt: content.data, keyId: kid };
}

interface Parts {
  readonly compact: string;
  readonly header: string;
  readonly payload: string;
}

function partsOf(given: string): Parts | undefined {
  if (given.length > RECEIPT_BYTES) return undefined;
  const compact = given.replaceAll(/\s/g, '').replace(/^https?:\/\/[^#]*#/, '');
  const [, header = '', payload = ''] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(compact) ?? [];
  return header ? { compact, header, payload } : undefined;
}

/** Nobody can vouch for what it says; where it says that it is from elsewhere, that is where to ask. */
function explainUnknown(payload: string, keyId: string, { issuer }: ReceiptKeys): Verdict {
  const said = z.object({ iss: z.url().max(200) }).safeParse(jsonIn(payload));
  if (!said.success) return { kind: 'no-receipt' };
  return said.data.iss === issuer ? { kind: 'unknown-key', keyId } : { kind: 'elsewhere', issuer: said.data.iss };
}

async function isSignedBy(key: JWK, compact: string): Promise<boolean> {
  // One signature has one spelling: the bits that base64url leaves over are not free.
  if (compact.split('.').some((part) => Buffer.from(part, 'base64url').toString('base64url') !== part)) return false;
  try {
    const { kty, crv, x, y } = key;
    const imported = await importJWK({ kty, crv, x, y } as JWK, RECEIPT_ALGORITHM);
    await compactVerify(compact, imported, { algorithms: [RECEIPT_ALGORITHM] });
    return true;
  } catch {
    return false;
  }
}

function jsonIn(part: string): unknown {
  return parsed(Buffer.from(part, 'base64url').toString());
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
