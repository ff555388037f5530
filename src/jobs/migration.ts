/**
 * Takes the planned steps of apps on their way from accounts of their own, each on its day.
 *
 * Several processes may run it on one database: a step is taken under the registry's lock by whoever comes first, and its
 * agency is told in the same transaction.
 */
import type { Config } from '#src/base/config.ts';
import type { Database, Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { listDueSteps, takePlannedStep } from '#src/registry/migration.ts';

const EVERY_MS = 60_000;

/** What an agency is told of a step that was taken for it, in the transaction of its cause. */
type TellStep = (db: Db, before: ClientRecord, after: ClientRecord) => Promise<void>;

interface Job {
  readonly config: Config;
  readonly database: Database;
  readonly log: Log;
  readonly tellStep: TellStep;
}

interface Migrations {
  /** Ends after the step that is being taken. */
  stop(): Promise<void>;
  /** Takes what is due now; how many steps this process took. */
  takeDue(): Promise<number>;
}

/** Starts the work. */
export function startMigrations(job: Job, options: { everyMs?: number } = {}): Migrations {
  const { now, stop } = repeat('migrations', options.everyMs ?? EVERY_MS, job.log, () => takeAll(job));
  return { takeDue: now, stop };
}

/** A step that cannot be taken stands in the way of none behind it. */
async function takeAll(job: Job): Promise<number> {
  const failures: unknown[] = [];
  let taken = 0;
  for (let after = ''; ; ) {
    const due = await listDueSteps(job.database, new Date(), after);
    for (const { clientId } of due) {
      after = clientId;
      const isTaken = await takeOne(job, clientId).catch((error) => {
        failures.push(error);
        return false;
      });
      if (isTaken) taken += 1;
    }
    if (due.length === 0) break;
  }
  if (failures.length > 0) throw failures[0];
  return taken;
}

function takeOne({ config, database, tellStep }: Job, clientId: string): Promise<boolean> {
  return database.transaction(async (tx) => {
    const step = await takePlannedStep(tx, { clientId }, { mode: config.mode, actor: 'migration' });
    if (step) await tellStep(tx, step.before, step.after);
    return step !== undefined;
  });
}
