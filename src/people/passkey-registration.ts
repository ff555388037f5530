/**
 * Making a passkey: discoverable, with user verification (Web Authentication Level 3 §7.1), also one that the browser makes by
 * itself. A challenge is good once, for this purpose and account, in the browser it was made for.
 */
import type { PublicKeyCredentialCreationOptionsJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { z } from 'zod';
import { recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import type { Language } from '#src/base/refusals.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { assuranceOf } from './assurance.ts';
import { authenticatorName } from './authenticator-names.ts';
import { claimChallenge, newChallenge, openChallenge } from './challenges.ts';
import { type Attestation, noMakers } from './makers.ts';
import type { PasskeySignIn } from './passkey-sign-in.ts';
import { reserveCredential } from './passkeys.ts';
import {
  algorithms,
  attestation,
  fail,
  loadWebAuthn,
  readAnswer,
  readClientData,
  readCredentialId,
  reasonOf,
  type Site,
  TOUCH_TIMEOUT_MS,
  toUserHandle,
} from './webauthn.ts';

const MIN_RSA_BYTES = 256;

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
  if (!(await reserveCredential(db, secrets, credentialId, accountId)))
    throw fail('the credential id is already known');
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
      authenticatorName(made.aaguid, answered.language ?? 'id'),
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
