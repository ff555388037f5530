/**
 * What an app may read of a person: a consent, which was asked and can be withdrawn, or a notice of another legal basis, which
 * informs and leaves no choice. At most one current one of each kind per account and app; ended ones stay on record.
 *
 * A permission never changes its meaning: narrowing it, renewing it and agreeing to more end it and make a new one. The record is
 * ours; the protocol's Grant is its short-lived shadow (`oidc/grants.ts`).
 *
 * Field by field it is a consent record of ISO/IEC TS 27560:2023: `record_id` is `id`, `pii_principal_id` the account,
 * `pii_controller` and `recipient` the agency and app of its terms, `purpose`, `lawful_basis`, `pii_type` with whether it is
 * optional, and `privacy_notice` the terms with `language`, `geographic/jurisdiction` the law of an item, `event_time` `givenAt`,
 * `validity_duration` until `expiresAt`, `event_type` `event`, `event_state` `endReason`, `collection_method` `interaction` with
 * `acr` and `amr`. `docs/permissions.md` has them in a table.
 */
import { lookUps } from '#src/base/batches.ts';
import type { Db } from '#src/base/database.ts';
import type { Language } from '#src/base/refusals.ts';
import { shardOf } from '#src/base/secrets.ts';
import type { StandardClaim } from '#src/registry/claims.ts';
import type { LegalBasis } from '#src/registry/clients.ts';
import { type PermissionFields, permissionFields, toPermissions } from './permission-rows.ts';
import type { Terms } from './terms.ts';

/** A consent was chosen; a notice tells what an app reads on another legal basis. */
export type PermissionKind = 'consent' | 'notice';

/** Any legal basis that is not a choice (UU PDP 27/2022, article 20). */
export type OtherBasis = Exclude<LegalBasis, 'consent'>;

/** Why a notice stands where no consent could be asked. */
export type Withheld = 'minor' | 'unknown';

/** Why a permission is no longer the current one. `underage`: its owner turned out to be under 18. */
export type PermissionEnd = 'replaced' | 'withdrawn' | 'left' | 'expired' | 'underage';

/** What decides about a request, of a permission that is current. It may have expired: the page then says that it is renewed. */
export interface Current {
  readonly id: string;
  /** What was shown. */
  readonly terms: Terms;
  /** Allowed: names of items of the terms. */
  readonly claims: readonly StandardClaim[];
  readonly scopes: readonly string[];
  readonly givenAt: Date;
  readonly expiresAt: Date;
}

/** What a person allowed, and may take back at any time. */
export interface CurrentConsent extends Current {
  readonly kind: 'consent';
  readonly basis: 'consent';
  /** Offered and not ticked; not asked again. */
  readonly declined: readonly StandardClaim[];
}

/** What a person was told of, since there was nothing to choose. */
export interface CurrentNotice extends Current {
  readonly kind: 'notice';
  /** Of its first item; each item of the terms has its own. */
  readonly basis: OtherBasis;
  readonly declined: readonly [];
  readonly withheld: Withheld | undefined;
}

/** What an app may read of a person at the moment. */
export interface CurrentPermissions {
  readonly consent: CurrentConsent | undefined;
  readonly notice: CurrentNotice | undefined;
}

/** How it came about, and what became of it. */
export interface OnRecord {
  readonly clientId: string;
  /** In which it was shown. */
  readonly language: Language;
  readonly acr: string;
  readonly amr: readonly string[];
  /** In which interaction, as a hash of its id; undefined where it was narrowed on the account page. */
  readonly interaction: string | undefined;
  readonly endedAt: Date | undefined;
}

/** A consent with its history. */
export interface Consent extends CurrentConsent, OnRecord {
  readonly event: 'given' | 'narrowed' | 'renewed';
  readonly endReason: Exclude<PermissionEnd, 'left'> | undefined;
}

/** A notice with its history. */
export interface Notice extends CurrentNotice, OnRecord {
  readonly event: 'given' | 'renewed';
  readonly endReason: Exclude<PermissionEnd, 'withdrawn' | 'underage'> | undefined;
}

/** Why an app may read: what was chosen, or what was told. */
export type Permission = Consent | Notice;

/** Which permissions of a person to list. */
export interface PermissionPage {
  /** Of one app. */
  readonly clientId?: string | undefined;
  /** Also those that are no longer current. */
  readonly ended?: boolean | undefined;
  /** The last one of the page before. */
  readonly before?: Pick<Permission, 'id'> | undefined;
  readonly limit: number;
}

/** Permissions of a person, the latest first. Walks the primary key backwards: their ids are in the order of time. */
export async function listPermissions(
  db: Db,
  accountId: string,
  { clientId, ended = false, before, limit }: PermissionPage,
): Promise<Permission[]> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const ofApp = clientId === undefined ? '' : 'and client_id = $5';
  const rows = await home.query<PermissionFields>(
    `select ${permissionFields.join(', ')} from permissions
     where shard = $1 and account_id = $2 and id < $3 ${ended ? '' : 'and ended_at is null'} ${ofApp} order by id desc limit $4`,
    [shard, accountId, before?.id ?? LAST_ID, limit, ...(clientId === undefined ? [] : [clientId])],
  );
  return toPermissions(home, rows);
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** One permission of a person, current or ended. */
export async function findPermission(db: Db, accountId: string, id: string): Promise<Permission | undefined> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const rows = await home.query<PermissionFields>(
    `select ${permissionFields.join(', ')} from permissions where shard = $1 and account_id = $2 and id = $3`,
    [shard, accountId, id],
  );
  return (await toPermissions(home, rows))[0];
}

/** The apps that may read something of a person, or told them that they do. */
export async function listConnected(db: Db, accountId: string): Promise<string[]> {
  const shard = shardOf(accountId);
  const rows = await db
    .for(shard)
    .query<{ client_id: string }>(
      `select distinct client_id from permissions where shard = $1 and account_id = $2 and ended_at is null order by client_id`,
      [shard, accountId],
    );
  return rows.map(({ client_id: id }) => id);
}

/** {@link listConnected} of many accounts. For loads: it asks many shards. */
export async function listConnectedOfMany(db: Db, accountIds: readonly string[]): Promise<Map<string, string[]>> {
  const connected = new Map(accountIds.map((id): [string, string[]] => [id, []]));
  for (const some of lookUps(accountIds)) {
    const shards = some.map(shardOf);
    // Without the offset PostgreSQL would read all permissions of these shards, to join them.
    const rows = await db.forAll(shards).query<{ account_id: string; client_id: string }>(
      `select wanted.account_id, p.client_id from unnest($1::smallint[], $2::uuid[]) as wanted (shard, account_id)
       cross join lateral (select distinct client_id from permissions where shard = any($1) and shard = wanted.shard
         and account_id = wanted.account_id and ended_at is null offset 0) p`,
      [shards, some],
    );
    for (const row of rows) connected.get(row.account_id)?.push(row.client_id);
  }
  return connected;
}

/**
 * Of each kind the latest of an app that is over, where it ended because its time was up: its successor renews it. For the
 * consent page alone, where there is no current one.
 */
export async function lastExpired(db: Db, accountId: string, clientId: string): Promise<CurrentPermissions> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const rows = await home.query<PermissionFields>(
    `select distinct on (basis = 'consent') ${permissionFields.join(', ')} from permissions
     where shard = $1 and account_id = $2 and client_id = $3 and ended_at is not null
     order by (basis = 'consent'), id desc`,
    [shard, accountId, clientId],
  );
  const expired = (await toPermissions(home, rows)).filter(({ endReason }) => endReason === 'expired');
  return {
    consent: expired.find((each) => each.kind === 'consent'),
    notice: expired.find((each) => each.kind === 'notice'),
  };
}
