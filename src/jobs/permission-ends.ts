/**
 * Ends what has expired: it goes on record, its agency answers for it and its app is told.
 *
 * Nobody relies on it for the end itself: every reader looks at the date, and a grant never outlives its permissions. Several
 * processes may run it on one database: a permission is ended by a conditional statement in the transaction that tells of it.
 */
import type { Database } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { type ExpiredPermission, listExpired } from '#src/consents/permission-ending.ts';
import { expire } from '#src/oidc/withdrawals.ts';
import { shardRanges } from './shards.ts';

const EVERY_MS = 10 * 60_000;
const RANGE = 256;
const STEP = 200;

interface Job {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly log: Log;
}

export interface PermissionEnds {
  /** Ends after the step that is being taken. */
  stop(): Promise<void>;
  /** Ends what has expired by now; how many this process ended. */
  endDue(): Promise<number>;
}

/** Starts the work. */
export function startPermissionEnds(job: Job, options: { everyMs?: number } = {}): PermissionEnds {
  const { now, stop } = repeat('permission-ends', options.everyMs ?? EVERY_MS, job.log, (stopping) =>
    endAll(job, stopping),
  );
  return { endDue: now, stop };
}

/** One that cannot be ended stands in the way of none beside it. */
async function endAll(job: Job, stopping: AbortSignal): Promise<number> {
  const failures: unknown[] = [];
  let ended = 0;
  for (const shards of shardRanges(RANGE)) {
    for (;;) {
      const due = await listExpired(job.database, shards, new Date(), STEP);
      const before = ended;
      for (const each of due) {
        if (stopping.aborted) return ended;
        ended += await endOne(job, each).catch((error) => {
          failures.push(error);
          return 0;
        });
      }
      if (due.length < STEP || ended === before) break;
    }
  }
  if (failures.length > 0) throw failures[0];
  return ended;
}

function endOne({ database, secrets }: Job, expired: ExpiredPermission): Promise<number> {
  return database.transaction(async (tx) => (await expire(tx, secrets, expired)).length);
}
