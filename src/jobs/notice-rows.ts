/**
 * Notices to apps in the outbox, as the work sees them that delivers them. Rows of an app that is not answering are not even
 * claimed, so that what waits for it costs nothing and stands in nobody's way.
 */
import type { Db } from '#src/base/database.ts';
import { DAY_MS, HOUR_MS } from '#src/base/epoch.ts';
import type { NoticeChannel, NoticeReason } from '#src/oidc/app-notices.ts';
import { LEASE_MS } from './outbox-rows.ts';

export interface ClaimedNotice {
  readonly shard: number;
  readonly id: string;
  readonly channel: NoticeChannel;
  readonly sealed: Buffer;
  /** Null of a notice that earlier code has written. */
  readonly client_id: string | null;
  readonly reason: NoticeReason | null;
  /** This one included. */
  readonly attempts: number;
  readonly try_until: Date | null;
}

/** Which notices to claim. */
export interface Wanted {
  readonly limit: number;
  /** Apps that are not told anything now. */
  readonly without: readonly string[];
  /** Apps that answer; of every other one a single notice is tried. */
  readonly answering: readonly string[];
}

/** How many of one app that answers are sent at once. */
export const AT_ONCE = 8;
/** How far the oldest due rows are looked through for those of different apps. */
const WINDOW = 500;

const isDue = `shard = any($1) and next_attempt_at <= $2 and channel in ('logout', 'event')`;

/** The oldest due notices of some shards, of many apps; those that another process is claiming are passed over. */
export function claimNotices(db: Db, shards: readonly number[], wanted: Wanted): Promise<ClaimedNotice[]> {
  const now = new Date();
  const lease = new Date(now.getTime() + LEASE_MS);
  return db.forAll(shards).query<ClaimedNotice>(
    `with due as materialized (
       select shard, id, client_id, next_attempt_at from outbox
       where ${isDue} and (client_id is null or client_id <> all($5))
       order by next_attempt_at limit ${WINDOW} for update skip locked),
     ranked as (
       select shard, id, client_id, row_number() over (partition by client_id order by next_attempt_at) as n from due),
     chosen as (
       select shard, id from ranked where n <= case when client_id = any($6) then ${AT_ONCE} else 1 end limit $4)
     update outbox o set next_attempt_at = $3, attempts = o.attempts + 1, last_attempt_at = $2 from chosen
     where o.shard = any($1) and o.shard = chosen.shard and o.id = chosen.id
     returning o.shard, o.id, o.channel, o.sealed, o.client_id, o.reason, o.attempts, o.try_until`,
    [shards, now, lease, wanted.limit, wanted.without, wanted.answering],
  );
}

/** How long to wait after each failed attempt, in milliseconds; the last one again and again. */
const backoff = [5_000, 30_000, 120_000, 600_000, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS] as const;

/** What an attempt has come to. */
export interface Settled {
  readonly outcome: 'delivered' | 'later' | 'never';
  /** What the app answered: a status, with its code for an error; or a word for what kept it from answering. */
  readonly answer: string;
}

/** Notes what an attempt has come to; one that may help is tried again, the later the more often it was tried. */
export async function noteAttempt(db: Db, row: ClaimedNotice, { outcome, answer }: Settled): Promise<void> {
  const now = Date.now();
  const wait = backoff[Math.min(row.attempts, backoff.length) - 1] ?? backoff[0];
  const until = row.try_until?.getTime() ?? now + DAY_MS;
  const again = outcome === 'later' && now < until ? new Date(Math.min(now + wait, until)) : null;
  // Of who is no more nothing is kept to be told twice.
  const isOver = outcome === 'delivered' && row.reason === 'account-ended';
  await db.for(row.shard).execute(
    `update outbox set next_attempt_at = $3, delivered_at = $4, answer = $5, sealed = case when $6 then ''::bytea else sealed end
     where shard = $1 and id = $2`,
    [row.shard, row.id, again, outcome === 'delivered' ? new Date(now) : null, answer, isOver],
  );
}

/** Gives up what was tried for long enough, of apps that answer nothing at all. @returns how many */
export function giveUpNotices(db: Db, shards: readonly number[]): Promise<number> {
  return db
    .forAll(shards)
    .execute(`update outbox set next_attempt_at = null where ${isDue} and try_until <= $2`, [shards, new Date()]);
}
