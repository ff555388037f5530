import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freezeAccount, unfreezeAccount } from '#src/people/account-life.ts';
import { loadAccount } from '#src/people/accounts.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import {
  cancelRecovery,
  completeRecovery,
  countAsTwo,
  isOfRecovery,
  isReady,
  type Recovery,
  type RecoveryContact,
  readRecoveries,
  startRecovery,
} from '#src/people/recoveries.ts';
import { setAccountState } from '#test/support/account-state.ts';
import { useMovedClock } from '#test/support/clock.ts';
import { email, openPeople, type People, refusalOf } from './people.ts';

const hour = 3600;
const day = 24 * hour;

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

const pass = useMovedClock();

let citizens = 0;

/** Somebody new with two contacts, and what they may do. */
async function somebody() {
  const { secrets } = people;
  citizens += 1;
  const { id } = await people.citizen(`warga-${citizens}`);
  const contacts: [Identifier, Identifier] = [
    email(`warga-${citizens}`),
    { kind: 'phone', value: `+62812000${1000 + citizens}` },
  ];
  const asked = { accountId: id, contacts };
  return {
    id,
    contacts,
    start: () => people.request((db) => startRecovery(db, secrets, asked, { seconds: day })),
    cancel: ({ id: recovery }: Recovery) => people.request((db) => cancelRecovery(db, { accountId: id, id: recovery })),
    complete: ({ id: recovery }: Pick<Recovery, 'id'>, proven = contacts) =>
      refusalOf(
        people.request((db) => completeRecovery(db, secrets, { accountId: id, id: recovery, contacts: proven })),
      ),
    state: () => readRecoveries(people.database, id),
  };
}

describe('two contacts count as two', () => {
  const device = randomBytes(32);
  const contact = (value: string, more: Partial<RecoveryContact> = {}): RecoveryContact => ({
    kind: 'email',
    value,
    isShared: false,
    confirmedAt: new Date(),
    firstDevice: randomBytes(32),
    ...more,
  });
  const old = { confirmedAt: new Date(Date.now() - 31 * day * 1000) };
  const almostOld = { confirmedAt: new Date(Date.now() - 29 * day * 1000) };

  test.each([
    ['of two browsers', contact('a'), contact('b'), true],
    ['twice the same', contact('a'), contact('a'), false],
    ['of one browser', contact('a', { firstDevice: device }), contact('b', { firstDevice: device }), false],
    [
      'of one browser, one old',
      contact('a', { firstDevice: device, ...old }),
      contact('b', { firstDevice: device }),
      true,
    ],
    [
      'of one browser, 29 days',
      contact('a', { firstDevice: device, ...almostOld }),
      contact('b', { firstDevice: device }),
      false,
    ],
    ['of nobody knows which', contact('a', { firstDevice: undefined }), contact('b'), false],
    ['of nobody knows which, one old', contact('a', { firstDevice: undefined, ...old }), contact('b'), true],
    ['one of them shared, both old', contact('a', { isShared: true, ...old }), contact('b', old), false],
  ])('%s', (_, one, other, counts) => {
    expect(countAsTwo(one, other)).toBe(counts);
    expect(countAsTwo(other, one)).toBe(counts);
  });
});

test('waits, is completed once with the same two contacts in any order, and restricts the account', async () => {
  const siti = await somebody();
  const { recovery, isNew } = await siti.start();
  expect(isNew).toBe(true);
  expect(isReady(recovery)).toBe(false);
  expect(siti.contacts.every((contact) => isOfRecovery(people.secrets, recovery, contact))).toBe(true);
  expect(await siti.complete(recovery)).toBe('recovery_over');
  pass(day - 1);
  expect(await siti.complete(recovery)).toBe('recovery_over');
  pass(1);
  const [mail, phone] = siti.contacts;
  expect(await siti.complete(recovery, [mail, email('orang-lain')])).toBe('recovery_over');
  expect(await siti.complete(recovery, [phone, mail])).toBeUndefined();
  expect(await siti.complete(recovery)).toBe('recovery_over');
  const { restrictedAt } = await loadAccount(people.database, people.secrets, siti.id);
  expect(restrictedAt).toEqual(new Date());
});

test('asking again changes neither the end of the wait nor the contacts', async () => {
  const siti = await somebody();
  const { recovery } = await siti.start();
  pass(hour);
  expect(await siti.start()).toEqual({ recovery, isNew: false });
});

test('of fifty that begin at once one waits; of fifty that complete it one succeeds', async () => {
  const siti = await somebody();
  const begun = await Promise.all(Array.from({ length: 50 }, () => siti.start()));
  expect(begun.filter(({ isNew }) => isNew)).toHaveLength(1);
  const ids = new Set(begun.map(({ recovery }) => recovery.id));
  expect(ids.size).toBe(1);
  pass(day);
  const [id = ''] = ids;
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => siti.complete({ id })));
  expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(1);
});

test('is cancelled or completed, never both', async () => {
  const siti = await somebody();
  const { recovery } = await siti.start();
  pass(day);
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, async (_, i) =>
      i % 2 === 0 ? await siti.cancel(recovery) : (await siti.complete(recovery)) === undefined,
    ),
  );
  expect(outcomes.filter(Boolean)).toHaveLength(1);
});

test('is over a week after the wait, and the next one waits anew', async () => {
  const siti = await somebody();
  const { recovery } = await siti.start();
  pass(8 * day);
  expect(await siti.complete(recovery)).toBe('recovery_over');
  expect((await siti.state()).waiting).toBeUndefined();
  const next = await siti.start();
  expect(next.isNew).toBe(true);
  expect(next.recovery.id).not.toBe(recovery.id);
});

test('is closed after two that were cancelled; one that ran out does not count, a completed one opens it again', async () => {
  const siti = await somebody();
  await siti.cancel((await siti.start()).recovery);
  pass(hour);
  const { recovery } = await siti.start();
  pass(day);
  await siti.complete(recovery);
  pass(hour);
  await siti.cancel((await siti.start()).recovery);
  pass(hour);
  await siti.start();
  pass(9 * day);
  expect((await siti.state()).isClosed).toBe(false);
  const last = await siti.start();
  expect(await siti.cancel(last.recovery)).toBe(true);
  expect(await siti.cancel(last.recovery)).toBe(false);
  expect(await siti.state()).toMatchObject({ waiting: undefined, isClosed: true });
  expect(await refusalOf(siti.start())).toBe('recovery_closed');
});

test('one account’s recovery is not cancelled or completed as another’s', async () => {
  const [siti, budi] = [await somebody(), await somebody()];
  const { recovery } = await siti.start();
  pass(day);
  expect(await budi.cancel(recovery)).toBe(false);
  expect(await budi.complete(recovery)).toBe('recovery_over');
  expect((await siti.state()).waiting).toBeDefined();
});

test('ends for good when the account is frozen, also when it is opened again in time', async () => {
  const siti = await somebody();
  const { recovery } = await siti.start();
  await people.request((db) => freezeAccount(db, siti.id, { reason: 'asked' }));
  await people.request((db) => unfreezeAccount(db, siti.id, { reason: 'asked' }));
  pass(day);
  expect(await siti.complete(recovery)).toBe('recovery_over');
});

test('a second recovery does not make old what the first one brought', async () => {
  const siti = await somebody();
  const restrictedAt = async () => (await loadAccount(people.database, people.secrets, siti.id)).restrictedAt;
  const first = (await siti.start()).recovery;
  pass(day);
  await siti.complete(first);
  const since = await restrictedAt();
  pass(hour);
  const second = (await siti.start()).recovery;
  pass(day);
  expect(await siti.complete(second)).toBeUndefined();
  expect(await restrictedAt()).toEqual(since);
});

test.each(['disabled', 'frozen'] as const)('does not begin for a %s account', async (state) => {
  const siti = await somebody();
  await setAccountState(people.database, siti.id, state);
  expect(await refusalOf(siti.start())).toBe('account_unavailable');
});
