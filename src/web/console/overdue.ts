/** `/console/overdue`: what agencies have not answered in time, for those who work above them and for their own owners. */
import type { Context } from 'koa';
import { DAY_MS } from '#src/base/epoch.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { findLastOwedCount, listOverdue, type OwedLine, sumOwed } from '#src/registry/answers-owed.ts';
import { mayAt, nodesWith } from '#src/registry/authority.ts';
import { type OverdueApp, overduePage } from '#views/console/overdue.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { logoPath } from '../logos.ts';
import { nameOf } from '../names.ts';
import { timeIn } from '../places.ts';
import { consoleFrame, overseeing } from './frame.ts';
import { pagesBehind, readPlace, readWords } from './positions.ts';
import { type ConsoleVisit, showConsole } from './visit.ts';

const PAGE = 25;

/**
 * `GET /console/overdue`; `agency` in the address looks at one of them and those below it.
 *
 * @throws {Refusal} `role_required`; `not_here` for an agency that is not the person's to see
 */
export function showOverdue(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, showPage);
}

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, held } = visit;
  const language: Language = ctx.state.language;
  const nodes = [...new Set(overseeing.flatMap((permission) => nodesWith(held, permission)))];
  if (nodes.length === 0) throw new Refusal('role_required', 'no role that watches over an agency');
  const agency = await findChosen(visit);
  const wanted = { nodes, agencyId: agency?.id };
  const [time, id = ''] = readPlace(ctx);
  const at = timeIn(time);
  const found = await listOverdue(db, { ...wanted, ...(at && { after: { at, id } }), limit: PAGE + 1 });
  const lines = found.slice(0, PAGE);
  const last = found.length > PAGE ? lines.at(-1) : undefined;
  const sums = await sumOwed(db, wanted);
  const page = overduePage({
    ...consoleFrame(visit, 'overdue'),
    agency: agency && { id: agency.id, name: nameOf(agency, language) },
    countedAt: await findLastOwedCount(db),
    totals: {
      ...{ agencies: sums.agenciesOverdue, apps: sums.appsOverdue },
      ...{ withdrawals: sums.withdrawalsOverdue, reports: sums.reportsOverdue },
      waiting: sums.withdrawals + sums.reports,
    },
    apps: lines.map((line) => shownOf(language, line)),
    pages: pagesBehind(ctx, last && [last.oldestDueAt.toISOString(), last.clientId]),
  });
  showForm(ctx, page);
}

/** The agency in the address. One that is not the person's to see looks like one that there is not. */
async function findChosen({ ctx, db, held }: ConsoleVisit) {
  const id = readWords(ctx, 'agency');
  if (id === undefined) return undefined;
  const agency = await findAgency(db, id);
  if (agency && overseeing.some((permission) => mayAt(held, permission, agency))) return agency;
  throw new Refusal('not_here', 'no such agency, or not this person’s');
}

function shownOf(language: Language, line: OwedLine): OverdueApp {
  const { clientId: id, oldestDueAt: dueAt } = line;
  return {
    ...{ id, name: line.name[language], agency: line.agency[language], logo: logoPath(line) },
    ...{ withdrawals: line.withdrawalsOverdue, reports: line.reportsOverdue, waiting: line.withdrawals + line.reports },
    ...{ dueAt, days: Math.floor((Date.now() - dueAt.getTime()) / DAY_MS) },
  };
}
