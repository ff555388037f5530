/** The citizens who sign in during the bench, each with a password and a passkey on a device that really signs. */
import type { Database, Db } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { parseIdentifier } from '#src/people/identifiers.ts';
import { createAccount } from '#src/people/new-accounts.ts';
import { addPasskey, newRegistrationOptions } from '#src/people/passkey-registration.ts';
import { hashPassword, storePassword } from '#src/people/passwords.ts';
import type { Profile } from '#src/people/profile.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';

/** One citizen. */
export interface Person {
  readonly accountId: string;
  readonly identifier: string;
  readonly device: SoftwareAuthenticator;
}

/** Of everybody. */
export const password = 'lawang-sandbox';

/** What apps read of everybody, on both sides. */
export const profile = {
  name: 'Warga Pengukur',
  given_name: 'Warga',
  family_name: 'Pengukur',
  gender: 'female',
  birthdate: '1990-04-21',
  zoneinfo: 'Asia/Jakarta',
  locale: 'id-ID',
} as const satisfies Profile;

interface Place {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly issuer: string;
}

/** Makes `count` citizens. The password is hashed once: it is the same for all. */
export async function makePeople(place: Place, count: number): Promise<Person[]> {
  const hash = await hashPassword(password);
  const people: Person[] = [];
  for (let n = 1; n <= count; n += 1) people.push(await makePerson(place, `pengukur-${n}@contoh.id`, hash));
  return people;
}

async function makePerson(place: Place, email: string, hash: string): Promise<Person> {
  const { database, secrets } = place;
  const identifier = parseIdentifier(email);
  if (!identifier) throw new Error(`${email} is no identifier`);
  const { name } = profile;
  return database.transaction(async (tx) => {
    const { id } = await createAccount(tx, secrets, { name, language: 'id', identifier, profile });
    await storePassword(tx, id, hash);
    const device = await makeDevice(tx, place, { accountId: id, accountName: email });
    return { accountId: id, identifier: email, device };
  });
}

async function makeDevice(
  db: Db,
  { secrets, issuer }: Place,
  { accountId, accountName }: { readonly accountId: string; readonly accountName: string },
): Promise<SoftwareAuthenticator> {
  const device = new SoftwareAuthenticator({ synced: true });
  const site = { rpId: new URL(issuer).hostname, origin: issuer };
  const who = { accountId, accountName, displayName: accountName, boundTo: accountId };
  const options = await newRegistrationOptions(secrets, { ...who, rpId: site.rpId, rpName: 'Lawang' });
  const credential = JSON.stringify(device.create(options, site));
  await addPasskey(db, secrets, { ...site, accountId, boundTo: accountId, credential });
  return device;
}
