/** Who works for an agency: a dated role of an account. */
import type { Db } from '#src/base/database.ts';
import { shardOf } from '#src/base/secrets.ts';

/** Whether the account has a role at some agency now. */
export async function hasMembership(db: Db, accountId: string, now: Date): Promise<boolean> {
  const shard = shardOf(accountId);
  const row = await db.for(shard).first(
    `select 1 as one from memberships
     where shard = $1 and account_id = $2 and since <= $3 and (until is null or until > $3) limit 1`,
    [shard, accountId, now],
  );
  return row !== undefined;
}
