/** Rows of the outbox as those see them who carry them out: claimed for a while, then settled or put off. */
import type { Db } from '#src/base/database.ts';
import { shardRanges } from './shards.ts';

export type Channel = 'email' | 'message' | 'logout' | 'event';

export interface Claimed {
  readonly shard: number;
  readonly id: string;
  readonly channel: Channel;
  readonly sealed: Buffer;
  /** This one included. */
  readonly attempts: number;
}

/** What became of one attempt. `later` tries again; `never` does not. */
export type Outcome = 'delivered' | 'later' | 'never';

export const RANGE = 1_024;
/** How many are carried out at once. */
export const BATCH = 10;
/** Longer than any attempt takes with all its time limits. */
export const LEASE_MS = 120_000;
/** How long to wait after each failed attempt, in seconds; the last one again and again until the row expires. */
const backoff = [5, 30, 120, 600, 3_600] as const;

/** The oldest due rows of some shards; those that another process is claiming are passed over, not waited for. */
export function claimDue(db: Db, shards: readonly number[], channels: readonly Channel[]): Promise<Claimed[]> {
  const now = Date.now();
  return db.forAll(shards).query<Claimed>(
    `with due as materialized (
       select shard, id from outbox where shard = any($1) and next_attempt_at <= $2 and channel = any($5)
       order by next_attempt_at limit $4 for update skip locked)
     update outbox o set next_attempt_at = $3, attempts = o.attempts + 1 from due
     where o.shard = any($1) and o.shard = due.shard and o.id = due.id
     returning o.shard, o.id, o.channel, o.sealed, o.attempts`,
    [shards, new Date(now), new Date(now + LEASE_MS), BATCH, channels],
  );
}

/** Nothing more is tried; of what was sealed `kept` stays. */
export async function settle(db: Db, row: Claimed, outcome: Outcome, kept: Buffer): Promise<void> {
  const home = db.for(row.shard);
  await home.execute(
    `update outbox set next_attempt_at = null, delivered_at = $3, sealed = $4 where shard = $1 and id = $2`,
    [row.shard, row.id, outcome === 'delivered' ? new Date() : null, kept],
  );
}

/** Tries again later, the later the more often it was tried. */
export async function postpone(db: Db, row: Claimed): Promise<void> {
  const wait = backoff[Math.min(row.attempts, backoff.length) - 1] ?? backoff[0];
  await db
    .for(row.shard)
    .execute('update outbox set next_attempt_at = $3 where shard = $1 and id = $2 and delivered_at is null', [
      row.shard,
      row.id,
      new Date(Date.now() + wait * 1000),
    ]);
}

/** How many wait in all shards. */
export async function countWaiting(db: Db, channels: readonly Channel[]): Promise<number> {
  let waiting = 0;
  for (const range of shardRanges(RANGE)) {
    const home = db.forAll(range);
    const row = await home.first<{ waiting: number }>(
      `select count(*)::integer as waiting from outbox
       where shard = any($1) and next_attempt_at is not null and channel = any($2)`,
      [range, channels],
    );
    waiting += row?.waiting ?? 0;
  }
  return waiting;
}
