/**
 * Browsers that an account has been used with. A browser is recognised by a long-lived signed cookie (`web/device.ts`), which
 * is here as a keyed hash; what is known of it ends when it is not used for long, or with the account.
 */
import type { Db } from '#src/base/database.ts';
import { newAccountId, shardOf } from '#src/base/secrets.ts';

/** How long a browser is remembered that is not used any more. */
const REMEMBERED_MS = 400 * 24 * 3600 * 1000;

/** Since when an account knows a browser. `accountId` undefined: nobody's, by the same statement. */
export async function findDevice(
  db: Db,
  accountId: string | undefined,
  device: Buffer,
): Promise<{ readonly firstSeenAt: Date } | undefined> {
  const id = accountId ?? newAccountId();
  const shard = shardOf(id);
  const row = await db
    .for(shard)
    .first<{ first_seen_at: Date }>(
      `select first_seen_at from devices where shard = $1 and account_id = $2 and device_hash = $3 and expires_at > $4`,
      [shard, id, device, new Date()],
    );
  return row && { firstSeenAt: row.first_seen_at };
}

/** Whether an account knew a browser already; `first` when it had known none at all. */
export type Acquaintance = 'known' | 'new' | 'first';

/** Notes that an account was signed in to from a browser. @returns what the browser was to it before */
export async function rememberDevice(db: Db, accountId: string, device: Buffer): Promise<Acquaintance> {
  const shard = shardOf(accountId);
  const now = new Date();
  const row = await db.for(shard).first<{ was: Acquaintance }>(
    `insert into devices as d (shard, account_id, device_hash, first_seen_at, last_seen_at, expires_at)
     values ($1, $2, $3, $4, $4, $5)
     on conflict (shard, account_id, device_hash) do update set
       first_seen_at = case when d.expires_at <= $4 then excluded.first_seen_at else d.first_seen_at end,
       last_seen_at = excluded.last_seen_at, expires_at = excluded.expires_at
     returning case
       when first_seen_at < $4 then 'known'
       when exists (select 1 from devices o where o.shard = $1 and o.account_id = $2 and o.device_hash <> $3
         and o.expires_at > $4) then 'new'
       else 'first' end as was`,
    [shard, accountId, device, now, new Date(now.getTime() + REMEMBERED_MS)],
  );
  return row?.was ?? 'new';
}
