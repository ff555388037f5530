/** The agencies that somebody may see, by name. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { agencyKinds } from '#src/registry/agencies.ts';
import { nodesWith } from '#src/registry/authority.ts';
import { MOST_COUNTED, searchAgencies } from '#src/registry/search.ts';
import { type AgenciesContext, agenciesPage } from '#views/console/agencies.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { consoleFrame } from './frame.ts';
import { pagesOf, readPosition, readWords } from './positions.ts';
import { type ConsoleVisit, showConsole } from './visit.ts';

/** `GET /console/agencies`. */
export async function showAgencies(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showPage);
}

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, held } = visit;
  const nodes = [...new Set([...nodesWith(held, 'apps.read'), ...nodesWith(held, 'team.read')])];
  if (nodes.length === 0) throw new Refusal('role_required', 'no role that sees an agency');
  const words = readWords(ctx, 'q');
  const kind = agencyKinds.find((one) => one === ctx.query.kind);
  const { lines, hasMore } = await searchAgencies(db, { nodes, words, kind, after: readPosition(ctx) });
  const language: 'id' | 'en' = ctx.state.language;
  const context: AgenciesContext = {
    ...consoleFrame(visit, 'agencies'),
    agencies: lines.map(({ id, name, kind: itsKind, domain, parentName, apps }) => ({
      ...{ id, domain, apps, kind: itsKind },
      name: name[language],
      parent: parentName?.[language],
    })),
    words,
    kind,
    mostCounted: MOST_COUNTED,
    pages: pagesOf(ctx, hasMore ? lines.at(-1)?.position : undefined),
  };
  showForm(ctx, agenciesPage(context));
}
