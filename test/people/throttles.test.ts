import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Refusal } from '#src/base/refusals.ts';
import { createThrottles, limits, networkOf } from '#src/people/throttles.ts';
import { openPeople, type People, refusalOf, statementsOf } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

const LIMIT = 'password_from_network_to_account';
const { points, duration } = limits[LIMIT];

async function take(key: string, times: number) {
  return Promise.all(Array.from({ length: times }, () => refusalOf(people.throttles.take(LIMIT, key))));
}

test('of many parallel takes exactly as many pass as the limit allows', async () => {
  const outcomes = await take('parallel', points + 20);
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(points);
});

test('one take is one statement', async () => {
  expect(await statementsOf(people.database, () => people.throttles.take(LIMIT, 'counted'))).toHaveLength(1);
});

test('keys and limits do not touch each other', async () => {
  await take('crowded', points + 1);
  expect(await refusalOf(people.throttles.take(LIMIT, 'empty'))).toBeUndefined();
  expect(await refusalOf(people.throttles.take('password_from_network', 'crowded'))).toBeUndefined();
});

test('what is given back can be taken again, and no more than that', async () => {
  const { throttles } = people;
  await take('returned', points);
  await throttles.refund(LIMIT, 'returned');
  expect(await refusalOf(throttles.take(LIMIT, 'returned'))).toBeUndefined();
  expect(await refusalOf(throttles.take(LIMIT, 'returned'))).toBe('too_many_attempts');
  await expect(throttles.refund(LIMIT, 'never taken')).rejects.toThrow('not given back');
  expect(await take('never taken', points + 1)).toContain('too_many_attempts');
});

test('points that several give back at once are added up', async () => {
  await take('several', points);
  for (let i = 0; i < 3; i += 1) people.throttles.refundSoon(LIMIT, 'several');
  await people.database.settle();
  expect((await take('several', points)).filter((code) => code === undefined)).toHaveLength(3);
});

test('the refusal says when the window ends, and then it is over', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await take('window', points);
  vi.setSystemTime(Date.now() + (duration - 100) * 1000);
  const refusal = await people.throttles.take(LIMIT, 'window').catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Refusal);
  expect((refusal as Refusal).retryAfter).toBe(100);
  vi.setSystemTime(Date.now() + 100_000);
  expect(await take('window', points)).toEqual(Array(points).fill(undefined));
  expect(await refusalOf(people.throttles.take(LIMIT, 'window'))).toBe('too_many_attempts');
});

test('switched off, nothing is counted', async () => {
  const off = createThrottles(people.database, people.secrets, { enabled: false });
  const sent = await statementsOf(people.database, async () => {
    for (let i = 0; i <= points; i += 1) await off.take(LIMIT, 'off');
    await off.refund(LIMIT, 'off');
  });
  expect(sent).toEqual([]);
});

test('the table tells neither whom nor from where', async () => {
  await people.throttles.take(LIMIT, '203.0.113.0/24 siti@contoh.id');
  const rows = await people.database.query<{ key: Buffer }>('select key from throttles');
  expect(rows.map(({ key }) => key.toString('latin1')).join()).not.toMatch(/siti|203/);
});

test.each([
  ['203.0.113.77', '203.0.113.0/24'],
  ['::ffff:203.0.113.77', '203.0.113.0/24'],
  ['2001:db8:abcd:12::1', '2001:db8:abcd::/48'],
  ['2001:0DB8:ABCD:0012:0:0:0:1', '2001:db8:abcd::/48'],
  ['2001:db8::1', '2001:db8:0::/48'],
  ['::1', '0:0:0::/48'],
  ['fe80::1%eth0', 'fe80:0:0::/48'],
  ['127.0.0.1', '127.0.0.0/24'],
  ['203.0.113.0/24', '203.0.113.0/24'],
  ['2001:db8:abcd::/48', '2001:db8:abcd::/48'],
])('%s is in %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
