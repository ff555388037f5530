/**
 * Carries out what was decided about apps: tells those concerned at once and again before the day, ends the app on its day,
 * and tells of what was undone. An app ends only after somebody was told of it in an earlier round.
 *
 * Several processes may run it on one database: each step is taken on by a conditional statement in the transaction that does it.
 */
import type { Config } from '#src/base/config.ts';
import type { Database, Db, Transaction } from '#src/base/database.ts';
import { HOUR_MS } from '#src/base/epoch.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import {
  carryOut,
  listDueEnds,
  listDueReminders,
  listUnannounced,
  listUntoldUndone,
  takeAnnouncing,
  takeReminder,
  takeUndoTelling,
} from '#src/registry/decision-ends.ts';
import type { Decision } from '#src/registry/decision-rows.ts';
import { forgetEvidence } from '#src/registry/evidence.ts';

const EVERY_MS = 15_000;

/** What those concerned are told of, in the transaction of its cause. */
export interface DecisionNotices {
  /** Decisions about apps of one agency that were made together. */
  decided(db: Db, decisions: readonly Decision[]): Promise<void>;
  undone(db: Db, decisions: readonly Decision[]): Promise<void>;
  near(db: Db, decision: Decision): Promise<void>;
  /** An app ended, or could not end because its successor cannot be used. */
  day(db: Db, decision: Decision, outcome: 'ended' | 'held'): Promise<void>;
}

interface Job {
  readonly config: Pick<Config, 'mode'>;
  readonly database: Database;
  readonly log: Log;
  readonly notices: DecisionNotices;
}

/** Tells of decisions, and ends apps on their day. */
export interface Decisions {
  /** Ends after the step that is being taken. */
  stop(): Promise<void>;
  /** Does what is due now; how many apps this process ended. */
  workNow(): Promise<number>;
}

/** How often files are looked for that no decision rests on. */
const SWEEP_MS = HOUR_MS;

/** Starts the work. */
export function startDecisions(job: Job, options: { everyMs?: number } = {}): Decisions {
  let sweptAt = 0;
  const { now, stop } = repeat('decisions', options.everyMs ?? EVERY_MS, job.log, async (stopping) => {
    const ended = await work(job, stopping);
    if (Date.now() - sweptAt < SWEEP_MS || stopping.aborted) return ended;
    await forgetEvidence(job.database, new Date());
    sweptAt = Date.now();
    return ended;
  });
  return { workNow: now, stop };
}

/** What fails of one stands in the way of none beside it. */
async function work({ config, database, notices }: Job, stopping: AbortSignal): Promise<number> {
  const begun = new Date();
  const failures: unknown[] = [];
  const each = async <One>(all: readonly One[], take: (tx: Transaction, one: One) => Promise<void>) => {
    for (const one of all) {
      if (stopping.aborted) return;
      await database.transaction((tx) => take(tx, one)).catch((error) => failures.push(error));
    }
  };
  await each(await listUntoldUndone(database), async (tx, telling) => {
    const undone = await takeUndoTelling(tx, telling);
    if (undone.length > 0) await notices.undone(tx, undone);
  });
  await each(await listUnannounced(database), async (tx, telling) => {
    const decided = await takeAnnouncing(tx, telling);
    if (decided.length > 0) await notices.decided(tx, decided);
  });
  await each(await listDueReminders(database, begun), async (tx, reminder) => {
    const decision = await takeReminder(tx, reminder);
    if (decision) await notices.near(tx, decision);
  });
  let ended = 0;
  await each(await listDueEnds(database, begun), async (tx, id) => {
    const done = await carryOut(tx, id, config);
    if (done && done.outcome !== 'waits') await notices.day(tx, done.decision, done.outcome);
    if (done?.outcome === 'ended') ended += 1;
  });
  if (failures.length > 0) throw failures[0];
  return ended;
}
