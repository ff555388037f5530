/**
 * Passkeys: discoverable, with user verification, several per account (Web Authentication Level 3 §7.1 and §7.2).
 *
 * The user handle is the account id, so a sign-in knows its account, and with it its shard, before the first read. A
 * challenge is good once, for one purpose, in the browser it was made for.
 */
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { z } from 'zod';
import { countEvent, recordAccountEvent } from '#src/audit/events.ts';
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { bytesOfId, idOfBytes, type Secrets, shardOf, shardOfHash } from '#src/base/secrets.ts';
import { type AccountState, mayUse } from './accounts.ts';
import { assuranceOf, type Way } from './assurance.ts';
import { authenticatorName } from './authenticator-names.ts';
import { burnChallenge, claimChallenge, newChallenge, openChallenge, useChallenge } from './challenges.ts';
import { type Attestation, type Makers, noMakers } from './makers.ts';
import type { SignedIn } from './sign-in.ts';

/** COSE algorithms that a passkey may use, the preferred first: ES256, EdDSA, RS256 (Windows Hello); RFC 9053 §2, RFC 8812 §2. */
const algorithms = [-7, -8, -257];

/** At first use: it reads certificates of every kind, and loading it takes a tenth of a start. */
const loadWebAuthn = () => import('@simplewebauthn/server');

const TOUCH_TIMEOUT_MS = 5 * 60 * 1000;
const MAX_CREDENTIAL_ID = 1023;
const MIN_RSA_BYTES = 256;
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
function fail(reason: string, cause?: unknown): Refusal {
  countEvent('passkey.failed');
  return new Refusal('passkey_failed', reason, { cause });
}

// What pages send

const base64url = z.string().regex(/^[\w-]+$/);

/** What every `PublicKeyCredential` has as JSON (Web Authentication Level 3 §5.1). */
const credentialMembers = {
  id: base64url,
  rawId: base64url,
  type: z.literal('public-key'),
  authenticatorAttachment: z.enum(['platform', 'cross-platform']).optional().catch(undefined),
  clientExtensionResults: z.object({}).catch({}),
};

const assertion = z.object({
  ...credentialMembers,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: base64url,
  }),
});

const attestation = z.object({
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

function readAnswer<T>(schema: z.ZodType<T>, text: string): T {
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

function readClientData(encoded: string): z.infer<typeof clientData> {
  const parsed = clientData.safeParse(parseJson(Buffer.from(encoded, 'base64url').toString()));
  if (!parsed.success) throw fail('malformed client data');
  if (parsed.data.crossOrigin) throw fail('asked for by a page inside another site');
  return parsed.data;
}

function readCredentialId(id: string): Buffer {
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.length > MAX_CREDENTIAL_ID) throw fail('the credential id is over 1,023 bytes');
  return bytes;
}

// User handles

/** The user handle of an account: the 16 bytes of its id. */
function toUserHandle(accountId: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytesOfId(accountId));
}

/** The user handle of an account as browsers' signal methods take it (base64url). */
export function userHandleOf(accountId: string): string {
  return Buffer.from(toUserHandle(accountId)).toString('base64url');
}

function readUserHandle(handle: string): string {
  const bytes = Buffer.from(handle, 'base64url');
  if (bytes.length !== 16) throw fail('the user handle is none of ours');
  return idOfBytes(bytes);
}

// Signing in

/**
 * Options for `navigator.credentials.get()`, also for autofill. They name no credential: the same for everybody, known or
 * not.
 *
 * @param asked.boundTo what ties the challenge to one browser: the id of its interaction or session
 */
export async function newAuthenticationOptions(
  secrets: Secrets,
  asked: { readonly rpId: string; readonly boundTo: string },
): Promise<PublicKeyCredentialRequestOptionsJSON> {
  const { generateAuthenticationOptions } = await loadWebAuthn();
  return generateAuthenticationOptions({
    rpID: asked.rpId,
    challenge: newChallenge(secrets, { purpose: 'get', boundTo: asked.boundTo }),
    timeout: TOUCH_TIMEOUT_MS,
    userVerification: 'required',
  });
}

/** A passkey with the state of its account, as it is stored. */
export interface StoredPasskey {
  readonly public_key: Buffer;
  readonly algorithm: number;
  readonly counter: string;
  readonly backup_eligible: boolean;
  readonly is_attested: boolean;
  readonly aaguid: string;
  readonly state: AccountState;
}

/** Finds a passkey of an account. */
export type FindPasskey = (accountId: string, credentialId: Buffer) => Promise<StoredPasskey | undefined>;

/**
 * Verifies what `navigator.credentials.get()` answered (Web Authentication Level 3 §7.2).
 *
 * The assurance is honest: `aal2`, since the device verified its owner (`user`, `mfa`), by proof of possession of a key
 * (`pop` of OpenID Connect EAP ACR Values), which is software when it is synchronised (`swk` of RFC 8176). `hwk`, and with it
 * `aal3`, is said of a key whose maker vouched for its hardware when it was made, and still does.
 *
 * The use of the challenge and of the passkey are written with the commit of the caller's unit: of parallel answers to one
 * challenge, or with one counter, one is.
 *
 * @param answered.credential the credential as JSON (`PublicKeyCredential.toJSON()`)
 * @param find for whoever reads more with the passkey
 * @throws `passkey_failed`, whatever the reason, which is in the error's message; {@link FrozenOwner} when all is right but
 *   the account frozen
 */
export async function verifyAuthentication(
  db: Db,
  secrets: Secrets,
  answered: Site & { readonly boundTo: string; readonly credential: string },
  find: FindPasskey = (accountId, credentialId) => findPasskey(db, accountId, credentialId),
): Promise<PasskeySignIn> {
  const response = readAnswer(assertion, answered.credential);
  const { challenge } = readClientData(response.response.clientDataJSON);
  const open = openChallenge(secrets, challenge, { purpose: 'get', boundTo: answered.boundTo });
  if (!open) throw fail('the challenge is unknown, expired or of another browser');
  try {
    const signedIn = await verifyAnswer(db, response, challenge, answered, find);
    await useChallenge(db, open, () => fail('the challenge was used before'));
    return signedIn;
  } catch (error) {
    await burnChallenge(db, open);
    throw error;
  }
}

async function verifyAnswer(
  db: Db,
  response: z.infer<typeof assertion>,
  challenge: string,
  site: Site,
  find: FindPasskey,
): Promise<PasskeySignIn> {
  const credentialId = readCredentialId(response.id);
  const accountId = readUserHandle(response.response.userHandle);
  const stored = await find(accountId, credentialId);
  if (!stored) throw fail('this account has no such passkey');
  if (!algorithms.includes(stored.algorithm)) throw fail(`algorithm ${stored.algorithm} is outside the policy`);
  const { newCounter, credentialDeviceType, credentialBackedUp } = await verifyAssertion(
    response,
    challenge,
    stored,
    site,
  );
  if ((credentialDeviceType === 'multiDevice') !== stored.backup_eligible) throw fail('the backup eligibility changed');
  if (stored.state === 'frozen')
    throw new FrozenOwner({
      accountId,
      credentialId: response.id,
      ...assuranceOf(wayOf(stored, site.makers ?? noMakers)),
    });
  if (!mayUse(stored)) throw fail(`the account is ${stored.state}`);
  await noteUse(db, accountId, credentialId, { counter: newCounter, backedUp: credentialBackedUp });
  return { accountId, credentialId: response.id, ...assuranceOf(wayOf(stored, site.makers ?? noMakers)) };
}

/**
 * The id (base64url) of a passkey that was offered and that no account has any more, so that the device can forget it too
 * (Web Authentication Level 3 §5.1.10.1). Nothing for one of a disabled account, or of another site on this machine.
 *
 * @param credential what `verifyAuthentication` has refused
 */
export async function findForgottenPasskey(db: Db, secrets: Secrets, credential: string): Promise<string | undefined> {
  if (credential.length > MAX_ANSWER) return undefined;
  const { success, data } = assertion.safeParse(parseJson(credential));
  if (!success || Buffer.from(data.response.userHandle, 'base64url').length !== 16) return undefined;
  const { shard, hash } = locateReservation(secrets, Buffer.from(data.id, 'base64url'));
  const home = db.for(shard);
  const known = await home.first(
    `select 1 as one from passkey_reservations where shard = $1 and credential_hash = $2`,
    [shard, hash],
  );
  return known ? undefined : data.id;
}

/** A sign-in by passkey. */
export type PasskeySignIn = SignedIn & {
  /** Base64url. */
  readonly credentialId: string;
};

/** The passkey is right and its account frozen: whoever has shown that much may be told, and led to open it again. */
export class FrozenOwner extends Refusal {
  readonly signedIn: PasskeySignIn;

  constructor(signedIn: PasskeySignIn) {
    super('account_frozen', 'the account is frozen');
    this.signedIn = signedIn;
  }
}

type PasskeyWay = Extract<Way, { by: 'passkey' }>;

type Kept = Pick<StoredPasskey, 'backup_eligible' | 'is_attested' | 'aaguid'>;

function wayOf({ backup_eligible: isSynced, is_attested, aaguid }: Kept, makers: Makers): PasskeyWay {
  return { by: 'passkey', isSynced, isAttested: is_attested && makers.trust(aaguid) };
}

function findPasskey(db: Db, accountId: string, credentialId: Buffer): Promise<StoredPasskey | undefined> {
  const shard = shardOf(accountId);
  return db.for(shard).first<StoredPasskey>(
    `select ${passkeyColumns('p')}, a.state
     from passkeys p join accounts a on a.shard = p.shard and a.id = p.account_id
     where p.shard = $1 and a.shard = $1 and p.account_id = $2 and p.credential_id = $3`,
    [shard, accountId, credentialId],
  );
}

/** What a {@link StoredPasskey} has of its own, for a statement that joins the table as `alias`. */
export function passkeyColumns(alias: string): string {
  return ['public_key', 'algorithm', 'counter', 'backup_eligible', 'is_attested', 'aaguid']
    .map((column) => `${alias}.${column}`)
    .join(', ');
}

async function verifyAssertion(
  response: z.infer<typeof assertion>,
  expectedChallenge: string,
  stored: StoredPasskey,
  { rpId, origin }: Site,
) {
  const credential = {
    id: response.id,
    publicKey: Uint8Array.from(stored.public_key),
    counter: Number(stored.counter),
  };
  try {
    const { verifyAuthenticationResponse } = await loadWebAuthn();
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      credential,
      requireUserVerification: true,
    });
    if (verified) return authenticationInfo;
  } catch (cause) {
    throw fail(reasonOf(cause), cause);
  }
  throw fail('the signature does not match');
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'not verified';
}

/** Moves the counter on; of two parallel answers with one counter the second is refused (§6.1.1). */
async function noteUse(
  db: Db,
  accountId: string,
  credentialId: Buffer,
  seen: { counter: number; backedUp: boolean },
): Promise<void> {
  const shard = shardOf(accountId);
  const row = [shard, accountId, credentialId, seen.counter, seen.backedUp, new Date()];
  await db.for(shard).write(passkeyUse, row);
}

const passkeyUse: Write = {
  name: 'passkey_used',
  table: '',
  columns: {
    shard: 'smallint',
    account_id: 'uuid',
    credential_id: 'bytea',
    counter: 'bigint',
    backed_up: 'boolean',
    last_used_at: 'timestamptz',
  },
  text: `update passkeys p set counter = given.counter, backed_up = given.backed_up, last_used_at = given.last_used_at
    from given
    where $here(p) and p.shard = given.shard and p.account_id = given.account_id
      and p.credential_id = given.credential_id
      and (p.counter < given.counter or (p.counter = 0 and given.counter = 0))
    returning 1`,
  lost: () => fail('the counter went on in the meantime, or the passkey was removed'),
};

// Adding

/**
 * Options for `navigator.credentials.create()`. The account need not exist yet; its id is enough.
 *
 * @param asked.accountName what the device lists the passkey under: the identifier
 * @param asked.exclude credential ids (base64url) of the account, so that a device is not registered twice
 * @param asked.isQuiet for {@link addQuietPasskey}
 */
export async function newRegistrationOptions(
  secrets: Secrets,
  asked: {
    readonly rpId: string;
    readonly rpName: string;
    readonly accountId: string;
    readonly accountName: string;
    readonly displayName: string;
    readonly boundTo: string;
    readonly exclude?: readonly string[];
    /** Asks the maker to vouch for the hardware, which tells us the model; the browser may ask its owner first. */
    readonly wantsHardware?: boolean;
    readonly isQuiet?: boolean;
  },
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const { accountId, isQuiet = false } = asked;
  const { generateRegistrationOptions } = await loadWebAuthn();
  return generateRegistrationOptions({
    rpID: asked.rpId,
    rpName: asked.rpName,
    userID: toUserHandle(accountId),
    userName: asked.accountName,
    userDisplayName: asked.displayName,
    challenge: newChallenge(secrets, {
      purpose: isQuiet ? 'create-quietly' : 'create',
      boundTo: asked.boundTo,
      accountId,
    }),
    timeout: TOUCH_TIMEOUT_MS,
    attestationType: asked.wantsHardware ? 'direct' : 'none',
    excludeCredentials: (asked.exclude ?? []).map((id) => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification: isQuiet ? 'preferred' : 'required' },
    supportedAlgorithmIDs: algorithms,
  });
}

/**
 * Verifies what `navigator.credentials.create()` answered (Web Authentication Level 3 §7.1) and adds the passkey to the
 * account, which exists by now.
 *
 * @param answered.label what its owner calls it; otherwise it is named after its make
 * @returns what it proves: the same as signing in with it, since the device verified its owner to make it
 * @throws `passkey_failed`, also when any account has the credential already
 */
export async function addPasskey(db: Db, secrets: Secrets, answered: MadePasskey): Promise<PasskeySignIn> {
  const { accountId } = answered;
  const { credentialId, isSynced, isAttested } = await keepMade(db, secrets, answered, 'create');
  return { accountId, credentialId, ...assuranceOf({ by: 'passkey', isSynced, isAttested }) };
}

/**
 * Adds a passkey that the browser has made by itself, shortly after a sign-in by password (conditional creation, Web
 * Authentication Level 3 §5.1.3). Nobody need have been asked, so neither presence nor verification of its owner is in the
 * answer, and it proves nothing. Every sign-in with the passkey asks for both, as with any other.
 *
 * @throws `passkey_failed`, also for the answer to an ordinary challenge
 */
export async function addQuietPasskey(db: Db, secrets: Secrets, answered: MadePasskey): Promise<void> {
  await keepMade(db, secrets, answered, 'create-quietly');
}

/** What `navigator.credentials.create()` answered, and for whom. */
export type MadePasskey = Site & {
  readonly accountId: string;
  readonly boundTo: string;
  readonly credential: string;
  readonly label?: string;
  readonly language?: Language;
};

async function keepMade(
  db: Db,
  secrets: Secrets,
  answered: MadePasskey,
  purpose: 'create' | 'create-quietly',
): Promise<{ credentialId: string; isSynced: boolean; isAttested: boolean }> {
  const { accountId } = answered;
  const response = readAnswer(attestation, answered.credential);
  const { challenge } = readClientData(response.response.clientDataJSON);
  const open = openChallenge(secrets, challenge, { purpose, boundTo: answered.boundTo, accountId });
  if (!open) throw fail('the challenge is unknown, expired or of another browser');
  if (!(await claimChallenge(db, open))) throw fail('the challenge was used before');
  const made = await verifyAttestation(response, challenge, answered, { isOwnerVerified: purpose === 'create' });
  const credentialId = readCredentialId(made.credential.id);
  if (made.credential.id !== response.id) throw fail('the credential id differs from the attested one');
  const algorithm = await readAlgorithm(made.credential.publicKey);
  const isSynced = made.credentialDeviceType === 'multiDevice';
  const isAttested = !isSynced && (answered.makers ?? noMakers).vouchFor(await readAttestation(made));
  await reserveCredential(db, secrets, credentialId, accountId);
  const shard = shardOf(accountId);
  await db.for(shard).execute(
    `insert into passkeys (shard, account_id, credential_id, public_key, algorithm, counter, backup_eligible, backed_up,
       transports, aaguid, label, created_at, attestation_format, is_attested)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      shard,
      accountId,
      credentialId,
      Buffer.from(made.credential.publicKey),
      algorithm,
      made.credential.counter,
      isSynced,
      made.credentialBackedUp,
      response.response.transports,
      made.aaguid,
      readLabel(answered.label) ?? authenticatorName(made.aaguid, answered.language ?? 'id'),
      new Date(),
      made.fmt,
      isAttested,
    ],
  );
  await recordAccountEvent(db, {
    accountId,
    kind: 'passkey.added',
    details: {
      make: authenticatorName(made.aaguid, 'en'),
      synchronised: made.credentialBackedUp,
      ...(purpose === 'create-quietly' && { quietly: true }),
    },
  });
  return { credentialId: response.id, isSynced, isAttested };
}

async function verifyAttestation(
  response: z.infer<typeof attestation>,
  expectedChallenge: string,
  { rpId, origin }: Site,
  { isOwnerVerified }: { readonly isOwnerVerified: boolean },
) {
  try {
    const { verifyRegistrationResponse } = await loadWebAuthn();
    const { registrationInfo } = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserPresence: isOwnerVerified,
      requireUserVerification: isOwnerVerified,
      supportedAlgorithmIDs: algorithms,
    });
    if (registrationInfo) return registrationInfo;
  } catch (cause) {
    throw fail(reasonOf(cause), cause);
  }
  throw fail('the attestation statement does not match');
}

/** The certificates that vouch for a passkey. Their signature over it has been verified. */
async function readAttestation(made: {
  readonly aaguid: string;
  readonly attestationObject: Uint8Array<ArrayBuffer>;
}): Promise<Attestation> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  const certificates = decodeAttestationObject(made.attestationObject).get('attStmt').get('x5c') ?? [];
  return { aaguid: made.aaguid, certificates };
}

async function readAlgorithm(publicKey: Uint8Array<ArrayBuffer>): Promise<number> {
  const { cose, decodeCredentialPublicKey } = await import('@simplewebauthn/server/helpers');
  const key = decodeCredentialPublicKey(publicKey);
  const algorithm = key.get(cose.COSEKEYS.alg);
  if (algorithm === undefined) throw fail('the public key names no algorithm');
  if (cose.isCOSEPublicKeyRSA(key) && (key.get(cose.COSEKEYS.n)?.length ?? 0) < MIN_RSA_BYTES)
    throw fail('the RSA key is shorter than 2,048 bits');
  return algorithm;
}

function readLabel(label: string | undefined): string | undefined {
  const tidy = label?.replace(/[\p{C}\s]+/gu, ' ').trim();
  return tidy ? [...tidy].slice(0, 60).join('') : undefined;
}

function locateReservation(secrets: Secrets, credentialId: Buffer): { shard: number; hash: Buffer } {
  const hash = secrets.index('passkey', credentialId.toString('base64url'));
  return { shard: shardOfHash(hash), hash };
}

async function reserveCredential(db: Db, secrets: Secrets, credentialId: Buffer, accountId: string): Promise<void> {
  const { shard, hash } = locateReservation(secrets, credentialId);
  const reserved = await db.for(shard).execute(
    `insert into passkey_reservations (shard, credential_hash, account_id, created_at) values ($1, $2, $3, $4)
     on conflict (shard, credential_hash) do nothing`,
    [shard, hash, accountId, new Date()],
  );
  if (reserved === 0) throw fail('the credential id is already known');
}

async function freeCredential(db: Db, secrets: Secrets, credentialId: Buffer): Promise<void> {
  const { shard, hash } = locateReservation(secrets, credentialId);
  const home = db.for(shard);
  await home.execute(`delete from passkey_reservations where shard = $1 and credential_hash = $2`, [shard, hash]);
}

/** What signing in with each passkey of an account would prove. */
export async function listPasskeyWays(db: Db, makers: Makers, accountId: string): Promise<PasskeyWay[]> {
  const shard = shardOf(accountId);
  const rows = await db
    .for(shard)
    .query<Kept>('select backup_eligible, is_attested, aaguid from passkeys where shard = $1 and account_id = $2', [
      shard,
      accountId,
    ]);
  return rows.map((row) => wayOf(row, makers));
}

/** Gives up every passkey of an account that is about to go, so that none stays reserved. */
export async function freeCredentials(db: Db, secrets: Secrets, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  const rows = await db
    .for(shard)
    .query<{ credential_id: Buffer }>('select credential_id from passkeys where shard = $1 and account_id = $2', [
      shard,
      accountId,
    ]);
  for (const { credential_id: credentialId } of rows) await freeCredential(db, secrets, credentialId);
}

// The owner's list

/** A passkey as its owner sees it. */
export interface Passkey {
  /** Base64url. */
  readonly credentialId: string;
  readonly label: string;
  /** Whether it is kept on several devices. */
  readonly backedUp: boolean;
  /** Whether its maker vouched for its hardware when it was made; whether that still counts, its model says. */
  readonly isAttested: boolean;
  readonly aaguid: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
}

/** The passkeys of an account, oldest first. */
export async function listPasskeys(db: Db, accountId: string): Promise<Passkey[]> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<{
    credential_id: Buffer;
    label: string;
    backed_up: boolean;
    is_attested: boolean;
    aaguid: string;
    created_at: Date;
    last_used_at: Date | null;
  }>(
    `select credential_id, label, backed_up, is_attested, aaguid, created_at, last_used_at from passkeys
     where shard = $1 and account_id = $2 order by created_at, credential_id`,
    [shard, accountId],
  );
  return rows.map((row) => ({
    credentialId: row.credential_id.toString('base64url'),
    label: row.label,
    backedUp: row.backed_up,
    isAttested: row.is_attested,
    aaguid: row.aaguid,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  }));
}

/**
 * Gives a passkey the name its owner chose; without one, that of its make again.
 *
 * @throws `not_found` when the account has no such passkey
 */
export async function renamePasskey(
  db: Db,
  accountId: string,
  named: { readonly credentialId: string; readonly label: string; readonly language: Language },
): Promise<void> {
  const id = Buffer.from(named.credentialId, 'base64url');
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const passkey = await home.first<{ aaguid: string }>(
    `select aaguid from passkeys where shard = $1 and account_id = $2 and credential_id = $3`,
    [shard, accountId, id],
  );
  if (!passkey) throw new Refusal('not_found', 'this account has no such passkey');
  const label = readLabel(named.label) ?? authenticatorName(passkey.aaguid, named.language);
  await home.execute(`update passkeys set label = $4 where shard = $1 and account_id = $2 and credential_id = $3`, [
    shard,
    accountId,
    id,
    label,
  ]);
  await recordAccountEvent(db, { accountId, kind: 'passkey.renamed' });
}

/** Whether an account has a passkey; if so it takes no one-time code. */
export async function hasPasskey(db: Db, accountId: string): Promise<boolean> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const row = await home.first(`select 1 as one from passkeys where shard = $1 and account_id = $2 limit 1`, [
    shard,
    accountId,
  ]);
  return row !== undefined;
}

/**
 * Takes a passkey off an account. Ask for fresh proof before.
 *
 * @throws `not_found` when the account has no such passkey
 */
export async function removePasskey(db: Db, secrets: Secrets, accountId: string, credentialId: string): Promise<void> {
  const id = Buffer.from(credentialId, 'base64url');
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const removed = await home.execute(
    `delete from passkeys where shard = $1 and account_id = $2 and credential_id = $3`,
    [shard, accountId, id],
  );
  if (removed === 0) throw new Refusal('not_found', 'this account has no such passkey');
  await freeCredential(db, secrets, id);
  await recordAccountEvent(db, { accountId, kind: 'passkey.removed' });
}
