/**
 * Tells those above an agency that a citizen's report has waited for longer than the law gives, once.
 *
 * Several processes may run it on one database: each telling is taken on by a conditional statement in the transaction that
 * sends it.
 */
import type { Database, Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import { listOverdueReports, type Report, takeTellingAbove } from '#src/consents/reports.ts';
import { shardRanges } from './shards.ts';

const EVERY_MS = 5 * 60_000;
const RANGE = 256;
/** How many of some shards are told of in one round. */
const STEP = 100;

interface Job {
  readonly database: Database;
  readonly log: Log;
  /** What those above are told of a report, in the transaction of its cause. */
  readonly tellOverdue: (db: Db, report: Report) => Promise<void>;
}

interface Reports {
  /** Ends after what is being told. */
  stop(): Promise<void>;
  /** Tells of everything that is overdue; of how many reports this process told. */
  tellDue(): Promise<number>;
}

/** Starts the work. */
export function startReports(job: Job, options: { everyMs?: number } = {}): Reports {
  const stopping = new AbortController();
  const tellDue = () => tellAll(job, stopping.signal);
  const repeated = repeat('reports', options.everyMs ?? EVERY_MS, job.log, tellDue);
  return {
    tellDue,
    stop() {
      stopping.abort();
      return repeated.stop();
    },
  };
}

async function tellAll({ database, tellOverdue }: Job, stopping: AbortSignal): Promise<number> {
  let told = 0;
  for (const shards of shardRanges(RANGE)) {
    if (stopping.aborted) break;
    for (const report of await listOverdueReports(database, shards, STEP)) {
      const isOurs = await database.transaction(async (tx) => {
        const isTaken = await takeTellingAbove(tx, report);
        if (isTaken) await tellOverdue(tx, report);
        return isTaken;
      });
      if (isOurs) told += 1;
    }
  }
  return told;
}
