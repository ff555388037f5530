/**
 * Limits on guessing and on the cost of messages. They count per address and per network, in fixed windows, for all
 * processes together.
 *
 * They count on a connection of their own, at once and for good: a request that is rolled back has still guessed, and a
 * counter that many people share must not stay locked while a request thinks. A passkey cannot be guessed, so no limit
 * stands before it, and its owner always gets in.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { countEvent } from '#src/audit/events.ts';
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';
import { type Secrets, shardOfHash } from '#src/base/secrets.ts';

interface Limit {
  /** How many in one window. */
  readonly points: number;
  /** Length of the window in seconds. */
  readonly duration: number;
  /** Which attack it answers. */
  readonly answers: string;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Every limit. A mobile carrier puts thousands of people behind one network, hence the distance between what one network
 * may do to one account and what it may do in all. What all networks together may do to an account is several times what
 * one of them may, so that none of them alone can lock its owner out.
 */
export const limits = {
  password_from_network_to_account: {
    points: 10,
    duration: 15 * MINUTE,
    answers: 'one person guesses the password of one account; the owner elsewhere is not held up',
  },
  password_from_network_to_account_by_day: {
    points: 30,
    duration: DAY,
    answers: 'one person guesses all day, to use up the guesses of everybody and so lock the owner out',
  },
  password_to_account: {
    points: 100,
    duration: DAY,
    answers: 'many machines guess the password of one account (NIST SP 800-63B-4 §3.2.2: at most 100 failures)',
  },
  password_from_network: {
    points: 300,
    duration: 15 * MINUTE,
    answers: 'one machine tries a common password, or a stolen list, on many accounts',
  },
  code_from_network_to_address: {
    points: 10,
    duration: HOUR,
    answers: 'somebody floods a mailbox or a phone with codes; the owner elsewhere still gets theirs',
  },
  code_from_network_to_address_by_day: {
    points: 20,
    duration: DAY,
    answers: 'somebody asks for codes all day, to use up those of the owner or to guess one: 100 guesses in a million',
  },
  code_to_address: {
    points: 30,
    duration: HOUR,
    answers: 'many machines flood a mailbox or a phone with codes',
  },
  code_to_address_by_day: {
    points: 60,
    duration: DAY,
    answers: 'many machines ask for codes all day to guess one of them: 300 guesses in a million at most',
  },
  code_from_network: {
    points: 300,
    duration: HOUR,
    answers: 'one machine makes us pay for messages to many numbers',
  },
  wrong_code_from_network: {
    points: 100,
    duration: HOUR,
    answers: 'one machine guesses codes of many addresses',
  },
  totp_from_network_to_account: {
    points: 10,
    duration: 15 * MINUTE,
    answers: 'somebody who has the password guesses the codes of its authenticator app',
  },
  totp_from_network_to_account_by_day: {
    points: 20,
    duration: DAY,
    answers: 'somebody guesses codes of an authenticator app all day: 5 of a million are right at a time',
  },
  totp_to_account: {
    points: 60,
    duration: DAY,
    answers: 'many machines guess the codes of one authenticator app: 300 in a million a day at most',
  },
  recovery_code_from_network: {
    points: 100,
    duration: HOUR,
    answers: 'one machine keeps the database busy with made-up recovery codes; with 80 random bits none is guessed',
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;

export interface Throttles {
  /**
   * Takes one point, before the deed. Taking first and giving back afterwards is what makes failures count exactly under
   * parallel tries. Call it before the request's unit of work has written anything: it needs a connection of its own.
   *
   * @throws `too_many_attempts` with the seconds until the window ends.
   */
  take(limit: LimitName, key: string): Promise<void>;
  /** Gives the point back when the deed turned out well: within a second, together with those of others. */
  refundSoon(limit: LimitName, key: string): void;
  /** Gives the point back at once: nothing was tried, and whoever tries again must not be held up. */
  refund(limit: LimitName, key: string): Promise<void>;
}

/** What a deed costs: a point of each limit, under a key. The shared limits come last: what is refused before costs them nothing. */
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

/**
 * The limits of one server. `database` is the pool, not a unit of work.
 *
 * @param options.enabled false switches all limits off (`RATE_LIMITS=off`, sandbox only).
 */
export function createThrottles(database: Db, secrets: Secrets, options: { enabled: boolean }): Throttles {
  if (!options.enabled) return { take: async () => {}, refundSoon: () => {}, refund: async () => {} };
  return {
    async take(limit, key) {
      const counted = await addPoint(database, locate(secrets, limit, key), limits[limit].duration);
      if (counted.points > limits[limit].points) throw tooMany(limit, counted.expires_at);
    },
    refundSoon(limit, key) {
      const { shard, hash } = locate(secrets, limit, key);
      database.for(shard).soon(giveBackPoint, [shard, hash, new Date()]);
    },
    refund(limit, key) {
      const { shard, hash } = locate(secrets, limit, key);
      return database.for(shard).write(giveBackPoint, [shard, hash, new Date()]);
    },
  };
}

interface Place {
  readonly shard: number;
  readonly hash: Buffer;
}

function locate(secrets: Secrets, limit: LimitName, key: string): Place {
  const hash = secrets.hash('throttle', `${limit} ${key}`);
  return { shard: shardOfHash(hash), hash };
}

interface Counted {
  readonly points: number;
  readonly expires_at: Date;
}

/** Begins a window, counts in the running one, or begins the next: one statement, so that no two count as one. */
async function addPoint(db: Db, { shard, hash }: Place, seconds: number): Promise<Counted> {
  const now = new Date();
  const end = new Date(now.getTime() + seconds * 1000);
  const counted = await db.for(shard).first<Counted>(
    `insert into throttles (shard, key, points, expires_at) values ($1, $2, 1, $3)
     on conflict (shard, key) do update set
       points = case when throttles.expires_at <= $4 then 1 else throttles.points + 1 end,
       expires_at = case when throttles.expires_at <= $4 then excluded.expires_at else throttles.expires_at end
     returning points, expires_at`,
    [shard, hash, end, now],
  );
  return counted ?? { points: 1, expires_at: end };
}

/** Only from the window that is running, and never below zero; several for one key at once are added up. */
const giveBackPoint: Write = {
  name: 'throttle_given_back',
  table: '',
  columns: { shard: 'smallint', key: 'bytea', at: 'timestamptz' },
  text: `update throttles t set points = greatest(0, t.points - back.points)
    from (select shard, key, count(*)::integer as points, max(at) as at from given group by shard, key) as back
    where $here(t) and t.shard = back.shard and t.key = back.key and t.expires_at > back.at returning 1`,
  lost: () => new Error('a point was not given back'),
};

function tooMany(limit: LimitName, end: Date): Refusal {
  countEvent('throttle.hit');
  const seconds = Math.ceil((end.getTime() - Date.now()) / 1000);
  return new Refusal('too_many_attempts', `limit ${limit}`, { retryAfter: Math.max(1, seconds) });
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
