/** The pages of a recovery: what is open to a person by what they have proven, and why a press did not get through. */
import type { Secrets } from '#src/base/secrets.ts';
import type { ProvenContact, RecoveryProof } from '#src/oidc/interactions.ts';
import { loadAccount } from '#src/people/accounts.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import { newAuthenticationOptions } from '#src/people/passkey-sign-in.ts';
import { hasPasskey } from '#src/people/passkeys.ts';
import { hasPassword } from '#src/people/passwords.ts';
import {
  isOfRecovery,
  isReady,
  listSecondContacts,
  type Recovery,
  type RecoveryContact,
  readRecoveries,
} from '#src/people/recoveries.ts';
import { hasTotp } from '#src/people/totp.ts';
import type { Problem } from '#views/parts/problem.ts';
import { recoveryPage } from '#views/recovery.ts';
import { recoveryNewWayPage } from '#views/recovery-new-way.ts';
import { recoveryPasswordPage } from '#views/recovery-password.ts';
import { type ContactsWay, recoveryWaysPage, type SecondContact } from '#views/recovery-ways.ts';
import { frameOf, showForm } from './frame.ts';
import type { Visit } from './interaction-pages.ts';
import { namesOf, newPasskeyOptions } from './passkeys.ts';

type Problems = readonly Problem<never>[];

/** The first page, whatever step the interaction stands at: it asks for a contact, and offers what needs no recovery. */
export async function showRecovery(visit: Visit, problems: Problems, identifier?: string): Promise<void> {
  const { ctx, house, interaction } = visit;
  const { client, params, uid } = interaction;
  const page = recoveryPage({
    ...frameOf(ctx, house, client),
    identifier,
    signInLink: `/interaction/${uid}`,
    sharedDevice: interaction.isShared,
    passkeyOptions: await newAuthenticationOptions(house.secrets, { rpId: house.config.rpId, boundTo: uid }),
    mayCancel: true,
    problems,
  });
  showForm(ctx, page, client, params.redirect_uri);
}

/** For who cannot read the contact that a code was sent to, nor any other. */
export function showByPassword(visit: Visit, problems: Problems): void {
  const { ctx, house, interaction } = visit;
  const page = recoveryPasswordPage({
    ...frameOf(ctx, house, interaction.client),
    codeLink: `/interaction/${interaction.uid}`,
    mayCancel: true,
    problems,
  });
  showForm(ctx, page, interaction.client, interaction.params.redirect_uri);
}

/** What else may be proven beside a contact. */
export async function showWays(visit: Visit, first: ProvenContact, problems: Problems): Promise<void> {
  const { ctx, house, interaction } = visit;
  const page = recoveryWaysPage({
    ...frameOf(ctx, house, interaction.client),
    contacts: await contactsWay(visit, first),
    mayCancel: true,
    problems,
  });
  showForm(ctx, page, interaction.client, interaction.params.redirect_uri);
}

async function contactsWay({ house, db }: Visit, { accountId, contact }: ProvenContact): Promise<ContactsWay> {
  const { waiting, isClosed } = await readRecoveries(db, accountId);
  const seconds = await listSecondContacts(db, house.secrets, accountId, contact);
  const contacts = choicesOf(house.secrets, seconds, waiting);
  if (!waiting) {
    if (isClosed) return { state: 'closed' };
    return contacts.length > 0
      ? { state: 'open', contacts, waitSeconds: house.config.recoveryWait }
      : { state: 'none' };
  }
  const { readyAt, expiresAt } = waiting;
  if (!isReady(waiting)) return { state: 'waiting', readyAt, expiresAt };
  const isOfThis = isOfRecovery(house.secrets, waiting, contact) && contacts.length > 0;
  return isOfThis ? { state: 'ready', contacts, expiresAt } : { state: 'of-others', readyAt };
}

/**
 * Where a second code may go: while one recovery waits nowhere, when its wait is over to its own contacts. A choice is
 * the contact's place among all that count, so that the form names none.
 */
export function choicesOf(
  secrets: Secrets,
  seconds: readonly RecoveryContact[],
  waiting: Recovery | undefined,
): (SecondContact & Identifier)[] {
  const mayGoTo = (contact: Identifier) =>
    waiting === undefined || (isReady(waiting) && isOfRecovery(secrets, waiting, contact));
  return seconds.map(({ kind, value }, place) => ({ choice: String(place + 1), kind, value })).filter(mayGoTo);
}

/** The last page: a new way to sign in. */
export async function showNewWay(visit: Visit, proof: RecoveryProof, problems: Problems): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const account = await loadAccount(db, house.secrets, proof.accountId);
  const page = recoveryNewWayPage({
    ...frameOf(ctx, house, interaction.client),
    ...(interaction.isShared
      ? { onSharedDevice: {} }
      : { passkeyOptions: await newPasskeyOptions(house, { ...namesOf(account), boundTo: interaction.uid }) }),
    mayUsePassword: await mayUsePassword(visit, proof),
    mayRemoveApp: await mayRemoveApp(visit, proof),
    isRestricting: proof.byContacts !== undefined,
    mayCancel: true,
    problems,
  });
  showForm(ctx, page, interaction.client, interaction.params.redirect_uri);
}

/**
 * Whether a password will do as the new way. Two contacts give none to an account that opens with passkeys only: it would be
 * open to guessing and phishing for good. Nor where an authenticator app stands behind the password, which cannot be removed
 * while the account is restricted. With a printed code its owner may decide, and remove what is lost.
 */
export async function mayUsePassword({ db }: Visit, { accountId, byContacts }: RecoveryProof): Promise<boolean> {
  if (byContacts === undefined) return true;
  if (await hasTotp(db, accountId)) return false;
  return (await hasPassword(db, accountId)) || !(await hasPasskey(db, accountId));
}

/** A printed code stands for the second factor, so with one its owner may say that their authenticator app is lost. */
export async function mayRemoveApp({ db }: Visit, { accountId, byContacts }: RecoveryProof): Promise<boolean> {
  return byContacts === undefined && (await hasTotp(db, accountId));
}
