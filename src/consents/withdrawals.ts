/**
 * What an agency answers for once a permission has ended: what became of the data that its app had read. Each end is on
 * record with the day by which the agency says so (Law 27/2022 on Personal Data Protection, articles 8, 9 and 30 to 33: within
 * 3 × 24 hours).
 */
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS, monthsLater } from '#src/base/epoch.ts';
import { newestOf, type Spread } from '#src/base/newest.ts';
import { Refusal } from '#src/base/refusals.ts';
import { everyShard, newIdIn, type Secrets, shardOf } from '#src/base/secrets.ts';
import { recordAppEvent } from '#src/people/app-events.ts';

/** How it came to an end, or to less. */
export type WithdrawalCause = 'withdrawn' | 'left' | 'narrowed' | 'expired' | 'reported' | 'underage';

/** What became of what the app had read. */
export const withdrawalOutcomes = ['deleted', 'partly-kept', 'kept'] as const;
export type WithdrawalOutcome = (typeof withdrawalOutcomes)[number];

/** How long an agency has to answer. */
const ANSWER_MS = 3 * DAY_MS;

/** How long a withdrawal stays on record: as long as the releases that it puts an end to. */
const KEPT_MONTHS = 24;

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

/** Puts the end of a permission on record, with the commit of its cause. What ends with one press has one `now`. */
export async function recordWithdrawal(
  db: Db,
  ended: Pick<Withdrawal, 'clientId' | 'permissionId' | 'cause'> & { readonly accountId: string },
  now = new Date(),
): Promise<Withdrawal> {
  const { accountId, clientId, permissionId, cause } = ended;
  const shard = shardOf(accountId);
  const id = newIdIn(shard);
  // Two agencies must not know a person by the moment.
  const at = new Date(Math.floor(now.getTime() / 60_000) * 60_000);
  const dueAt = new Date(at.getTime() + ANSWER_MS);
  const ends = monthsLater(at, KEPT_MONTHS);
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

/** A withdrawal as the agency sees it. */
export interface AppWithdrawal extends Withdrawal {
  /** The person, as the app knows them. */
  readonly sub: string | undefined;
}

/** Which withdrawals from an app to list. */
export interface AppWithdrawalPage {
  readonly before?: Pick<Withdrawal, 'at' | 'id'> | undefined;
  /** Only those that wait for an answer. */
  readonly waiting?: boolean | undefined;
  readonly limit: number;
}

/** Withdrawals from an app, the latest first. For its console and the API: it asks every shard for its latest. */
export async function listWithdrawalsFrom(
  db: Db,
  { id: clientId, subjectGroupId }: { readonly id: string; readonly subjectGroupId: string },
  { before, waiting = false, limit }: AppWithdrawalPage,
): Promise<AppWithdrawal[]> {
  // What waits is found by when it is due, which is always as long after `at`.
  const shift = waiting ? ANSWER_MS : 0;
  const start = before ? new Date(before.at.getTime() + shift) : LATEST;
  const rows = await db
    .forAll(everyShard)
    .query<WithdrawalRow & { sub: string | null }>(waiting ? waitingFrom : withdrawnFrom, [
      everyShard,
      clientId,
      start,
      before?.id ?? LAST_ID,
      limit,
      subjectGroupId,
    ]);
  return rows.map((row) => ({ ...fromRow(row), sub: row.sub ?? undefined }));
}

const withdrawnFrom = textOfWithdrawalsFrom({ table: 'withdrawals', at: 'at' });
const waitingFrom = textOfWithdrawalsFrom({ table: 'withdrawals', at: 'due_at', which: 'acknowledged_at is null' });

function textOfWithdrawalsFrom({ at, which = 'true', ...rest }: Spread): string {
  return `with ${newestOf({ ...rest, at, which })}, w as materialized (
      select w.* from newest join withdrawals w on w.shard = newest.shard and client_id = $2
        and ${at} between since and $3 and (${at} < $3 or id < $4) and ${which}
      order by ${at} desc, id desc limit $5)
    select w.id, w.client_id, w.permission_id, w.cause, w.at, w.due_at, w.acknowledged_at, w.outcome, w.law, j.sub
    from w left join subjects j on j.shard = w.shard and j.account_id = w.account_id and j.capacity = 'self' and j.group_id = $6
    order by w.at desc, w.id desc`;
}

/** What an agency answers. */
export interface Acknowledgement {
  readonly clientId: string;
  /** The withdrawals that it answers: those of one person that ended with one press. */
  readonly ids: readonly string[];
  readonly outcome: WithdrawalOutcome;
  /** By which law it keeps what it keeps. */
  readonly law: string | undefined;
}

/** The longest name of a law that is kept. */
export const LAW_LENGTH = 300;

/** Whether an answer says all that it has to: what is kept is kept by a law. */
export function isWhole({ outcome, law }: Pick<Acknowledgement, 'outcome' | 'law'>): boolean {
  return outcome === 'deleted' || (law !== undefined && law.trim() !== '');
}

/**
 * Puts the agency's answer on record, once, for all that it is about or for none of it; its owner sees it. Of two answers
 * at once the first one stays.
 *
 * @returns whether it is new: the same answer once more changes nothing
 * @throws {Refusal} `not_here` when there is no such withdrawal, `law_missing`, `withdrawal_answered` when another answer stands
 */
export async function acknowledgeWithdrawals(
  db: Db,
  secrets: Secrets,
  { clientId, ids, outcome, law }: Acknowledgement,
): Promise<boolean> {
  if (!isWhole({ outcome, law })) throw new Refusal('law_missing');
  const answer = { outcome, law: outcome === 'deleted' ? undefined : law?.trim().slice(0, LAW_LENGTH) };
  const [first = ''] = ids;
  const shard = shardOf(first);
  const answered = await db.for(shard).query<{ account_id: string }>(
    `with asked as (
       select account_id, id from withdrawals where shard = $1 and client_id = $2 and id = any($3) and acknowledged_at is null
       order by id for update)
     update withdrawals w set acknowledged_at = $4, outcome = $5, law = $6 from asked
     where w.shard = $1 and w.account_id = asked.account_id and w.id = asked.id and (select count(*) from asked) = $7
     returning w.account_id`,
    [shard, clientId, ids, new Date(), answer.outcome, answer.law ?? null, ids.length],
  );
  if (answered.length === 0) return demandSame(await listWithdrawalsOf(db, { clientId, ids }), ids, answer);
  for (const { account_id: accountId } of answered)
    await recordAppEvent(db, secrets, { accountId, kind: 'withdrawal.acknowledged', clientId, details: { outcome } });
  return true;
}

/** @returns false: nothing is new. @throws {Refusal} `not_here`, `withdrawal_answered` */
function demandSame(
  found: readonly Withdrawal[],
  ids: readonly string[],
  { outcome, law }: Pick<WithdrawalAnswer, 'outcome' | 'law'>,
): false {
  if (ids.length === 0 || found.length < ids.length) throw new Refusal('not_here', 'no withdrawal of this id');
  if (!found.every(({ answer }) => answer?.outcome === outcome && answer.law === law))
    throw new Refusal('withdrawal_answered', 'another answer stands');
  return false;
}

/** Those withdrawals from an app that have these ids, all of one person. */
export async function listWithdrawalsOf(
  db: Db,
  { clientId, ids }: Pick<Acknowledgement, 'clientId' | 'ids'>,
): Promise<Withdrawal[]> {
  const [first] = ids;
  if (first === undefined) return [];
  const shard = shardOf(first);
  const rows = await db.for(shard).query<WithdrawalRow>(
    `select id, client_id, permission_id, cause, at, due_at, acknowledged_at, outcome, law from withdrawals
     where shard = $1 and client_id = $2 and id = any($3)`,
    [shard, clientId, ids],
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
