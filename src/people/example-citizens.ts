/**
 * The fictitious people of a sandbox, all with one password that everybody knows. Never in production: settings refuse
 * `SEED=example` there.
 */
import { randomBytes } from 'node:crypto';
import type { Database, Transaction } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { disableAccount } from './account-life.ts';
import { findAccountId } from './identifiers.ts';
import { createAccount } from './new-accounts.ts';
import { hashPassword, storePassword } from './passwords.ts';
import type { Profile } from './profile.ts';
import { type IdentityLevel, recordEvidence } from './proofing.ts';

/** The password of every example citizen. */
export const EXAMPLE_PASSWORD = 'lawang-sandbox';

/** One of them; the identifier is `<user name>@contoh.id`. */
export interface ExampleCitizen {
  readonly email: string;
  readonly name: string;
  readonly profile: Profile;
  readonly isDisabled?: true;
  /** How well it is proven who they are. */
  readonly identity?: IdentityLevel;
}

/** Each stands for an ordinary case: one name, no phone, a disabled account, every claim there is, somebody under age. */
export const exampleCitizens: readonly ExampleCitizen[] = [
  {
    email: 'siti@contoh.id',
    name: 'Siti Rahayu',
    profile: { ...twoNames('Siti', 'Rahayu'), ...phone('+6281200000001'), birthdate: '1990-04-21' },
    identity: 'ial2',
  },
  {
    email: 'budi@contoh.id',
    name: 'Budi Agung Santoso',
    profile: {
      ...twoNames('Budi', 'Santoso'),
      middle_name: 'Agung',
      nickname: 'Bud',
      preferred_username: 'budi.santoso',
      profile: 'https://budi.contoh.id/tentang',
      picture: 'https://budi.contoh.id/foto.png',
      website: 'https://budi.contoh.id',
      gender: 'male',
      birthdate: '1987-03-14',
      zoneinfo: 'Asia/Jakarta',
      locale: 'id-ID',
      ...phone('+6281200000002'),
      address: {
        formatted: 'Jalan Pemuda 12\nSemarang\nJawa Tengah 50132\nIndonesia',
        street_address: 'Jalan Pemuda 12',
        locality: 'Semarang',
        region: 'Jawa Tengah',
        postal_code: '50132',
        country: 'ID',
      },
    },
  },
  {
    email: 'dewi@contoh.id',
    name: 'Dewi Lestari',
    profile: { ...twoNames('Dewi', 'Lestari'), ...phone('+6281200000003'), birthdate: '1995-08-30' },
    identity: 'ial1',
  },
  { email: 'wayan@contoh.id', name: 'Wayan', profile: { birthdate: '1972-12-05' } },
  {
    email: 'joko@contoh.id',
    name: 'Joko Prasetyo',
    profile: { ...twoNames('Joko', 'Prasetyo'), birthdate: '1983-01-19' },
    isDisabled: true,
  },
  {
    email: 'rina@contoh.id',
    name: 'Rina Wulandari',
    profile: { ...twoNames('Rina', 'Wulandari'), ...phone('+6281200000004'), birthdate: '1979-11-02' },
  },
  {
    email: 'bima@contoh.id',
    name: 'Bima Pratama',
    profile: { ...twoNames('Bima', 'Pratama'), birthdate: `${new Date().getUTCFullYear() - 14}-06-17` },
  },
];

/** Their e-mail and phone come from browsers of their own, so that the two count as two in a recovery. */
function twoDevices(): { device: Buffer; profileDevice: Buffer } {
  return { device: randomBytes(32), profileDevice: randomBytes(32) };
}

function twoNames(given: string, family: string): Profile {
  return { given_name: given, family_name: family };
}

function phone(number: string): Profile {
  return { phone_number: number, phone_number_verified: true };
}

/**
 * Opens the accounts that are not there yet; those that are stay as they are. Any number of processes may do it at once.
 * The password is given past the rule on its strength, not past the hashing.
 *
 * @returns how many it opened
 */
export async function seedExampleCitizens(database: Database, secrets: Secrets): Promise<number> {
  const opened = await Promise.all(exampleCitizens.map((citizen) => openExample(database, secrets, citizen)));
  return opened.filter(Boolean).length;
}

/**
 * Opens one account unless it is there.
 *
 * @param more what it gets besides, in the same transaction
 * @returns whether it was opened
 */
export async function openExample(
  database: Database,
  secrets: Secrets,
  citizen: ExampleCitizen,
  more: (tx: Transaction, accountId: string) => Promise<void> = async () => {},
): Promise<boolean> {
  const identifier = { kind: 'email', value: citizen.email } as const;
  if (await findAccountId(database, secrets, identifier)) return false;
  const hash = await hashPassword(EXAMPLE_PASSWORD);
  try {
    await database.transaction(async (tx) => {
      const { name, profile, isDisabled, identity: level } = citizen;
      const { id } = await createAccount(tx, secrets, { name, profile, identifier, language: 'id', ...twoDevices() });
      await storePassword(tx, id, hash);
      if (level) await recordEvidence(tx, { accountId: id, level, method: 'example', recordedBy: 'seed' });
      if (isDisabled) await disableAccount(tx, id, { actor: 'start', reason: 'example' });
      await more(tx, id);
    });
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'identifier_taken') return false;
    throw error;
  }
}
