/**
 * Who works for an agency: dated roles of an account. What a role may do where is the registry's to say
 * (`registry/authority.ts`).
 *
 * A suspended role counts for nothing: it rests when somebody came back into the account without any of its old factors,
 * until another admin restores it.
 */
import type { Db } from '#src/base/database.ts';
import { everyShard, shardOf } from '#src/base/secrets.ts';

export const roles = ['owner', 'developer', 'approver', 'coordinator', 'desk', 'auditor', 'operator'] as const;
export type Role = (typeof roles)[number];

export interface Membership {
  readonly accountId: string;
  readonly agencyId: string;
  readonly role: Role;
  readonly since: Date;
  readonly until: Date | undefined;
  readonly suspendedAt: Date | undefined;
  readonly suspendedReason: string | undefined;
}

interface MembershipRow {
  account_id: string;
  agency_id: string;
  role: Role;
  since: Date;
  until: Date | null;
  suspended_at: Date | null;
  suspended_reason: string | null;
}

const columns = 'account_id, agency_id, role, since, until, suspended_at, suspended_reason';

/** Whether the account has a role at some agency now. */
export async function hasMembership(db: Db, accountId: string, now: Date): Promise<boolean> {
  const memberships = await listMemberships(db, accountId, now);
  return memberships.some(({ suspendedAt }) => !suspendedAt);
}

/** The roles that an account has now, the suspended ones too. */
export async function listMemberships(db: Db, accountId: string, now: Date): Promise<Membership[]> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<MembershipRow>(
    `select ${columns} from memberships
     where shard = $1 and account_id = $2 and since <= $3 and (until is null or until > $3)
     order by agency_id, role`,
    [shard, accountId, now],
  );
  return rows.map(toMembership);
}

/** Everybody who has a role at one of these agencies now, the suspended too. */
export async function listMembers(db: Db, agencyIds: readonly string[], now: Date): Promise<Membership[]> {
  const rows = await db.forAll(everyShard).query<MembershipRow>(
    `select ${columns} from memberships
     where shard = any($1) and agency_id = any($2) and since <= $3 and (until is null or until > $3)
     order by agency_id, role, since`,
    [everyShard, agencyIds, now],
  );
  return rows.map(toMembership);
}

/** Which of these agencies have an owner whose role counts and whose account may be used. */
export async function listOwned(db: Db, agencyIds: readonly string[], now: Date): Promise<Set<string>> {
  const rows = await db.forAll(everyShard).query<{ agency_id: string }>(
    `select distinct m.agency_id from memberships m join accounts a on a.shard = m.shard and a.id = m.account_id
     where m.shard = any($1) and a.shard = any($1) and m.agency_id = any($2) and m.role = 'owner' and m.suspended_at is null
       and m.since <= $3 and (m.until is null or m.until > $3) and a.state in ('active', 'closing')`,
    [everyShard, agencyIds, now],
  );
  return new Set(rows.map((row) => row.agency_id));
}

/** Everybody who is an operator somewhere now, but for those whose role rests. */
export async function listOperators(db: Db, now: Date): Promise<Membership[]> {
  const rows = await db.forAll(everyShard).query<MembershipRow>(
    `select ${columns} from memberships
     where shard = any($1) and role = 'operator' and since <= $2 and (until is null or until > $2)
       and suspended_at is null
     order by account_id`,
    [everyShard, now],
  );
  return rows.map(toMembership);
}

function toMembership(row: MembershipRow): Membership {
  return {
    accountId: row.account_id,
    agencyId: row.agency_id,
    role: row.role,
    since: row.since,
    until: row.until ?? undefined,
    suspendedAt: row.suspended_at ?? undefined,
    suspendedReason: row.suspended_reason ?? undefined,
  };
}

/**
 * Gives an account a role; one that it has already stays as it is.
 *
 * @param grantedBy the account id of who gave it, or `command`
 * @returns whether it is new
 */
export async function grantMembership(
  db: Db,
  { accountId, agencyId, role }: Pick<Membership, 'accountId' | 'agencyId' | 'role'>,
  grantedBy: string,
): Promise<boolean> {
  const shard = shardOf(accountId);
  const granted = await db.for(shard).execute(
    `insert into memberships (shard, account_id, agency_id, role, since, granted_by)
     select $1, $2, $3, $4, $5, $6
     where not exists (select from memberships
       where shard = $1 and account_id = $2 and agency_id = $3 and role = $4 and (until is null or until > $5))
     on conflict do nothing`,
    [shard, accountId, agencyId, role, new Date(), grantedBy],
  );
  return granted > 0;
}

/** Ends a role. @returns whether there was one */
export async function endMembership(
  db: Db,
  { accountId, agencyId, role }: Pick<Membership, 'accountId' | 'agencyId' | 'role'>,
): Promise<boolean> {
  const shard = shardOf(accountId);
  const ended = await db.for(shard).execute(
    `update memberships set until = $5
     where shard = $1 and account_id = $2 and agency_id = $3 and role = $4 and (until is null or until > $5)`,
    [shard, accountId, agencyId, role, new Date()],
  );
  return ended > 0;
}

/** Why roles rest. */
export type Rest = 'recovered' | 'new-factor' | 'desk';

/**
 * Lets all roles of an account rest, until another admin restores each: somebody came into it without a factor of before.
 *
 * @returns how many roles it concerned
 */
export async function suspendMemberships(db: Db, accountId: string, reason: Rest): Promise<number> {
  const shard = shardOf(accountId);
  return db.for(shard).execute(
    `update memberships set suspended_at = $3, suspended_reason = $4
     where shard = $1 and account_id = $2 and suspended_at is null and (until is null or until > $3)`,
    [shard, accountId, new Date(), reason],
  );
}

/** Lets a role count again. @returns whether it rested */
export async function restoreMembership(
  db: Db,
  { accountId, agencyId, role }: Pick<Membership, 'accountId' | 'agencyId' | 'role'>,
): Promise<boolean> {
  const shard = shardOf(accountId);
  const restored = await db.for(shard).execute(
    `update memberships set suspended_at = null, suspended_reason = null
     where shard = $1 and account_id = $2 and agency_id = $3 and role = $4 and suspended_at is not null
       and (until is null or until > $5)`,
    [shard, accountId, agencyId, role, new Date()],
  );
  return restored > 0;
}
