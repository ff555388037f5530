import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import { hasCountingContact, listCountingContacts, proveContact } from '#src/people/contacts.ts';
import { createAccounts } from '#src/people/new-accounts.ts';
import { email, openPeople, type People, phone, statementsOf } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});

afterEach(() => vi.useRealTimers());

const DAY = 24 * 3600 * 1000;
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

const counting = async (accountId: string | undefined) =>
  (await listCountingContacts(people.database, people.secrets, accountId)).map(({ value }) => value);

test('a contact that was confirmed counts, with the browser in which it was; an unconfirmed one does not', async () => {
  const { database, secrets } = people;
  const device = randomBytes(32);
  const unconfirmed = phone();
  const { id } = await people.citizen('Hitung', { device, profile: { phone_number: unconfirmed.value } });
  expect(await listCountingContacts(database, secrets, id)).toEqual([
    {
      ...email('Hitung'),
      isIdentifier: true,
      confirmedAt: new Date(),
      provenAt: new Date(),
      firstDevice: device,
      isShared: false,
      isOnTrial: false,
    },
  ]);
});

test('a contact that another account has too is shared, for both of them', async () => {
  const { database, secrets } = people;
  const family = phone();
  const profile = { phone_number: family.value, phone_number_verified: true };
  const [one, other] = [await people.citizen('Ibu', { profile }), await people.citizen('Bapak', { profile })];
  for (const { id } of [one, other]) {
    const contacts = await listCountingContacts(database, secrets, id);
    expect(contacts.map(({ value, isShared }) => [value, isShared])).toEqual(
      expect.arrayContaining([
        [family.value, true],
        [expect.stringContaining('@'), false],
      ]),
    );
  }
});

test('a phone number counts for 90 days after it was last proven; an e-mail address for good', async () => {
  const { database, secrets } = people;
  const number = phone();
  const profile = { phone_number: number.value, phone_number_verified: true };
  const { id } = await people.citizen('Nomor', { profile });
  pass(90 * DAY - 1000);
  expect(await counting(id)).toContain(number.value);
  expect(await proveContact(database, secrets, number, id)).toBe(true);
  pass(90 * DAY - 1000);
  expect(await counting(id)).toContain(number.value);
  pass(1000);
  expect(await counting(id)).toEqual([email('Nomor').value]);
});

test('a number that a process from before the column has confirmed counts from that day', async () => {
  const number = phone();
  const profile = { phone_number: number.value, phone_number_verified: true };
  const { id } = await people.citizen('Lama', { profile });
  await people.database.execute('update contacts set proven_at = null where shard = $1 and account_id = $2', [
    ...[shardOf(id), id],
  ]);
  expect(await counting(id)).toContain(number.value);
  expect(await hasCountingContact(people.database, people.secrets, number, id)).toBe(true);
  pass(90 * DAY);
  expect(await counting(id)).not.toContain(number.value);
});

test('only a confirmed contact of the account can be proven', async () => {
  const { database, secrets } = people;
  const unconfirmed = phone();
  const { id } = await people.citizen('Bukti', { profile: { phone_number: unconfirmed.value } });
  expect(await proveContact(database, secrets, unconfirmed, id)).toBe(false);
  expect(await proveContact(database, secrets, phone(), id)).toBe(false);
  expect(await counting(id)).toEqual([email('Bukti').value]);
});

test('contacts that a load has added count as well', async () => {
  const { database, secrets } = people;
  const number = phone();
  const [id] = await database.batch((tx) =>
    createAccounts(tx, secrets, [{ name: 'Muatan', language: 'id', identifier: number }]),
  );
  expect(await counting(id)).toEqual([number.value]);
});

test('nobody has no contacts, by the statements of somebody', async () => {
  const { database } = people;
  const { id } = await people.citizen('Seseorang');
  const somebody = await statementsOf(database, () => counting(id));
  expect(await statementsOf(database, () => counting(undefined))).toEqual(somebody);
  expect(await counting(undefined)).toEqual([]);
});
