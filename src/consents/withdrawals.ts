/**
 * What an agency answers for once a permission has ended: what became of the data that its app had read. Each end is on
 * record with the day by which the agency says so (Law 27/2022 on Personal Data Protection, articles 8, 9 and 30 to 33: within
 * 3 × 24 hours).
 */
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { newIdIn, shardOf } from '#src/base/secrets.ts';

/** How it came to an end, or to less. */
export type WithdrawalCause = 'withdrawn' | 'left' | 'narrowed' | 'expired' | 'reported';

/** What became of what the app had read. */
export type WithdrawalOutcome = 'deleted' | 'kept' | 'partly-kept';

/** How long an agency has to answer. */
export const ANSWER_MS = 3 * DAY_MS;

/** How long a withdrawal stays on record: as long as the releases that it puts an end to. */
const KEPT_MS = 730 * DAY_MS;

/** A withdrawal as its owner reads it. */
export interface Withdrawal {
  readonly id: string;
  readonly clientId: string;
  /** The permission that ended; after a narrowing, the one before. */
  readonly permissionId: string;
  readonly cause: WithdrawalCause;
  readonly at: Date;
  /** Until when the agency answers. */
  readonly dueAt: Date;
  readonly answer: WithdrawalAnswer | undefined;
}

/** What the agency has answered. */
export interface WithdrawalAnswer {
  readonly at: Date;
  readonly outcome: WithdrawalOutcome;
  /** By which law it keeps what it keeps. */
  readonly law: string | undefined;
}

const withdrawalMade: Write = {
  name: 'withdrawal_made',
  table: 'withdrawals',
  columns: {
    shard: 'smallint',
    account_id: 'uuid',
    id: 'uuid',
    client_id: 'text',
    permission_id: 'uuid',
    cause: 'text',
    at: 'timestamptz',
    due_at: 'timestamptz',
    expires_at: 'timestamptz',
  },
  text: `insert into withdrawals (shard, account_id, id, client_id, permission_id, cause, at, due_at, expires_at)
    select shard, account_id, id, client_id, permission_id, cause, at, due_at, expires_at from given returning 1`,
  lost: () => new Error('the account is gone'),
};

/** Puts the end of a permission on record, with the commit of its cause. */
export async function recordWithdrawal(
  db: Db,
  ended: Pick<Withdrawal, 'clientId' | 'permissionId' | 'cause'> & { readonly accountId: string },
): Promise<Withdrawal> {
  const { accountId, clientId, permissionId, cause } = ended;
  const shard = shardOf(accountId);
  const id = newIdIn(shard);
  const at = new Date();
  const dueAt = new Date(at.getTime() + ANSWER_MS);
  const ends = new Date(at.getTime() + KEPT_MS);
  const row = [shard, accountId, id, clientId, permissionId, cause, at, dueAt, ends];
  await db.for(shard).write(withdrawalMade, row);
  return { id, clientId, permissionId, cause, at, dueAt, answer: undefined };
}

/** Which of a person's withdrawals to list: the latest `limit`, or those before another one. */
export interface WithdrawalPage {
  readonly clientId?: string | undefined;
  readonly before?: Pick<Withdrawal, 'at' | 'id'> | undefined;
  readonly limit: number;
}

interface WithdrawalRow {
  id: string;
  client_id: string;
  permission_id: string;
  cause: WithdrawalCause;
  at: Date;
  due_at: Date;
  acknowledged_at: Date | null;
  outcome: WithdrawalOutcome | null;
  law: string | null;
}

const LATEST = new Date('9999-12-31');
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** What a person has withdrawn, the latest first. */
export async function listWithdrawals(
  db: Db,
  accountId: string,
  { clientId, before, limit }: WithdrawalPage,
): Promise<Withdrawal[]> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<WithdrawalRow>(
    `select id, client_id, permission_id, cause, at, due_at, acknowledged_at, outcome, law from withdrawals
     where shard = $1 and account_id = $2 and at <= $3 and (at < $3 or id < $4) and ($5::text is null or client_id = $5)
     order by at desc, id desc limit $6`,
    [shard, accountId, before?.at ?? LATEST, before?.id ?? LAST_ID, clientId ?? null, limit],
  );
  return rows.map(fromRow);
}

/** Whether the agency is late with its answer. */
export function isOverdue({ dueAt, answer }: Pick<Withdrawal, 'dueAt' | 'answer'>, now: Date): boolean {
  return answer === undefined && dueAt <= now;
}

function fromRow(row: WithdrawalRow): Withdrawal {
  const { acknowledged_at: at, outcome, law } = row;
  return {
    id: row.id,
    clientId: row.client_id,
    permissionId: row.permission_id,
    cause: row.cause,
    at: row.at,
    dueAt: row.due_at,
    answer: at && outcome ? { at, outcome, law: law ?? undefined } : undefined,
  };
}
