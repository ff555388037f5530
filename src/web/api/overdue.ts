/** What agencies have not answered in time to people who withdrew or reported: how much and for how long, never who waits. */
import { z } from 'zod';
import { Refusal } from '#src/base/refusals.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { findLastOwedCount, listOverdue, type OwedLine, type OwedWanted, sumOwed } from '#src/registry/answers-owed.ts';
import { mayAt, nodesWith } from '#src/registry/authority.ts';
import { pageOf, readCursor, timeOf } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { overdueAppSchema, owedTotalsSchema } from './schemas/app-people.ts';
import { said, saidIfAny } from './schemas/pieces.ts';

const query = z.strictObject({
  agency: z.string().max(63).optional().describe('It alone, with what is below it; otherwise all of the caller.'),
});

export const overdueRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/overdue',
    id: 'listOverdue',
    summary: 'Apps of the caller’s agency and of all below it that are late with an answer, the longest waiting first',
    description: 'Counted every ten minutes. What waits at an app is in its withdrawals and reports.',
    scope: 'apps.read',
    query,
    item: overdueAppSchema,
    async page(call, after, limit) {
      const [at, id] = readCursor(after, 2) ?? [];
      const place = at !== undefined && id !== undefined ? { at: timeOf(at), id } : undefined;
      const lines = await listOverdue(call.db, { ...(await wantedBy(call)), after: place, limit });
      return pageOf(lines, limit, { show: showLine, placeOf: (each) => [said(each.oldestDueAt), each.clientId] });
    },
  }),
  route({
    method: 'GET',
    path: '/overdue/totals',
    id: 'readOverdueTotals',
    summary: 'How much of it there is in all, and how much waits in time',
    scope: 'apps.read',
    query,
    status: 200,
    answer: owedTotalsSchema,
    async carryOut(call) {
      const { db } = call;
      const sums = await sumOwed(db, await wantedBy(call));
      return {
        body: {
          ...{ agencies_overdue: sums.agenciesOverdue, apps_overdue: sums.appsOverdue },
          ...{ withdrawals_overdue: sums.withdrawalsOverdue, reports_overdue: sums.reportsOverdue },
          ...{ withdrawals: sums.withdrawals, reports: sums.reports },
          counted_at: saidIfAny(await findLastOwedCount(db)),
        },
      };
    },
  }),
];

/** @throws {Refusal} `not_here` for an agency that is not the caller’s to see, as for one that there is not */
async function wantedBy({ db, held, query: { agency: id } }: ApiCall<z.output<typeof query>>): Promise<OwedWanted> {
  const nodes = nodesWith(held, 'apps.read');
  if (id === undefined) return { nodes };
  const agency = await findAgency(db, id);
  if (!agency || !mayAt(held, 'apps.read', agency))
    throw new Refusal('not_here', 'no such agency, or not the caller’s');
  return { nodes, agencyId: agency.id };
}

function showLine(line: OwedLine): z.input<typeof overdueAppSchema> {
  return {
    ...{ app: line.clientId, name: line.name.id, name_en: line.name.en, agency: line.agencyId },
    ...{ withdrawals: line.withdrawals, withdrawals_overdue: line.withdrawalsOverdue },
    ...{ reports: line.reports, reports_overdue: line.reportsOverdue, oldest_due_at: said(line.oldestDueAt) },
  };
}
