/**
 * Counts in our own table `throttles`, where each key lies in the shard of its own hash: the store of
 * rate-limiter-flexible for PostgreSQL makes a table without shards.
 *
 * Each count is a statement of its own, at once and for good: a request that is rolled back has still guessed, and a
 * counter that many people share must not stay locked while a request thinks.
 */
import { RateLimiterCompatibleAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import type { Write } from '#src/base/coalescing.ts';
import type { Database } from '#src/base/database.ts';
import type { Limit } from '#src/base/limits.ts';
import { shardOfHash } from '#src/base/secrets.ts';
import { waitAfter } from './waits.ts';

/** Beyond so many the wait has long been the longest. */
const WAITS = 16;

interface Counter {
  readonly points: number;
  readonly expires_at: Date;
  readonly open_at: Date | null;
}

/** One limit in the database. A key is a keyed hash in base64url. */
export class ShardedLimiter extends RateLimiterCompatibleAbstract {
  override readonly keyPrefix = '';
  override blockDuration = 0;
  override execEvenly = false;
  readonly #database: Database;
  readonly #limit: Limit;
  /** How many points of a key this process is about to give back. */
  readonly #returning = new Map<string, number>();

  constructor(database: Database, limit: Limit) {
    super();
    this.#database = database;
    this.#limit = limit;
  }

  /** Takes a point. @throws {RateLimiterRes} with the time until one may pass, and then none is taken */
  override async consume(key: string): Promise<RateLimiterRes> {
    const place = locate(key);
    const isReturning = this.#returning.has(key);
    let counter = await this.#take(place);
    if (!counter && (isReturning || this.#returning.has(key))) {
      // What others have taken and will not need is theirs who wait.
      await this.#database.settle();
      counter = await this.#take(place);
    }
    if (!counter) throw await this.#look(place);
    return new RateLimiterRes(Math.max(0, this.#limit.points - counter.points), untilEnd(counter), counter.points);
  }

  /** Counts points that have been spent, whether or not the limit is reached. */
  override async penalty(key: string, points = 1): Promise<RateLimiterRes> {
    const { shard, hash } = locate(key);
    const now = new Date();
    const counter = await this.#database.for(shard).first<Counter>(
      `insert into throttles as total (shard, key, points, expires_at) values ($1, $2, $5, $3)
       on conflict (shard, key) do update set
         points = case when total.expires_at <= $4 then excluded.points else total.points + excluded.points end,
         expires_at = case when total.expires_at <= $4 then excluded.expires_at else total.expires_at end
       returning points, expires_at, open_at`,
      [shard, hash, secondsAfter(now, this.#limit.duration), now, points],
    );
    return new RateLimiterRes(0, counter && untilEnd(counter), counter?.points);
  }

  /** Gives a point back. @param options.soon within a second, together with those of others; then it never fails */
  override async reward(key: string, _points = 1, options: { soon?: boolean } = {}): Promise<RateLimiterRes> {
    const { shard, hash } = locate(key);
    if (options.soon) await this.#rewardSoon(key);
    else await this.#database.for(shard).write(giveBackPoint, [shard, hash, new Date()]);
    return new RateLimiterRes();
  }

  async #rewardSoon(key: string): Promise<void> {
    const { shard, hash } = locate(key);
    this.#returning.set(key, (this.#returning.get(key) ?? 0) + 1);
    await this.#database.for(shard).soon(giveBackPoint, [shard, hash, new Date()]);
    const left = (this.#returning.get(key) ?? 1) - 1;
    if (left > 0) this.#returning.set(key, left);
    else this.#returning.delete(key);
  }

  /**
   * Begins a window, counts in the running one, or begins the next: one statement, so that no two count as one. A row that
   * it leaves alone is closed.
   */
  #take({ shard, hash }: Place): Promise<Counter | undefined> {
    const { points, duration } = this.#limit;
    const now = new Date();
    const opens = Array.from({ length: WAITS }, (_, beyond) => secondsAfter(now, waitAfter(beyond, duration)));
    return this.#database.for(shard).first<Counter>(
      `insert into throttles as t (shard, key, points, expires_at, open_at) values ($1, $2, 1, $3, $5)
       on conflict (shard, key) do update set
         points = case when t.expires_at <= $4 then 1 else t.points + 1 end,
         expires_at = case when t.expires_at <= $4 then excluded.expires_at else t.expires_at end,
         open_at = case when t.expires_at <= $4 then excluded.open_at
           when t.points + 1 < $6 then null
           else ($7::timestamptz[])[least(t.points + 2 - $6, ${WAITS})] end
         where t.expires_at <= $4 or t.open_at is null or t.open_at <= $4
       returning points, expires_at, open_at`,
      [shard, hash, secondsAfter(now, duration), now, points > 1 ? null : opens[0], points, opens],
    );
  }

  async #look({ shard, hash }: Place): Promise<RateLimiterRes> {
    const counter = await this.#database
      .for(shard)
      .first<Counter>('select points, expires_at, open_at from throttles where shard = $1 and key = $2', [shard, hash]);
    const open = Math.min(counter?.open_at?.getTime() ?? 0, counter?.expires_at.getTime() ?? 0);
    return new RateLimiterRes(0, Math.max(0, open - Date.now()), counter?.points);
  }
}

interface Place {
  readonly shard: number;
  readonly hash: Buffer;
}

function locate(key: string): Place {
  const hash = Buffer.from(key, 'base64url');
  return { shard: shardOfHash(hash), hash };
}

function untilEnd({ expires_at: end }: Counter): number {
  return end.getTime() - Date.now();
}

function secondsAfter(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000);
}

/**
 * Only from the window that is running, and never below zero; several for one key at once are added up. The counter was open
 * when the point was taken, so it is open again.
 */
const giveBackPoint: Write = {
  name: 'throttle_given_back',
  table: '',
  columns: { shard: 'smallint', key: 'bytea', at: 'timestamptz' },
  text: `update throttles t set points = greatest(0, t.points - back.points), open_at = null
    from (select shard, key, count(*)::integer as points, max(at) as at from given group by shard, key) as back
    where $here(t) and t.shard = back.shard and t.key = back.key and t.expires_at > back.at returning 1`,
  lost: () => new Error('a point was not given back'),
};
