/**
 * The life of an account: which step leads from where to where, and whose it is.
 *
 * Each step is one conditional statement, so of several at once one is taken, and none from a state that it does not start
 * from. Holding an account cancels a recovery and a desk's sheet that wait. A step says nothing to sessions, tokens and apps:
 * `oidc/account-end.ts` takes it together with what it ends.
 */
import { type AccountEventKind, type AdminEventKind, recordAccountEvent, recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { shardOf } from '#src/base/secrets.ts';
import type { AccountState } from './accounts.ts';
import { endOpen } from './desk-sheets.ts';
import { cancelWaiting } from './recoveries.ts';

/** How long who asked for the end of an account may change their mind. */
const CLOSING_DAYS = 14;

interface LifeStep {
  readonly from: readonly AccountState[];
  /** Enabling leads to `frozen` again where it came from there. */
  readonly to: AccountState;
  readonly by: readonly ('owner' | 'operator' | 'system')[];
}

/**
 * Every step there is. What is frozen or disabled is not closing any more: its owner may not have been the one who asked.
 * `merged` and `erasing` are left by no step.
 */
export const lifeSteps = {
  freeze: { from: ['active', 'closing'], to: 'frozen', by: ['owner', 'operator'] },
  unfreeze: { from: ['frozen'], to: 'active', by: ['owner', 'operator'] },
  disable: { from: ['active', 'frozen', 'closing'], to: 'disabled', by: ['operator'] },
  enable: { from: ['disabled'], to: 'active', by: ['operator'] },
  close: { from: ['active'], to: 'closing', by: ['owner'] },
  reopen: { from: ['closing'], to: 'active', by: ['owner'] },
  erase: { from: ['closing'], to: 'erasing', by: ['system'] },
} as const satisfies Record<string, LifeStep>;

/** Who takes a step and why: its owner, by a word of ours, or an operator, in words of their own. */
export type Why =
  | { readonly reason: 'asked' | 'not-me'; readonly actor?: undefined }
  | { readonly reason: string; readonly actor: string };

/** By an operator. */
export type OperatorsWhy = Why & { readonly actor: string };

/** Holds an account: nobody gets in, and what is asked of it waits. @returns whether this call did it */
export async function freezeAccount(db: Db, id: string, why: Why): Promise<boolean> {
  const isTaken = await take(
    db,
    id,
    `update accounts set state = 'frozen', state_since = $4, frozen_at = $4, state_reason = $5, closes_at = null
     where shard = $1 and id = $2 and state = any($3)`,
    [lifeSteps.freeze.from, new Date(), why.reason],
  );
  if (isTaken) await endWaysBack(db, id);
  if (isTaken) await record(db, id, why, 'account.frozen', 'account.frozen');
  return isTaken;
}

/** Opens a frozen account again, for who has shown that it is theirs. @returns whether this call did it */
export async function unfreezeAccount(db: Db, id: string, why: Why): Promise<boolean> {
  const isTaken = await take(
    db,
    id,
    `update accounts set state = 'active', state_since = null, frozen_at = null, state_reason = null, unfrozen_at = $4
     where shard = $1 and id = $2 and state = any($3)`,
    [lifeSteps.unfreeze.from, new Date()],
  );
  if (isTaken) await record(db, id, why, 'account.reactivated', 'account.unfrozen');
  return isTaken;
}

/** Ends the use of an account, by an operator. @returns whether this call did it */
export async function disableAccount(db: Db, id: string, why: OperatorsWhy): Promise<boolean> {
  const isTaken = await take(
    db,
    id,
    `update accounts set state = 'disabled', state_since = $4, state_reason = $5, closes_at = null
     where shard = $1 and id = $2 and state = any($3)`,
    [lifeSteps.disable.from, new Date(), why.reason],
  );
  if (isTaken) await endWaysBack(db, id);
  if (isTaken) await record(db, id, why, 'account.disabled', 'account.disabled');
  return isTaken;
}

/**
 * Takes back {@link disableAccount}; what had been frozen before is frozen again.
 *
 * @returns the state it leads to, or undefined when the account was not disabled
 */
export async function enableAccount(db: Db, id: string, why: OperatorsWhy): Promise<'active' | 'frozen' | undefined> {
  const shard = shardOf(id);
  const row = await db.for(shard).first<{ state: 'active' | 'frozen' }>(
    `update accounts set state = case when frozen_at is null then 'active' else 'frozen' end,
       state_since = frozen_at, state_reason = null
     where shard = $1 and id = $2 and state = any($3) returning state`,
    [shard, id, lifeSteps.enable.from],
  );
  if (row)
    await record(db, id, why, row.state === 'frozen' ? 'account.frozen' : 'account.reactivated', 'account.enabled');
  return row?.state;
}

/**
 * Begins the end that its owner asks for; {@link reopenAccount} takes it back until then. Whoever came back by contacts
 * alone (`accounts.restricted_at`) may end nothing until it is proven again who they are.
 *
 * @returns when it ends, or undefined when the account cannot be closed
 */
export async function closeAccount(db: Db, id: string): Promise<Date | undefined> {
  const now = new Date();
  const closesAt = new Date(now.getTime() + CLOSING_DAYS * DAY_MS);
  const isTaken = await take(
    db,
    id,
    `update accounts set state = 'closing', state_since = $4, state_reason = null, closes_at = $5, reminded_at = null
     where shard = $1 and id = $2 and state = any($3) and restricted_at is null`,
    [lifeSteps.close.from, now, closesAt],
  );
  if (!isTaken) return undefined;
  await recordAccountEvent(db, { accountId: id, kind: 'account.closing', details: { by: 'owner' } });
  return closesAt;
}

/** Its owner has changed their mind in time. @returns whether this call did it */
export async function reopenAccount(db: Db, id: string): Promise<boolean> {
  const isTaken = await take(
    db,
    id,
    `update accounts set state = 'active', state_since = null, state_reason = null, closes_at = null
     where shard = $1 and id = $2 and state = any($3) and closes_at > $4`,
    [lifeSteps.reopen.from, new Date()],
  );
  if (isTaken) await recordAccountEvent(db, { accountId: id, kind: 'account.reactivated', details: { by: 'owner' } });
  return isTaken;
}

/** How an account stands. */
export interface Life {
  readonly state: AccountState;
  /** Since when it is frozen, disabled or closing. */
  readonly since: Date | undefined;
  /** Why it is frozen or disabled, in a word. */
  readonly reason: string | undefined;
  /** Since when its owner wants it held, also while it is disabled. */
  readonly frozenAt: Date | undefined;
  /** When it was last opened after it had been frozen. */
  readonly unfrozenAt: Date | undefined;
  readonly createdAt: Date;
}

/** How an account stands, and since when; undefined when there is none. */
export async function findLife(db: Db, id: string): Promise<Life | undefined> {
  const shard = shardOf(id);
  const home = db.for(shard);
  const row = await home.first<{
    state: AccountState;
    state_since: Date | null;
    state_reason: string | null;
    frozen_at: Date | null;
    unfrozen_at: Date | null;
    created_at: Date;
  }>(
    `select state, state_since, state_reason, frozen_at, unfrozen_at, created_at from accounts
     where shard = $1 and id = $2`,
    [shard, id],
  );
  if (!row) return undefined;
  return {
    state: row.state,
    since: row.state_since ?? undefined,
    reason: row.state_reason ?? undefined,
    frozenAt: row.frozen_at ?? undefined,
    unfrozenAt: row.unfrozen_at ?? undefined,
    createdAt: row.created_at,
  };
}

/** Accounts of some shards by id, at most `limit`, those behind `after`. */
export interface DuePage {
  readonly shards: readonly number[];
  readonly after: string | undefined;
  readonly limit: number;
}

/** Before every id. */
export const FIRST = '00000000-0000-0000-0000-000000000000';

/** How long before the end its owner is reminded of it. */
const REMINDER_MS = 3 * DAY_MS;

/** Accounts of some shards that end soon, and whose owners have not been reminded of it. */
export async function listDueReminders(db: Db, { shards, after, limit }: DuePage): Promise<string[]> {
  const home = db.forAll(shards);
  const now = Date.now();
  const rows = await home.query<{ id: string }>(
    `select id from accounts where shard = any($1) and closes_at > $2 and closes_at <= $3 and state = 'closing'
       and reminded_at is null and id > $4
     order by id limit $5`,
    [shards, new Date(now), new Date(now + REMINDER_MS), after ?? FIRST, limit],
  );
  return rows.map(({ id }) => id);
}

/** Notes that the owner is being reminded, in the transaction of the reminder. @returns whether this call did it */
export function noteReminder(db: Db, id: string): Promise<boolean> {
  return take(
    db,
    id,
    `update accounts set reminded_at = $4
     where shard = $1 and id = $2 and state = any($3) and reminded_at is null and closes_at > $4`,
    [['closing'], new Date()],
  );
}

async function endWaysBack(db: Db, id: string): Promise<void> {
  await cancelWaiting(db, id);
  await endOpen(db, id, 'held');
}

async function take(db: Db, id: string, text: string, values: readonly unknown[]): Promise<boolean> {
  const shard = shardOf(id);
  return (await db.for(shard).execute(text, [shard, id, ...values])) === 1;
}

/** The words of an operator stay with the administration: the history of an account outlives it and holds none. */
async function record(db: Db, id: string, why: Why, kind: AccountEventKind, adminKind: AdminEventKind): Promise<void> {
  const { reason, actor } = why;
  const details = actor === undefined ? { by: 'owner', reason } : { by: 'operator' };
  await recordAccountEvent(db, { accountId: id, kind, details });
  if (actor !== undefined)
    await recordAdminEvent(db, { kind: adminKind, actor, subject: `account ${id}`, details: { reason } });
}
