/** The fictitious people of load tests: any number, each known by a number. Never in production, like the example citizens. */
import type { Transaction } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { listUsed } from './contacts.ts';
import { EXAMPLE_PASSWORD } from './example-citizens.ts';
import { type Identifier, listClaimed } from './identifiers.ts';
import { createAccount, createAccounts, type NewAccount } from './new-accounts.ts';
import { hashPassword, storePasswords } from './passwords.ts';
import type { Address, Profile } from './profile.ts';

/** The highest number. Their phone numbers have place for one digit more. */
export const MAX_CITIZENS = 10_000_000;

/** The address that the citizen of this number signs in with. */
export function numberedAddress(number: number): Identifier {
  return { kind: 'email', value: `warga-${number}@contoh.id` };
}

const givenNames = [
  ...['Siti', 'Agus', 'Dewi', 'Bambang', 'Putri', 'Eko', 'Ayu', 'Hendra', 'Ratna', 'Made', 'Nurul', 'Rizky', 'Maria'],
  ...['Yohanes', 'Fitri', 'Andi', 'Wahyu', 'Lestari', 'Ketut', 'Asep', 'Indah', 'Taufik', 'Melati'],
];

const familyNames = [
  ...['Santoso', 'Wijaya', 'Siregar', 'Hidayat', 'Nasution', 'Saputra', 'Rahayu', 'Pratama', 'Simanjuntak', 'Kusuma'],
  ...['Hasibuan', 'Setiawan', 'Maharani', 'Gunawan', 'Lubis', 'Permata', 'Suryadi', 'Tanjung', 'Wibowo'],
];

const streets = ['Jalan Merdeka', 'Jalan Pemuda', 'Jalan Diponegoro', 'Jalan Kartini', 'Gang Melati'];

const towns = [
  { locality: 'Bandung', region: 'Jawa Barat', postal_code: '40111' },
  { locality: 'Makassar', region: 'Sulawesi Selatan', postal_code: '90111' },
  { locality: 'Medan', region: 'Sumatera Utara', postal_code: '20111' },
  { locality: 'Jayapura', region: 'Papua', postal_code: '99111' },
] as const;

/** The citizen of a number; always the same. One in five has one name, one in three a phone, one in four an address; all are of age. */
export function numberedCitizen(number: number): NewAccount {
  const given = pick(givenNames, number);
  const family = pick(familyNames, Math.floor(number / givenNames.length));
  const profile: Profile = {
    ...(number % 5 !== 0 && { given_name: given, family_name: family }),
    ...(number % 3 === 0 && { phone_number: phoneOf(number).value, phone_number_verified: true }),
    ...(number % 4 === 0 && { address: addressOf(number) }),
    birthdate: `${1950 + (number % 50)}-0${(number % 9) + 1}-1${number % 10}`,
  };
  const name = number % 5 === 0 ? given : `${given} ${family}`;
  return { name, language: 'id', identifier: numberedAddress(number), profile };
}

function pick<T>(values: readonly [T, ...T[]] | readonly T[], number: number): T {
  return values[number % values.length] as T;
}

/** Twelve digits behind the country, where those of the example citizens have eleven. */
function phoneOf(number: number): Identifier {
  return { kind: 'phone', value: `+628120${String(number).padStart(8, '0')}` };
}

function addressOf(number: number): Address {
  const street = `${pick(streets, number)} ${(number % 200) + 1}`;
  const town = pick(towns, Math.floor(number / 4));
  const formatted = `${street}\n${town.locality}\n${town.region} ${town.postal_code}\nIndonesia`;
  return { formatted, street_address: street, ...town, country: 'ID' };
}

/**
 * What stands for the password of them all. One hash for a whole load: the password is published, so that a salt for each
 * would hide nothing, and a million hashes would take hours.
 */
export function hashNumberedPassword(): Promise<string> {
  return hashPassword(EXAMPLE_PASSWORD);
}

/**
 * Opens the accounts of these citizens that are not there yet, some thousands at once; those that are stay as they are.
 * Where somebody has named one of their addresses without proving it, the account is opened like any other, which
 * settles whose it is.
 *
 * @returns how many it opened
 */
export async function openNumberedCitizens(
  tx: Transaction,
  secrets: Secrets,
  numbers: readonly number[],
  passwordHash: string,
): Promise<number> {
  // In this order: whom another load opens between the two looks is claimed then, and not only somebody with such a contact.
  const used = await listUsed(tx, secrets, numbers.flatMap(contactsOf));
  const claimed = await listClaimed(tx, secrets, numbers.map(numberedAddress));
  const absent = numbers.filter((number) => !claimed.get(numberedAddress(number).value)?.isConfirmed);
  const isNamed = (number: number) =>
    claimed.has(numberedAddress(number).value) || contactsOf(number).some(({ value }) => used.has(value));
  const unnamed = absent.filter((number) => !isNamed(number));
  const ids = await createAccounts(tx, secrets, unnamed.map(numberedCitizen));
  for (const number of absent.filter(isNamed)) ids.push((await createAccount(tx, secrets, numberedCitizen(number))).id);
  await storePasswords(tx, ids, passwordHash);
  return absent.length;
}

function contactsOf(number: number): Identifier[] {
  return number % 3 === 0 ? [numberedAddress(number), phoneOf(number)] : [numberedAddress(number)];
}

/** The accounts of these citizens, by number; those that are not there are left out. */
export async function listNumberedAccounts(
  tx: Transaction,
  secrets: Secrets,
  numbers: readonly number[],
): Promise<Map<number, string>> {
  const claimed = await listClaimed(tx, secrets, numbers.map(numberedAddress));
  const accounts = numbers.flatMap((number): [number, string][] => {
    const found = claimed.get(numberedAddress(number).value);
    return found?.isConfirmed ? [[number, found.accountId]] : [];
  });
  return new Map(accounts);
}

/** The tables that {@link openNumberedCitizens} fills. */
export const citizenTables = ['accounts', 'identifiers', 'contacts', 'contact_uses', 'passwords', 'account_events'];
