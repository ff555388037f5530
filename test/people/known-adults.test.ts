import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Account, loadAccount } from '#src/people/accounts.ts';
import { wasOfAge } from '#src/people/known-adults.ts';
import { saveProfile } from '#src/people/profile.ts';
import { openPeople, type People } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

const on = (day: string) => new Date(`${day}T12:00:00Z`);

/** As a request has read it, and with a profile that may not be looked at. */
async function unopened(id: string): Promise<Account> {
  const account = await loadAccount(people.database, people.secrets, id);
  return Object.defineProperty(account, 'profile', {
    get() {
      throw new Error('the profile was opened');
    },
  });
}

const asked = (id: string, day: string) => unopened(id).then((account) => wasOfAge(account, on(day)));

test('a profile that has said that its owner was of age is not opened again, for that moment and any later one', async () => {
  const { database, secrets } = people;
  const { id } = await people.citizen('Dewasa', { profile: { birthdate: '2000-05-02' } });
  await expect(asked(id, '2020-01-01')).rejects.toThrow('the profile was opened');
  expect(wasOfAge(await loadAccount(database, secrets, id), on('2020-01-01'))).toBe(true);
  expect([await asked(id, '2020-01-01'), await asked(id, '2026-01-01')]).toEqual([true, true]);
  await expect(asked(id, '2019-12-31')).rejects.toThrow('the profile was opened');
  expect(wasOfAge(await loadAccount(database, secrets, id), on('2018-05-01'))).toBe(false);
});

test('a birth date that is put right counts at once', async () => {
  const { database, secrets } = people;
  const { id } = await people.citizen('Ternyata Anak', { profile: { birthdate: '2000-05-02' } });
  expect(wasOfAge(await loadAccount(database, secrets, id), on('2026-01-01'))).toBe(true);
  await database.transaction((tx) => saveProfile(tx, secrets, id, { name: 'Ternyata Anak', birthdate: '2010-05-02' }));
  expect(wasOfAge(await loadAccount(database, secrets, id), on('2026-01-01'))).toBe(false);
});
