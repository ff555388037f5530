/** A mobile carrier puts thousands of people behind one address: none of them may be slowed by the others. */
import argon2 from 'argon2';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { limits } from '#src/base/limits.ts';
import { Refusal } from '#src/base/refusals.ts';
import { shardOf } from '#src/base/secrets.ts';
import { listNumberedAccounts, numberedAddress, openNumberedCitizens } from '#src/people/numbered-citizens.ts';
import { signInWithPassword } from '#src/people/sign-in.ts';
import { atCost, networkOf } from '#src/people/throttles.ts';
import { openPeople, type People, refusalOf } from './people.ts';

const CITIZENS = 10_000;
const BATCH = 2_500;
const AT_ONCE = 40;
const RIGHT = 'kopi hujan sepatu';
const CARRIER = '203.0.113.7';

let people: People;
/** Account ids by the citizens' numbers. */
const accounts = new Map<number, string>();

const numbers = Array.from({ length: CITIZENS }, (_, i) => i + 1);
/** Half of them have been here before with the browser that they hold. */
const isKnown = (number: number) => number % 2 === 0;
const deviceOf = (number: number) => Buffer.alloc(32, `browser of ${number}`);

beforeAll(async () => {
  people = await openPeople();
  const { database, secrets } = people;
  // No hash is made ten thousand times: the limits are looked at, not argon2.
  vi.spyOn(argon2, 'verify').mockImplementation(async (_, password) => password === RIGHT);
  const hash = await argon2.hash(RIGHT, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  for (let i = 0; i < CITIZENS; i += BATCH) {
    const some = numbers.slice(i, i + BATCH);
    await database.transaction(async (tx) => {
      await openNumberedCitizens(tx, secrets, some, hash);
      for (const [number, id] of await listNumberedAccounts(tx, secrets, some)) accounts.set(number, id);
    });
    await rememberAll(some.filter(isKnown));
  }

  async function rememberAll(some: readonly number[]): Promise<void> {
    const ids = some.map((number) => accounts.get(number) ?? '');
    await database.execute(
      `insert into devices (shard, account_id, device_hash, first_seen_at, last_seen_at, expires_at)
       select shard, id, device, $4, $4, $5 from unnest($1::smallint[], $2::uuid[], $3::bytea[]) as given (shard, id, device)`,
      [ids.map(shardOf), ids, some.map(deviceOf), new Date(), new Date(Date.now() + 1e9)],
    );
  }
});

afterAll(async () => {
  vi.restoreAllMocks();
  await people?.[Symbol.asyncDispose]();
});
afterEach(() => vi.useRealTimers());

function enter(number: number, password: string) {
  return signInWithPassword(people.database, people.secrets, people.throttles, {
    identifier: numberedAddress(number).value,
    password,
    network: CARRIER,
    // A browser that was never here has no cookie; one in three of them has one of somebody else's account.
    ...(isKnown(number) ? { device: deviceOf(number) } : number % 3 === 0 && { device: deviceOf(number + 1) }),
  });
}

/** Does something for many, so many at once. */
async function forMany(some: readonly number[], work: (number: number) => Promise<void>): Promise<void> {
  const left = [...some];
  const one = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

test('ten thousand honest citizens behind one address sign in, some of them after a slip or two', async () => {
  const refused = new Map<string, number>();
  let slips = 0;
  await forMany(numbers, async (number) => {
    // Four in a hundred mistype, one of them twice.
    const wrong = number % 100 < 4 ? 1 + Number(number % 100 === 0) : 0;
    for (let i = 0; i < wrong; i += 1) {
      slips += 1;
      expect(await refusalOf(enter(number, 'kopi hujan sepato'))).toBe('login_failed');
    }
    const outcome = await refusalOf(enter(number, RIGHT));
    if (outcome) refused.set(outcome, (refused.get(outcome) ?? 0) + 1);
  });
  expect(slips).toBe(500);
  expect([...refused]).toEqual([]);
}, 180_000);

test('one of them who guesses until the address is shut holds up first sign-ins, and nobody whose browser is known', async () => {
  const { throttles } = people;
  const cost = [['password_from_network', networkOf(CARRIER)]] as const;
  const guess = () =>
    refusalOf(atCost(throttles, { cost, counts: 'login_failed' }, () => Promise.reject(new Refusal('login_failed'))));
  for (let i = 0; i < limits.password_from_network.points; i += 1) if ((await guess()) !== 'login_failed') break;
  expect(await refusalOf(enter(101, RIGHT))).toBe('too_many_attempts');
  const known = numbers.filter(isKnown).slice(0, 200);
  await forMany(known, async (number) => expect(await refusalOf(enter(number, RIGHT))).toBeUndefined());
  // Elsewhere first sign-ins go on.
  const elsewhere = { identifier: numberedAddress(101).value, password: RIGHT, network: '198.51.100.4' };
  expect(await refusalOf(signInWithPassword(people.database, people.secrets, throttles, elsewhere))).toBeUndefined();
});
