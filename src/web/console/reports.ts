/** What citizens have reported about an app, for its team: each with what was read, and with the answer of its agency. */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { findReleaseOf } from '#src/consents/releases.ts';
import {
  type AppReport,
  answerReport,
  listReportsAbout,
  loadReportAbout,
  type ReportAnswer,
  type ReportPlace,
  reportAnswers,
} from '#src/consents/reports.ts';
import { mayAt } from '#src/registry/authority.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { type AgencyReport, type ReportsContext, reportsPage } from '#views/console/reports.ts';
import { translate } from '#views/locale.ts';
import { sayRefused } from '../account/refused.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { timeIn } from '../places.ts';
import { tellAnswered } from '../report-notices.ts';
import { seeOther } from '../see-other.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { pagesBehind, readPlace } from './positions.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

const PAGE = 25;

/** `GET /console/apps/:client/reports`, those that wait or (`which=answered`) the others. */
export function showReports(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, (visit) => showPage(visit, { notice: noticeIn(ctx) }));
}

/** `POST /console/apps/:client/reports`: the answer to one. @throws {Refusal} `not_here`, `role_required` */
export function answerReports(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: ConsoleVisit, form: Form) => Promise<void>> = new Map(
  Object.entries({ answer }),
);

async function answer(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  const told = form.get('report');
  const report = await loadReportAbout(db, client, house.secrets.insideId(told) ?? '');
  try {
    const found = readAnswer(form.get('answer'));
    await answerReport(db, house.secrets, report, {
      answer: found,
      actor: account.id,
      agencyId: client.agencyId,
      told,
    });
    await tellAnswered(house, db, client, report, found);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'report_answered')
      return sayAnswered(visit, client, report.id, form.get('answer'));
    return showPage(visit, { problems: [sayRefused(visit, error)], unfinished: told });
  }
  seeOther(ctx, `${ctx.path}?done=answered`);
}

/** Whoever sends the same answer once more has sent it; whoever sends another one reads which one stands. */
async function sayAnswered(visit: ConsoleVisit, client: ClientRecord, id: string, given: string): Promise<void> {
  const { ctx, db } = visit;
  const { answered } = await loadReportAbout(db, client, id);
  if (!answered || answered.answer === given) return seeOther(ctx, `${ctx.path}?which=answered&done=answered`);
  ctx.status = 409;
  await showPage(visit, { answered });
}

/** @throws {Refusal} `report_answer_missing` */
function readAnswer(typed: string): ReportAnswer {
  const answer = reportAnswers.find((one) => one === typed);
  if (!answer) throw new Refusal('report_answer_missing');
  return answer;
}

type Said = Pick<ReportsContext, 'notice' | 'problems' | 'answered' | 'unfinished'>;

function noticeIn(ctx: Context): Said['notice'] {
  if (ctx.query.done !== 'answered') return undefined;
  return { tone: 'done', text: translate(ctx.state.language)('reports.done-answered') };
}

async function showPage(visit: ConsoleVisit, said: Said): Promise<void> {
  const { ctx, house, db, held } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.read');
  const which = ctx.query.which === 'answered' ? 'answered' : 'open';
  const found = await listReportsAbout(db, client, {
    ...{ open: which === 'open', after: placeIn(visit), limit: PAGE + 1 },
  });
  const reports = found.slice(0, PAGE);
  const last = found.length > PAGE ? reports.at(-1) : undefined;
  const shown: AgencyReport[] = [];
  for (const report of reports) shown.push(await showReport(db, house.secrets, client, report));
  const page = reportsPage({
    ...consoleFrame(visit, 'apps'),
    ...{ head: appHeadOf(visit, client), which, reports: shown, mayAnswer: mayAt(held, 'apps.write', client.agency) },
    pages: pagesBehind(ctx, last && [last.at.toISOString(), house.secrets.outsideId(last.id)]),
    ...said,
  });
  showForm(ctx, page);
}

function placeIn({ ctx, house }: ConsoleVisit): ReportPlace | undefined {
  const [time, told = ''] = readPlace(ctx);
  const at = timeIn(time);
  const id = house.secrets.insideId(told);
  return at && id !== undefined ? { at, id } : undefined;
}

/**
 * A report as its agency reads it: of the person no more than the name that the app has for them. Its id is told masked: two agencies
 * must not find out that they share a person.
 */
export async function showReport(
  db: Db,
  secrets: Secrets,
  client: ClientRecord,
  report: AppReport,
): Promise<AgencyReport> {
  const { id, accountId, sub = '', reason, at, dueAt, answered } = report;
  const release = await findReleaseOf(db, secrets, accountId, { ...report.release, clientId: client.id });
  return {
    ...{ id: secrets.outsideId(id), sub, reason, at, dueAt, isOverdue: dueAt <= new Date() },
    release: release && { at: release.at, way: release.kind, claims: release.claims, reads: release.reads },
    answered: answered && { at: answered.at, answer: answered.answer },
  };
}
