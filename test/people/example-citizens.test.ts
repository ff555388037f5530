import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { Database } from '#src/base/database.ts';
import { loadSecrets } from '#src/base/keys.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { ageGroup } from '#src/people/birthdate.ts';
import { EXAMPLE_PASSWORD, exampleCitizens, seedExampleCitizens } from '#src/people/example-citizens.ts';
import { findAccountId, parseIdentifier } from '#src/people/identifiers.ts';
import { verifyPassword } from '#src/people/passwords.ts';
import { identityAssurance } from '#src/people/proofing.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

let home: TestDatabase;
let database: Database;
let secrets: Secrets;

beforeAll(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
  secrets = await loadSecrets(database, [randomBytes(32)]);
  const seeded = await Promise.all([seedExampleCitizens(database, secrets), seedExampleCitizens(database, secrets)]);
  expect(seeded[0] + seeded[1]).toBe(exampleCitizens.length);
});

afterAll(async () => {
  await database.close();
  await home.drop();
});

async function accountOf(email: string) {
  const id = await findAccountId(database, secrets, { kind: 'email', value: email });
  return loadAccount(database, secrets, id ?? '');
}

test('seeding again changes nothing, also where a citizen has changed their profile', async () => {
  expect(await seedExampleCitizens(database, secrets)).toBe(0);
  expect(await database.first('select count(*)::int as n from accounts')).toEqual({ n: 7 });
});

test('everybody signs in with the one password, but for the disabled one', async () => {
  for (const { email, isDisabled } of exampleCitizens) {
    const { id } = await accountOf(email);
    expect(await verifyPassword(database, id, EXAMPLE_PASSWORD), email).toBe(!isDisabled);
    expect(await verifyPassword(database, id, 'lawang-Sandbox'), email).toBe(false);
  }
});

test('budi has every standard claim of OpenID Connect Core §5.1 that is stored', async () => {
  const { profile } = await accountOf('budi@contoh.id');
  const stored =
    'name given_name family_name middle_name nickname preferred_username profile picture website email email_verified ' +
    'gender birthdate zoneinfo locale phone_number phone_number_verified address';
  expect(Object.keys(profile).sort()).toEqual(stored.split(' ').sort());
  expect(Object.keys(profile.address ?? {})).toHaveLength(6);
  expect(profile).toMatchObject({ email: 'budi@contoh.id', email_verified: true, phone_number_verified: true });
});

test('wayan has one name, no made-up family name and no phone', async () => {
  const { profile, state } = await accountOf('wayan@contoh.id');
  expect(state).toBe('active');
  expect(profile).toEqual({ name: 'Wayan', email: 'wayan@contoh.id', email_verified: true, birthdate: '1972-12-05' });
});

test('their phone numbers can be typed, and their addresses belong to nobody', () => {
  for (const { email, profile } of exampleCitizens) {
    expect(email).toMatch(/^[a-z]+@contoh\.id$/);
    if (profile.phone_number) expect(parseIdentifier(profile.phone_number)?.value).toBe(profile.phone_number);
  }
});

test('siti and dewi have proven who they are, each in her way, and nobody else has', async () => {
  const known = await Promise.all(
    exampleCitizens.map(async ({ email }) => [email, await identityAssurance(database, (await accountOf(email)).id)]),
  );
  expect(known.filter(([, level]) => level)).toEqual([
    ['siti@contoh.id', 'ial2'],
    ['dewi@contoh.id', 'ial1'],
  ]);
});

test('in whatever year a sandbox is made, bima is under age and the others are not', async () => {
  try {
    for (const now of [new Date(), new Date('2044-12-31T23:59:59Z'), new Date('2045-01-01T00:00:00Z')]) {
      vi.useFakeTimers({ toFake: ['Date'], now });
      vi.resetModules();
      const { exampleCitizens: made } = await import('#src/people/example-citizens.ts');
      const minors = made.filter(({ profile }) => ageGroup(profile, now) !== 'adult');
      expect(minors.map(({ email }) => email)).toEqual(['bima@contoh.id']);
    }
  } finally {
    vi.useRealTimers();
  }
});
