/** The profile of an account: the standard claims that apps may be given, sealed with its data key. */
import { recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Keyring, type Secrets, shardOf } from '#src/base/secrets.ts';
import { openDataKey } from './data-keys.ts';
import { type Identifier, parseIdentifier } from './identifiers.ts';

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

/** The profile as it is stored, opened. */
export function openProfile(dataKey: Keyring, id: string, sealed: Buffer): Profile {
  return JSON.parse(dataKey.open(`accounts.profile:${id}`, sealed).toString()) as Profile;
}

/** The profile as it is stored: it opens in the row of this account alone. */
export function sealProfile(dataKey: Keyring, id: string, profile: Profile): Buffer {
  return dataKey.seal(`accounts.profile:${id}`, JSON.stringify(profile));
}

/**
 * A name as its owner writes it: spaces tidied, nothing else changed, no part of it taken for a family name.
 *
 * @throws `name_invalid` when empty, over 200 characters, without any letter, or with control characters.
 */
export function readName(text: string): string {
  const name = text.length > 2_000 ? '' : text.normalize('NFC').trim().replace(/\s+/gu, ' ');
  if (
    [...name].length > 200 ||
    !/\p{L}/u.test(name) ||
    /[\p{Cc}\p{Cs}\p{Co}\p{Cn}]|[\u202a-\u202e\u2066-\u2069]/u.test(name)
  )
    throw new Refusal('name_invalid');
  return name;
}

/** The profile that gives out this contact as the address of its kind. */
export function withContact(profile: Profile, contact: Identifier, confirmed: boolean): Profile {
  return contact.kind === 'email'
    ? { ...profile, email: contact.value, email_verified: confirmed }
    : { ...profile, phone_number: contact.value, phone_number_verified: confirmed };
}

/** The contacts that a profile names beside the identifier, in their one spelling. */
export function contactsIn(
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
