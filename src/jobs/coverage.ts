/**
 * Counts how far the country has come, once a day (`registry/coverage.ts`): first how many people use each app, then which
 * groups the apps count in that enough people use, how many people these groups have, and the rest of the figures.
 *
 * Several processes may run it on one database: a day is held by one of them for some minutes at a time, and who has lost it
 * writes nothing. People are counted range of shards by range of shards, in a transaction each. Who is interrupted leaves the
 * day to the next one, which begins anew.
 */
import { type Database, DatabaseUnavailable, type Db } from '#src/base/database.ts';
import { dayOf } from '#src/base/epoch.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import { countPeopleByClaim } from '#src/consents/claim-people.ts';
import { countPeopleByApp, countPeopleByGroup, type GroupPeople } from '#src/consents/people-counts.ts';
import type { GroupKind } from '#src/registry/coverage.ts';
import {
  allowWholeTables,
  type CountLease,
  CountLost,
  foldDays,
  forgetOldDays,
  groupApps,
  keepCount,
  type PeopleOf,
  recordCount,
  takeCount,
} from '#src/registry/coverage-count.ts';
import { foldFigures, forgetOldFigures, recordPeople } from '#src/registry/figures.ts';
import { shardRanges } from './shards.ts';

const EVERY_MS = 60_000;
const RANGE = 64;

interface Job {
  readonly database: Database;
  readonly log: Log;
}

/** Counts how far the country has come, once a day. */
export interface CoverageJob {
  /** Ends after the statement that is running; the day is counted by whoever starts next. */
  stop(): Promise<void>;
  /** Counts today unless somebody has, or does. @returns whether it was this process that did */
  countDue(): Promise<boolean>;
}

/** Starts the work. */
export function startCoverage({ database, log }: Job, options: { everyMs?: number } = {}): CoverageJob {
  const { now, stop } = repeat('coverage', options.everyMs ?? EVERY_MS, log, (signal) =>
    countCoverage(database, { again: false, signal }),
  );
  return { countDue: now, stop };
}

/**
 * Counts today.
 *
 * @param options.again also when it has been counted
 * @returns false when it is counted already, or just now, by another process
 */
export async function countCoverage(
  database: Database,
  { again, signal }: { readonly again: boolean; readonly signal?: AbortSignal },
): Promise<boolean> {
  const today = dayOf(new Date());
  let lease = await takeCount(database, today, { again });
  if (!lease) return false;
  const at = new Date();
  const sumUp = async (count: (tx: Db, shards: readonly number[]) => Promise<ReadonlyMap<string, number>>) => {
    const sums = new Map<string, number>();
    for (const shards of shardRanges(RANGE)) {
      signal?.throwIfAborted();
      await inHalves(shards, async (some) => {
        lease = await keepCount(database, lease as CountLease);
        const counted = await withWholeTables(database, (tx) => count(tx, some));
        for (const [key, people] of counted) sums.set(key, (sums.get(key) ?? 0) + people);
      });
    }
    return sums;
  };
  try {
    const byApp = await sumUp((tx, shards) => countPeopleByApp(tx, { shards, at }));
    await withWholeTables(database, (tx) => groupApps(tx, byApp));
    const byGroup = await sumUp(async (tx, shards) => byKey(await countPeopleByGroup(tx, { shards, at })));
    const byClaim = await sumUp((tx, shards) => countPeopleByClaim(tx, { shards, at }));
    await withWholeTables(database, (tx) => recordPeople(tx, today, byClaim));
    const held = lease;
    await withWholeTables(database, (tx) => recordCount(tx, held, groupsIn(byGroup)));
  } catch (error) {
    if (error instanceof CountLost || signal?.aborted) return false;
    throw error;
  }
  await foldDays(database, today);
  await forgetOldDays(database, today);
  await foldFigures(database, today);
  await forgetOldFigures(database, today);
  return true;
}

/** Shards with more people than one statement can count in its time are counted by halves. */
async function inHalves(shards: readonly number[], count: (some: readonly number[]) => Promise<void>): Promise<void> {
  try {
    await count(shards);
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable) || shards.length === 1) throw error;
    const half = Math.ceil(shards.length / 2);
    await inHalves(shards.slice(0, half), count);
    await inHalves(shards.slice(half), count);
  }
}

function withWholeTables<T>(database: Database, work: (tx: Db) => Promise<T>): Promise<T> {
  return database.transaction(async (tx) => {
    await tx.begin();
    await allowWholeTables(tx);
    return work(tx);
  });
}

function byKey(groups: readonly GroupPeople[]): ReadonlyMap<string, number> {
  return new Map(groups.map(({ kind, id, people }) => [`${kind} ${id}`, people]));
}

function groupsIn(sums: ReadonlyMap<string, number>): PeopleOf[] {
  return [...sums].map(([key, people]) => {
    const space = key.indexOf(' ');
    return { kind: key.slice(0, space) as GroupKind, id: key.slice(space + 1), people };
  });
}
