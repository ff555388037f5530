/** What a person types to say who they are: an e-mail address or a phone number, in one spelling each. */
import { domainToASCII } from 'node:url';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { lookUps } from '#src/base/batches.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Secrets, shardOfHash } from '#src/base/secrets.ts';

/** One address in its one spelling: an e-mail address in lower case, or a phone number as E.164 (`+62812…`). */
export interface Identifier {
  readonly kind: 'email' | 'phone';
  readonly value: string;
}

/** Whether two are one address. */
export function isSameAddress(one: Identifier, other: Identifier): boolean {
  return one.kind === other.kind && one.value === other.value;
}

/** Longest e-mail address that mail can be sent to (RFC 5321 §4.5.3.1.3, RFC 3696 erratum 1690). */
const MAX_LENGTH = 254;
const MAX_LOCAL_PART = 64;

const localPart = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const domain = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;
const phoneText = /^\+?[\d\s().\p{Pd}/]+$/u;

/**
 * Reads what was typed, pasted or autofilled; undefined when it is neither an e-mail address nor a phone number.
 *
 * The whole e-mail address is lower-cased: RFC 5321 §2.4 leaves the case of the local part to the receiving host, but no
 * provider tells people apart by it, and a phone's keyboard likes to write the first letter large. Dots and `+tags` stay,
 * because only the receiving host knows whether they mean anything. The local part is ASCII; a domain in other letters
 * is written as its A-labels, so that one domain has one spelling.
 *
 * A phone number without a country is Indonesian: `0812…`, `62812…`, `0062 812…` and `+62 812…` are the same.
 */
export function parseIdentifier(text: string): Identifier | undefined {
  if (text.length > 4 * MAX_LENGTH) return undefined;
  const typed = withoutInvisibleEnds(text.normalize('NFKC'));
  if (typed.length > MAX_LENGTH || /\p{C}/u.test(typed)) return undefined;
  return typed.includes('@') ? parseEmail(typed) : parsePhone(typed);
}

/** @throws `identifier_invalid` when the text is neither an e-mail address nor a phone number. */
export function readIdentifier(text: string): Identifier {
  const identifier = parseIdentifier(text);
  if (!identifier) throw new Refusal('identifier_invalid');
  return identifier;
}

/** Spaces, and the direction marks that come along when a number is copied from a list of contacts. */
function withoutInvisibleEnds(text: string): string {
  return text.replace(/^[\s\p{Cf}]+|[\s\p{Cf}]+$/gu, '');
}

function parseEmail(typed: string): Identifier | undefined {
  const at = typed.lastIndexOf('@');
  const local = typed.slice(0, at).toLowerCase();
  const host = domainToASCII(typed.slice(at + 1)).toLowerCase();
  const value = `${local}@${host}`;
  const fits = local.length <= MAX_LOCAL_PART && value.length <= MAX_LENGTH;
  return fits && localPart.test(local) && domain.test(host) ? { kind: 'email', value } : undefined;
}

function parsePhone(typed: string): Identifier | undefined {
  if (!phoneText.test(typed)) return undefined;
  const number = parsePhoneNumberFromString(typed.replace(/^00/, '+'), { defaultCountry: 'ID', extract: false });
  return number?.isValid() && !number.ext ? { kind: 'phone', value: number.number } : undefined;
}

/** The country code of a phone number, and with it the digits by which an operator is told from others. */
export function prefixOf(number: string): { readonly country: string; readonly operator: string } {
  const { countryCallingCode: country = '', nationalNumber = '' } = parsePhoneNumberFromString(number) ?? {};
  return { country, operator: `${country} ${nationalNumber.slice(0, 3)}` };
}

/** Blind index of an identifier; also its place, since identifiers are found by value alone. */
export function indexOf(secrets: Secrets, { kind, value }: Identifier): { index: Buffer; shard: number } {
  const index = secrets.index(kind, value);
  return { index, shard: shardOfHash(index) };
}

/** Whose confirmed identifier this is. */
export async function findAccountId(db: Db, secrets: Secrets, identifier: Identifier): Promise<string | undefined> {
  const { index, shard } = indexOf(secrets, identifier);
  const home = db.for(shard);
  const row = await home.first<{ account_id: string }>(
    `select account_id from identifiers where shard = $1 and value_index = $2 and state = 'confirmed'`,
    [shard, index],
  );
  return row?.account_id;
}

/**
 * Reserves an identifier for an account that is about to be written; {@link confirmIdentifier} makes it the account's.
 *
 * An unconfirmed claim of somebody else to the same address ends here: whoever typed an address without proving it has
 * no right to it, and must not be able to lie in wait for its owner.
 *
 * @throws `identifier_taken` when it is confirmed already; nothing is written then, and the caller may go on.
 */
export async function claimIdentifier(
  db: Db,
  secrets: Secrets,
  identifier: Identifier,
  accountId: string,
): Promise<void> {
  const { index, shard } = indexOf(secrets, identifier);
  const claimed = await db.for(shard).execute(
    `insert into identifiers (shard, value_index, kind, account_id, state, created_at)
     values ($1, $2, $3, $4, 'pending', $5)
     on conflict (shard, value_index) do update
       set account_id = excluded.account_id, created_at = excluded.created_at
       where identifiers.state = 'pending'
     returning account_id`,
    [shard, index, identifier.kind, accountId, new Date()],
  );
  if (claimed === 0) throw new Refusal('identifier_taken', 'the identifier is confirmed for an account');
}

/**
 * Makes a claimed identifier the account's own, as the last step after the account's rows.
 *
 * @throws `identifier_taken` when somebody else claimed it in between.
 */
export async function confirmIdentifier(
  db: Db,
  secrets: Secrets,
  identifier: Identifier,
  accountId: string,
): Promise<void> {
  const { index, shard } = indexOf(secrets, identifier);
  const confirmed = await db.for(shard).execute(
    `update identifiers set state = 'confirmed', confirmed_at = $4
     where shard = $1 and value_index = $2 and account_id = $3 and state = 'pending'`,
    [shard, index, accountId, new Date()],
  );
  if (confirmed === 0) throw new Refusal('identifier_taken', 'the claim to the identifier went to another account');
}

/** Gives an identifier up: nobody signs in with it any more. */
export async function releaseIdentifier(
  db: Db,
  secrets: Secrets,
  identifier: Identifier,
  accountId: string,
): Promise<void> {
  const { index, shard } = indexOf(secrets, identifier);
  const home = db.for(shard);
  await home.execute(`delete from identifiers where shard = $1 and value_index = $2 and account_id = $3`, [
    shard,
    index,
    accountId,
  ]);
}

/** Whose an identifier is, or who claims it. */
export interface Claimed {
  readonly accountId: string;
  readonly isConfirmed: boolean;
}

/** Who has each of many identifiers, by its value; those that nobody has are left out. For loads: it asks many shards. */
export async function listClaimed(
  db: Db,
  secrets: Secrets,
  identifiers: readonly Identifier[],
): Promise<Map<string, Claimed>> {
  const claimed = new Map<string, Claimed>();
  for (const some of lookUps(identifiers)) {
    const places = some.map((identifier) => indexOf(secrets, identifier));
    const shards = places.map(({ shard }) => shard);
    const rows = await db.forAll(shards).query<{ place: string; account_id: string; state: 'pending' | 'confirmed' }>(
      `select wanted.place, i.account_id, i.state
       from unnest($1::smallint[], $2::bytea[]) with ordinality as wanted (shard, value_index, place)
       cross join lateral (select account_id, state from identifiers where shard = any($1) and shard = wanted.shard
         and value_index = wanted.value_index limit 1) i`,
      [shards, places.map(({ index }) => index)],
    );
    for (const { place, account_id: accountId, state } of rows)
      claimed.set(some[Number(place) - 1]?.value ?? '', { accountId, isConfirmed: state === 'confirmed' });
  }
  return claimed;
}

/** Makes identifiers that nobody has their accounts' own: {@link claimIdentifier} and {@link confirmIdentifier} for the many of a load. */
export async function addIdentifiers(
  tx: Transaction,
  secrets: Secrets,
  added: readonly { readonly identifier: Identifier; readonly accountId: string }[],
): Promise<void> {
  const now = new Date();
  const places = added.map(({ identifier, accountId }) => ({ ...indexOf(secrets, identifier), identifier, accountId }));
  await tx.forAll(places.map(({ shard }) => shard)).copy(
    'copy identifiers (shard, value_index, kind, account_id, state, created_at, confirmed_at) from stdin',
    places.map(({ shard, index, identifier, accountId }) => {
      return [shard, index, identifier.kind, accountId, 'confirmed', now, now];
    }),
  );
}
