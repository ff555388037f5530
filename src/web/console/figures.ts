/** What an agency may know of the people of one of its apps, as a page and as a file. */
import type { Context } from 'koa';
import { mayAt } from '#src/registry/authority.ts';
import { type Figures, permissionEvents, readFigures } from '#src/registry/figures.ts';
import { findSmallerScope } from '#src/registry/smaller-scope.ts';
import { type FiguresContext, figuresPage } from '#views/console/figures.ts';
import { sendCsv } from '../csv.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { loadClientFor, showConsole } from './visit.ts';

/** `GET /console/apps/:client/figures`. @throws {Refusal} `not_here`, `role_required` */
export function showFigures(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const client = await loadClientFor(visit, String(ctx.params.client), 'apps.read');
    const { countedOn, people, claims, months } = await readFigures(visit.db, client);
    const smaller = await findSmallerScope(visit.db, client);
    const context: FiguresContext = {
      ...consoleFrame(visit, 'apps'),
      head: appHeadOf(visit, client),
      countedOn: countedOn === undefined ? undefined : new Date(countedOn),
      people,
      claims: claims.map((one) => ({ ...one, isUnread: smaller?.unread.includes(one.claim) ?? false })),
      months: months.map((one) => ({ ...one, month: new Date(`${one.month}-01T00:00:00Z`) })),
      smallerScope: smaller?.declaration.scope,
      mayChange: mayAt(visit.held, 'apps.write', client.agency),
    };
    showForm(ctx, figuresPage(context));
  });
}

/** `GET /console/apps/:client/figures.csv`: a line for each month and kind. @throws {Refusal} `not_here`, `role_required` */
export function downloadFigures(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const client = await loadClientFor(visit, String(ctx.params.client), 'apps.read');
    const figures = await readFigures(visit.db, client);
    await sendCsv(ctx, `figures-${client.id}`, ['month', 'kind', ...permissionEvents], linesOf(figures));
  });
}

async function* linesOf({ months }: Figures): AsyncGenerator<(string | number | undefined)[]> {
  for (const { month, kind, times } of months) yield [month, kind, ...permissionEvents.map((event) => times[event])];
}
