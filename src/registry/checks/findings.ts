/** What checks of apps have found, and who is running which. */
import type { Db } from '#src/base/database.ts';
import { type CheckName, type CheckProblem, checkNames, type Finding } from './check.ts';

/** A finding as it was last. */
export interface KeptFinding extends Finding {
  readonly checkedAt: Date;
  readonly failingSince: Date | undefined;
  /** When its agency was told. */
  readonly toldAt: Date | undefined;
}

/** The last findings about an app, in the order in which they are shown. */
export async function listFindings(db: Db, clientId: string): Promise<KeptFinding[]> {
  const rows = await db.query<{
    name: CheckName;
    outcome: Finding['outcome'];
    details: { problems: readonly CheckProblem[] };
    checked_at: Date;
    failing_since: Date | null;
    told_at: Date | null;
  }>(`select name, outcome, details, checked_at, failing_since, told_at from client_checks where client_id = $1`, [
    clientId,
  ]);
  return rows
    .map((row) => ({
      name: row.name,
      outcome: row.outcome,
      problems: row.details.problems,
      checkedAt: row.checked_at,
      failingSince: row.failing_since ?? undefined,
      toldAt: row.told_at ?? undefined,
    }))
    .toSorted((one, other) => checkNames.indexOf(one.name) - checkNames.indexOf(other.name));
}

/** Keeps findings in place of those before; what still fails keeps since when it does. */
export async function saveFindings(db: Db, clientId: string, findings: readonly Finding[], now: Date): Promise<void> {
  await db.execute(
    `insert into client_checks as c (client_id, name, outcome, code, details, checked_at, failing_since)
     select $1, name, outcome, code, details, $6, case when outcome = 'failed' then $6::timestamptz end
     from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[]) as found (name, outcome, code, details)
     on conflict (client_id, name) do update set outcome = excluded.outcome, code = excluded.code,
       details = excluded.details, checked_at = excluded.checked_at,
       failing_since = case when excluded.outcome = 'failed' then coalesce(c.failing_since, excluded.checked_at) end,
       told_at = case when excluded.outcome = 'failed' then c.told_at end`,
    [
      clientId,
      findings.map(({ name }) => name),
      findings.map(({ outcome }) => outcome),
      findings.map(({ outcome, problems }) => problems[0]?.code ?? outcome),
      findings.map(({ problems }) => JSON.stringify({ problems })),
      now,
    ],
  );
}

/**
 * Claims telling the agency of what fails: each failure is told once, until it has passed in between.
 *
 * @returns which of those named have not been told yet
 */
export async function claimTelling(
  db: Db,
  clientId: string,
  names: readonly CheckName[],
  now: Date,
): Promise<CheckName[]> {
  const rows = await db.query<{ name: CheckName }>(
    `update client_checks set told_at = $3
     where client_id = $1 and name = any($2) and outcome = 'failed' and told_at is null returning name`,
    [clientId, names, now],
  );
  return rows.map(({ name }) => name);
}

/** How long a run may take before another one may begin: of one app for a page, of a batch for the job. */
const LEASE_MS = 60_000;
const BATCH_LEASE_MS = 10 * 60_000;

/**
 * Claims running the checks of one app now, for a page.
 *
 * @param restMs how long the last run has to be over
 * @returns whether this caller may
 */
export async function claimRun(db: Db, clientId: string, now: Date, restMs: number): Promise<boolean> {
  const until = new Date(now.getTime() + LEASE_MS);
  const claimed = await db.execute(
    `insert into client_check_runs as r (client_id, due_at, leased_until) values ($1, $2, $3)
     on conflict (client_id) do update set leased_until = excluded.leased_until
       where (r.leased_until is null or r.leased_until <= $2) and (r.finished_at is null or r.finished_at <= $4)`,
    [clientId, now, until, new Date(now.getTime() - restMs)],
  );
  return claimed === 1;
}

/** Ends a run; @param dueAt when the next one of the job is due */
export async function finishRun(db: Db, clientId: string, now: Date, dueAt: Date): Promise<void> {
  await db.execute(
    'update client_check_runs set finished_at = $2, due_at = $3, leased_until = null where client_id = $1',
    [clientId, now, dueAt],
  );
}

/** Sees to it that every live app has its turn, those that have none yet now; and that no other one stands in the queue. */
export async function enrolLiveClients(db: Db, now: Date): Promise<void> {
  await db.execute(
    `insert into client_check_runs (client_id, due_at)
     select c.id, $1 from clients c
     where c.state = 'live' and not exists (select from client_check_runs r where r.client_id = c.id)
     on conflict (client_id) do nothing`,
    [now],
  );
  await db.execute(
    `delete from client_check_runs r using clients c
     where r.due_at <= $1 and (r.leased_until is null or r.leased_until <= $1)
       and c.id = r.client_id and c.state <> 'live'`,
    [now],
  );
}

/** Claims up to `limit` live apps whose turn it is; several processes get different ones. */
export async function claimDueRuns(db: Db, now: Date, limit: number): Promise<string[]> {
  const rows = await db.query<{ client_id: string }>(
    `update client_check_runs r set leased_until = $2
     where r.client_id = any(array(
       select d.client_id from client_check_runs d join clients c on c.id = d.client_id
       where d.due_at <= $1 and (d.leased_until is null or d.leased_until <= $1) and c.state = 'live'
       order by d.due_at limit $3 for update of d skip locked))
     returning r.client_id`,
    [now, new Date(now.getTime() + BATCH_LEASE_MS), limit],
  );
  return rows.map(({ client_id: id }) => id);
}
