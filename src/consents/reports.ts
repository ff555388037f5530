/**
 * "This wasn't me": a person says of a release that it should not have been, and the agency answers within three days.
 *
 * A report belongs to the account and goes with it. The agency learns under which `sub` it knows the person, and no more.
 */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS, monthsLater } from '#src/base/epoch.ts';
import { newestOf } from '#src/base/newest.ts';
import { Refusal } from '#src/base/refusals.ts';
import { everyShard, isId, newIdIn, type Secrets, shardOf } from '#src/base/secrets.ts';
import { recordAppEvent } from '#src/people/app-events.ts';
import { atCost, type Throttles } from '#src/people/throttles.ts';

/** Why a person does not recognise a release: not this app, not at that time, or more than it needs. */
export const reportReasons = ['unknown-app', 'not-then', 'too-much'] as const;
export type ReportReason = (typeof reportReasons)[number];

/** What an agency found: it was right, it was a mistake, or somebody misused the data. */
export const reportAnswers = ['rightful', 'mistake', 'misuse'] as const;
export type ReportAnswer = (typeof reportAnswers)[number];

/** How long an agency has (UU PDP 27/2022 gives three times 24 hours). */
const ANSWER_MS = 3 * DAY_MS;
/** As long as releases are kept. */
const KEPT_MONTHS = 24;

/** A report, and what its agency has answered. */
export interface Report {
  readonly id: string;
  readonly accountId: string;
  readonly clientId: string;
  /** Which release it is about. */
  readonly release: { readonly id: string; readonly at: Date };
  readonly reason: ReportReason;
  readonly at: Date;
  /** Until when the agency answers. */
  readonly dueAt: Date;
  readonly answered: { readonly at: Date; readonly answer: ReportAnswer; readonly by: string } | undefined;
}

/** What a person says of a release. */
export interface ReportDraft {
  readonly accountId: string;
  readonly clientId: string;
  readonly release: Report['release'];
  readonly reason: ReportReason;
}

interface ReportRow {
  readonly id: string;
  readonly account_id: string;
  readonly client_id: string;
  readonly release_id: string;
  readonly release_at: Date;
  readonly reason: ReportReason;
  readonly at: Date;
  readonly due_at: Date;
  readonly answered_at: Date | null;
  readonly answer: ReportAnswer | null;
  readonly answered_by: string | null;
}

const columns =
  'id, account_id, client_id, release_id, release_at, reason, at, due_at, answered_at, answer, answered_by';

function fromRow(row: ReportRow): Report {
  const { answered_at: at, answer, answered_by: by } = row;
  return {
    ...{ id: row.id, accountId: row.account_id, clientId: row.client_id },
    release: { id: row.release_id, at: row.release_at },
    ...{ reason: row.reason, at: row.at, dueAt: row.due_at },
    answered: at && answer ? { at, answer, by: by ?? '' } : undefined,
  };
}

/**
 * Puts a report on record, once for a release however often the button is pressed. Call it before the unit of work has
 * written anything (see {@link Throttles}).
 *
 * @returns the report, or undefined where the release was reported before
 * @throws `too_many_attempts`
 */
export function reportRelease(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  draft: ReportDraft,
): Promise<Report | undefined> {
  const cost = [['release_report_by_account', draft.accountId]] as const;
  return atCost(throttles, { cost, counts: 'done' }, async () => {
    const report = await insertReport(db, draft);
    const { accountId, clientId, reason } = draft;
    if (report)
      await recordAppEvent(db, secrets, { accountId, kind: 'release.reported', clientId, details: { reason } });
    return report;
  });
}

async function insertReport(
  db: Db,
  { accountId, clientId, release, reason }: ReportDraft,
): Promise<Report | undefined> {
  const shard = shardOf(accountId);
  const at = new Date();
  const row = await db.for(shard).first<ReportRow>(
    `insert into release_reports (shard, account_id, id, client_id, release_id, release_at, reason, at, due_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (shard, account_id, release_id) do nothing returning ${columns}`,
    [
      ...[shard, accountId, newIdIn(shard), clientId, release.id, release.at, reason],
      ...[at, new Date(at.getTime() + ANSWER_MS), monthsLater(at, KEPT_MONTHS)],
    ],
  );
  return row && fromRow(row);
}

/** What a person has said of these releases, by the release's id. */
export async function findReports(
  db: Db,
  accountId: string,
  releaseIds: readonly string[],
): Promise<Map<string, Report>> {
  if (releaseIds.length === 0) return new Map();
  const shard = shardOf(accountId);
  const rows = await db
    .for(shard)
    .query<ReportRow>(
      `select ${columns} from release_reports where shard = $1 and account_id = $2 and release_id = any($3)`,
      [shard, accountId, releaseIds],
    );
  return new Map(rows.map((row) => [row.release_id, fromRow(row)]));
}

/** Where a list of reports goes on. */
export type ReportPlace = Pick<Report, 'at' | 'id'>;

/** A report as the agency sees it. */
export interface AppReport extends Report {
  /** The person, as the app knows them. */
  readonly sub: string | undefined;
}

/** An app, and under which group's names it knows people. */
interface ReportedApp {
  readonly id: string;
  readonly subjectGroupId: string;
}

type AppReportRow = ReportRow & { readonly sub: string | null };

const named = `left join subjects j on j.shard = r.shard and j.account_id = r.account_id and j.capacity = 'self'`;
const withName = `${columns.replaceAll(/(\w+)/g, 'r.$1')}, j.sub`;

/** What people have reported about an app, the latest first. */
export async function listReportsAbout(
  db: Db,
  { id: clientId, subjectGroupId }: ReportedApp,
  { after, limit, open }: { readonly after?: ReportPlace | undefined; readonly limit: number; readonly open: boolean },
): Promise<AppReport[]> {
  const rows = await db.forAll(everyShard).query<AppReportRow>(
    `with ${newestOf({ table: 'release_reports', at: 'at', which: '(answered_at is null) = $6' })}, r as materialized (
       select r.* from newest join release_reports r on r.shard = newest.shard and client_id = $2 and at between since and $3
         and (at < $3 or id < $4) and (answered_at is null) = $6
       order by at desc, id desc limit $5)
     select ${withName} from r ${named} and j.group_id = $7 order by r.at desc, r.id desc`,
    [everyShard, clientId, after?.at ?? LATEST, after?.id ?? LAST_ID, limit, open, subjectGroupId],
  );
  return rows.map(seenByApp);
}

function seenByApp(row: AppReportRow): AppReport {
  return { ...fromRow(row), sub: row.sub ?? undefined };
}

const LATEST = new Date('9999-12-31');
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** A report about an app. @throws `not_here` */
export async function loadReportAbout(
  db: Db,
  { id: clientId, subjectGroupId }: ReportedApp,
  id: string,
): Promise<AppReport> {
  if (!isId(id)) throw new Refusal('not_here', 'no such report');
  const shard = shardOf(id);
  const row = await db.for(shard).first<AppReportRow>(
    `select ${withName} from release_reports r ${named} and j.group_id = $4
     where r.shard = $1 and r.client_id = $2 and r.id = $3`,
    [shard, clientId, id, subjectGroupId],
  );
  if (!row) throw new Refusal('not_here', 'no such report');
  return seenByApp(row);
}

/**
 * Puts the agency's answer on record; of two at once the first stays.
 *
 * @throws `report_answered`
 */
export async function answerReport(
  db: Db,
  secrets: Secrets,
  { id, clientId }: Pick<Report, 'id' | 'clientId'>,
  {
    answer,
    actor,
    agencyId,
    told,
  }: {
    readonly answer: ReportAnswer;
    readonly actor: string;
    readonly agencyId: string;
    /** The id as the agency knows it. */
    readonly told: string;
  },
): Promise<Report> {
  const shard = shardOf(id);
  const row = await db.for(shard).first<ReportRow>(
    `update release_reports set answered_at = $4, answer = $5, answered_by = $6
     where shard = $1 and client_id = $2 and id = $3 and answered_at is null returning ${columns}`,
    [shard, clientId, id, new Date(), answer, actor],
  );
  if (!row) throw new Refusal('report_answered', `report ${id} has an answer`);
  const { accountId } = fromRow(row);
  await recordAppEvent(db, secrets, { accountId, kind: 'release.answered', clientId, details: { answer } });
  await recordAdminEvent(db, {
    ...{ kind: 'report.answered', actor, subject: `client ${clientId}`, agencyId },
    details: { report: told, answer },
  });
  return fromRow(row);
}
