/** A person's account: its life-cycle, and the profile that apps may be given. */
import { type AccountEvent, recordAccountEvent, recordAccountEvents } from '#src/audit/events.ts';
import { readOf } from '#src/base/coalescing.ts';
import type { Row } from '#src/base/copy.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { isId, type Keyring, newAccountId, type Secrets, SHARDS, shardOf } from '#src/base/secrets.ts';
import {
  addContact,
  addContacts,
  type Contact,
  endUnconfirmedContact,
  listContacts,
  listUsers,
  type NewContact,
} from './contacts.ts';
import { loadDataKey, newDataKey, openDataKey, resealDataKey } from './data-keys.ts';
import { addIdentifiers, claimIdentifier, confirmIdentifier, type Identifier, parseIdentifier } from './identifiers.ts';

/** OpenID Connect Core §5.1.1. */
export interface Address {
  readonly formatted?: string;
  readonly street_address?: string;
  readonly locality?: string;
  readonly region?: string;
  readonly postal_code?: string;
  readonly country?: string;
}

/**
 * The standard claims of OpenID Connect Core §5.1, all but `sub` and `updated_at`, by their own names.
 *
 * A person with one name has `name` alone: a `family_name` is never made up.
 */
export interface Profile {
  readonly name?: string;
  readonly given_name?: string;
  readonly family_name?: string;
  readonly middle_name?: string;
  readonly nickname?: string;
  readonly preferred_username?: string;
  readonly profile?: string;
  readonly picture?: string;
  readonly website?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly gender?: string;
  /** `YYYY-MM-DD`, `0000-MM-DD` or `YYYY`. */
  readonly birthdate?: string;
  readonly zoneinfo?: string;
  readonly locale?: string;
  /** E.164. */
  readonly phone_number?: string;
  readonly phone_number_verified?: boolean;
  readonly address?: Address;
}

/**
 * Where an account is in its life (`account-life.ts`). `frozen`: held while something is looked into. `disabled`: ended by
 * the operator. `closing`: its owner asked to delete it and may still change their mind. `erasing`: nobody may any more,
 * and what it holds is on its way out. `merged`: another account of the same person goes on.
 */
export type AccountLife =
  | { readonly state: 'active' | 'frozen' | 'disabled' | 'closing' | 'erasing'; readonly mergedInto?: undefined }
  | { readonly state: 'merged'; readonly mergedInto: string };

export type AccountState = AccountLife['state'];

export type Account = AccountLife & {
  readonly id: string;
  /** The language its owner is written to in. */
  readonly language: Language;
  readonly profile: Profile;
  readonly createdAt: Date;
  /** When the profile last changed; the claim `updated_at`. */
  readonly updatedAt: Date;
  /** Since when it is recovered by contacts alone, and nobody has proven anew who the person is (`people/proofing.ts`). */
  readonly restrictedAt: Date | undefined;
  /** While it is closing: until then its owner may change their mind. */
  readonly closesAt: Date | undefined;
  /** When every session of it was ended last, and with them the sign-ins under way. */
  readonly endedAt: Date | undefined;
};

/** The states in which a person may sign in and apps may be answered. */
const usableStates: readonly AccountState[] = ['active', 'closing'];

/** Whether the account may sign in and be used; who is leaving may, since changing one's mind begins with signing in. */
export function mayUse(account: { readonly state: AccountState }): boolean {
  return usableStates.includes(account.state);
}

/**
 * Whether all that was signed in was ended after a proof: a sign-in that rests on it came too late.
 *
 * @param provenAt in seconds since 1970
 */
export function isEndedSince({ endedAt }: Pick<Account, 'endedAt'>, provenAt: number): boolean {
  return endedAt !== undefined && provenAt < epochSeconds(endedAt);
}

/** Whether a text is shaped like an account id; anything else cannot be looked up. */
export function isAccountId(text: string): boolean {
  return isId(text);
}

interface AccountFields {
  id: string;
  state: AccountState;
  merged_into: string | null;
  data_key: Buffer;
  profile: Buffer;
  language: Language;
  created_at: Date;
  updated_at: Date;
  restricted_at: Date | null;
  closes_at: Date | null;
  ended_at: Date | null;
}

const fields = [
  'id',
  'state',
  'merged_into',
  'data_key',
  'profile',
  'language',
  'created_at',
  'updated_at',
  'restricted_at',
  'closes_at',
  'ended_at',
] as const;

/** The columns of an account in a row of several tables, each behind a prefix; all null when none was joined. */
export type AccountRow<Prefix extends string> = {
  readonly [Field in keyof AccountFields as `${Prefix}${Field}`]: AccountFields[Field] | null;
};

/** The columns of an account for a statement that joins the table as `alias`; {@link accountIn} reads them. */
export function accountColumns(alias: string, prefix: string): string {
  return fields.map((field) => `${alias}.${field} as ${prefix}${field}`).join(', ');
}

/** The columns of an account as they are called, for a statement that selects from the table as `alias` inside another. */
export function accountFields(alias: string): string {
  return fields.map((field) => `${alias}.${field}`).join(', ');
}

/** The account in a row of several tables, if one was joined. */
export function accountIn<Prefix extends string>(
  secrets: Secrets,
  row: AccountRow<Prefix>,
  prefix: Prefix,
): Account | undefined {
  const values = row as Readonly<Record<string, unknown>>;
  if (values[`${prefix}id`] === null) return undefined;
  const account = Object.fromEntries(fields.map((field) => [field, values[`${prefix}${field}`]]));
  return openAccount(secrets, account as unknown as AccountFields);
}

const findAccountRow = readOf<AccountFields>(
  ['smallint', 'uuid'],
  `select ${fields.join(', ')} from accounts where shard = $1 and id = $2`,
);

/** One account by its id, by primary key. */
export async function findAccount(db: Db, secrets: Secrets, id: string): Promise<Account | undefined> {
  if (!isAccountId(id)) return undefined;
  const shard = shardOf(id);
  const row = await db.for(shard).read(findAccountRow, [shard, id]);
  return row && openAccount(secrets, row);
}

/** @throws `account_unavailable` when there is no such account. */
export async function loadAccount(db: Db, secrets: Secrets, id: string): Promise<Account> {
  const account = await findAccount(db, secrets, id);
  if (!account) throw new Refusal('account_unavailable', 'no such account');
  return account;
}

/**
 * Whether the account may be used; if so, nobody else changes it or its ways to sign in until the caller's unit of work is
 * over. For changes that depend on what the account has.
 */
export async function holdAccount(db: Db, id: string): Promise<boolean> {
  const shard = shardOf(id);
  const home = db.for(shard);
  const row = await home.first<{ state: AccountState }>(
    `select state from accounts where shard = $1 and id = $2 for no key update`,
    [shard, id],
  );
  return row !== undefined && mayUse(row);
}

/** The profile is opened when it is first looked at: most requests only ask whether the account may be used. */
function openAccount(secrets: Secrets, row: AccountFields): Account {
  let profile: Profile | undefined;
  return {
    ...lifeOf(row),
    id: row.id,
    language: row.language,
    get profile() {
      profile ??= openProfile(openDataKey(secrets.wrap, row.id, row.data_key), row.id, row.profile);
      return profile;
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    restrictedAt: row.restricted_at ?? undefined,
    closesAt: row.closes_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
  };
}

function lifeOf({ state, merged_into: mergedInto }: AccountFields): AccountLife {
  if (state !== 'merged') return { state };
  if (mergedInto === null) throw new Error('a merged account must say into which');
  return { state, mergedInto };
}

function openProfile(dataKey: Keyring, id: string, sealed: Buffer): Profile {
  return JSON.parse(dataKey.open(`accounts.profile:${id}`, sealed).toString()) as Profile;
}

function sealProfile(dataKey: Keyring, id: string, profile: Profile): Buffer {
  return dataKey.seal(`accounts.profile:${id}`, JSON.stringify(profile));
}

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

/**
 * A name as its owner writes it: spaces tidied, nothing else changed, no part of it taken for a family name.
 *
 * @throws `name_invalid` when empty, over 200 characters, without any letter, or with control characters.
 */
function readName(text: string): string {
  const name = text.length > 2_000 ? '' : text.normalize('NFC').trim().replace(/\s+/gu, ' ');
  if (
    [...name].length > 200 ||
    !/\p{L}/u.test(name) ||
    /[\p{Cc}\p{Cs}\p{Co}\p{Cn}]|[\u202a-\u202e\u2066-\u2069]/u.test(name)
  )
    throw new Refusal('name_invalid');
  return name;
}

function withContact(profile: Profile, contact: Identifier, confirmed: boolean): Profile {
  return contact.kind === 'email'
    ? { ...profile, email: contact.value, email_verified: confirmed }
    : { ...profile, phone_number: contact.value, phone_number_verified: confirmed };
}

/** The address that a profile gives out, by kind: the chosen one of the contacts, in its one spelling. */
export function addressIn(
  profile: Profile,
  kind: Identifier['kind'],
): { readonly value: string; readonly confirmed: boolean } | undefined {
  const named =
    kind === 'email'
      ? { text: profile.email, confirmed: profile.email_verified }
      : { text: profile.phone_number, confirmed: profile.phone_number_verified };
  const value = named.text === undefined ? undefined : parseIdentifier(named.text)?.value;
  return value === undefined ? undefined : { value, confirmed: named.confirmed ?? false };
}

/** Makes a confirmed contact the address of its kind that the profile gives out. */
export async function chooseAddress(db: Db, secrets: Secrets, accountId: string, contact: Identifier): Promise<void> {
  const { dataKey, profile } = await loadSealed(db, secrets, accountId);
  const chosen = addressIn(profile, contact.kind);
  if (chosen?.value === contact.value && chosen.confirmed) return;
  await writeAddress(db, dataKey, accountId, contact.kind, withContact(profile, contact, true));
}

/** Takes an address out of the profile of an account that has it no more, or whose claim to it has ended. */
export async function forgetAddress(db: Db, secrets: Secrets, accountId: string, contact: Identifier): Promise<void> {
  const { dataKey, profile } = await loadSealed(db, secrets, accountId);
  if (addressIn(profile, contact.kind)?.value !== contact.value) return;
  const kept = Object.entries(profile).filter(([claim]) => !addressClaims[contact.kind].includes(claim));
  await writeAddress(db, dataKey, accountId, contact.kind, Object.fromEntries(kept));
}

const addressClaims: Readonly<Record<Identifier['kind'], readonly string[]>> = {
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
};

async function writeAddress(
  db: Db,
  dataKey: Keyring,
  accountId: string,
  kind: Identifier['kind'],
  profile: Profile,
): Promise<void> {
  await writeProfile(db, dataKey, accountId, profile);
  await recordAccountEvent(db, { accountId, kind: 'profile.changed', details: { claims: addressClaims[kind] } });
}

/** The contacts that a profile names beside the identifier, in their one spelling. */
function contactsIn(
  profile: Profile,
  identifier: Identifier | undefined,
): { contact: Identifier; confirmed: boolean }[] {
  const named = [
    { text: profile.email, confirmed: profile.email_verified ?? false },
    { text: profile.phone_number, confirmed: profile.phone_number_verified ?? false },
  ];
  return named.flatMap(({ text, confirmed }) => {
    const contact = text === undefined ? undefined : parseIdentifier(text);
    return contact && contact.value !== identifier?.value ? [{ contact, confirmed }] : [];
  });
}

/**
 * Replaces an account's profile. E-mail and phone number stay what they are: they follow the contacts and change with
 * those only.
 *
 * @throws `account_unavailable`, `name_invalid`.
 */
export async function saveProfile(db: Db, secrets: Secrets, accountId: string, profile: Profile): Promise<void> {
  const { dataKey, profile: stored } = await loadSealed(db, secrets, accountId);
  const { email, email_verified, phone_number, phone_number_verified, ...changed } = profile;
  const name = changed.name === undefined ? stored.name : readName(changed.name);
  const saved: Profile = {
    ...changed,
    ...(name !== undefined && { name }),
    ...(stored.email !== undefined && { email: stored.email, email_verified: stored.email_verified ?? false }),
    ...(stored.phone_number !== undefined && {
      phone_number: stored.phone_number,
      phone_number_verified: stored.phone_number_verified ?? false,
    }),
  };
  await writeProfile(db, dataKey, accountId, saved);
  await recordAccountEvent(db, { accountId, kind: 'profile.changed', details: { claims: Object.keys(changed) } });
}

/** What a person says of themselves and nobody has to prove; undefined takes it away. */
export type Correction = Partial<Pick<Profile, 'name' | 'nickname' | 'birthdate' | 'gender' | 'address'>>;

/**
 * Puts right what a person says of themselves, and leaves the rest as it is. Hold the account before.
 *
 * @returns the claims that are another now; none when nothing was changed, and then nothing is written
 * @throws `account_unavailable`, `name_invalid`
 */
export async function correctProfile(
  db: Db,
  secrets: Secrets,
  accountId: string,
  correction: { readonly [Claim in keyof Correction]: Correction[Claim] | undefined },
): Promise<string[]> {
  const { dataKey, profile: stored } = await loadSealed(db, secrets, accountId);
  const said = 'name' in correction ? { ...correction, name: readName(correction.name ?? '') } : correction;
  const known = new Map<string, unknown>(Object.entries(stored));
  const changed = Object.entries(said).filter(
    ([claim, value]) => JSON.stringify(known.get(claim)) !== JSON.stringify(value),
  );
  if (changed.length === 0) return [];
  for (const [claim, value] of changed) {
    if (value === undefined) known.delete(claim);
    else known.set(claim, value);
  }
  await writeProfile(db, dataKey, accountId, Object.fromEntries(known) as Profile);
  const claims = changed.map(([claim]) => claim);
  await recordAccountEvent(db, { accountId, kind: 'profile.changed', details: { claims } });
  return claims;
}

async function writeProfile(db: Db, dataKey: Keyring, accountId: string, profile: Profile): Promise<void> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  await home.execute(`update accounts set profile = $3, updated_at = $4 where shard = $1 and id = $2`, [
    shard,
    accountId,
    sealProfile(dataKey, accountId, profile),
    new Date(),
  ]);
}

/** The contacts of an account, opened: where notices go. @throws `account_unavailable` */
export async function listAccountContacts(db: Db, secrets: Secrets, accountId: string): Promise<Contact[]> {
  const dataKey = await loadDataKey(db, secrets, accountId);
  return listContacts(db, dataKey, accountId);
}

async function loadSealed(db: Db, secrets: Secrets, id: string): Promise<{ dataKey: Keyring; profile: Profile }> {
  const shard = shardOf(id);
  const home = db.for(shard);
  const row = await home.first<{ data_key: Buffer; profile: Buffer }>(
    `select data_key, profile from accounts where shard = $1 and id = $2`,
    [shard, id],
  );
  if (!row) throw new Refusal('account_unavailable', 'no such account');
  const dataKey = openDataKey(secrets.wrap, id, row.data_key);
  return { dataKey, profile: openProfile(dataKey, id, row.profile) };
}

/**
 * Seals every account's data key anew with the first master key, in small steps; what the data keys seal stays as it is.
 * May be stopped and started again at any time. @returns how many were sealed anew.
 */
export async function resealAccountKeys(db: Db, wrap: Keyring, options: { batch?: number } = {}): Promise<number> {
  let resealed = 0;
  for (let shard = 0; shard < SHARDS; shard += 1) resealed += await resealShard(db, wrap, shard, options.batch ?? 500);
  return resealed;
}

async function resealShard(db: Db, wrap: Keyring, shard: number, batch: number): Promise<number> {
  const home = db.for(shard);
  let resealed = 0;
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const rows = await home.query<{ id: string; data_key: Buffer }>(
      `select id, data_key from accounts where shard = $1 and id > $2 order by id limit $3`,
      [shard, after, batch],
    );
    for (const row of rows) if (!wrap.isCurrent(row.data_key)) resealed += await resealKey(db, wrap, shard, row);
    const last = rows.at(-1);
    if (!last || rows.length < batch) return resealed;
    after = last.id;
  }
}

function resealKey(db: Db, wrap: Keyring, shard: number, row: { id: string; data_key: Buffer }): Promise<number> {
  const home = db.for(shard);
  return home.execute(`update accounts set data_key = $3 where shard = $1 and id = $2 and data_key = $4`, [
    shard,
    row.id,
    resealDataKey(wrap, row.id, row.data_key),
    row.data_key,
  ]);
}
