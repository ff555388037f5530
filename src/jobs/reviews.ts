/**
 * Tells those who decide that a version waits for them, whichever way it came in.
 *
 * Several processes may run it on one database: each telling is taken on by a conditional statement in the transaction that
 * sends it.
 */
import type { Database, Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import { listUntold, type ToldVersion, takeTelling } from '#src/registry/approvals.ts';

const EVERY_MS = 15_000;

/** What those who decide are told of a version, in the transaction of its cause. */
type TellReview = (db: Db, version: ToldVersion) => Promise<void>;

interface Job {
  readonly database: Database;
  readonly log: Log;
  readonly tellReview: TellReview;
}

interface Reviews {
  /** Ends after what is being told. */
  stop(): Promise<void>;
  /** Tells of everything that waits; of how many versions this process told. */
  tellDue(): Promise<number>;
}

/** Starts the work. */
export function startReviews(job: Job, options: { everyMs?: number } = {}): Reviews {
  const { now, stop } = repeat('reviews', options.everyMs ?? EVERY_MS, job.log, () => tellAll(job));
  return { tellDue: now, stop };
}

async function tellAll({ database, tellReview }: Job): Promise<number> {
  let told = 0;
  for (const version of await listUntold(database)) {
    const isOurs = await database.transaction(async (tx) => {
      const isTaken = await takeTelling(tx, version);
      if (isTaken) await tellReview(tx, version);
      return isTaken;
    });
    if (isOurs) told += 1;
  }
  return told;
}
