/** The first page of the console: the apps of the agencies that one works for. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { nodesWith } from '#src/registry/authority.ts';
import { type AppLine, readHealth, searchApps } from '#src/registry/search.ts';
import { type MineContext, type MyApp, minePage } from '#views/console/mine.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { logoPath } from '../logos.ts';
import { seeOther } from '../see-other.ts';
import { consoleFrame } from './frame.ts';
import { pagesOf, readPosition } from './positions.ts';
import { type ConsoleVisit, consolePlaceToReturnTo, showConsole } from './visit.ts';

/** `GET /console`: the page, or a sign-in that comes back to it. */
export async function showMine(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showPage);
}

/**
 * `GET /console/callback`: the console needs the session and nothing of the answer, so the code is left to expire. What went
 * wrong would go wrong again on a page that begins a sign-in by itself.
 *
 * @throws {Refusal} `session_required` when the sign-in failed
 */
export function returnToConsole(ctx: Context): void {
  const { error } = ctx.query;
  if (error && error !== 'access_denied') throw new Refusal('session_required', `the engine answered ${String(error)}`);
  seeOther(ctx, error ? '/' : consolePlaceToReturnTo(ctx));
}

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, house, db, held } = visit;
  const own = nodesWith(held, 'apps.write');
  const nodes = own.length > 0 ? own : nodesWith(held, 'apps.read');
  const { lines, hasMore } = await searchApps(db, { nodes, after: readPosition(ctx) });
  const health = await readHealth(
    db,
    lines.map(({ id }) => id),
  );
  const hasRole = held.some(({ suspendedAt }) => !suspendedAt);
  const context: MineContext = {
    ...consoleFrame(visit, 'mine'),
    apps: lines.map((line) => myApp(ctx.state.language, line, health.get(line.id))),
    pages: pagesOf(ctx, hasMore ? lines.at(-1)?.position : undefined),
    mayRegister: own.length > 0,
    mayFound: !hasRole && house.config.mode === 'sandbox',
    coordinates: held.some(({ role, suspendedAt }) => role === 'coordinator' && !suspendedAt),
    hasRole,
  };
  showForm(ctx, minePage(context));
}

type Health = ReturnType<Awaited<ReturnType<typeof readHealth>>['get']>;

function myApp(language: 'id' | 'en', line: AppLine, health: Health): MyApp {
  return {
    id: line.id,
    name: line.name[language],
    agency: line.agencyName[language],
    logo: logoPath(line),
    state: line.state,
    lastSignIn: health?.lastSignInAt,
    secretEnds: health?.secretEndsAt,
    waitsSince: health?.waitsSince,
    failingChecks: health?.failingChecks ?? 0,
    isTried: health?.isTried ?? false,
    owed: health?.owed && { ...health.owed, isOverdue: health.owed.dueAt <= new Date() },
  };
}
