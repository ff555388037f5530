/**
 * What is proven about the person behind an account: identity assurance `ial1`, `ial2`, `ial3` (NIST SP 800-63A-4), from
 * recorded evidence alone.
 *
 * It is another scale than how sure a sign-in was (`acr`): neither says anything about the other, and no app is told this
 * one.
 *
 * After a recovery by two contacts evidence from before is closed, and the account restricted, until somebody proves anew
 * who the person is.
 */
import { randomUUID } from 'node:crypto';
import { recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { shardOf } from '#src/base/secrets.ts';

/** From the weakest to the strongest. */
export const identityLevels = ['ial1', 'ial2', 'ial3'] as const;

export type IdentityLevel = (typeof identityLevels)[number];

export interface Evidence {
  readonly accountId: string;
  readonly level: IdentityLevel;
  /** How it was proven, in a word: `desk`, `example`. */
  readonly method: string;
  /** Who vouches for it: an officer's account id, `command`, `seed`. */
  readonly recordedBy: string;
}

/**
 * Records that somebody has proven who the person is. Where the account is restricted this lifts it, if it is at least what
 * was proven before; that older evidence ends then, and does not come back.
 *
 * @throws `account_unavailable` when there is no such account
 */
export async function recordEvidence(db: Db, evidence: Evidence): Promise<void> {
  const { accountId, level, method, recordedBy } = evidence;
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const account = await home.first<{ restricted_at: Date | null }>(
    'select restricted_at from accounts where shard = $1 and id = $2 for no key update',
    [shard, accountId],
  );
  if (!account) throw new Refusal('account_unavailable', 'no such account');
  const now = new Date();
  await home.execute(
    `insert into identity_evidence (shard, account_id, id, level, method, recorded_by, recorded_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [shard, accountId, randomUUID(), level, method, recordedBy, now],
  );
  await recordAccountEvent(db, {
    accountId,
    kind: 'identity.proven',
    details: { level, method },
  });
  if (account.restricted_at) await liftRestriction(db, evidence, account.restricted_at);
}

async function liftRestriction(db: Db, { accountId, level }: Evidence, restrictedAt: Date): Promise<void> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const closed = highestOf(await listLevels(db, accountId, { until: restrictedAt }));
  if (closed && identityLevels.indexOf(level) < identityLevels.indexOf(closed)) return;
  await home.execute(
    `update identity_evidence set ended_at = $4
     where shard = $1 and account_id = $2 and ended_at is null and recorded_at <= $3`,
    [shard, accountId, restrictedAt, new Date()],
  );
  await home.execute('update accounts set restricted_at = null where shard = $1 and id = $2', [shard, accountId]);
}

/**
 * From now on only what is proven anew counts, and what was there before stays closed. Where the account is restricted
 * already, what came meanwhile does not become old by it.
 */
export async function restrictAccount(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  await db
    .for(shard)
    .execute('update accounts set restricted_at = coalesce(restricted_at, $3) where shard = $1 and id = $2', [
      ...[shard, accountId, new Date()],
    ]);
}

/** The best evidence there is, also what a recovery has closed; undefined when there is none. */
export async function highestEvidence(db: Db, accountId: string): Promise<IdentityLevel | undefined> {
  return highestOf(await listLevels(db, accountId, { until: new Date() }));
}

/** How well it is proven now who the person is; undefined when nothing is. What is closed does not count. */
export async function identityAssurance(db: Db, accountId: string): Promise<IdentityLevel | undefined> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<{ level: IdentityLevel }>(
    `select e.level from identity_evidence e join accounts a on a.shard = $1 and a.id = e.account_id
     where e.shard = $1 and e.account_id = $2 and e.ended_at is null
       and (a.restricted_at is null or e.recorded_at > a.restricted_at)`,
    [shard, accountId],
  );
  return highestOf(rows.map(({ level }) => level));
}

async function listLevels(db: Db, accountId: string, { until }: { readonly until: Date }): Promise<IdentityLevel[]> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<{ level: IdentityLevel }>(
    `select level from identity_evidence
     where shard = $1 and account_id = $2 and ended_at is null and recorded_at <= $3`,
    [shard, accountId, until],
  );
  return rows.map(({ level }) => level);
}

function highestOf(levels: readonly IdentityLevel[]): IdentityLevel | undefined {
  return identityLevels.findLast((level) => levels.includes(level));
}

/**
 * Refuses what a recovery by two contacts must not open: a change of contacts, the change or removal of an older way to sign
 * in, a second factor or new recovery codes over the owner's, the end of the account. Whoever came in that way could lock
 * its owner out for good.
 *
 * @param thing.since when the thing to be changed came to the account: what came with the recovery or later may be changed
 * @throws `account_restricted`
 */
export function checkUnrestricted(
  account: { readonly restrictedAt: Date | undefined },
  thing: { readonly since?: Date | undefined } = {},
): void {
  const { restrictedAt } = account;
  if (restrictedAt && !(thing.since && thing.since >= restrictedAt)) throw new Refusal('account_restricted');
}
