/**
 * Ends the sessions of many people at once, for an operator. It goes shard by shard in batches of their own, so that a
 * server that is serving waits for little; what begins meanwhile behind it stays.
 */
import type { Database, Db } from '#src/base/database.ts';
import { type Secrets, SHARDS } from '#src/base/secrets.ts';
import { listSessionParts, tellSignedOut } from './app-notices.ts';

/** How many sessions one transaction ends at most. */
const BATCH = 500;

/** How many shards are asked at once whether there is something to do. */
const RANGE = 256;

/** Ends every session, with every grant and token that came of it; their apps are told. @returns how many */
export function endEverySession(database: Database, secrets: Secrets): Promise<number> {
  return inEachShard(database, 'sessions', async (db, shard) => {
    const home = db.for(shard);
    const open = await home.query<{ uid: string }>('select uid from sessions where shard = $1 limit $2', [
      shard,
      BATCH,
    ]);
    const uids = open.map(({ uid }) => uid);
    await tellSignedOut(db, secrets, await listSessionParts(db, shard, { uids }));
    await endGrantsOf(db, shard, uids);
    await home.execute('delete from sessions where shard = $1 and uid = any($2)', [shard, uids]);
    return uids.length;
  });
}

/** Ends one app's part of every session, with its grants and tokens; people stay signed in. It is told. @returns how many parts */
export function endClientSessions(database: Database, secrets: Secrets, clientId: string): Promise<number> {
  return inEachShard(database, 'session_clients', async (db, shard) => {
    const home = db.for(shard);
    const open = await home.query<{ uid: string }>(
      'select session_uid as uid from session_clients where shard = $1 and client_id = $2 limit $3',
      [shard, clientId, BATCH],
    );
    const uids = open.map(({ uid }) => uid);
    await tellSignedOut(db, secrets, await listSessionParts(db, shard, { uids, clientIds: [clientId] }));
    await endGrantsOf(db, shard, uids, clientId);
    await home.execute('delete from session_clients where shard = $1 and session_uid = any($2) and client_id = $3', [
      shard,
      uids,
      clientId,
    ]);
    return uids.length;
  });
}

/**
 * Grants before sessions and in one order, as everywhere, so that two who end the same wait for each other. What outlives
 * its session (`offline_access`) stays.
 */
async function endGrantsOf(db: Db, shard: number, uids: readonly string[], clientId: string | null = null) {
  const home = db.for(shard);
  await home.execute(
    `delete from grants where shard = $1 and id in (
       select g.id from session_clients c join grants g on g.shard = $1 and g.id = c.payload ->> 'grantId'
       where c.shard = $1 and c.session_uid = any($2) and ($3::text is null or c.client_id = $3)
         and not coalesce((c.payload ->> 'persistsLogout')::boolean, false)
       order by g.id for update of g)`,
    [shard, uids, clientId],
  );
}

/** One batch in one shard. @returns how much it ended */
type Step = (db: Db, shard: number) => Promise<number>;

async function inEachShard(database: Database, table: 'sessions' | 'session_clients', step: Step): Promise<number> {
  let ended = 0;
  for (let first = 0; first < SHARDS; first += RANGE) {
    const shards = Array.from({ length: RANGE }, (_, offset) => first + offset);
    const home = database.forAll(shards);
    const text = `select distinct shard from ${table} where shard = any($1) order by shard`;
    for (const { shard } of await home.query<{ shard: number }>(text, [shards]))
      ended += await untilDone(database, shard, step);
  }
  return ended;
}

async function untilDone(database: Database, shard: number, step: Step): Promise<number> {
  for (let ended = 0; ; ) {
    const now = await database.transaction((tx) => step(tx, shard));
    ended += now;
    if (now < BATCH) return ended;
  }
}
