/**
 * Opening a frozen account again. Somebody may have been in it before it was frozen: so what counts is what was there a
 * week earlier, and what came since is taken off.
 */
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { removeContact } from './account-contacts.ts';
import { findLife } from './account-life.ts';
import { listAccountContacts, loadAccount } from './accounts.ts';
import { type CountingContact, listCountingContacts } from './contacts.ts';
import { listPasskeys, removePasskey } from './passkeys.ts';
import { removePassword } from './passwords.ts';
import { findRecoverySheet, removeRecoveryCodes } from './recovery-codes.ts';
import { removeTotp } from './totp.ts';
import { openedUntil } from './trial.ts';
import { listWays } from './ways.ts';

const WEEK_MS = 7 * 24 * 3600 * 1000;

/**
 * Until when something must have been there to open the account; undefined when the account is not frozen. In a young account
 * what it was opened with counts.
 */
export async function findCountsUntil(db: Db, accountId: string): Promise<Date | undefined> {
  const life = await findLife(db, accountId);
  const frozenAt = life?.frozenAt ?? life?.since;
  if (life?.state !== 'frozen' || !frozenAt) return undefined;
  return new Date(Math.max(frozenAt.getTime() - WEEK_MS, openedUntil(life.createdAt).getTime()));
}

/** The contacts that count for it: unshared, proven, and there in time. */
export async function listOpeningContacts(
  db: Db,
  secrets: Secrets,
  accountId: string,
  until: Date,
): Promise<CountingContact[]> {
  const counting = await listCountingContacts(db, secrets, accountId);
  return counting.filter(({ isShared, confirmedAt }) => !isShared && confirmedAt <= until);
}

/** Whether a passkey of the account was there in time. */
export async function isPasskeyInTime(db: Db, accountId: string, credentialId: string, until: Date): Promise<boolean> {
  const passkeys = await listPasskeys(db, accountId);
  return passkeys.some((passkey) => passkey.credentialId === credentialId && passkey.createdAt <= until);
}

/** Whether the printed codes of the account were there in time; ten are printed at once. */
export async function areRecoveryCodesInTime(db: Db, accountId: string, until: Date): Promise<boolean> {
  const sheet = await findRecoverySheet(db, accountId);
  return sheet !== undefined && sheet.madeAt <= until;
}

/**
 * Takes off the account what was added after `until`: ways to sign in, contacts, known browsers. The last contact stays,
 * whenever it came. The account has been opened by then.
 */
export async function removeAdded(db: Db, secrets: Secrets, accountId: string, until: Date): Promise<void> {
  const account = await loadAccount(db, secrets, accountId);
  const added = (date: Date | undefined) => date !== undefined && date > until;
  const { passkeys, passwordSince, totpSince } = await listWays(db, account);
  for (const { credentialId, createdAt } of passkeys)
    if (added(createdAt)) await removePasskey(db, secrets, accountId, credentialId);
  if (added(passwordSince)) await removePassword(db, accountId);
  if (added(totpSince)) await removeTotp(db, accountId);
  if (added((await findRecoverySheet(db, accountId))?.madeAt)) await removeRecoveryCodes(db, accountId);
  const contacts = await listAccountContacts(db, secrets, accountId);
  for (const contact of contacts.toReversed())
    if (added(contact.confirmedAt)) await unlessLast(removeContact(db, secrets, accountId, contact));
  const shard = shardOf(accountId);
  const home = db.for(shard);
  await home.execute('delete from devices where shard = $1 and account_id = $2 and first_seen_at > $3', [
    ...[shard, accountId, until],
  ]);
}

async function unlessLast(removal: Promise<unknown>): Promise<void> {
  await removal.catch((error) => {
    if (error instanceof Refusal && ['contact_last', 'contact_on_trial', 'identifier_last'].includes(error.code))
      return;
    throw error;
  });
}
