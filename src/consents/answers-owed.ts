/**
 * What agencies still have to answer, counted by app and never by person. Sharded tables are counted range of shards by range
 * of shards; the counts of the ranges add up.
 */
import type { Db } from '#src/base/database.ts';
import { type AnswersOwed, SOON_MS } from '#src/registry/answers-owed.ts';
import type { Counted } from './people-counts.ts';

interface OwedRow {
  client_id: string;
  withdrawals: number;
  withdrawals_overdue: number;
  reports: number;
  reports_overdue: number;
  oldest_due_at: Date;
  latest_overdue_at: Date | null;
  latest_soon_at: Date | null;
}

/**
 * Withdrawals and reports that wait for an answer, by app. What a person ended with one press counts once: one answer is
 * enough for it.
 */
export async function countAnswersOwed(db: Db, { shards, at }: Counted): Promise<AnswersOwed[]> {
  const rows = await db.forAll(shards).query<OwedRow>(
    `select client_id, (count(*) filter (where not is_report))::integer as withdrawals,
       (count(*) filter (where not is_report and due_at <= $2))::integer as withdrawals_overdue,
       (count(*) filter (where is_report))::integer as reports,
       (count(*) filter (where is_report and due_at <= $2))::integer as reports_overdue,
       min(due_at) as oldest_due_at, max(due_at) filter (where due_at <= $2) as latest_overdue_at,
       max(due_at) filter (where due_at > $2 and due_at <= $3) as latest_soon_at
     from (
       select client_id, due_at, false as is_report from (
         select distinct client_id, account_id, cause, due_at from withdrawals where shard = any($1) and acknowledged_at is null
       ) as ended
       union all
       select client_id, due_at, true from release_reports where shard = any($1) and answered_at is null
     ) as waiting group by client_id`,
    [shards, at, new Date(at.getTime() + SOON_MS)],
  );
  return rows.map((row) => ({
    ...{ clientId: row.client_id, withdrawals: row.withdrawals, withdrawalsOverdue: row.withdrawals_overdue },
    ...{ reports: row.reports, reportsOverdue: row.reports_overdue, oldestDueAt: row.oldest_due_at },
    ...{ latestOverdueAt: row.latest_overdue_at ?? undefined, latestSoonAt: row.latest_soon_at ?? undefined },
  }));
}

/** What two ranges of shards owe together. */
export function addOwed(one: AnswersOwed | undefined, other: AnswersOwed): AnswersOwed {
  if (!one) return other;
  return {
    clientId: other.clientId,
    withdrawals: one.withdrawals + other.withdrawals,
    withdrawalsOverdue: one.withdrawalsOverdue + other.withdrawalsOverdue,
    reports: one.reports + other.reports,
    reportsOverdue: one.reportsOverdue + other.reportsOverdue,
    oldestDueAt: new Date(Math.min(one.oldestDueAt.getTime(), other.oldestDueAt.getTime())),
    latestOverdueAt: laterOf(one.latestOverdueAt, other.latestOverdueAt),
    latestSoonAt: laterOf(one.latestSoonAt, other.latestSoonAt),
  };
}

function laterOf(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (!one || !other) return one ?? other;
  return one > other ? one : other;
}
