/**
 * Carries out the end of accounts whose owners asked for it: a word shortly before, and the erasure when the time is over.
 *
 * Several processes may do it on one database: each step is a conditional statement, and who is interrupted leaves the
 * account to the next one. What people are told is written by whoever starts the job, since words are the pages' matter.
 */
import type { Database, Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { forgetReleases } from '#src/consents/releases.ts';
import { endUse } from '#src/oidc/account-end.ts';
import { listDueReminders, noteReminder } from '#src/people/account-life.ts';
import { beginErasure, finishErasure, listDueErasures } from '#src/people/erasure.ts';
import { endTesterEverywhere } from '#src/registry/testers.ts';
import { shardRanges } from './shards.ts';

const EVERY_MS = 60_000;
const RANGE = 1_024;
const BATCH = 50;

/** What the owner of an account is told of its end, in the transaction of its cause. */
export type TellOwner = (db: Db, accountId: string, what: 'closing-soon' | 'erased') => Promise<void>;

interface Job {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly tellOwner: TellOwner;
}

export interface Closings {
  /** Ends after the account that is being worked on. */
  stop(): Promise<void>;
  /** Reminds and erases whoever is due now; how many accounts this process erased. */
  closeDue(): Promise<number>;
}

/** Starts the work. Several processes may run it on one database. */
export function startClosings(job: Job, options: { everyMs?: number } = {}): Closings {
  const { now, stop } = repeat('closings', options.everyMs ?? EVERY_MS, job.log, async (stopping) => {
    await remindDue(job, stopping);
    return eraseDue(job, stopping);
  });
  return { closeDue: now, stop };
}

async function remindDue(job: Job, stopping: AbortSignal): Promise<void> {
  await forEachDue(job, stopping, listDueReminders, async (id) => {
    await job.database.transaction(async (tx) => {
      if (await noteReminder(tx, id)) await job.tellOwner(tx, id, 'closing-soon');
    });
    return false;
  });
}

function eraseDue(job: Job, stopping: AbortSignal): Promise<number> {
  return forEachDue(job, stopping, listDueErasures, async (id) => {
    await job.database.transaction((tx) => beginEnd(job, tx, id));
    return job.database.transaction((tx) => finishEnd(job, tx, id));
  });
}

/** All that has to be said while the account can still be read, with the step that makes it final. */
async function beginEnd({ secrets, tellOwner }: Job, tx: Db, id: string): Promise<void> {
  if (!(await beginErasure(tx, id))) return;
  await tellOwner(tx, id, 'erased');
  await endUse(tx, secrets, id, 'account-ended');
  await endTesterEverywhere(tx, id);
}

/** With what hangs on the account by no foreign key. */
async function finishEnd({ secrets }: Job, tx: Db, id: string): Promise<boolean> {
  const isErased = await finishErasure(tx, secrets, id);
  if (isErased) await forgetReleases(tx, id);
  return isErased;
}

/** One account that cannot be worked on stands in the way of no other. @returns for how many `work` said that it was done */
async function forEachDue(
  { database }: Job,
  stopping: AbortSignal,
  listDue: typeof listDueErasures,
  work: (id: string) => Promise<boolean>,
): Promise<number> {
  const failures: unknown[] = [];
  let done = 0;
  for (const shards of shardRanges(RANGE)) {
    for (let after: string | undefined; !stopping.aborted; ) {
      const due = await listDue(database, { shards, after, limit: BATCH });
      for (const id of due) {
        if (stopping.aborted) break;
        const outcome = await work(id).catch((error) => {
          failures.push(error);
          return false;
        });
        if (outcome) done += 1;
      }
      after = due.at(-1);
      if (due.length < BATCH) break;
    }
  }
  if (failures.length > 0) throw failures[0];
  return done;
}
