/**
 * Counts what agencies still have to answer, withdrawals and reports, every ten minutes; and tells those who answer a day
 * before and when it is over, and then those right above them too.
 *
 * Several processes may run it on one database: one of them counts at a time, and who has lost the count writes nothing. Each
 * telling is taken on by a conditional statement in the transaction that sends it.
 */
import type { Database, Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import { addOwed, countAnswersOwed } from '#src/consents/answers-owed.ts';
import {
  type AnswersOwed,
  keepOwedCount,
  listOwedTellings,
  OwedCountLost,
  type OwedTelling,
  recordOwed,
  takeOwedCount,
  takeOwedTelling,
} from '#src/registry/answers-owed.ts';
import { shardRanges } from './shards.ts';

const EVERY_MS = 60_000;
const RANGE = 64;

interface Job {
  readonly database: Database;
  readonly log: Log;
  /** What those of an agency are told, in the transaction of its cause. */
  readonly tellOwed: (db: Db, telling: OwedTelling) => Promise<void>;
}

export interface OverdueJob {
  /** Ends after the statement or the telling under way. */
  stop(): Promise<void>;
  /** Counts if it is time, and tells what is due; how many agencies this process told. */
  lookDue(): Promise<number>;
}

/** Starts the work. */
export function startOverdue(job: Job, options: { everyMs?: number } = {}): OverdueJob {
  const { now, stop } = repeat('overdue', options.everyMs ?? EVERY_MS, job.log, async (stopping) => {
    await count(job, stopping);
    return tellAll(job, stopping);
  });
  return { lookDue: now, stop };
}

async function count({ database }: Job, stopping: AbortSignal): Promise<void> {
  let lease = await takeOwedCount(database);
  if (!lease) return;
  const at = new Date();
  const owed = new Map<string, AnswersOwed>();
  try {
    for (const shards of shardRanges(RANGE)) {
      if (stopping.aborted) return;
      lease = await keepOwedCount(database, lease);
      for (const one of await countAnswersOwed(database, { shards, at }))
        owed.set(one.clientId, addOwed(owed.get(one.clientId), one));
    }
    const held = lease;
    await database.transaction((tx) => recordOwed(tx, held, [...owed.values()]));
  } catch (error) {
    if (!(error instanceof OwedCountLost)) throw error;
  }
}

async function tellAll({ database, tellOwed }: Job, stopping: AbortSignal): Promise<number> {
  let told = 0;
  for (const telling of await listOwedTellings(database)) {
    if (stopping.aborted) break;
    const isOurs = await database.transaction(async (tx) => {
      const isTaken = await takeOwedTelling(tx, telling);
      if (isTaken) await tellOwed(tx, telling);
      return isTaken;
    });
    if (isOurs) told += 1;
  }
  return told;
}
