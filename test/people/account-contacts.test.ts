import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Db } from '#src/base/database.ts';
import {
  confirmAsIdentifier,
  confirmContact,
  dropIdentifier,
  giveOut,
  removeContact,
} from '#src/people/account-contacts.ts';
import { listAccountContacts, loadAccount } from '#src/people/accounts.ts';
import { listCountingContacts } from '#src/people/contacts.ts';
import { listFurtherWays } from '#src/people/further-ways.ts';
import { findAccountId, type Identifier } from '#src/people/identifiers.ts';
import { noMakers } from '#src/people/makers.ts';
import { createAccount } from '#src/people/new-accounts.ts';
import { setAccountState } from '#test/support/account-state.ts';
import { email, openPeople, type People, phone, refusalOf } from './people.ts';

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

const proven = (accountId: string, contact: Identifier, device?: Buffer) => ({ accountId, contact, device });
const add = (accountId: string, contact: Identifier, db: Db = people.database) =>
  confirmContact(db, people.secrets, proven(accountId, contact));
const addToSignIn = (accountId: string, contact: Identifier, db: Db = people.database) =>
  confirmAsIdentifier(db, people.secrets, proven(accountId, contact));
const remove = (accountId: string, contact: Identifier, db: Db = people.database) =>
  removeContact(db, people.secrets, accountId, contact);
const profileOf = async (id: string) => (await loadAccount(people.database, people.secrets, id)).profile;
const ownerOf = (identifier: Identifier) => findAccountId(people.database, people.secrets, identifier);
const valuesOf = async (id: string) =>
  (await listAccountContacts(people.database, people.secrets, id)).map(({ value }) => value);

async function eventsOf(id: string): Promise<string[]> {
  const rows = await people.database.query<{ kind: string }>(
    `select kind from account_events where account_id = $1 and kind <> 'account.created' order by at`,
    [id],
  );
  return rows.map(({ kind }) => kind).sort();
}

test('a proven address is a contact that counts, with its browser; the profile gives it out where it has none', async () => {
  const { database, secrets } = people;
  const { id } = await people.citizen('Tambah');
  const [number, device] = [phone(), randomBytes(32)];
  expect(await confirmContact(database, secrets, proven(id, number, device))).toBe('added');
  const counting = await listCountingContacts(database, secrets, id);
  expect(counting).toContainEqual(
    expect.objectContaining({ ...number, isIdentifier: false, isShared: false, firstDevice: device }),
  );
  expect(await profileOf(id)).toMatchObject({ phone_number: number.value, phone_number_verified: true });
  expect(await ownerOf(number)).toBeUndefined();
  expect(await eventsOf(id)).toEqual(['contact.added', 'profile.changed']);
});

test('a second one of its kind changes nothing that apps are given, until it is chosen', async () => {
  const { id } = await people.citizen('Kedua');
  const second = email('kedua.lagi');
  await add(id, second);
  expect(await profileOf(id)).toMatchObject({ email: 'kedua@contoh.id' });
  expect(await giveOut(people.database, people.secrets, id, second)).toBe(true);
  expect(await profileOf(id)).toMatchObject({ email: second.value, email_verified: true });
  expect(await giveOut(people.database, people.secrets, id, email('bukan.kontak'))).toBe(false);
});

test('an address may be a contact of two accounts; one signs in with it', async () => {
  const [mother, child] = [await people.citizen('Ibu'), await people.citizen('Anak')];
  const number = phone();
  await addToSignIn(mother.id, number);
  await add(child.id, number);
  expect(await ownerOf(number)).toBe(mother.id);
  for (const { id } of [mother, child]) {
    const shared = await listCountingContacts(people.database, people.secrets, id);
    expect(shared.find(({ value }) => value === number.value)?.isShared).toBe(true);
  }
  const before = await eventsOf(child.id);
  expect(await refusalOf(people.request((db) => addToSignIn(child.id, number, db)))).toBe('identifier_elsewhere');
  expect(await eventsOf(child.id)).toEqual(before);
  expect(await ownerOf(number)).toBe(mother.id);
});

test('an address that another account has typed and never proven goes to who proves it', async () => {
  const number = phone();
  const lying = await people.citizen('Pengaku', { profile: { phone_number: number.value } });
  const owner = await people.citizen('Pemilik');
  await addToSignIn(owner.id, number);
  expect(await ownerOf(number)).toBe(owner.id);
  expect(await valuesOf(lying.id)).toEqual(['pengaku@contoh.id']);
  expect(await profileOf(lying.id)).not.toHaveProperty('phone_number');
});

test('of twenty that two accounts prove at once as their own, all of one account succeed and none of the other', async () => {
  const [one, other] = [await people.citizen('Satu'), await people.citizen('Dua')];
  const number = phone();
  const outcomes = await Promise.all(
    // As many as there are connections: each holds one while it waits for the first.
    Array.from({ length: 20 }, async (_, i) => {
      const { id } = i % 2 ? one : other;
      return { id, refusal: await refusalOf(people.request((db) => addToSignIn(id, number, db))) };
    }),
  );
  const owner = await ownerOf(number);
  expect([one.id, other.id]).toContain(owner);
  for (const { id, refusal } of outcomes) expect(refusal).toBe(id === owner ? undefined : 'identifier_elsewhere');
  const rows = await people.database.query('select account_id from identifiers where value_index = $1', [
    people.secrets.index(number.kind, number.value),
  ]);
  expect(rows).toEqual([{ account_id: owner }]);
  const loser = owner === one.id ? other.id : one.id;
  expect(await valuesOf(loser)).toHaveLength(1);
  expect((await eventsOf(owner ?? '')).filter((kind) => kind === 'identifier.added')).toHaveLength(1);
});

test('of sign-ups and accounts that prove one address at once exactly one has it', async () => {
  const address = email('semua.mau');
  const { id } = await people.citizen('Lama');
  const { secrets } = people;
  const signUp = (db: Db) => createAccount(db, secrets, { name: 'Baru', language: 'id', identifier: address });
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      refusalOf(people.request((db): Promise<unknown> => (i % 2 ? signUp(db) : addToSignIn(id, address, db)))),
    ),
  );
  const isOurs = (await ownerOf(address)) === id;
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(isOurs ? 10 : 1);
  expect(outcomes.filter((code) => code === 'identifier_taken')).toHaveLength(isOurs ? 10 : 9);
  expect(outcomes.filter((code) => code === 'identifier_elsewhere')).toHaveLength(isOurs ? 0 : 10);
});

test('the last contact and the last address to sign in with stay; two removals at once leave one', async () => {
  const { id } = await people.citizen('Terakhir');
  const own = email('Terakhir');
  expect(await refusalOf(remove(id, own))).toBe('contact_last');
  const number = phone();
  await add(id, number);
  expect(await refusalOf(remove(id, own))).toBe('identifier_last');
  expect(await refusalOf(dropIdentifier(people.database, people.secrets, id, own))).toBe('identifier_last');
  await addToSignIn(id, number);
  const outcomes = await Promise.all(
    [own, number].map((contact) => refusalOf(people.request((db) => remove(id, contact, db)))),
  );
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
  expect(outcomes).toContain('contact_last');
  expect(await valuesOf(id)).toHaveLength(1);
});

test('what was added to an older account is on trial for a day: it takes the place of nothing, and makes no sign-in surer', async () => {
  const { database, secrets } = people;
  const { id } = await people.citizen('Direbut');
  pass(30 * DAY);
  const [thiefs, own] = [phone(), email('Direbut')];
  await addToSignIn(id, thiefs);
  expect(await refusalOf(remove(id, own))).toBe('contact_on_trial');
  expect(await refusalOf(dropIdentifier(database, secrets, id, own))).toBe('contact_on_trial');
  const further = () =>
    listFurtherWays(database, { secrets, makers: noMakers }, { accountId: id, amr: ['pwd'], typed: own });
  expect(await further()).toEqual([]);
  pass(DAY - 1);
  expect(await refusalOf(remove(id, own))).toBe('contact_on_trial');
  pass(1);
  expect(await further()).toMatchObject([{ by: 'code', contact: thiefs }]);
  expect(await remove(id, own)).toBe(true);
});

test('a number not proven for 90 days is no contact to be left with', async () => {
  const { id } = await people.citizen('Basi');
  await addToSignIn(id, phone());
  pass(91 * DAY);
  expect(await refusalOf(remove(id, email('Basi')))).toBe('contact_last');
});

test('what is removed is free again, is not given out any more, and the next of its kind is', async () => {
  const { id } = await people.citizen('Lepas');
  const [first, second] = [phone(), phone()];
  await addToSignIn(id, first);
  pass(1000);
  await add(id, second);
  expect(await remove(id, first)).toBe(true);
  expect(await remove(id, first)).toBe(false);
  expect(await ownerOf(first)).toBeUndefined();
  expect(await profileOf(id)).toMatchObject({ phone_number: second.value, phone_number_verified: true });
  await remove(id, second);
  expect(await profileOf(id)).not.toHaveProperty('phone_number');
  const uses = await people.database.query('select 1 from contact_uses where account_id = $1', [id]);
  expect(uses).toHaveLength(1);
  const next = await people.citizen('Berikutnya');
  await addToSignIn(next.id, first);
  expect(await ownerOf(first)).toBe(next.id);
  expect(await eventsOf(id)).toEqual([
    'contact.added',
    'contact.added',
    'contact.removed',
    'contact.removed',
    'identifier.added',
    'identifier.removed',
    'profile.changed',
    'profile.changed',
    'profile.changed',
  ]);
});

test('an address that no longer signs in stays a contact', async () => {
  const { id } = await people.citizen('Hanya');
  const number = phone();
  await addToSignIn(id, number);
  expect(await dropIdentifier(people.database, people.secrets, id, number)).toBe(true);
  expect(await dropIdentifier(people.database, people.secrets, id, number)).toBe(false);
  expect(await ownerOf(number)).toBeUndefined();
  expect(await valuesOf(id)).toContain(number.value);
});

test('a number is confirmed anew by its owner, and keeps the browser it came with', async () => {
  const { database, secrets } = people;
  const { id } = await people.citizen('Ulang');
  const [number, device] = [phone(), randomBytes(32)];
  await confirmContact(database, secrets, proven(id, number, device));
  pass(91 * DAY);
  const isCounting = async () =>
    (await listCountingContacts(database, secrets, id)).find(({ value }) => value === number.value);
  expect(await isCounting()).toBeUndefined();
  expect(await confirmContact(database, secrets, proven(id, number, randomBytes(32)))).toBe('confirmed');
  expect(await isCounting()).toMatchObject({ provenAt: new Date(), firstDevice: device });
});

test('ten contacts are enough, and a sixth account does not share one', async () => {
  const { id } = await people.citizen('Banyak');
  for (let i = 0; i < 9; i += 1) await add(id, phone());
  const eleventh = phone();
  for (const change of [add, addToSignIn])
    expect(await refusalOf(people.request((db) => change(id, eleventh, db)))).toBe('contacts_full');
  const claims = await people.database.query('select 1 from identifiers where account_id = $1', [id]);
  expect(claims).toHaveLength(1);
  const family = phone();
  for (let i = 0; i < 5; i += 1) await add((await people.citizen(`Kerabat-${i}`)).id, family);
  expect(await refusalOf(add((await people.citizen('Keenam')).id, family))).toBe('contact_shared_too_often');
});

test('an account that may not be used changes nothing', async () => {
  const { id } = await people.citizen('Beku');
  await setAccountState(people.database, id, 'frozen');
  for (const change of [add, addToSignIn, remove])
    expect(await refusalOf(change(id, email('Beku')))).toBe('account_unavailable');
});
