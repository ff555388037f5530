import { RateLimiterRes } from 'rate-limiter-flexible';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { limits } from '#src/base/limits.ts';
import { Refusal } from '#src/base/refusals.ts';
import { Total } from '#src/people/throttles/total.ts';
import { createThrottles, networkOf, type Throttles } from '#src/people/throttles.ts';
import { eventually } from '#test/support/eventually.ts';
import { openPeople, type People, refusalOf, statementsOf } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

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

test('beyond the limit one passes after half a minute, the next after a minute, and so on; then all begins anew', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const end = Date.now() + duration * 1000;
  await take('slower', points);
  const waits: number[] = [];
  for (;;) {
    const refusal = await people.throttles.take(LIMIT, 'slower').catch((error: unknown) => error);
    if (!(refusal instanceof Refusal)) throw new Error('more passed than one');
    const wait = refusal.retryAfter ?? 0;
    if (Date.now() + wait * 1000 >= end) break;
    vi.setSystemTime(Date.now() + wait * 1000 - 1);
    expect(await refusalOf(people.throttles.take(LIMIT, 'slower'))).toBe('too_many_attempts');
    vi.setSystemTime(Date.now() + 1);
    expect((await take('slower', 5)).filter((code) => code === undefined)).toHaveLength(1);
    waits.push(wait);
  }
  expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1920, 3840, 7680, 15_360, 21_600, 21_600]);
  vi.setSystemTime(end);
  expect(await take('slower', points)).toEqual(Array(points).fill(undefined));
  expect(await refusalOf(people.throttles.take(LIMIT, 'slower'))).toBe('too_many_attempts');
});

test('a deed that turned out well after a wait takes the next wait with it', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await take('relieved', points);
  vi.setSystemTime(Date.now() + 30_000);
  expect(await refusalOf(people.throttles.take(LIMIT, 'relieved'))).toBeUndefined();
  await people.throttles.refund(LIMIT, 'relieved');
  expect((await take('relieved', 5)).filter((code) => code === undefined)).toHaveLength(1);
});

test('nobody waits for points that this process is about to give back', async () => {
  await take('crowd', points);
  for (let i = 0; i < points; i += 1) people.throttles.refundSoon(LIMIT, 'crowd');
  expect((await take('crowd', points + 5)).filter((code) => code === undefined)).toHaveLength(points);
});

describe('a limit of everybody together', () => {
  const few = { ...limits, password_in_all: { ...limits.password_in_all, points: 20 } };
  const openProcess = () => createThrottles(people.database, people.secrets, { enabled: true, limits: few });
  const tryOften = (throttles: Throttles, times: number) =>
    Promise.all(Array.from({ length: times }, () => refusalOf(throttles.take('password_in_all', ''))));
  const passed = (outcomes: readonly unknown[]) => outcomes.filter((code) => code === undefined).length;

  test('holds in one process, costs no try a statement, and ends with its minute', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 3600_000);
    const process = openProcess();
    const sent = await statementsOf(people.database, async () => expect(passed(await tryOften(process, 50))).toBe(20));
    expect(sent.length).toBeLessThanOrEqual(1);
    process.refundSoon('password_in_all', '');
    expect(passed(await tryOften(process, 5))).toBe(1);
    vi.setSystemTime(Date.now() + 2 * 60_000);
    await eventually(async () => expect(passed(await tryOften(process, 1))).toBe(1));
  });

  test('holds while it is being merged, and when it cannot be', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let answer = Promise.withResolvers<RateLimiterRes>();
    const penalty = vi.fn(() => answer.promise);
    const total = new Total({ penalty }, 'key', { points: 20, duration: 60, answers: 'a test' });
    const tryMany = () => {
      let taken = 0;
      for (let i = 0; i < 30; i += 1)
        try {
          total.take();
          taken += 1;
        } catch (refused) {
          expect(refused).toBeInstanceOf(RateLimiterRes);
        }
      return taken;
    };
    /** A second later, after the store has said something of the merge that was under way. */
    const later = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      answer = Promise.withResolvers();
      vi.setSystemTime(Date.now() + 1_001);
    };
    expect(tryMany()).toBe(20);
    answer.resolve(new RateLimiterRes(0, 60_000, 0));
    await later();
    expect(tryMany()).toBe(0);
    expect(penalty).toHaveBeenLastCalledWith('key', 20);
    answer.reject(new Error('gone'));
    await later();
    expect(tryMany()).toBe(0);
    expect(penalty).toHaveBeenLastCalledWith('key', 20);
    total.giveBack();
    answer.resolve(new RateLimiterRes(0, 60_000, 20));
    await later();
    expect(tryMany()).toBe(1);
    vi.setSystemTime(Date.now() + 120_000);
    answer.resolve(new RateLimiterRes(0, 60_000, 20));
    await later();
    expect(tryMany()).toBe(0);
    vi.setSystemTime(Date.now() + 120_000);
    expect(tryMany()).toBe(20);
  });

  test('is merged with those of other processes within a second', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 2 * 3600_000);
    const [one, other] = [openProcess(), openProcess()];
    expect(passed(await tryOften(one, 15))).toBe(15);
    expect(passed(await tryOften(other, 2))).toBe(2);
    await eventually(async () => {
      vi.setSystemTime(Date.now() + 1_001);
      await tryOften(one, 1);
      expect(await tryOften(other, 1)).toEqual(['too_many_attempts']);
    });
    const refused = await other.take('password_in_all', '').catch((error: Refusal) => error);
    expect(refused).toMatchObject({ code: 'too_many_attempts', retryAfter: expect.any(Number) });
    expect((refused as Refusal).retryAfter).toBeLessThanOrEqual(60);
  });
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
  expect(rows.map(({ key }) => key.toString('latin1')).join()).not.toMatch(/siti@|203\.0\.113/);
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
