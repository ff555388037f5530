/**
 * The name under which the apps of a subject group know a person (OpenID Connect Core §8.1).
 *
 * Random, stored, never derived: no rotation of a key, change of a domain or move of an app to another agency changes
 * it. Its first two characters carry the account's shard, masked, so that an account is found by it in one shard.
 */
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { knownSubject } from './storage/known.ts';

/** In which capacity a person uses an app; as oneself is the only one so far. */
const capacity = 'self';

const findSubject = `select sub from subjects
  where shard = $1 and account_id = $2 and capacity = $3 and group_id = $4`;

const giveName: Write = {
  name: 'subject_named',
  table: 'subjects',
  columns: {
    shard: 'smallint',
    account_id: 'uuid',
    capacity: 'text',
    group_id: 'text',
    sub: 'text',
    created_at: 'timestamptz',
  },
  text: `insert into subjects as s (shard, account_id, capacity, group_id, sub, created_at)
    select shard, account_id, capacity, group_id, sub, created_at from given
    on conflict (shard, account_id, capacity, group_id) do update set sub = s.sub returning 1`,
  lost: () => new Error('the account is gone'),
};

/**
 * Gives the person a name for a subject group with the commit of the caller's unit, unless this request knows that there
 * is one. Of several at once the first stays.
 */
export async function nameSubject(db: Db, secrets: Secrets, accountId: string, groupId: string): Promise<void> {
  if (knownSubject(db, accountId, groupId)) return;
  const shard = shardOf(accountId);
  await db.for(shard).write(giveName, [shard, accountId, capacity, groupId, secrets.newTaggedId(shard), new Date()]);
}

/** The person's `sub` for a subject group; made at the first call. Two at once get the same. */
export async function loadSubject(db: Db, secrets: Secrets, accountId: string, groupId: string): Promise<string> {
  const known = knownSubject(db, accountId, groupId);
  if (known) return known;
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const key = [shard, accountId, capacity, groupId];
  const found = await home.first<{ sub: string }>(findSubject, key);
  if (found) return found.sub;
  await home.execute(
    `insert into subjects (shard, account_id, capacity, group_id, sub, created_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (shard, account_id, capacity, group_id) do nothing`,
    [...key, secrets.newTaggedId(shard), new Date()],
  );
  const stored = await home.first<{ sub: string }>(findSubject, key);
  if (!stored) throw new Error('a subject vanished between two statements');
  return stored.sub;
}

/** The names of people whose accounts are in one shard, by account and subject group with a space between. */
export async function listSubjectsOf(
  db: Db,
  shard: number,
  accountIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .for(shard)
    .query<{ account_id: string; group_id: string; sub: string }>(
      'select account_id, group_id, sub from subjects where shard = $1 and account_id = any($2) and capacity = $3',
      [shard, accountIds, capacity],
    );
  return new Map(rows.map((row) => [`${row.account_id} ${row.group_id}`, row.sub]));
}
