/**
 * Removes rows whose time is over, in small steps, and tells how many were still there.
 *
 * Nothing relies on it: every reader checks `expires_at` itself. It keeps tables small and data no longer than needed.
 */
import type { Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { overdueRows } from '#src/base/metrics.ts';
import { repeat } from '#src/base/repeat.ts';
import { shardRanges } from './shards.ts';

const EVERY_MS = 60_000;
const RANGE = 256;
/** About how many rows one statement removes; a shard with more goes by itself. */
const STEP = 1_000;

interface Sweep {
  readonly table: string;
  /** How many rows of each of some shards are over. */
  readonly count: string;
  /** Removes them. */
  readonly remove: string;
}

/** How to find and remove the rows of a table that are over at `$2`, of the shards in `$1`. */
function sweepOf(table: string): Sweep {
  const over = `${table} where shard = any($1) and expires_at <= $2`;
  return {
    table,
    count: `select shard, count(*)::integer as overdue from ${over} group by shard`,
    remove: `delete from ${over}`,
  };
}

/** Tables of the registry with an end, which have no shards. */
export const registryTables = [
  'api_requests',
  'bundles',
  'client_attempts',
  'decision_batches',
  'inventory_imports',
  'invitations',
  'registration_tokens',
] as const;

/** A recovery that nobody completed in time is not removed: how often one was cancelled is told from its neighbours. */
const overdueRecoveries: Sweep = {
  table: 'recoveries',
  count: `select shard, count(*)::integer as overdue from recoveries
    where shard = any($1) and state = 'waiting' and expires_at <= $2 group by shard`,
  remove: `update recoveries set state = 'expired', ended_at = $2
    where shard = any($1) and state = 'waiting' and expires_at <= $2`,
};

/** A sheet that nobody used in time stays with the account, as what its desk has done. */
const overdueSheets: Sweep = {
  table: 'desk_sheets',
  count: `select shard, count(*)::integer as overdue from desk_sheets
    where shard = any($1) and state in ('second-officer', 'waiting') and expires_at <= $2 group by shard`,
  remove: `update desk_sheets set state = 'expired', ended_at = $2
    where shard = any($1) and state in ('second-officer', 'waiting') and expires_at <= $2`,
};

/** Children before their parents, so that little is left to cascades. */
export const sweeps: readonly Sweep[] = [
  sweepOf('used_challenges'),
  sweepOf('one_time_codes'),
  sweepOf('throttles'),
  sweepOf('replay_markers'),
  sweepOf('artifacts'),
  sweepOf('grants'),
  // By the end that it has without use, so a little after its absolute one at most.
  sweepOf('sessions'),
  sweepOf('devices'),
  sweepOf('outbox'),
  sweepOf('withdrawals'),
  sweepOf('release_reports'),
  overdueRecoveries,
  overdueSheets,
];

export interface Purge {
  /** Ends after the statement that is running; the next start goes on from there. */
  stop(): Promise<void>;
  /** Removes everything that is over now; how many rows went. */
  purgeNow(): Promise<number>;
}

/** Starts the work. Several processes may run it on one database. */
export function startPurge(
  { database, log }: { readonly database: Db; readonly log: Log },
  options: { everyMs?: number } = {},
): Purge {
  const { now, stop } = repeat('purge', options.everyMs ?? EVERY_MS, log, (stopping) => purgeAll(database, stopping));
  return { purgeNow: now, stop };
}

/** What one table stands in the way of is not left lying in the others. */
async function purgeAll(db: Db, stopping: AbortSignal): Promise<number> {
  let removed = 0;
  const failures: unknown[] = [];
  for (const sweep of sweeps)
    removed += await purgeTable(db, sweep, stopping).catch((error) => {
      failures.push(error);
      return 0;
    });
  for (const table of registryTables)
    removed += await purgeRegistryTable(db, table, stopping).catch((error) => {
      failures.push(error);
      return 0;
    });
  if (failures.length > 0) throw failures[0];
  return removed;
}

/** The metric says what is left after the sweep; when it stops half-way, what it found and did not remove. */
async function purgeTable(db: Db, sweep: Sweep, stopping: AbortSignal): Promise<number> {
  const now = new Date();
  let found = 0;
  let removed = 0;
  try {
    for (const range of shardRanges(RANGE)) {
      if (stopping.aborted) break;
      const overdue = await db.forAll(range).query<{ shard: number; overdue: number }>(sweep.count, [range, now]);
      found += overdue.reduce((sum, each) => sum + each.overdue, 0);
      for (const shards of inSteps(overdue)) {
        if (stopping.aborted) break;
        removed += await db.forAll(shards).execute(sweep.remove, [shards, now]);
      }
    }
  } finally {
    overdueRows.set({ table: sweep.table }, Math.max(0, found - removed));
  }
  return removed;
}

/** The same for a table without shards. */
async function purgeRegistryTable(
  db: Db,
  table: (typeof registryTables)[number],
  stopping: AbortSignal,
): Promise<number> {
  if (stopping.aborted) return 0;
  const now = new Date();
  const found = await db.first<{ overdue: number }>(
    `select count(*)::integer as overdue from ${table} where expires_at <= $1`,
    [now],
  );
  const overdue = found?.overdue ?? 0;
  let removed = 0;
  try {
    while (removed < overdue && !stopping.aborted) {
      const step = await db.execute(
        `delete from ${table} where ctid = any(array(select ctid from ${table} where expires_at <= $1 limit ${STEP}))`,
        [now],
      );
      if (step === 0) break;
      removed += step;
    }
  } finally {
    overdueRows.set({ table }, Math.max(0, overdue - removed));
  }
  return removed;
}

/** Shards put together until about {@link STEP} rows are due. */
function inSteps(overdue: readonly { shard: number; overdue: number }[]): number[][] {
  const steps: number[][] = [];
  let rows = STEP;
  for (const each of overdue) {
    if (rows >= STEP) {
      steps.push([]);
      rows = 0;
    }
    steps.at(-1)?.push(each.shard);
    rows += each.overdue;
  }
  return steps;
}
