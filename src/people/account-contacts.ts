/**
 * What an owner changes about the addresses of an account: where messages go (contacts), what one signs in with
 * (identifiers), and which of them apps are given (profile).
 *
 * An address becomes a contact, or an identifier, only once a code that was sent there has been entered: whoever types it
 * learns nothing of who has it before, and nobody can lie in wait for its owner with it. Each change holds the account, so
 * that two at once do not leave it without a way to be reached.
 */
import { recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { holdAccount, listAccountContacts, loadAccount } from './accounts.ts';
import {
  addContact,
  type Contact,
  endContact,
  isCounting,
  isOnTrial,
  markIdentifier,
  reconfirmContact,
} from './contacts.ts';
import { loadDataKey } from './data-keys.ts';
import {
  claimIdentifier,
  confirmIdentifier,
  findAccountId,
  type Identifier,
  isSameAddress,
  releaseIdentifier,
} from './identifiers.ts';
import { endOtherClaims } from './new-accounts.ts';
import { addressIn, chooseAddress, forgetAddress } from './profile.ts';

/** How many contacts an account has at most: each is told of everything. */
const MAX_CONTACTS = 10;

/** An address whose code was entered by whoever acts for the account. */
export interface ProvenAddress {
  readonly accountId: string;
  readonly contact: Identifier;
  /** The browser in which it was entered (`web/device.ts`). */
  readonly device: Buffer | undefined;
}

/** What a proven address was to the account before. */
export type Proven = 'added' | 'confirmed';

/**
 * Takes a proven address on as a contact, or confirms anew the one that it is already. The profile gives it out where it
 * has none of its kind.
 *
 * @throws `contacts_full`, `contact_shared_too_often`, `account_unavailable`
 */
export async function confirmContact(db: Db, secrets: Secrets, proven: ProvenAddress): Promise<Proven> {
  const { accountId, contact } = proven;
  if (!(await holdAccount(db, accountId))) throw new Refusal('account_unavailable');
  const isKnown = await reconfirmContact(db, secrets, contact, proven);
  if (!isKnown) await addProven(db, secrets, proven);
  const { profile } = await loadAccount(db, secrets, accountId);
  const given = addressIn(profile, contact.kind);
  if (!given || given.value === contact.value) await chooseAddress(db, secrets, accountId, contact);
  const kind = isKnown ? 'contact.confirmed' : 'contact.added';
  await recordAccountEvent(db, { accountId, kind, details: { contact: contact.kind } });
  return isKnown ? 'confirmed' : 'added';
}

async function addProven(db: Db, secrets: Secrets, { accountId, contact, device }: ProvenAddress): Promise<void> {
  const contacts = await listAccountContacts(db, secrets, accountId);
  if (contacts.length >= MAX_CONTACTS) throw new Refusal('contacts_full');
  const dataKey = await loadDataKey(db, secrets, accountId);
  await addContact(db, secrets, dataKey, { accountId, contact, isIdentifier: false, confirmed: true, device });
}

/**
 * {@link confirmContact}, and makes the address one that signs in to the account. The address is reserved first, by its
 * value, and is the account's own last; of several accounts at once one gets it.
 *
 * @throws `identifier_elsewhere` when another account has it, and what {@link confirmContact} throws: nothing stays then
 */
export async function confirmAsIdentifier(db: Db, secrets: Secrets, proven: ProvenAddress): Promise<Proven> {
  const { accountId, contact } = proven;
  const isClaimed = await claim(db, secrets, proven);
  const was = await confirmContact(db, secrets, proven).catch(async (error) => {
    if (isClaimed && error instanceof Refusal) await releaseIdentifier(db, secrets, contact, accountId);
    throw error;
  });
  await endOtherClaims(db, secrets, contact, accountId);
  if (isClaimed) await confirmIdentifier(db, secrets, contact, accountId);
  if (await markIdentifier(db, secrets, contact, { accountId, isIdentifier: true }))
    await recordAccountEvent(db, { accountId, kind: 'identifier.added', details: { contact: contact.kind } });
  return was;
}

/** Reserves the address. @returns whether it had to be: it may be the account's own already */
async function claim(db: Db, secrets: Secrets, { accountId, contact }: ProvenAddress): Promise<boolean> {
  try {
    await claimIdentifier(db, secrets, contact, accountId);
    return true;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'identifier_taken') throw error;
    if ((await findAccountId(db, secrets, contact)) === accountId) return false;
    throw new Refusal('identifier_elsewhere');
  }
}

/**
 * From now on nobody signs in with an address; it stays a contact.
 *
 * @returns whether it was one that signs in
 * @throws `identifier_last`, `contact_on_trial`, `account_unavailable`
 */
export async function dropIdentifier(
  db: Db,
  secrets: Secrets,
  accountId: string,
  contact: Identifier,
): Promise<boolean> {
  const { found, others, openedAt } = await holdContacts(db, secrets, accountId, contact);
  if (!found?.isIdentifier) return false;
  checkLeft(
    others.filter(({ isIdentifier }) => isIdentifier),
    openedAt,
    'identifier_last',
  );
  await endIdentifier(db, secrets, accountId, contact);
  return true;
}

async function endIdentifier(db: Db, secrets: Secrets, accountId: string, contact: Identifier): Promise<void> {
  await markIdentifier(db, secrets, contact, { accountId, isIdentifier: false });
  await releaseIdentifier(db, secrets, contact, accountId);
  await recordAccountEvent(db, { accountId, kind: 'identifier.removed', details: { contact: contact.kind } });
}

/**
 * Takes an address off the account. Call it after its notice is written, so that the old contact learns of it. The profile
 * gives out another confirmed one of the kind, the oldest, or none. What is left must have been there for a day: whoever
 * took over a session must not put their own address in the place of the owner's.
 *
 * @returns whether it was there
 * @throws `contact_last`, `identifier_last`, `contact_on_trial`, `account_unavailable`
 */
export async function removeContact(
  db: Db,
  secrets: Secrets,
  accountId: string,
  contact: Identifier,
): Promise<boolean> {
  const { found, others, openedAt } = await holdContacts(db, secrets, accountId, contact);
  if (!found) return false;
  checkLeft(others.filter(isCounting), openedAt, 'contact_last');
  if (found.isIdentifier)
    checkLeft(
      others.filter(({ isIdentifier }) => isIdentifier),
      openedAt,
      'identifier_last',
    );
  if (found.isIdentifier) await endIdentifier(db, secrets, accountId, contact);
  await endContact(db, secrets, contact, accountId);
  const { profile } = await loadAccount(db, secrets, accountId);
  if (addressIn(profile, contact.kind)?.value === contact.value)
    await giveOutAnother(db, secrets, accountId, contact, others);
  await recordAccountEvent(db, { accountId, kind: 'contact.removed', details: { contact: contact.kind } });
  return true;
}

function checkLeft(left: readonly Contact[], openedAt: Date, none: 'contact_last' | 'identifier_last'): void {
  if (left.length === 0) throw new Refusal(none);
  if (left.every((contact) => isOnTrial(contact, openedAt))) throw new Refusal('contact_on_trial');
}

async function giveOutAnother(
  db: Db,
  secrets: Secrets,
  accountId: string,
  removed: Identifier,
  others: readonly Contact[],
): Promise<void> {
  const next = others.find((other) => other.kind === removed.kind && other.confirmedAt);
  if (next) await chooseAddress(db, secrets, accountId, next);
  else await forgetAddress(db, secrets, accountId, removed);
}

/** Makes a confirmed contact the one that apps are given. @returns whether it is one */
export async function giveOut(db: Db, secrets: Secrets, accountId: string, contact: Identifier): Promise<boolean> {
  const { found } = await holdContacts(db, secrets, accountId, contact);
  if (!found?.confirmedAt) return false;
  await chooseAddress(db, secrets, accountId, contact);
  return true;
}

/** The contacts of an account that nobody else changes meanwhile, one of them apart. */
async function holdContacts(
  db: Db,
  secrets: Secrets,
  accountId: string,
  contact: Identifier,
): Promise<{ found: Contact | undefined; others: Contact[]; openedAt: Date }> {
  if (!(await holdAccount(db, accountId))) throw new Refusal('account_unavailable');
  const { createdAt: openedAt } = await loadAccount(db, secrets, accountId);
  const contacts = await listAccountContacts(db, secrets, accountId);
  const isIt = (each: Contact) => isSameAddress(each, contact);
  return { found: contacts.find(isIt), others: contacts.filter((each) => !isIt(each)), openedAt };
}
