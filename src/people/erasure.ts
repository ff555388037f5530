/**
 * The end of an account for good, in two steps: nobody can change their mind any more; then all that it holds goes.
 *
 * Whoever is interrupted between them leaves an account in `erasing`, which the next one goes on with
 * (`jobs/closings.ts`). Within the second the account's row goes last, since it says what is still to be freed; what hangs
 * on it by a foreign key goes with it, its data key first of all.
 */
import { recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { type DuePage, FIRST, lifeSteps } from './account-life.ts';
import { freeAddresses } from './contacts.ts';
import { freeCredentials } from './passkeys.ts';

/** Accounts of some shards that are due to be erased, also those where it has begun. */
export async function listDueErasures(db: Db, { shards, after, limit }: DuePage): Promise<string[]> {
  const home = db.forAll(shards);
  const rows = await home.query<{ id: string }>(
    `select id from accounts where shard = any($1) and closes_at <= $2 and state in ('closing', 'erasing') and id > $3
     order by id limit $4`,
    [shards, new Date(), after ?? FIRST, limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * From here on nobody gets in and nothing is taken back. In the same transaction: its last messages, while its contacts
 * can still be read, and the end of what its sessions and tokens open.
 *
 * @returns whether this call did it; false also when its owner changed their mind in the last moment
 */
export async function beginErasure(db: Db, id: string): Promise<boolean> {
  const shard = shardOf(id);
  const home = db.for(shard);
  const now = new Date();
  const begun = await home.execute(
    `update accounts set state = 'erasing', state_since = $4
     where shard = $1 and id = $2 and state = any($3) and closes_at <= $4`,
    [shard, id, lifeSteps.erase.from, now],
  );
  return begun === 1;
}

/**
 * Frees what is this account's by its value, then takes away its row: what the account's key has sealed cannot be read any
 * more. Whatever else is under way in the account waits, and finds nothing.
 *
 * @returns whether this call did it
 */
export async function finishErasure(db: Db, secrets: Secrets, id: string): Promise<boolean> {
  const shard = shardOf(id);
  const home = db.for(shard);
  const held = await home.first(
    `select id from accounts where shard = $1 and id = $2 and state = 'erasing' for update`,
    [shard, id],
  );
  if (!held) return false;
  await freeAddresses(db, id);
  await freeCredentials(db, secrets, id);
  await home.execute('delete from accounts where shard = $1 and id = $2', [shard, id]);
  await recordAccountEvent(db, { accountId: id, kind: 'account.erased', details: { by: 'system' } });
  return true;
}
