/**
 * Looks for what exists twice, among the apps that changed.
 *
 * Several processes may run it on one database: each app is claimed for a few minutes, and what a process had claimed when it was
 * killed is done by another afterwards.
 */
import type { Database } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import { compareProfiles } from '#src/registry/comparing.ts';

const EVERY_MS = 5_000;

interface Job {
  readonly database: Database;
  readonly log: Log;
}

/** Compares the apps that changed, until it is stopped. */
export interface Duplicates {
  /** Ends after the apps that are being compared. */
  stop(): Promise<void>;
  /** Compares everything that waits; how many apps this process compared. */
  compareDue(): Promise<number>;
}

/** Starts the work. */
export function startDuplicates({ database, log }: Job, options: { everyMs?: number } = {}): Duplicates {
  const { now, stop } = repeat('duplicates', options.everyMs ?? EVERY_MS, log, (stopping) =>
    compareAll(database, stopping),
  );
  return { compareDue: now, stop };
}

async function compareAll(database: Database, stopping: AbortSignal): Promise<number> {
  let compared = 0;
  while (!stopping.aborted) {
    const batch = await compareProfiles(database);
    if (batch === 0) break;
    compared += batch;
  }
  return compared;
}
