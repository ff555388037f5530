/** How a permission ends, and why. */
import type { Db } from '#src/base/database.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { type AppEvent, recordAppEvent } from '#src/people/app-events.ts';
import { noted } from '#src/registry/permission-counts.ts';
import { type PermissionFields, permissionFields, toPermissions } from './permission-rows.ts';
import type { Permission, PermissionEnd, PermissionKind } from './permissions.ts';

/** Which permissions end, and why. */
export interface PermissionEnding {
  /** Both unless it says otherwise. */
  readonly kinds?: readonly PermissionKind[] | undefined;
  /** Ended by the person, a consent is `withdrawn` and a notice `left`, whichever of the two is given. */
  readonly reason: PermissionEnd;
  /** Only what has expired by then. */
  readonly expiredAt?: Date | undefined;
}

/**
 * Ends what an app may read of a person, if there is something. Only the record: whoever calls it sees to grants, tokens and
 * what the app is told (`oidc/withdrawals.ts`).
 *
 * @returns what ended
 */
export async function endPermissions(
  db: Db,
  secrets: Secrets,
  accountId: string,
  clientId: string,
  { kinds = ['consent', 'notice'], reason, expiredAt }: PermissionEnding,
): Promise<Permission[]> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const byPerson = reason === 'withdrawn' || reason === 'left';
  const rows = await home.query<PermissionFields>(
    `update permissions set ended_at = $4,
       end_reason = case when $5::text is not null then $5 when basis = 'consent' then 'withdrawn' else 'left' end
     where shard = $1 and account_id = $2 and client_id = $3 and ended_at is null
       and ((basis = 'consent' and $6) or (basis <> 'consent' and $7))
       and (expires_at <= $8) is not false
     returning ${permissionFields.join(', ')}`,
    [
      ...[shard, accountId, clientId, new Date(), byPerson ? null : reason],
      ...[kinds.includes('consent'), kinds.includes('notice'), expiredAt ?? null],
    ],
  );
  const ended = await toPermissions(home, rows);
  for (const each of ended) {
    const { kind, endReason } = each;
    if (endReason === undefined || endReason === 'replaced') continue;
    await recordAppEvent(db, secrets, endingOf(accountId, each));
    noted(db, { clientId, kind, event: endReason });
  }
  return ended;
}

function endingOf(accountId: string, permission: Permission): AppEvent {
  const { clientId, claims } = permission;
  const details = { claims };
  if (permission.kind === 'notice')
    return {
      accountId,
      kind: permission.endReason === 'expired' ? 'notice.expired' : 'notice.left',
      clientId,
      details,
    };
  const { endReason } = permission;
  const kind = endReason === 'expired' || endReason === 'underage' ? endReason : 'withdrawn';
  return { accountId, kind: `consent.${kind}`, clientId, details };
}

/** Something of an account and an app that has expired. */
export interface ExpiredPermission {
  readonly accountId: string;
  readonly clientId: string;
}

/** What has expired in these shards and is not ended yet, some of it. For a job: it asks many shards. */
export async function listExpired(
  db: Db,
  shards: readonly number[],
  now: Date,
  limit: number,
): Promise<ExpiredPermission[]> {
  const rows = await db
    .forAll(shards)
    .query<{ account_id: string; client_id: string }>(
      `select account_id, client_id from permissions where shard = any($1) and ended_at is null and expires_at <= $2 limit $3`,
      [shards, now, limit],
    );
  return rows.map((row) => ({ accountId: row.account_id, clientId: row.client_id }));
}

/** Lets apps ask again whom they could not ask for a consent: what is known of the person's age has changed. */
export async function askAgain(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  await db
    .for(shard)
    .execute(
      'update permissions set withheld = null where shard = $1 and account_id = $2 and ended_at is null and withheld is not null',
      [shard, accountId],
    );
}
