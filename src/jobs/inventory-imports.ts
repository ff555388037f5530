/**
 * Checks and applies the files of the inventory that people have sent, and looks for the clients that may be the same app as a
 * record. Whichever process takes the lease of a file goes through it in batches; what one has left, the next goes on with.
 */
import type { Database } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import { workOnImport } from '#src/registry/inventory-import-work.ts';
import { matchDue } from '#src/registry/inventory-matches.ts';

/** Somebody looks at the page meanwhile. */
const EVERY_MS = 1_000;

interface Job {
  readonly database: Database;
  readonly log: Log;
}

/** Checks and applies files of the inventory, until it is stopped. */
export interface InventoryImports {
  /** Ends after the batch that is under way; another process, or the next start, goes on. */
  stop(): Promise<void>;
  /** Does all that waits now. @returns how many files it worked on */
  workNow(): Promise<number>;
}

/** Starts the work. Several processes may run it on one database. */
export function startInventoryImports({ database, log }: Job, options: { everyMs?: number } = {}): InventoryImports {
  const { now, stop } = repeat('inventory-imports', options.everyMs ?? EVERY_MS, log, (stopping) =>
    workOnAll(database, stopping),
  );
  return { workNow: now, stop };
}

async function workOnAll(database: Database, signal: AbortSignal): Promise<number> {
  let files = 0;
  while (!signal.aborted && (await workOnImport(database, { signal }))) files += 1;
  await matchDue(database, signal);
  return files;
}
