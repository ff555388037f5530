/**
 * What the two ceremonies of Web Authentication have in common: the site, what pages send of them, and how they fail.
 *
 * The user handle is the account id, so a sign-in knows its account, and with it its shard, before the first read.
 */
import { z } from 'zod';
import { countEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { bytesOfId, idOfBytes } from '#src/base/secrets.ts';
import type { Makers } from './makers.ts';

/** COSE algorithms that a passkey may use, the preferred first: ES256, EdDSA, RS256 (Windows Hello); RFC 9053 §2, RFC 8812 §2. */
export const algorithms = [-7, -8, -257];

/** At first use: it reads certificates of every kind, and loading it takes a tenth of a start. */
export const loadWebAuthn = () => import('@simplewebauthn/server');

export const TOUCH_TIMEOUT_MS = 5 * 60 * 1000;
const MAX_CREDENTIAL_ID = 1023;
const MAX_ANSWER = 64 * 1024;

/** Which site passkeys are for, and whom it believes about their hardware. */
export interface Site {
  readonly rpId: string;
  /** The origin pages are served from, for example `https://masuk.contoh.go.id`. */
  readonly origin: string;
  /** Without it nobody vouches. */
  readonly makers?: Makers;
}

/** Refuses every failure alike; the reason is for the log. */
export function fail(reason: string, cause?: unknown): Refusal {
  countEvent('passkey.failed');
  return new Refusal('passkey_failed', reason, { cause });
}

/** Why the library refused, for the log. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'not verified';
}

const base64url = z.string().regex(/^[\w-]+$/);

/** What every `PublicKeyCredential` has as JSON (Web Authentication Level 3 §5.1). */
const credentialMembers = {
  id: base64url,
  rawId: base64url,
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional().catch(undefined),
  clientExtensionResults: z.object({}).catch({}),
};

export const assertion = z.object({
  ...credentialMembers,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url,
  }),
});

export const attestation = z.object({
  ...credentialMembers,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z
      .array(z.string().regex(/^[a-z-]{1,20}$/))
      .max(10)
      .catch([])
      .default([]),
  }),
});

const clientData = z.object({ challenge: base64url, crossOrigin: z.boolean().optional() });

/** The answer of a ceremony, as JSON; undefined when it is none. */
export function parseAnswer<T>(schema: z.ZodType<T>, text: string): T | undefined {
  return text.length > MAX_ANSWER ? undefined : schema.safeParse(parseJson(text)).data;
}

/** {@link parseAnswer}. @throws `passkey_failed` */
export function readAnswer<T>(schema: z.ZodType<T>, text: string): T {
  if (text.length > MAX_ANSWER) throw fail('the answer is too large');
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success)
    throw fail(`malformed answer: ${parsed.error.issues.map(({ path }) => path.join('.')).join(', ')}`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the browser says it signed for. @throws `passkey_failed`, also when a page inside another site asked */
export function readClientData(encoded: string): z.infer<typeof clientData> {
  const parsed = clientData.safeParse(parseJson(Buffer.from(encoded, 'base64url').toString()));
  if (!parsed.success) throw fail('malformed client data');
  if (parsed.data.crossOrigin) throw fail('asked for by a page inside another site');
  return parsed.data;
}

/** The bytes of a credential id. @throws `passkey_failed` when it is too long (Web Authentication Level 3 §7.1) */
export function readCredentialId(id: string): Buffer {
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.length > MAX_CREDENTIAL_ID) throw fail('the credential id is over 1,023 bytes');
  return bytes;
}

/** The user handle of an account: the 16 bytes of its id. */
export function toUserHandle(accountId: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytesOfId(accountId));
}

/** The user handle of an account as browsers' signal methods take it (base64url). */
export function userHandleOf(accountId: string): string {
  return Buffer.from(toUserHandle(accountId)).toString('base64url');
}

/** The account of a user handle. @throws `passkey_failed` when it is none of ours */
export function readUserHandle(handle: string): string {
  const bytes = Buffer.from(handle, 'base64url');
  if (bytes.length !== 16) throw fail('the user handle is none of ours');
  return idOfBytes(bytes);
}
