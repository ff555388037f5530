/**
 * Tells agencies that a secret of theirs is about to end, at 60, 30 and 7 days and when it has, and forgets those that
 * ended long ago.
 *
 * The end itself needs nobody: every process looks at the date with each request. Several processes may run this on one
 * database: a warning is taken on by a conditional statement in the transaction that sends it.
 */
import type { Database, Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import { type DueWarning, forgetEndedSecrets, listDueWarnings, takeWarning } from '#src/registry/client-secrets.ts';

const EVERY_MS = 10 * 60_000;

/** What an agency is told of a secret, in the transaction of its cause. */
export type TellSecretEnd = (db: Db, warning: DueWarning) => Promise<void>;

interface Job {
  readonly database: Database;
  readonly log: Log;
  readonly tellSecretEnd: TellSecretEnd;
}

export interface SecretEnds {
  /** Ends after the warning that is being sent. */
  stop(): Promise<void>;
  /** Tells what is due now; how many warnings this process sent. */
  warnDue(): Promise<number>;
}

/** Starts the work. Several processes may run it on one database. */
export function startSecretEnds(job: Job, options: { everyMs?: number } = {}): SecretEnds {
  const { now, stop } = repeat('secret-ends', options.everyMs ?? EVERY_MS, job.log, (stopping) =>
    warnAll(job, stopping),
  );
  return { warnDue: now, stop };
}

/** A warning that cannot be sent stands in the way of none beside it. */
async function warnAll(job: Job, stopping: AbortSignal): Promise<number> {
  await forgetEndedSecrets(job.database, new Date());
  let sent = 0;
  for (;;) {
    const due = await listDueWarnings(job.database, new Date());
    const failures: unknown[] = [];
    for (const warning of due) {
      if (stopping.aborted) return sent;
      const isSent = await warn(job, warning).catch((error) => {
        failures.push(error);
        return false;
      });
      if (isSent) sent += 1;
    }
    if (failures.length > 0) throw failures[0];
    if (due.length === 0) return sent;
  }
}

function warn({ database, tellSecretEnd }: Job, warning: DueWarning): Promise<boolean> {
  return database.transaction(async (tx) => {
    const isOurs = await takeWarning(tx, warning);
    if (isOurs) await tellSecretEnd(tx, warning);
    return isOurs;
  });
}
