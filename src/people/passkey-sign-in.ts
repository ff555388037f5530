/**
 * Signing in with a passkey: discoverable, with user verification (Web Authentication Level 3 §7.2). A challenge is good
 * once, for this purpose, in the browser it was made for.
 */
import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import type { z } from 'zod';
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { mayUse } from './accounts.ts';
import { assuranceOf } from './assurance.ts';
import { burnChallenge, newChallenge, openChallenge, useChallenge } from './challenges.ts';
import { noMakers } from './makers.ts';
import { findPasskey, isReserved, type StoredPasskey, wayOf } from './passkeys.ts';
import type { SignedIn } from './sign-in.ts';
import {
  algorithms,
  assertion,
  fail,
  loadWebAuthn,
  parseAnswer,
  readAnswer,
  readClientData,
  readCredentialId,
  readUserHandle,
  reasonOf,
  type Site,
  TOUCH_TIMEOUT_MS,
} from './webauthn.ts';

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
  const way = wayOf(stored, site.makers ?? noMakers);
  const signedIn = { accountId, credentialId: response.id, ...assuranceOf(way) };
  if (stored.state === 'frozen') throw new FrozenOwner(signedIn);
  if (!mayUse(stored)) throw fail(`the account is ${stored.state}`);
  await noteUse(db, accountId, credentialId, { counter: newCounter, backedUp: credentialBackedUp });
  return signedIn;
}

/**
 * The id (base64url) of a passkey that was offered and that no account has any more, so that the device can forget it too
 * (Web Authentication Level 3 §5.1.10.1). Nothing for one of a disabled account, or of another site on this machine.
 *
 * @param credential what `verifyAuthentication` has refused
 */
export async function findForgottenPasskey(db: Db, secrets: Secrets, credential: string): Promise<string | undefined> {
  const data = parseAnswer(assertion, credential);
  if (!data || Buffer.from(data.response.userHandle, 'base64url').length !== 16) return undefined;
  const isKnown = await isReserved(db, secrets, Buffer.from(data.id, 'base64url'));
  return isKnown ? undefined : data.id;
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
