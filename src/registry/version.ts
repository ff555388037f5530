/**
 * The registry's version: by it every process notices a change, by its row lock changes happen one after another.
 *
 * A write to the registry first takes the lock, then reads what it is about to change, then raises the version and
 * stamps the clients concerned with it. The lock is held until the commit, so a higher version never becomes visible
 * before a lower one and a process that has seen version n has missed nothing up to n.
 */
import type { Db } from '#src/base/database.ts';

/** Waits for its turn to change the registry. Only inside a transaction, and before any other lock of it. */
export async function lockRegistry(db: Db): Promise<void> {
  await db.query('select version from registry_version where only_row for update');
}

/** The next version, to stamp changed clients with. The caller holds the lock. */
export async function raiseRegistryVersion(db: Db): Promise<number> {
  const row = await db.first<{ version: string }>(
    'update registry_version set version = version + 1 where only_row returning version',
  );
  return Number(row?.version);
}

/** The version of the last committed change. */
export async function readRegistryVersion(db: Db): Promise<number> {
  const row = await db.first<{ version: string }>('select version from registry_version where only_row');
  return Number(row?.version);
}
