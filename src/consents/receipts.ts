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
import type { Language } from '#src/base/refusals.ts';
import type { ClientClaim } from '#src/registry/clients.ts';
import type { Permission } from './permissions.ts';

/** The `typ` of a receipt: no token of another kind passes for one (RFC 8725 §3.11). */
export const RECEIPT_TYPE = 'permission-receipt+jwt';
/** The only one that a receipt is verified by (RFC 8725 §3.1). */
export const RECEIPT_ALGORITHM = 'ES256';
/** Of a receipt as a file (RFC 7515 §9.2.1). */
export const RECEIPT_MEDIA_TYPE = 'application/jose';

/** The most that a text may weigh that is looked at as a receipt; a long one has some kilobytes. */
export const RECEIPT_BYTES = 48 * 1024;

/** How a permission begins, and how it ends. */
const beginnings = ['given', 'narrowed', 'renewed'] as const;
const ends = ['withdrawn', 'left', 'expired', 'replaced', 'underage'] as const;

const text = z.string();
const moment = z.iso.datetime();

/** The legal bases of a permission. */
const basis = z.enum([
  ...(['consent', 'contract', 'legal_obligation'] as const),
  ...(['vital_interest', 'public_task', 'legitimate_interest'] as const),
]);

/** What every receipt says of itself. */
const metadata = {
  iss: z.url(),
  /** The person, as this app alone knows them. */
  sub: text,
  /** The receipt: its `record_id` and the event that it is of. */
  jti: text,
};

const receiptItem = z.strictObject({
  /** The claim (OpenID Connect Core §5.1). */
  pii_attribute_id: text,
  pii_optional: z.boolean(),
  /** What the app said that it needs it for. */
  purpose: text,
  /** Its own basis, where it is another one than that of the whole. */
  lawful_basis: basis.optional(),
  /** The law that another basis than consent rests on. */
  law: text.optional(),
});

const receiptPurpose = z.strictObject({
  purpose: text,
  /** The name of the whole wording, as it was shown: the first 16 bytes of its SHA-256, as base64url (`consents/terms.ts`). */
  purpose_version: text,
  lawful_basis: basis,
  services: z.tuple([z.strictObject({ service_id: text, service_name: text })]),
  pii_information: z.array(receiptItem),
  /** Claims that were offered and not allowed. */
  pii_declined: z.array(text),
  pii_controllers: z.tuple([text]),
  /** Where the person ends it. */
  withdrawal_method: text,
});

const beginning = z.strictObject({
  event_type: z.enum(beginnings),
  event_state: z.literal('active'),
  event_time: moment,
  valid_until: moment,
  /** How sure the sign-in was, and how the person had signed in (OpenID Connect Core §2). */
  acr: text,
  amr: z.array(text),
});

const end = z.strictObject({ event_type: z.enum(ends), event_state: z.literal('ended'), event_time: moment });

const fullReceipt = z.strictObject({
  ...metadata,
  form: z.literal('full'),
  schema_version: z.literal('ISO/IEC TS 27560:2023'),
  /** The permission: the receipts of its beginning and of its end share it. */
  record_id: text,
  language: z.enum(['id', 'en']),
  purposes: z.tuple([receiptPurpose]),
  parties: z.tuple([
    z.strictObject({ party_id: text, party_name: text, party_role: z.literal('pii_controller'), party_url: text }),
  ]),
  /** How it began and, in the receipt of its end, how it ended. */
  events: z.tuple([beginning]).rest(end),
});

const seconds = z.int().min(0);

const shortReceipt = z.strictObject({
  ...metadata,
  form: z.literal('short'),
  purpose_version: text,
  lawful_basis: basis,
  service: text,
  controller: text,
  /** Separated by spaces. */
  claims: text,
  /** Of each its kind and its time, in seconds since 1970. */
  events: z.tuple([z.tuple([z.enum(beginnings), seconds])]).rest(z.tuple([z.enum(ends), seconds])),
  valid_until: seconds,
});

const receipt = z.discriminatedUnion('form', [fullReceipt, shortReceipt]);

/** What a receipt says. */
export type Receipt = z.infer<typeof fullReceipt>;

/** The same without wording, small enough for a square that a phone scans. `purpose_version` is that of the full one. */
export type ShortReceipt = z.infer<typeof shortReceipt>;

/** What a receipt says beside its permission. */
export interface Circumstances {
  readonly issuer: string;
  /** The person, as the app knows them. */
  readonly subject: string;
  /** Names the permission and nothing else of its account. */
  readonly recordId: string;
  readonly service: string;
  readonly agency: { readonly name: string; readonly domain: string };
}

/** The receipt of a permission's beginning or, where it has ended, of its end. It is the same each time. */
export function receiptOf(permission: Permission, about: Circumstances, part: 'beginning' | 'end'): Receipt {
  const { terms, language, endedAt, endReason } = permission;
  const ended = part === 'end' && endedAt && endReason ? [endOf(endReason, endedAt)] : [];
  const recordId = about.recordId;
  const allowed = new Set<string>(permission.claims);
  return {
    iss: about.issuer,
    sub: about.subject,
    jti: `${recordId}.${ended[0]?.event_type ?? permission.event}`,
    form: 'full',
    schema_version: 'ISO/IEC TS 27560:2023',
    record_id: recordId,
    language,
    purposes: [
      {
        purpose: terms.purpose[language],
        purpose_version: terms.id,
        lawful_basis: permission.basis,
        services: [{ service_id: terms.clientId, service_name: about.service }],
        pii_information: terms.items
          .filter(({ claim }) => allowed.has(claim))
          .map((item) => receiptItemOf(item, permission.basis, language)),
        pii_declined: [...permission.declined],
        pii_controllers: [terms.agencyId],
        withdrawal_method: `${about.issuer}/account/apps/${terms.clientId}`,
      },
    ],
    parties: [
      {
        party_id: terms.agencyId,
        party_name: about.agency.name,
        party_role: 'pii_controller',
        party_url: `https://${about.agency.domain}`,
      },
    ],
    events: [beginningOf(permission), ...ended],
  };
}

function receiptItemOf(item: ClientClaim, whole: Permission['basis'], language: Language): z.infer<typeof receiptItem> {
  const law = language === 'en' ? (item.lawEn ?? item.law) : item.law;
  return {
    pii_attribute_id: item.claim,
    pii_optional: item.basis === 'consent' && !item.required,
    purpose: language === 'en' ? item.purposeEn : item.purpose,
    ...(item.basis !== whole && { lawful_basis: item.basis }),
    ...(law !== undefined && { law }),
  };
}

function beginningOf({ event, givenAt, expiresAt, acr, amr }: Permission): z.infer<typeof beginning> {
  return {
    ...{ event_type: event, event_state: 'active' },
    ...{ event_time: givenAt.toISOString(), valid_until: expiresAt.toISOString(), acr, amr: [...amr] },
  };
}

function endOf(reason: NonNullable<Permission['endReason']>, at: Date): z.infer<typeof end> {
  return { event_type: reason, event_state: 'ended', event_time: at.toISOString() };
}

/** The short form of a receipt. It is the same receipt: it has the same `jti`. */
export function shorten(full: Receipt): ShortReceipt {
  const { iss, sub, jti } = full;
  const [purpose] = full.purposes;
  const [began, ...ended] = full.events;
  return {
    ...{ iss, sub, jti, form: 'short' },
    purpose_version: purpose.purpose_version,
    lawful_basis: purpose.lawful_basis,
    service: purpose.services[0].service_name,
    controller: full.parties[0].party_name,
    claims: purpose.pii_information.map(({ pii_attribute_id: claim }) => claim).join(' '),
    events: [[began.event_type, inSeconds(began.event_time)], ...ended.map(shortEnd)],
    valid_until: inSeconds(began.valid_until),
  };
}

function shortEnd({ event_type: kind, event_time: time }: z.infer<typeof end>): [typeof kind, number] {
  return [kind, inSeconds(time)];
}

function inSeconds(time: string): number {
  return Math.floor(Date.parse(time) / 1000);
}

/** What receipts are verified with: the public keys of one deployment, and its issuer, as `/receipts/keys.json` gives both. */
export interface ReceiptKeys {
  readonly issuer: string;
  readonly keys: readonly JWK[];
  /** Keys that vouch for nothing any more. They stand apart, since libraries trust whatever is among `keys`. */
  readonly revoked?: readonly RevokedReceiptKey[];
}

/** `revoked` as OpenID Federation 1.0 §8.7 has it for keys of the past; `revoked_at` in seconds since 1970. */
export type RevokedReceiptKey = JWK & { readonly revoked: { readonly revoked_at: number } };

const key = { kid: z.string() };
const keySet = z.object({
  issuer: z.url(),
  keys: z.array(z.looseObject(key)),
  revoked: z.array(z.looseObject({ ...key, revoked: z.looseObject({ revoked_at: z.number() }) })).optional(),
});

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
 * - `revoked-key`: a key that was revoked signed it. Whoever stole the key could sign whatever they liked, with any date, so its own
 *   dates say nothing for it. Where they are later than the end of the key (`isLater`) it is surely not ours.
 * - `unknown-key`: it has the shape of a receipt of this deployment; none of the known keys signed it.
 * - `elsewhere`: it says that it comes from another issuer, where it may be verified.
 * - `no-receipt`: anything else.
 */
export type Verdict =
  | { readonly kind: 'genuine'; readonly receipt: Receipt | ShortReceipt; readonly keyId: string }
  | { readonly kind: 'altered' | 'no-receipt' }
  | { readonly kind: 'unknown-key'; readonly keyId: string }
  | {
      readonly kind: 'revoked-key';
      readonly keyId: string;
      readonly revokedAt: Date;
      readonly isLater: boolean;
      /** Of the receipt; the genuine one, downloaded anew, has the same. */
      readonly number: string;
    }
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
  const isMeant = (one: JWK) => one.kid === kid && one.kty === 'EC' && one.crv === 'P-256';
  const revoked = known.revoked?.find(isMeant);
  const key = revoked ?? known.keys.find(isMeant);
  if (!key) return explainUnknown(parts.payload, kid, known);
  if (!(await isSignedBy(key, parts.compact))) return { kind: 'altered' };
  const content = receipt.safeParse(jsonIn(parts.payload));
  if (!content.success) return { kind: 'no-receipt' };
  if (content.data.iss !== known.issuer) return { kind: 'elsewhere', issuer: content.data.iss };
  if (revoked) return explainRevoked(content.data, kid, revoked);
  return { kind: 'genuine', receipt: content.data, keyId: kid };
}

/** Another process may have signed by the key for a moment longer. */
const LATER_SECONDS = 60;

function explainRevoked(said: Receipt | ShortReceipt, keyId: string, { revoked }: RevokedReceiptKey): Verdict {
  const times =
    said.form === 'full' ? said.events.map(({ event_time: at }) => inSeconds(at)) : said.events.map(([, at]) => at);
  return {
    ...{ kind: 'revoked-key', keyId, number: said.jti },
    revokedAt: new Date(revoked.revoked_at * 1000),
    isLater: Math.max(...times) > revoked.revoked_at + LATER_SECONDS,
  };
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
