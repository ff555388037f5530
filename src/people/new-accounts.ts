/** Accounts as they are opened: by their owner, at a desk, or many at once. */
import { type AccountEvent, recordAccountEvent, recordAccountEvents } from '#src/audit/events.ts';
import type { Row } from '#src/base/copy.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import type { Language } from '#src/base/refusals.ts';
import { type Keyring, newAccountId, type Secrets, shardOf } from '#src/base/secrets.ts';
import type { Account } from './accounts.ts';
import { addContact, addContacts, endUnconfirmedContact, listUsers, type NewContact } from './contacts.ts';
import { newDataKey } from './data-keys.ts';
import { addIdentifiers, claimIdentifier, confirmIdentifier, type Identifier } from './identifiers.ts';
import { contactsIn, forgetAddress, type Profile, readName, sealProfile, withContact } from './profile.ts';

export interface NewAccount {
  /** Chosen before, when a passkey was made for it; a fresh one otherwise. */
  readonly id?: string;
  /** As its owner writes it; one word is enough. */
  readonly name: string;
  readonly language: Language;
  /** Its owner has shown, by a code, that messages to it arrive. */
  readonly identifier: Identifier;
  /** The browser in which it was shown (`web/device.ts`). */
  readonly device?: Buffer;
  /** The one in which the contacts of the profile were. */
  readonly profileDevice?: Buffer;
  /** Further claims. `email` and `phone_number` become contacts, confirmed as their `_verified` says. */
  readonly profile?: Profile;
}

/**
 * Opens an account at an address that its owner has proven: identifier, account, contacts, event, all in the caller's
 * unit. Every earlier unconfirmed claim to the address ends: as an identifier, as a contact and in a profile. Of several at once at one address exactly one succeeds.
 *
 * @throws `name_invalid`, `contact_shared_too_often`; `identifier_taken` when the address has an account (then nothing is
 *   written and the caller, who knows the address is theirs, may sign them in instead).
 */
export async function createAccount(db: Db, secrets: Secrets, account: NewAccount): Promise<Account> {
  const { identifier } = account;
  const { row, dataKey, contacts, created } = sealAccount(secrets, account);
  await claimIdentifier(db, secrets, identifier, created.id);
  await endOtherClaims(db, secrets, identifier, created.id);
  await insertAccount(db, created.id, row);
  for (const contact of contacts) await addContact(db, secrets, dataKey, contact);
  await confirmIdentifier(db, secrets, identifier, created.id);
  await recordAccountEvent(db, creationOf(created.id, identifier));
  return created;
}

/**
 * Opens an account that has no address: an officer at a desk has seen whose it is (`people/desk.ts`). It holds nothing but the
 * name, and nobody gets in until a way to sign in is made for it.
 *
 * @throws `name_invalid`
 */
export async function createAccountWithoutAddress(
  db: Db,
  secrets: Secrets,
  account: Pick<NewAccount, 'name' | 'language'>,
): Promise<Account> {
  const { row, created } = sealAccount(secrets, account);
  await insertAccount(db, created.id, row);
  await recordAccountEvent(db, { accountId: created.id, kind: 'account.created', details: { at: 'desk' } });
  return created;
}

async function insertAccount(db: Db, id: string, row: Row): Promise<void> {
  await db.for(shardOf(id)).execute(
    `insert into accounts (shard, id, state, data_key, profile, language, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    row,
  );
}

/** Ends what other accounts have claimed without proof: an address as an unconfirmed contact, and in a profile. */
export async function endOtherClaims(db: Db, secrets: Secrets, contact: Identifier, accountId: string): Promise<void> {
  for (const other of await listUsers(db, secrets, contact))
    if (other !== accountId && (await endUnconfirmedContact(db, secrets, contact, other)))
      await forgetAddress(db, secrets, other, contact);
}

/**
 * {@link createAccount} for the many of a load, at addresses that no account has as an identifier or a contact: rows of the
 * same shape, some thousands at once.
 *
 * @returns the ids, in the order of `accounts`
 */
export async function createAccounts(
  tx: Transaction,
  secrets: Secrets,
  accounts: readonly NewAccount[],
): Promise<string[]> {
  const sealed = accounts.map((account) => ({ ...sealAccount(secrets, account), identifier: account.identifier }));
  const owned = sealed.map(({ created, identifier }) => ({ accountId: created.id, identifier }));
  await addIdentifiers(tx, secrets, owned);
  const shards = owned.map(({ accountId }) => shardOf(accountId));
  await tx.forAll(shards).copy(
    'copy accounts (shard, id, state, data_key, profile, language, created_at, updated_at) from stdin',
    sealed.map(({ row }) => row),
  );
  const contacts = sealed.flatMap((one) => one.contacts.map((contact) => ({ ...contact, dataKey: one.dataKey })));
  await addContacts(tx, secrets, contacts);
  await recordAccountEvents(
    tx,
    owned.map(({ accountId, identifier }) => creationOf(accountId, identifier)),
  );
  return owned.map(({ accountId }) => accountId);
}

/** A new account as it is stored, with the key that seals what is its own. */
interface SealedAccount {
  readonly created: Account;
  readonly dataKey: Keyring;
  readonly row: Row;
  readonly contacts: readonly NewContact[];
}

function sealAccount(
  secrets: Secrets,
  account: Omit<NewAccount, 'identifier'> & Partial<Pick<NewAccount, 'identifier'>>,
): SealedAccount {
  const { language, identifier } = account;
  const id = account.id ?? newAccountId();
  const now = new Date();
  const named = { ...account.profile, name: readName(account.name) };
  const profile = identifier ? withContact(named, identifier, true) : named;
  const own = identifier && [{ contact: identifier, isIdentifier: true, confirmed: true, device: account.device }];
  const { dataKey, sealed } = newDataKey(secrets.wrap, id);
  return {
    created: {
      id,
      state: 'active',
      language,
      profile,
      createdAt: now,
      updatedAt: now,
      restrictedAt: undefined,
      closesAt: undefined,
      endedAt: undefined,
    },
    dataKey,
    row: [shardOf(id), id, 'active', sealed, sealProfile(dataKey, id, profile), language, now, now],
    contacts: [
      ...(own ?? []),
      ...contactsIn(profile, identifier).map((contact) => {
        return { isIdentifier: false, device: account.profileDevice, ...contact };
      }),
    ].map((contact) => ({ accountId: id, ...contact })),
  };
}

function creationOf(accountId: string, { kind }: Identifier): AccountEvent {
  return { accountId, kind: 'account.created', details: { identifier: kind } };
}
