/**
 * Tells those who decide about new apps that a case waits for them, and once more when it has waited for longer than was
 * promised.
 *
 * Several processes may run it on one database: each telling is taken on by a conditional statement in the transaction that
 * sends it.
 */
import type { Database, Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import { type CaseToTell, listCasesToTell, takeTellingCase } from '#src/registry/cases.ts';

const EVERY_MS = 15_000;

interface Job {
  readonly database: Database;
  readonly log: Log;
  /** What those who decide are told of a case, in the transaction of its cause. */
  readonly tellCase: (db: Db, told: CaseToTell) => Promise<void>;
}

interface Cases {
  /** Ends after what is being told. */
  stop(): Promise<void>;
  /** Tells of everything that waits; of how many cases this process told. */
  tellDue(): Promise<number>;
}

/** Starts the work. */
export function startCases(job: Job, options: { everyMs?: number } = {}): Cases {
  const { now, stop } = repeat('cases', options.everyMs ?? EVERY_MS, job.log, () => tellAll(job));
  return { tellDue: now, stop };
}

async function tellAll({ database, tellCase }: Job): Promise<number> {
  let told = 0;
  for (const one of await listCasesToTell(database)) {
    const isOurs = await database.transaction(async (tx) => {
      const isTaken = await takeTellingCase(tx, one);
      if (isTaken) await tellCase(tx, one);
      return isTaken;
    });
    if (isOurs) told += 1;
  }
  return told;
}
