/**
 * The name under which the apps of a subject group know a person (OpenID Connect Core §8.1).
 *
 * Random, stored, never derived: no rotation of a key, change of a domain or move of an app to another agency changes
 * it. Its first two characters carry the account's shard, masked, so that an account is found by it in one shard.
 */
import type { Db } from '#src/base/database.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';

/** In which capacity a person uses an app; as oneself is the only one so far. */
const capacity = 'self';

export const findSubjectSql = `select sub from subjects
  where shard = $1 and account_id = $2 and capacity = $3 and group_id = $4`;

/** The person's `sub` for a subject group; made at the first call. Two at once get the same. */
export async function loadSubject(db: Db, secrets: Secrets, accountId: string, groupId: string): Promise<string> {
  const shard = shardOf(accountId);
  const key = [shard, accountId, capacity, groupId];
  const found = await db.first<{ sub: string }>(findSubjectSql, key);
  if (found) return found.sub;
  await db.execute(
    `insert into subjects (shard, account_id, capacity, group_id, sub, created_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (shard, account_id, capacity, group_id) do nothing`,
    [...key, secrets.newTaggedId(shard), new Date()],
  );
  const stored = await db.first<{ sub: string }>(findSubjectSql, key);
  if (!stored) throw new Error('a subject vanished between two statements');
  return stored.sub;
}

/** Whose `sub` it is, for an app of the group. */
export async function findAccountBySubject(
  db: Db,
  secrets: Secrets,
  sub: string,
  groupId: string,
): Promise<string | undefined> {
  const place = secrets.locate(sub);
  if (!place) return undefined;
  const row = await db.first<{ account_id: string }>(
    'select account_id from subjects where shard = $1 and sub = $2 and group_id = $3',
    [place.shard, sub, groupId],
  );
  return row?.account_id;
}
