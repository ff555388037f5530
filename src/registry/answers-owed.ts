/**
 * What agencies still have to answer, app by app: how many withdrawals and reports wait, how many of them for too long, and
 * since when. Counted by `jobs/overdue.ts`; nothing here says who waits.
 *
 * Those who answer are told before and after the day, those above them after it: once for what is due then, and seldom
 * enough that an agency with many people is not told of each of them.
 */
import type { Db } from '#src/base/database.ts';
import { DAY_MS, HOUR_MS } from '#src/base/epoch.ts';
import type { ClientState, Localized } from './clients.ts';

/** What the agency of one app owes. */
export interface AnswersOwed {
  readonly clientId: string;
  /** Those that wait, and among them those that wait for too long. */
  readonly withdrawals: number;
  readonly withdrawalsOverdue: number;
  readonly reports: number;
  readonly reportsOverdue: number;
  /** By when the one that waits longest was to be answered. */
  readonly oldestDueAt: Date;
  /** The latest day of those that are over. */
  readonly latestOverdueAt: Date | undefined;
  /** The latest day of those that are near. */
  readonly latestSoonAt: Date | undefined;
}

/** How long before the day those who answer are told: never later than a day before, however often they are told. */
export const SOON_MS = 36 * HOUR_MS;

const COUNTED_EVERY_MS = 10 * 60_000;
const LEASE_MS = 5 * 60_000;

/** The right to count for a while. */
export interface OwedLease {
  readonly until: Date;
}

/** Another process counts. */
export class OwedCountLost extends Error {
  override name = 'OwedCountLost';
}

/** Takes on the count, unless another process has it or has just finished one. */
export async function takeOwedCount(db: Db): Promise<OwedLease | undefined> {
  const now = new Date();
  const until = new Date(now.getTime() + LEASE_MS);
  const row = await db.first(
    `insert into answers_owed_counts as c (id, lease_until) values (1, $1)
     on conflict (id) do update set lease_until = excluded.lease_until
     where c.lease_until <= $2 and (c.finished_at is null or c.finished_at <= $3) returning 1`,
    [until, now, new Date(now.getTime() - COUNTED_EVERY_MS)],
  );
  return row ? { until } : undefined;
}

/** Holds the count for longer. @throws {OwedCountLost} when another process has it */
export async function keepOwedCount(db: Db, { until }: OwedLease): Promise<OwedLease> {
  const later = new Date(Date.now() + LEASE_MS);
  const kept = await db.execute('update answers_owed_counts set lease_until = $2 where id = 1 and lease_until = $1', [
    ...[until, later],
  ]);
  if (kept === 0) throw new OwedCountLost();
  return { until: later };
}

/** Puts a count in the place of the one before. Inside a transaction. @throws {OwedCountLost} */
export async function recordOwed(tx: Db, { until }: OwedLease, owed: readonly AnswersOwed[]): Promise<void> {
  const now = new Date();
  const held = await tx.execute(
    'update answers_owed_counts set finished_at = $2, lease_until = $2 where id = 1 and lease_until = $1',
    [until, now],
  );
  if (held === 0) throw new OwedCountLost();
  const column = (of: (one: AnswersOwed) => unknown) => owed.map(of);
  await tx.execute('delete from answers_owed');
  await tx.execute(
    `insert into answers_owed (client_id, agency_id, agencies, withdrawals, withdrawals_overdue, reports, reports_overdue,
       oldest_due_at, latest_overdue_at, latest_soon_at, counted_at)
     select n.client_id, a.id, case when a.path = '{}' then array[a.id] else a.path end, n.withdrawals, n.withdrawals_overdue,
       n.reports, n.reports_overdue, n.oldest_due_at, n.latest_overdue_at, n.latest_soon_at, $1
     from unnest($2::text[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::timestamptz[], $8::timestamptz[],
       $9::timestamptz[]) as n (client_id, withdrawals, withdrawals_overdue, reports, reports_overdue, oldest_due_at,
       latest_overdue_at, latest_soon_at)
     join clients c on c.id = n.client_id join agencies a on a.id = c.agency_id`,
    [
      ...[now, column(({ clientId }) => clientId)],
      ...[column(({ withdrawals }) => withdrawals), column(({ withdrawalsOverdue }) => withdrawalsOverdue)],
      ...[column(({ reports }) => reports), column(({ reportsOverdue }) => reportsOverdue)],
      ...[column(({ oldestDueAt }) => oldestDueAt), column(({ latestOverdueAt }) => latestOverdueAt ?? null)],
      column(({ latestSoonAt }) => latestSoonAt ?? null),
    ],
  );
}

/** When answers were counted last. */
export async function findLastOwedCount(db: Db): Promise<Date | undefined> {
  const row = await db.first<{ finished_at: Date | null }>('select finished_at from answers_owed_counts where id = 1');
  return row?.finished_at ?? undefined;
}

/** Whose answers to look at. */
export interface OwedWanted {
  /** Agencies at which, and below which. */
  readonly nodes: readonly string[];
  /** One of them alone, with what is below it. */
  readonly agencyId?: string | undefined;
}

/** What is owed in all by some agencies. */
export interface OwedTotals
  extends Pick<AnswersOwed, 'withdrawals' | 'withdrawalsOverdue' | 'reports' | 'reportsOverdue'> {
  /** How many apps, and how many agencies, wait with something beyond its day. */
  readonly appsOverdue: number;
  readonly agenciesOverdue: number;
  /** By when the one that waits longest was to be answered. */
  readonly oldestDueAt: Date | undefined;
}

const theirs = 'o.agencies && $1::text[] and ($2::text is null or $2 = any(o.agencies))';

/** What is owed in all. */
export async function sumOwed(db: Db, { nodes, agencyId }: OwedWanted): Promise<OwedTotals> {
  const row = await db.first<{
    withdrawals: number;
    withdrawals_overdue: number;
    reports: number;
    reports_overdue: number;
    apps: number;
    agencies: number;
    oldest: Date | null;
  }>(
    `select coalesce(sum(o.withdrawals), 0)::integer as withdrawals, coalesce(sum(o.withdrawals_overdue), 0)::integer as withdrawals_overdue,
       coalesce(sum(o.reports), 0)::integer as reports, coalesce(sum(o.reports_overdue), 0)::integer as reports_overdue,
       (count(*) filter (where ${late}))::integer as apps, (count(distinct o.agency_id) filter (where ${late}))::integer as agencies,
       min(o.oldest_due_at) as oldest
     from answers_owed o where ${theirs}`,
    [nodes, agencyId ?? null],
  );
  return {
    ...{ withdrawals: row?.withdrawals ?? 0, withdrawalsOverdue: row?.withdrawals_overdue ?? 0 },
    ...{ reports: row?.reports ?? 0, reportsOverdue: row?.reports_overdue ?? 0 },
    ...{ appsOverdue: row?.apps ?? 0, agenciesOverdue: row?.agencies ?? 0, oldestDueAt: row?.oldest ?? undefined },
  };
}

const late = 'o.latest_overdue_at is not null';

/** An app whose agency is late, with what it owes. */
export interface OwedLine extends Omit<AnswersOwed, 'latestOverdueAt' | 'latestSoonAt'> {
  readonly name: Localized;
  readonly agency: Localized;
  readonly agencyId: string;
  readonly state: ClientState;
  readonly logoDigest: string | undefined;
}

interface OwedRow {
  client_id: string;
  name: string;
  name_en: string;
  agency_id: string;
  agency: string;
  agency_en: string;
  state: ClientState;
  logo_digest: string | null;
  withdrawals: number;
  withdrawals_overdue: number;
  reports: number;
  reports_overdue: number;
  oldest_due_at: Date;
}

/** The apps of which something waits beyond its day, the longest waiting first. */
export async function listOverdue(
  db: Db,
  {
    nodes,
    agencyId,
    after,
    limit,
  }: OwedWanted & {
    readonly after?: { readonly at: Date; readonly id: string } | undefined;
    readonly limit: number;
  },
): Promise<OwedLine[]> {
  const rows = await db.query<OwedRow>(
    `select o.client_id, c.name, c.name_en, o.agency_id, a.name as agency, a.name_en as agency_en, c.state, c.logo_digest,
       o.withdrawals, o.withdrawals_overdue, o.reports, o.reports_overdue, o.oldest_due_at
     from (select * from answers_owed o where ${theirs} and ${late} and (o.oldest_due_at, o.client_id) > ($3, $4)
       order by o.oldest_due_at, o.client_id limit $5) o
     join clients c on c.id = o.client_id join agencies a on a.id = o.agency_id
     order by o.oldest_due_at, o.client_id`,
    [nodes, agencyId ?? null, after?.at ?? new Date(0), after?.id ?? '', limit],
  );
  return rows.map((row) => ({
    ...{ clientId: row.client_id, name: { id: row.name, en: row.name_en }, state: row.state },
    ...{ agencyId: row.agency_id, agency: { id: row.agency, en: row.agency_en } },
    logoDigest: row.logo_digest ?? undefined,
    ...{ withdrawals: row.withdrawals, withdrawalsOverdue: row.withdrawals_overdue },
    ...{ reports: row.reports, reportsOverdue: row.reports_overdue, oldestDueAt: row.oldest_due_at },
  }));
}

/** An agency's day is near (`soon`), or over; or that of an agency right below it is over (`below`). */
export type OwedOccasion = 'soon' | 'overdue' | 'below';

/** Something that an agency is to be told. */
export interface OwedTelling {
  readonly agencyId: string;
  readonly occasion: OwedOccasion;
  /** The latest day of what it is told of. */
  readonly until: Date;
}

/** How long an agency is left alone after it was told. */
const quietMs: Record<OwedOccasion, number> = { soon: 12 * HOUR_MS, overdue: DAY_MS, below: DAY_MS };

/** What agencies are to be told by the last count; at most a hundred. */
export async function listOwedTellings(db: Db): Promise<OwedTelling[]> {
  const now = Date.now();
  const rows = await db.query<{ agency_id: string; occasion: OwedOccasion; until: Date }>(
    `select d.agency_id, d.occasion, d.until from (
       select agency_id, 'soon' as occasion, max(latest_soon_at) as until from answers_owed group by agency_id
       union all
       select agency_id, 'overdue', max(latest_overdue_at) from answers_owed group by agency_id
       union all
       select a.parent_id, 'below', max(o.latest_overdue_at) from answers_owed o join agencies a on a.id = o.agency_id
         where a.parent_id is not null group by a.parent_id
     ) d left join answers_owed_told t on t.agency_id = d.agency_id and t.occasion = d.occasion
     where d.until is not null
       and (t.told_at is null or t.told_until < d.until and t.told_at <= case d.occasion when 'soon' then $1::timestamptz else $2 end)
     order by d.agency_id, d.occasion limit 100`,
    [new Date(now - quietMs.soon), new Date(now - quietMs.overdue)],
  );
  return rows.map(({ agency_id: agencyId, occasion, until }) => ({ agencyId, occasion, until }));
}

/** Takes on telling an agency, once for what is due until then. @returns whether it is the caller's to tell */
export async function takeOwedTelling(tx: Db, { agencyId, occasion, until }: OwedTelling): Promise<boolean> {
  const now = new Date();
  const taken = await tx.execute(
    `insert into answers_owed_told as t (agency_id, occasion, told_at, told_until) values ($1, $2, $3, $4)
     on conflict (agency_id, occasion) do update set told_at = excluded.told_at, told_until = excluded.told_until
     where t.told_until < excluded.told_until and t.told_at <= $5`,
    [agencyId, occasion, now, until, new Date(now.getTime() - quietMs[occasion])],
  );
  return taken === 1;
}

/** What one telling is about: the apps of an agency, or of those right below it. */
export interface OwedTold {
  /** The first few by name, those that wait longest first. */
  readonly names: readonly Localized[];
  readonly apps: number;
  /** The app, where it is about one alone. */
  readonly only: string | undefined;
  readonly withdrawals: number;
  readonly reports: number;
  readonly oldestDueAt: Date;
}

const MOST_TOLD = 10;

/** What there is to tell an agency of, unless it has been answered meanwhile. */
export async function findOwedTold(db: Db, { agencyId, occasion }: OwedTelling): Promise<OwedTold | undefined> {
  const isOver = occasion !== 'soon';
  const rows = await db.query<{
    id: string;
    name: string;
    name_en: string;
    withdrawals: number;
    reports: number;
    oldest_due_at: Date;
  }>(
    `select c.id, c.name, c.name_en, case when $2 then o.withdrawals_overdue else o.withdrawals end as withdrawals,
       case when $2 then o.reports_overdue else o.reports end as reports, o.oldest_due_at
     from answers_owed o join agencies a on a.id = o.agency_id join clients c on c.id = o.client_id
     where case when $3 then a.parent_id = $1 else o.agency_id = $1 end
       and case when $2 then o.latest_overdue_at is not null else o.latest_soon_at is not null end
     order by o.oldest_due_at, o.client_id`,
    [agencyId, isOver, occasion === 'below'],
  );
  const [first] = rows;
  if (!first) return undefined;
  return {
    names: rows.slice(0, MOST_TOLD).map(({ name, name_en }) => ({ id: name, en: name_en })),
    apps: rows.length,
    only: rows.length === 1 ? first.id : undefined,
    withdrawals: rows.reduce((sum, one) => sum + one.withdrawals, 0),
    reports: rows.reduce((sum, one) => sum + one.reports, 0),
    oldestDueAt: first.oldest_due_at,
  };
}
