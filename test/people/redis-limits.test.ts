/** Limits that count in Redis: by the same rule as in the database, and in memory while Redis is away. */
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Database, DatabaseUnavailable } from '#src/base/database.ts';
import { limits } from '#src/base/limits.ts';
import { createLog } from '#src/base/log.ts';
import { metrics } from '#src/base/metrics.ts';
import { openRedis, pingRedis } from '#src/base/redis.ts';
import { Refusal } from '#src/base/refusals.ts';
import { createThrottles, type Throttles } from '#src/people/throttles.ts';
import { eventually } from '#test/support/eventually.ts';
import { hasRedis, openTestRedis, type TestRedis } from '#test/support/redis.ts';
import { openPeople, type People, refusalOf, statementsOf } from './people.ts';

const LIMIT = 'password_from_network_to_account';
const { points, duration } = limits[LIMIT];

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());
afterEach(() => vi.restoreAllMocks());

const take = (throttles: Throttles, key: string, times: number) =>
  Promise.all(Array.from({ length: times }, () => refusalOf(throttles.take(LIMIT, key))));

const passed = (outcomes: readonly unknown[]) => outcomes.filter((code) => code === undefined).length;

async function waitOf(throttles: Throttles, key: string): Promise<number> {
  const refusal = await throttles.take(LIMIT, key).catch((error: unknown) => error);
  if (!(refusal instanceof Refusal)) throw new Error('nobody was held up');
  return refusal.retryAfter ?? 0;
}

async function insured(): Promise<number> {
  const { values } = (await metrics.getSingleMetric('lawang_limits_insured_total')?.get()) ?? { values: [] };
  return values.reduce((sum, { value }) => sum + value, 0);
}

function openLog() {
  const lines: string[] = [];
  return { lines, log: createLog('debug', { write: (line: string) => void lines.push(line) }) };
}

describe.skipIf(!hasRedis)('with a Redis', () => {
  let redis: TestRedis;
  let client: Redis;
  let throttles: Throttles;

  beforeAll(async () => {
    redis = await openTestRedis();
    client = openRedis(redis.url, openLog().log);
    await eventually(() => expect(client.status).toBe('ready'));
    throttles = createThrottles(people.database, people.secrets, { enabled: true, redis: client });
  });

  afterAll(async () => {
    client?.disconnect();
    await redis?.[Symbol.asyncDispose]();
  });

  /** As if the time had come when one may pass. */
  async function passTheWait(): Promise<void> {
    for (const key of await client.keys('lawang:*')) {
      const value = await client.get(key);
      await client.set(key, String(value).replace(/ \d+$/, ' 1'), 'KEEPTTL');
    }
  }

  test('of many parallel takes exactly as many pass as the limit allows, and the database is not asked', async () => {
    const sent = await statementsOf(people.database, async () => {
      expect(passed(await take(throttles, 'parallel', 50))).toBe(points);
    });
    expect(sent).toEqual([]);
  });

  test('beyond the limit one passes after half a minute, the next after a minute, and so on', async () => {
    // Redis goes by its own clock, which goes on while this is asked.
    let begun = performance.now();
    await take(throttles, 'slower', points);
    for (const wait of [30, 60, 120, 240]) {
      const left = await waitOf(throttles, 'slower');
      expect(left).toBeLessThanOrEqual(wait);
      expect(left).toBeGreaterThanOrEqual(Math.floor(wait - (performance.now() - begun) / 1000));
      await passTheWait();
      begun = performance.now();
      expect(passed(await take(throttles, 'slower', 5))).toBe(1);
    }
  });

  test('what is given back can be taken again, and no more than that', async () => {
    await take(throttles, 'returned', points);
    await throttles.refund(LIMIT, 'returned');
    expect(passed(await take(throttles, 'returned', 5))).toBe(1);
    await throttles.refund(LIMIT, 'never taken');
    expect(passed(await take(throttles, 'never taken', points + 5))).toBe(points);
  });

  test('a key ends with its window and tells neither whom nor from where', async () => {
    await throttles.take(LIMIT, '203.0.113.0/24 siti@contoh.id');
    const keys = await client.keys('*');
    expect(keys.length).toBeGreaterThan(2);
    expect(keys.join()).not.toMatch(/siti@|203\.0\.113/);
    for (const key of keys) expect(await client.ttl(key)).toBeGreaterThan(0);
    for (const key of keys) expect(await client.ttl(key)).toBeLessThanOrEqual(duration);
  });

  test('the total of all processes is one', async () => {
    const few = { ...limits, password_in_all: { ...limits.password_in_all, points: 20, duration: 3600 } };
    const open = () => createThrottles(people.database, people.secrets, { enabled: true, redis: client, limits: few });
    const [one, other] = [open(), open()];
    const often = (each: Throttles, times: number) =>
      Promise.all(Array.from({ length: times }, () => refusalOf(each.take('password_in_all', ''))));
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      expect(passed(await often(one, 50))).toBe(20);
      await eventually(async () => {
        vi.setSystemTime(Date.now() + 1_001);
        await often(one, 1);
        expect(await often(other, 1)).toEqual(['too_many_attempts']);
      });
    } finally {
      vi.useRealTimers();
    }
  });

  test('goes away and comes back: meanwhile each process counts by itself; the password is in no log', async () => {
    await using own = await openTestRedis();
    const { lines, log } = openLog();
    const mine = openRedis(own.url, log);
    try {
      await eventually(() => expect(mine.status).toBe('ready'));
      const heard: unknown[] = [];
      const outages = { onOutage: (error: unknown) => heard.push(error) };
      const insuredOnes = createThrottles(people.database, people.secrets, { enabled: true, redis: mine, ...outages });
      await take(insuredOnes, 'before', points);
      await own.stop();
      await eventually(() => expect(mine.status).not.toBe('ready'));
      const before = await insured();
      expect(passed(await take(insuredOnes, 'away', 50))).toBe(points);
      expect((await insured()) - before).toBe(50);
      expect(heard).toHaveLength(1);
      await own.start();
      await eventually(() => expect(mine.status).toBe('ready'));
      // It is asked again a second after it was last found away.
      await eventually(async () => {
        await insuredOnes.take(LIMIT, 'after');
        expect((await mine.keys('lawang:*')).length).toBeGreaterThan(0);
      });
      expect(lines.join('')).toContain('Redis does not answer');
      expect(lines.join('')).toContain('Redis answers again');
      expect(lines.join('')).not.toContain(own.password);
    } finally {
      mine.disconnect();
    }
  });

  test('a wrong password is a sentence without it', async () => {
    const wrong = redis.url.replace(redis.password, 'geheim');
    const { lines, log } = openLog();
    const mine = openRedis(wrong, log);
    await eventually(() => expect(lines.join('')).toContain('Redis does not answer'));
    mine.disconnect();
    expect(lines.join('')).not.toContain('geheim');
    await expect(pingRedis(wrong)).rejects.toThrow(/^(WRONGPASS|NOAUTH)/);
  });
});

test('a Redis that is not there: each process counts by itself, exactly', async () => {
  const { lines, log } = openLog();
  const redis = openRedis('redis://:geheim@127.0.0.1:9', log);
  try {
    const [one, other] = [0, 1].map(() =>
      createThrottles(people.database, people.secrets, { enabled: true, redis }),
    ) as [Throttles, Throttles];
    expect(passed(await take(one, 'gone', 50))).toBe(points);
    expect(passed(await take(other, 'gone', 50))).toBe(points);
    await one.refund(LIMIT, 'gone');
    expect(passed(await take(one, 'gone', 5))).toBe(1);
    await eventually(() => expect(lines.join('')).toContain('Redis does not answer'));
    expect(lines.join('')).not.toContain('geheim');
  } finally {
    redis.disconnect();
  }
});

test('a database that is not there is waited for once, and what is wrong with a statement is no outage', async () => {
  await using gone = new Gone();
  const heard: unknown[] = [];
  const throttles = createThrottles(gone.database, people.secrets, {
    enabled: true,
    onOutage: (error) => heard.push(error),
  });
  expect(passed(await take(throttles, 'gone', 50))).toBe(points);
  expect(heard).toEqual([expect.any(DatabaseUnavailable)]);
  vi.spyOn(people.database, 'first').mockRejectedValue(new Error('a fault'));
  await expect(people.throttles.take(LIMIT, 'faulty')).rejects.toThrow('a fault');
});

/** A database on a port where nobody listens. */
class Gone implements AsyncDisposable {
  readonly database = new Database('postgres://nobody@127.0.0.1:9/gone');

  [Symbol.asyncDispose](): Promise<void> {
    return this.database.close();
  }
}
