/** What an app tried and we refused, for its developers. */
import type { Context } from 'koa';
import { isId } from '#src/base/secrets.ts';
import { type AttemptPosition, findAttempts, listAttempts } from '#src/registry/attempts.ts';
import { type AttemptsContext, attemptsPage } from '#views/console/attempts.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { timeIn } from '../places.ts';
import { shownAttempt } from '../shown-attempt.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { pagesBehind, readPlace } from './positions.ts';
import { type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

const PAGE = 25;

/** `GET /console/apps/:client/attempts`, all or (`q`) those of one reference. */
export function showAttempts(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, showPage);
}

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, db } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.read');
  const reference = referenceIn(ctx);
  const found = reference
    ? await findAttempts(db, client.id, reference)
    : await listAttempts(db, client.id, { after: positionIn(ctx), limit: PAGE + 1 });
  const attempts = found.slice(0, PAGE);
  const last = found.length > PAGE ? attempts.at(-1) : undefined;
  const context: AttemptsContext = {
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    attempts: attempts.map(shownAttempt),
    reference,
    pages: pagesBehind(ctx, last && [last.at.toISOString(), last.id]),
  };
  showForm(ctx, attemptsPage(context));
}

/** A reference as it is read out on the telephone: in any case, with or without its dash. */
function referenceIn(ctx: Context): string | undefined {
  const { q } = ctx.query;
  const typed = typeof q === 'string' ? q.toUpperCase().replace(/[^A-Z0-9]/g, '') : '';
  return typed === '' ? undefined : `${typed.slice(0, 5)}-${typed.slice(5, 10)}`;
}

function positionIn(ctx: Context): AttemptPosition | undefined {
  const [time, id = ''] = readPlace(ctx);
  const at = timeIn(time);
  return at && isId(id) ? { at, id } : undefined;
}
