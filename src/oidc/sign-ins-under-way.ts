/**
 * Sign-ins that somebody is in the middle of when everything of the account is ended. What was shown in them stands in an
 * interaction, which nobody finds by its account: so the account says since when it counts no more
 * (`isEndedSince` in `people/accounts.ts`).
 */
import type { Db } from '#src/base/database.ts';
import { shardOf } from '#src/base/secrets.ts';

/** From now on nothing counts that was shown before. Call it before sessions and grants are ended. */
export async function endSignInsUnderWay(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  await home.execute('update accounts set ended_at = $3 where shard = $1 and id = $2', [shard, accountId, new Date()]);
}
