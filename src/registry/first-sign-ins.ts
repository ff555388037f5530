/** The first sign-in to an app, from which on its subject group is fixed: people would become others to it. */
import type { Db, Transaction } from '#src/base/database.ts';
import { loadClient } from './clients.ts';
import { lockRegistry, raiseRegistryVersion } from './version.ts';

/**
 * Fixes a client's subject group for good, before the first person gets a `sub` there.
 *
 * Send it on the pool, not within the request's unit of work: it takes the registry's lock, and being early does no
 * harm. Needed only while the cached record has no `firstSignInAt`; that record may be a second old, so use the group
 * returned here.
 *
 * @returns the subject group of the client.
 * @throws {Refusal} `client_not_found`
 */
export async function noteFirstSignIn(db: Db, clientId: string): Promise<string> {
  const noted = await db.first<{ subject_group_id: string }>(
    `with raised as (
       update registry_version set version = version + 1
       where only_row and exists (select from clients where id = $1 and first_sign_in_at is null)
       returning version
     )
     update clients set first_sign_in_at = $2, version = raised.version from raised
     where id = $1 and first_sign_in_at is null returning subject_group_id`,
    [clientId, new Date()],
  );
  return noted?.subject_group_id ?? (await loadClient(db, clientId)).subjectGroupId;
}

/**
 * {@link noteFirstSignIn} for the many of a load, in the transaction that gives them people. Before any other lock of it;
 * without clients it takes none.
 */
export async function noteFirstSignIns(tx: Transaction, clientIds: readonly string[]): Promise<void> {
  if (clientIds.length === 0) return;
  await lockRegistry(tx);
  await tx.execute(
    'update clients set first_sign_in_at = $2, version = $3 where id = any($1) and first_sign_in_at is null',
    [clientIds, new Date(), await raiseRegistryVersion(tx)],
  );
}
