/** A person's account: where it is in its life, and how it is found. `new-accounts.ts` opens one; `profile.ts` is what apps may be given of it. */
import { readOf } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { isId, type Keyring, type Secrets, SHARDS, shardOf } from '#src/base/secrets.ts';
import { type Contact, listContacts } from './contacts.ts';
import { loadDataKey, openDataKey, resealDataKey } from './data-keys.ts';
import { openProfile, type Profile } from './profile.ts';

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

/** How to open the key of an account that was read: apart from it, so that no page or log ever holds one. */
const keysOf = new WeakMap<Account, () => Keyring>();

/** The key that seals what is an account's own, opened once for all that is asked of one that was read. */
export function dataKeyOf(account: Account): Keyring {
  const open = keysOf.get(account);
  if (!open) throw new TypeError('an account that was read by none of the statements here');
  return open();
}

const sealedProfiles = new WeakMap<object, Buffer>();

/** The profile of an account that was read, as it is sealed: other bytes whenever it is saved. Undefined of anything else. */
export function sealedProfileOf(account: object): Buffer | undefined {
  return sealedProfiles.get(account);
}

/** Key and profile are opened when they are first looked at: most requests only ask whether the account may be used. */
function openAccount(secrets: Secrets, row: AccountFields): Account {
  let dataKey: Keyring | undefined;
  const openKey = () => {
    dataKey ??= openDataKey(secrets.wrap, row.id, row.data_key);
    return dataKey;
  };
  let profile: Profile | undefined;
  const account: Account = {
    ...lifeOf(row),
    id: row.id,
    language: row.language,
    get profile() {
      profile ??= openProfile(openKey(), row.id, row.profile);
      return profile;
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    restrictedAt: row.restricted_at ?? undefined,
    closesAt: row.closes_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
  };
  keysOf.set(account, openKey);
  sealedProfiles.set(account, row.profile);
  return account;
}

function lifeOf({ state, merged_into: mergedInto }: AccountFields): AccountLife {
  if (state !== 'merged') return { state };
  if (mergedInto === null) throw new Error('a merged account must say into which');
  return { state, mergedInto };
}

/** The contacts of an account, opened: where notices go. @throws `account_unavailable` */
export async function listAccountContacts(db: Db, secrets: Secrets, accountId: string): Promise<Contact[]> {
  const dataKey = await loadDataKey(db, secrets, accountId);
  return listContacts(db, dataKey, accountId);
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
