/**
 * Limits on guessing and on the cost of messages, each named in `base/limits.ts` with the attack it answers. They count for
 * all processes together, in the database or, where there is one, in Redis.
 *
 * A passkey cannot be guessed, so no limit stands before it, and its owner always gets in. Whoever types a password or a
 * code in a browser that the account was used with before is counted apart: what others do holds them up in nothing.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { Redis } from 'ioredis';
import { RateLimiterRes } from 'rate-limiter-flexible';
import { countEvent } from '#src/audit/events.ts';
import { type Database, DatabaseUnavailable, type Db } from '#src/base/database.ts';
import { type LimitName, type Limits, limits } from '#src/base/limits.ts';
import { limitsHit } from '#src/base/metrics.ts';
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { findDevice } from './devices.ts';
import { InsuredLimiter, type Outage } from './throttles/insured-limiter.ts';
import { redisLimiter } from './throttles/redis-limiter.ts';
import { ShardedLimiter } from './throttles/sharded-limiter.ts';
import { Total } from './throttles/total.ts';

export interface Throttles {
  /**
   * Takes one point, before the deed. Taking first and giving back afterwards is what makes failures count exactly under
   * parallel tries. Call it before the request's unit of work has written anything: it needs a connection of its own.
   *
   * @throws `too_many_attempts` with the seconds until one may pass; then none was taken
   */
  take(limit: LimitName, key: string): Promise<void>;
  /** Gives the point back when the deed turned out well: within a second, together with those of others. */
  refundSoon(limit: LimitName, key: string): void;
  /** Gives the point back at once: nothing was tried, and whoever tries again must not be held up. */
  refund(limit: LimitName, key: string): Promise<void>;
}

/**
 * What a deed costs: a point of each limit, under a key. A total comes first, because it takes no statement; then the limits
 * that more and more people share, because what is refused before costs those nothing.
 */
export type Cost = readonly (readonly [limit: LimitName, key: string])[];

/**
 * Does a deed at a cost. Only the outcome that the limits are for is counted: for any other (another limit refuses, a
 * queue is full, the database is gone) the points are given back, as far as the database can be reached.
 *
 * @param charged.counts the refusals that say the guess was wrong, or `done` where the deed itself is limited
 * @throws `too_many_attempts`, and whatever `deed` throws
 */
export async function atCost<T>(
  throttles: Throttles,
  charged: { readonly cost: Cost; readonly counts: RefusalCode | readonly RefusalCode[] | 'done' },
  deed: () => Promise<T>,
): Promise<T> {
  const taken: Cost[number][] = [];
  try {
    for (const [limit, key] of charged.cost) {
      await throttles.take(limit, key);
      taken.push([limit, key]);
    }
    const done = await deed();
    if (charged.counts !== 'done') for (const point of taken.splice(0)) throttles.refundSoon(...point);
    return done;
  } catch (error) {
    if (!(error instanceof Refusal) || ![charged.counts].flat().includes(error.code))
      for (const point of taken) await throttles.refund(...point).catch(() => undefined);
    throw error;
  }
}

/** Where counts are kept, and which limits are in force. */
export interface ThrottleOptions {
  /** False switches all limits off (`RATE_LIMITS=off`, sandbox only). */
  readonly enabled: boolean;
  /** Those of the code unless told otherwise. */
  readonly limits?: Limits;
  /** Counts in place of the database. */
  readonly redis?: Redis | undefined;
  /** Hears, at most once a second, why the store did not answer. */
  readonly onOutage?: (error: unknown) => void;
}

/** The limits of one server. `database` is the pool, not a unit of work. */
export function createThrottles(
  database: Database,
  secrets: Secrets,
  { enabled, limits: all = limits, redis, onOutage = () => undefined }: ThrottleOptions,
): Throttles {
  if (!enabled) return { take: async () => {}, refundSoon: () => {}, refund: async () => {} };
  const isOutage = (error: unknown) => redis !== undefined || error instanceof DatabaseUnavailable;
  const outage: Outage = { until: 0, is: isOutage, heard: onOutage };
  const limiters = mapLimits(all, (name, limit) => {
    const store = redis ? redisLimiter(redis, limit) : new ShardedLimiter(database, limit);
    return new InsuredLimiter(store, { ...limit, name }, outage);
  });
  const keyOf = (name: LimitName, key: string) => secrets.hash('throttle', `${name} ${key}`).toString('base64url');
  const totals = mapLimits(all, (name, limit) => new Total(limiters[name], keyOf(name, ''), limit));
  return {
    async take(name, key) {
      try {
        if (all[name].isTotal) totals[name].take();
        else await limiters[name].consume(keyOf(name, key));
      } catch (error) {
        throw error instanceof RateLimiterRes ? tooMany(name, error) : error;
      }
    },
    refundSoon(name, key) {
      if (all[name].isTotal) totals[name].giveBack();
      else void limiters[name].reward(keyOf(name, key), { soon: true });
    },
    async refund(name, key) {
      if (all[name].isTotal) totals[name].giveBack();
      else await limiters[name].reward(keyOf(name, key), { soon: false });
    },
  };
}

function mapLimits<T>(all: Limits, make: (name: LimitName, limit: Limits[LimitName]) => T): Record<LimitName, T> {
  const names = Object.keys(all) as LimitName[];
  return Object.fromEntries(names.map((name) => [name, make(name, all[name])])) as Record<LimitName, T>;
}

function tooMany(name: LimitName, { msBeforeNext }: RateLimiterRes): Refusal {
  countEvent('throttle.hit');
  limitsHit.inc({ limit: name });
  const seconds = Math.ceil(msBeforeNext / 1000);
  return new Refusal('too_many_attempts', `limit ${name}`, { retryAfter: Math.max(1, seconds) });
}

/**
 * What a browser counts under that the account was used with before; undefined for any other.
 *
 * @param device the keyed hash of the browser's cookie, if it has one. Only then it costs a statement, the same for nobody's
 *   account.
 */
export async function findDeviceKey(
  db: Db,
  accountId: string | undefined,
  device: Buffer | undefined,
): Promise<string | undefined> {
  if (!device || !(await findDevice(db, accountId, device))) return undefined;
  return `${accountId} ${device.toString('base64url')}`;
}

/** The network of a caller, as far as one household or machine can be told: /24 of IPv4, /48 of IPv6; a network is its own. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain)) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  if (isIPv6(plain)) return `${expandIPv6(plain).slice(0, 3).join(':')}::/48`;
  return plain;
}

/** The groups of an address without leading zeros; only the first three are exact when it ends in IPv4 notation. */
function expandIPv6(address: string): string[] {
  const [head = '', tail = ''] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0') : [];
  return [...left, ...zeros, ...right].map((group) => group.replace(/^0+(?=.)/, ''));
}
