import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSecrets, rotateMaster } from '#src/base/keys.ts';
import { wrappingKeyring } from '#src/base/secrets.ts';
import { findAccount, listAccountContacts, loadAccount, mayUse, resealAccountKeys } from '#src/people/accounts.ts';
import { claimIdentifier, findAccountId } from '#src/people/identifiers.ts';
import { createAccount } from '#src/people/new-accounts.ts';
import { saveProfile } from '#src/people/profile.ts';
import { setAccountState } from '#test/support/account-state.ts';
import { email, openPeople, type People, refusalOf, statementsOf } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

test('a person with one name has a name and no family name', async () => {
  const { database, secrets } = people;
  const { id } = await people.citizen('Wayan', { name: '  Wayan ' });
  const account = await loadAccount(database, secrets, id);
  expect(account).toMatchObject({ state: 'active', language: 'id' });
  expect(account.profile).toEqual({ name: 'Wayan', email: 'wayan@contoh.id', email_verified: true });
});

test('an account is found by its identifier, with one statement by its id, and by nothing else', async () => {
  const { database, secrets } = people;
  const { id } = await people.citizen('Siti');
  expect(await findAccountId(database, secrets, email('Siti'))).toBe(id);
  expect(await findAccountId(database, secrets, { kind: 'phone', value: 'siti@contoh.id' })).toBeUndefined();
  expect(await statementsOf(database, () => findAccount(database, secrets, id))).toHaveLength(1);
  expect(await findAccount(database, secrets, randomUUID())).toBeUndefined();
  for (const odd of ['', 'siti', `${id} `, id.toUpperCase(), "'; drop table accounts"])
    expect(await findAccount(database, secrets, odd), odd).toBeUndefined();
});

test('the database holds no name, address or number to read', async () => {
  const { database } = people;
  await people.citizen('Rahasia', { profile: { phone_number: '+6281299990001', phone_number_verified: true } });
  for (const table of ['accounts', 'contacts', 'contact_uses', 'identifiers', 'account_events']) {
    const rows = await database.query<Record<string, unknown>>(`select t.* from ${table} t`);
    expect(rows.length, table).toBeGreaterThan(0);
    const text = rows
      .flatMap((row) => Object.values(row))
      .map((v) => (Buffer.isBuffer(v) ? v.toString('latin1') : JSON.stringify(v)));
    expect(text.join('\n'), table).not.toMatch(/rahasia|99990001/i);
  }
});

test('the contacts named by a profile become contacts, as proven as the profile says', async () => {
  const { database, secrets } = people;
  const profile = { phone_number: '+6281200001111', phone_number_verified: false };
  const { id } = await people.citizen('Kontak', { profile });
  const contacts = await listAccountContacts(database, secrets, id);
  expect(contacts).toContainEqual(
    expect.objectContaining({ value: 'kontak@contoh.id', isIdentifier: true, confirmedAt: expect.any(Date) }),
  );
  expect(contacts).toContainEqual(
    expect.objectContaining({ value: '+6281200001111', isIdentifier: false, confirmedAt: undefined }),
  );
  expect(await findAccountId(database, secrets, { kind: 'phone', value: '+6281200001111' })).toBeUndefined();
});

test('a contact is shared by five accounts at most, also when ten ask at once', async () => {
  const profile = { phone_number: '+6281200002222', phone_number_verified: true };
  const asks = Array.from({ length: 10 }, (_, i) =>
    refusalOf(
      people.request((db) =>
        createAccount(db, people.secrets, {
          name: `Keluarga ${i}`,
          language: 'id',
          identifier: email(`keluarga-${i}`),
          profile,
        }),
      ),
    ),
  );
  const outcomes = await Promise.all(asks);
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(5);
  expect(outcomes.filter((code) => code === 'contact_shared_too_often')).toHaveLength(5);
});

test('of fifty sign-ups at one address at once exactly one opens an account', async () => {
  const { database, secrets } = people;
  const identifier = email('berebut');
  const signUps = Array.from({ length: 50 }, () =>
    refusalOf(people.request((db) => createAccount(db, secrets, { name: 'Berebut', language: 'id', identifier }))),
  );
  const outcomes = await Promise.all(signUps);
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
  expect(outcomes.filter((code) => code === 'identifier_taken')).toHaveLength(49);
  expect(await findAccountId(database, secrets, identifier)).toBeDefined();
  const uses = await database.query(`select slot from contact_uses where value_index = $1`, [
    secrets.index('email', identifier.value),
  ]);
  expect(uses).toHaveLength(1);
});

test('a sign-up ends an earlier unconfirmed claim to the address', async () => {
  const { database, secrets } = people;
  const lying = await people.citizen('Pengintai', { profile: { phone_number: '+6281200003333' } });
  const phone = { kind: 'phone', value: '+6281200003333' } as const;
  await claimIdentifier(database, secrets, phone, lying.id);
  const { id } = await createAccount(database, secrets, { name: 'Pemilik', language: 'id', identifier: phone });
  expect(await findAccountId(database, secrets, phone)).toBe(id);
  expect(await listAccountContacts(database, secrets, lying.id)).toHaveLength(1);
});

test.each([
  ['an e-mail address', { kind: 'email', value: 'rebutan@contoh.id' }, 'email'],
  ['a phone number', { kind: 'phone', value: '+6281200004444' }, 'phone_number'],
] as const)(
  'a sign-up at %s ends it as an unconfirmed contact of all others, and leaves the rest',
  async (_, identifier, claim) => {
    const { database, secrets } = people;
    const named = (verified: boolean) => ({
      nickname: 'Teman',
      [claim]: identifier.value,
      [`${claim}_verified`]: verified,
    });
    const at = (name: string) => ({ kind: 'email', value: `${name}-${claim}@contoh.id` }) as const;
    const own = claim === 'email' ? ({ kind: 'phone', value: '+6281200005551' } as const) : at('pengaku');
    const other = claim === 'email' ? ({ kind: 'phone', value: '+6281200005552' } as const) : at('keluarga');
    const lying = await people.citizen('Pengaku', { identifier: own, profile: named(false) });
    const family = await people.citizen('Keluarga', { identifier: other, profile: named(true) });

    const { id } = await createAccount(database, secrets, { name: 'Pemilik', language: 'id', identifier });

    expect(await listAccountContacts(database, secrets, lying.id)).toEqual([expect.objectContaining(own)]);
    const left = await loadAccount(database, secrets, lying.id);
    expect(left.profile).toMatchObject({ name: 'Pengaku', nickname: 'Teman' });
    expect(left.profile).not.toHaveProperty(claim);
    expect(left.profile).not.toHaveProperty(`${claim}_verified`);
    expect(await listAccountContacts(database, secrets, family.id)).toHaveLength(2);
    expect((await loadAccount(database, secrets, family.id)).profile).toMatchObject(named(true));
    const uses = await database.query<{ account_id: string }>(
      `select account_id from contact_uses where value_index = $1`,
      [secrets.index(identifier.kind, identifier.value)],
    );
    expect(uses.map((use) => use.account_id).sort()).toEqual([family.id, id].sort());
  },
);

test('a claim without confirmation is found by nobody', async () => {
  const { database, secrets } = people;
  await claimIdentifier(database, secrets, email('menunggu'), randomUUID());
  expect(await findAccountId(database, secrets, email('menunggu'))).toBeUndefined();
});

test('a changed profile keeps the contacts and says when it changed', async () => {
  const { database, secrets } = people;
  const { id, createdAt } = await people.citizen('Ubah');
  await saveProfile(database, secrets, id, {
    name: 'Ubah Nama',
    nickname: 'Uba',
    email: 'lain@contoh.id',
    email_verified: true,
  });
  const account = await loadAccount(database, secrets, id);
  expect(account.profile).toEqual({
    name: 'Ubah Nama',
    nickname: 'Uba',
    email: 'ubah@contoh.id',
    email_verified: true,
  });
  expect(account.updatedAt.getTime()).toBeGreaterThanOrEqual(createdAt.getTime());
  const events = await database.query(
    `select details from account_events where account_id = $1 and kind = 'profile.changed'`,
    [id],
  );
  expect(events).toEqual([{ details: { claims: ['name', 'nickname'] } }]);
});

test.each(['', '   ', '12345', 'a'.repeat(201), 'Siti\u0000', 'Siti\u202etxt', '\ud800'])(
  '%j is no name',
  async (name) => {
    expect(await refusalOf(people.citizen(randomUUID(), { name }))).toBe('name_invalid');
  },
);

test.each(['Ni Luh Ayu', "D'Angelo", 'Nguyễn Văn A', '김민수', 'I Gusti Ngurah Rai', 'A'])(
  '%s is a name',
  async (name) => {
    const account = await people.citizen(randomUUID(), { name });
    expect(account.profile.name).toBe(name.normalize('NFC'));
  },
);

test('only active and closing accounts may be used', async () => {
  const { database, secrets } = people;
  const { id } = await people.citizen('Hidup');
  for (const [state, usable] of [
    ['frozen', false],
    ['disabled', false],
    ['closing', true],
    ['active', true],
  ] as const) {
    await setAccountState(database, id, state);
    expect(mayUse(await loadAccount(database, secrets, id)), state).toBe(usable);
  }
});

test('everything sealed opens after the master key is rotated and the old one thrown away', async () => {
  await using own = await openPeople();
  const { database, masterKey } = own;
  const { id } = await own.citizen('Kunci', {
    profile: { phone_number: '+6281200004444', phone_number_verified: true },
  });
  await own.citizen('Kedua');
  const newKey = randomBytes(32);
  const both = await loadSecrets(database, [newKey, masterKey]);
  await rotateMaster(database, wrappingKeyring([newKey, masterKey]));
  expect(await resealAccountKeys(database, both.wrap, { batch: 1 })).toBe(2);
  expect(await resealAccountKeys(database, both.wrap)).toBe(0);
  const alone = await loadSecrets(database, [newKey]);
  expect(await findAccountId(database, alone, email('Kunci'))).toBe(id);
  expect((await loadAccount(database, alone, id)).profile.name).toBe('Kunci');
  expect(await listAccountContacts(database, alone, id)).toHaveLength(2);
});

test('a profile copied into the row of another account does not open there', async () => {
  const { database, secrets } = people;
  const [one, other] = [await people.citizen('Satu'), await people.citizen('Dua')];
  await database.execute(
    `update accounts set data_key = c.data_key, profile = c.profile from accounts c where c.id = $1 and accounts.id = $2`,
    [one.id, other.id],
  );
  const account = await findAccount(database, secrets, other.id);
  expect(() => account?.profile).toThrow(/does not open/);
});
