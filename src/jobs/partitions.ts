/**
 * Keeps the months of what grows with every sign-in: makes those that come, and drops those that are older than people were told.
 *
 * Several processes may run it on one database: they take turns.
 */
import type { Config } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { monthsAhead, monthsOverdue, rowsOutsideMonths } from '#src/base/metrics.ts';
import { keepMonths, lookAtMonths, type Monthly, type MonthsKept } from '#src/base/partitions.ts';
import { repeat } from '#src/base/repeat.ts';

const EVERY_MS = 10 * 60_000;

interface Job {
  readonly config: Pick<Config, 'releasesKeptMonths' | 'eventsKeptMonths'>;
  readonly database: Database;
  readonly log: Log;
  /** Where the owner of the tables works. */
  readonly ownerUrl: string;
}

export interface Partitions {
  /** Ends after what is being made or dropped. */
  stop(): Promise<void>;
  /** Makes and drops what is due now. @throws {NotTheOwner} */
  keepNow(): Promise<MonthsKept[]>;
}

/** The tables in months, and for how long each is kept. */
export function monthlyTables({ releasesKeptMonths, eventsKeptMonths }: Job['config']): readonly Monthly[] {
  return [
    { table: 'releases', keptMonths: releasesKeptMonths, filledTo: 90 },
    { table: 'account_events', keptMonths: eventsKeptMonths },
  ];
}

/** Starts the work. */
export function startPartitions(job: Job, options: { everyMs?: number; firstMs?: number } = {}): Partitions {
  const { everyMs = EVERY_MS, firstMs = 0 } = options;
  const { now, stop } = repeat('partitions', everyMs, job.log, () => keep(job), { firstMs });
  return { keepNow: now, stop };
}

/** The figures are told also where nothing could be done. */
async function keep({ config, database, log, ownerUrl }: Job): Promise<MonthsKept[]> {
  const tables = monthlyTables(config);
  try {
    const kept = await keepMonths(ownerUrl, tables);
    for (const each of kept)
      if (each.made.length + each.dropped.length > 0) log.info(each, 'months were made or dropped');
    return kept;
  } finally {
    for (const monthly of tables) {
      const { table, ahead, outside, overdue } = await lookAtMonths(database, monthly);
      monthsAhead.set({ table }, ahead);
      rowsOutsideMonths.set({ table }, outside);
      monthsOverdue.set({ table }, overdue);
    }
  }
}
