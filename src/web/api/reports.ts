/** What citizens do not recognise that an app read, and what its agency answers. */
import { z } from 'zod';
import {
  type AppReport,
  answerReport,
  listReportsAbout,
  loadReportAbout,
  reportAnswers,
} from '#src/consents/reports.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { showReport } from '../console/reports.ts';
import { tellAnswered } from '../report-notices.ts';
import { loadAppOf } from './authority.ts';
import { idInside, idOutside, pageOf, placeIn } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { reportSchema, reportSummarySchema } from './schemas/app-people.ts';
import { said, saidIfAny } from './schemas/pieces.ts';

const path = '/apps/:client/reports';

export const reportRoutes: readonly ApiRoute[] = [
  listRoute({
    path,
    id: 'listReports',
    summary: 'What people do not recognise that an app read, the newest first',
    description: 'Those that wait for an answer; with status=answered the others.',
    scope: 'apps.read',
    query: z.strictObject({ status: z.enum(['open', 'answered']).default('open') }),
    item: reportSummarySchema,
    async page(call, after, limit) {
      const app = await loadAppOf(call, 'apps.read');
      const open = call.query.status === 'open';
      const reports = await listReportsAbout(call.db, app, { after: placeIn(call, after), open, limit });
      const show = (each: AppReport) => showSummary(call, each);
      return pageOf(reports, limit, { show, placeOf: (each) => [said(each.at), idOutside(call, each.id)] });
    },
  }),
  route({
    method: 'GET',
    path: `${path}/:report`,
    id: 'readReport',
    summary: 'One report, with what was read: when, how and which claims, never their values',
    scope: 'apps.read',
    status: 200,
    answer: reportSchema,
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.read');
      return { body: await showWhole(call, app, await loadReport(call, app)) };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/:report/answer`,
    id: 'answerReport',
    summary: 'Say what was found; the person is told',
    description: 'Within 3 × 24 hours, once: a second answer is 409.',
    scope: 'apps.write',
    body: z.strictObject({ answer: z.enum(reportAnswers) }),
    status: 204,
    async carryOut(call) {
      const { db, house, actor, body } = call;
      const app = await loadAppOf(call, 'apps.write');
      const report = await loadReport(call, app);
      const { answer } = body;
      await answerReport(db, house.secrets, report, {
        answer,
        actor,
        agencyId: app.agencyId,
        told: idOutside(call, report.id),
      });
      await tellAnswered(house, db, app, report, answer);
      return {};
    },
  }),
];

/** @throws {Refusal} `not_here` */
function loadReport(call: ApiCall, app: ClientRecord): Promise<AppReport> {
  return loadReportAbout(call.db, app, idInside(call, call.param('report')));
}

function showSummary(call: Pick<ApiCall, 'house'>, report: AppReport): z.input<typeof reportSummarySchema> {
  const { id, sub, reason, at, dueAt, answered } = report;
  return {
    ...{ id: idOutside(call, id), sub: sub ?? null, reason, at: said(at), due_at: said(dueAt) },
    ...{ answer: answered?.answer ?? null, answered_at: saidIfAny(answered?.at) },
  };
}

async function showWhole(
  call: Pick<ApiCall, 'db' | 'house'>,
  app: ClientRecord,
  report: AppReport,
): Promise<z.input<typeof reportSchema>> {
  const { release } = await showReport(call.db, call.house.secrets, app, report);
  return {
    ...showSummary(call, report),
    release: release
      ? { at: said(release.at), kind: release.way, claims: [...release.claims], reads: release.reads }
      : null,
  };
}
