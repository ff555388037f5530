import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import {
  closeAccount,
  disableAccount,
  enableAccount,
  freezeAccount,
  lifeSteps,
  reopenAccount,
  unfreezeAccount,
} from '#src/people/account-life.ts';
import { type AccountState, loadAccount, mayUse } from '#src/people/accounts.ts';
import { openPeople, type People } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

afterEach(() => {
  vi.useRealTimers();
});

const asked = { reason: 'asked' } as const;
const operator = { reason: 'perkara 12', actor: 'command' };

async function citizenIn(state: AccountState): Promise<string> {
  const { id } = await people.citizen(randomUUID());
  await people.database.execute(
    `update accounts set state = $3, merged_into = $4, state_since = $5, closes_at = $6, frozen_at = $7
     where shard = $1 and id = $2`,
    [
      ...[shardOf(id), id, state, state === 'merged' ? randomUUID() : null, new Date()],
      state === 'closing' ? new Date(Date.now() + 1000) : null,
      state === 'frozen' ? new Date() : null,
    ],
  );
  return id;
}

async function lifeOf(id: string) {
  const row = await people.database.first(
    `select state, state_reason, state_since, closes_at, frozen_at from accounts where shard = $1 and id = $2`,
    [shardOf(id), id],
  );
  return row as Record<'state' | 'state_reason' | 'state_since' | 'closes_at' | 'frozen_at', unknown>;
}

function eventsOf(id: string) {
  return people.database.query<{ kind: string; details: object }>(
    `select kind, details from account_events where shard = $1 and account_id = $2 and kind <> 'account.created' order by at`,
    [shardOf(id), id],
  );
}

function adminEventsOf(id: string) {
  return people.database.query(`select kind, actor, details from admin_events where subject = $1 order by at`, [
    `account ${id}`,
  ]);
}

const takes = {
  freeze: (id: string) => freezeAccount(people.database, id, asked),
  unfreeze: (id: string) => unfreezeAccount(people.database, id, asked),
  disable: (id: string) => disableAccount(people.database, id, operator),
  enable: (id: string) => enableAccount(people.database, id, operator),
  close: (id: string) => closeAccount(people.database, id),
  reopen: (id: string) => reopenAccount(people.database, id),
};

describe('a step is taken from where it starts, and from nowhere else', () => {
  const states: AccountState[] = ['active', 'frozen', 'disabled', 'closing', 'erasing', 'merged'];
  const names = Object.keys(takes) as (keyof typeof takes)[];
  test.each(names.flatMap((name) => states.map((state) => [name, state] as const)))('%s, %s', async (name, state) => {
    const id = await citizenIn(state);
    const { from, to }: { from: readonly AccountState[]; to: AccountState } = lifeSteps[name];
    const taken = Boolean(await takes[name](id));
    expect(taken).toBe(from.includes(state));
    expect((await lifeOf(id)).state).toBe(taken ? to : state);
    expect(await eventsOf(id)).toHaveLength(taken ? 1 : 0);
  });

  test('and of nobody', async () => {
    for (const take of Object.values(takes)) expect(await take(randomUUID())).toBeFalsy();
  });
});

test('of fifty who freeze at once one does, and one event says so', async () => {
  const { id } = await people.citizen('Beku');
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, () => people.request((db) => freezeAccount(db, id, { reason: 'not-me' }))),
  );
  expect(outcomes.filter(Boolean)).toHaveLength(1);
  expect(await eventsOf(id)).toEqual([{ kind: 'account.frozen', details: { by: 'owner', reason: 'not-me' } }]);
});

test('an account that is closing can be used, until its owner or an operator holds it', async () => {
  const id = await citizenIn('active');
  expect(await closeAccount(people.database, id)).toBeInstanceOf(Date);
  expect(mayUse(await loadAccount(people.database, people.secrets, id))).toBe(true);
  expect(await freezeAccount(people.database, id, { reason: 'not-me' })).toBe(true);
  expect(mayUse(await loadAccount(people.database, people.secrets, id))).toBe(false);
  expect(await lifeOf(id)).toMatchObject({ state: 'frozen', closes_at: null, frozen_at: expect.any(Date) });
});

test('there are fourteen days to change one’s mind, and not one second more', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { database } = people;
  for (const [late, outcome] of [
    [-1, true],
    [0, false],
  ] as const) {
    const id = await citizenIn('active');
    const closesAt = await closeAccount(database, id);
    expect(closesAt?.getTime()).toBe(Date.now() + 14 * 24 * 3600 * 1000);
    vi.setSystemTime((closesAt?.getTime() ?? 0) + late);
    expect(await reopenAccount(database, id)).toBe(outcome);
    expect((await lifeOf(id)).closes_at === null).toBe(outcome);
  }
});

test('who came back by contacts alone cannot end the account', async () => {
  const id = await citizenIn('active');
  await people.database.execute(`update accounts set restricted_at = $3 where shard = $1 and id = $2`, [
    ...[shardOf(id), id, new Date()],
  ]);
  expect(await closeAccount(people.database, id)).toBeUndefined();
  expect((await lifeOf(id)).state).toBe('active');
});

test('what its owner has frozen is frozen again after a time of being disabled', async () => {
  const id = await citizenIn('active');
  await freezeAccount(people.database, id, { reason: 'not-me' });
  const { frozen_at } = await lifeOf(id);
  await disableAccount(people.database, id, operator);
  expect(await enableAccount(people.database, id, operator)).toBe('frozen');
  expect(await lifeOf(id)).toMatchObject({ state: 'frozen', frozen_at, state_since: frozen_at });
});

test('an operator answers for a step in words of their own, which the account’s history does not hold', async () => {
  const { database } = people;
  const id = await citizenIn('active');
  await disableAccount(database, id, operator);
  expect(await lifeOf(id)).toMatchObject({ state_reason: 'perkara 12' });
  await enableAccount(database, id, { ...operator, reason: 'perkara selesai' });
  expect(await lifeOf(id)).toMatchObject({ state: 'active', state_reason: null, state_since: null });
  expect(JSON.stringify(await eventsOf(id))).not.toContain('perkara');
  expect(await adminEventsOf(id)).toEqual([
    { kind: 'account.disabled', actor: 'command', details: { reason: 'perkara 12' } },
    { kind: 'account.enabled', actor: 'command', details: { reason: 'perkara selesai' } },
  ]);
});
