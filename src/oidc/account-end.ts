/**
 * The steps of an account's life together with what they end: nobody is in a frozen, disabled or erased account any more.
 *
 * Who may not be used is refused at each use already (`claims.ts`); here the rows go too, so that nothing from before
 * comes back to life when the account is opened again.
 */
import type { Db } from '#src/base/database.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { listConnected } from '#src/consents/permissions.ts';
import {
  disableAccount,
  enableAccount,
  freezeAccount,
  type OperatorsWhy,
  unfreezeAccount,
  type Why,
} from '#src/people/account-life.ts';
import { findCountsUntil, removeAdded } from '#src/people/opening.ts';
import { type NoticeReason, tellApps } from './app-notices.ts';
import { endSignInsUnderWay } from './sign-ins-under-way.ts';

/** {@link freezeAccount}, with every session, grant and token of it; its apps are told. */
export async function freeze(db: Db, secrets: Secrets, accountId: string, why: Why): Promise<boolean> {
  const isFrozen = await freezeAccount(db, accountId, why);
  if (isFrozen) await endUse(db, secrets, accountId, 'account-held');
  return isFrozen;
}

/**
 * {@link unfreezeAccount}, without what a sign-in under way may have left when it was frozen, and without what was added to
 * the account in the week before.
 */
export async function unfreeze(db: Db, secrets: Secrets, accountId: string, why: Why): Promise<boolean> {
  const until = await findCountsUntil(db, accountId);
  const isOpen = await unfreezeAccount(db, accountId, why);
  if (!isOpen || !until) return isOpen;
  await endEverything(db, accountId);
  await removeAdded(db, secrets, accountId, until);
  return true;
}

/** {@link disableAccount}, with every session, grant and token of it; its apps are told. */
export async function disable(db: Db, secrets: Secrets, accountId: string, why: OperatorsWhy): Promise<boolean> {
  const isDisabled = await disableAccount(db, accountId, why);
  if (isDisabled) await endUse(db, secrets, accountId, 'account-held');
  return isDisabled;
}

/** {@link enableAccount}, without what a sign-in under way may have left when it was disabled. */
export async function enable(db: Db, accountId: string, why: OperatorsWhy): Promise<'active' | 'frozen' | undefined> {
  const state = await enableAccount(db, accountId, why);
  if (state) await endEverything(db, accountId);
  return state;
}

/** {@link endEverything}, and each connected app is told why. */
export async function endUse(
  db: Db,
  secrets: Secrets,
  accountId: string,
  reason: Extract<NoticeReason, 'signed-out' | 'account-held' | 'account-ended'>,
): Promise<void> {
  const connected = await listConnected(db, accountId);
  await tellApps(
    db,
    secrets,
    connected.map((clientId) => ({ accountId, clientId, reason })),
  );
  await endEverything(db, accountId);
}

/**
 * Ends every session of an account, every sign-in under way and every code and token that apps hold of it. Consents stay.
 *
 * Grants before sessions, as everywhere, so that two who end the same wait for each other instead of colliding.
 */
export async function endEverything(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  await endSignInsUnderWay(db, accountId);
  await home.execute('delete from grants where shard = $1 and account_id = $2', [shard, accountId]);
  await home.execute('delete from sessions where shard = $1 and account_id = $2', [shard, accountId]);
}
