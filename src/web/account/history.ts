/** `/account/history`: what happened to an account, and who of the staff looked at it, for its owner alone. */
import type { Context } from 'koa';
import { appIn, type HistoryLine, listHistory } from '#src/audit/events.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { type HistoryEvent, historyPage } from '#views/account/history.ts';
import { frameOf, showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { appNameOf, nameAgencies } from '../names.ts';
import { readLook } from './shown-releases.ts';
import { showTo, type Visit } from './visit.ts';

const LINES = 50;

/** `GET /account/history`: the page, or a sign-in that comes back to it. */
export function showHistory(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, showPage);
}

async function showPage(visit: Visit): Promise<void> {
  const { ctx, house, db, account } = visit;
  const before = readPlace(ctx);
  // Whoever came back by contacts alone may not be the one who lived it.
  const since = account.restrictedAt;
  const lines = await listHistory(db, account.id, { before, since, limit: LINES + 1 });
  const shown = lines.slice(0, LINES);
  const page = historyPage({
    ...frameOf(ctx, house),
    events: await eventsOf(visit, shown),
    older: lines.length > LINES ? placeAfter(shown.at(-1)) : undefined,
    latest: before && '/account/history',
    closedBefore: since,
  });
  showForm(ctx, page);
}

async function eventsOf(visit: Visit, lines: readonly HistoryLine[]): Promise<HistoryEvent[]> {
  const { ctx, house, db, account } = visit;
  const language: 'id' | 'en' = ctx.state.language;
  const ids = lines.flatMap(({ details }) => textIn(details.agency) ?? []);
  const names = await nameAgencies(db, ids, language);
  const dataKey = await loadDataKey(db, house.secrets, account.id);
  return lines.map((line) => {
    const { id, at, kind, details } = line;
    const clientId = appIn(line, account.id, dataKey);
    const agency = textIn(details.agency);
    return {
      ...{ id, at, caseNumber: textIn(details.case) },
      kind: isOfReleases(kind, details) ? 'releases-looked-at' : kind,
      app: clientId && appNameOf(visit, clientId),
      agency: agency && (names.get(agency) ?? agency),
      ...(isOfReleases(kind, details)
        ? { releasesLook: readLook(details) }
        : { look: kind === 'account.read-by-staff' ? lookIn(details) : undefined }),
    };
  });
}

/** Whether the staff looked at what was released, and not at the account. */
function isOfReleases(kind: HistoryLine['kind'], { what }: HistoryLine['details']): boolean {
  return kind === 'account.read-by-staff' && what === 'releases';
}

function lookIn({ reason }: HistoryLine['details']): HistoryEvent['look'] {
  return { role: 'desk', reason: reason === 'second-officer' ? 'second-officer' : 'asked-at-desk' };
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function placeAfter(line: HistoryLine | undefined): string | undefined {
  return line && `/account/history?before=${line.at.getTime()}.${line.id}`;
}

/** The place that a page begins behind; what makes no sense means the latest. */
function readPlace(ctx: Context): Pick<HistoryLine, 'at' | 'id'> | undefined {
  const [, at, id] = /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(String(ctx.query.before)) ?? [];
  return at && id ? { at: new Date(Number(at)), id } : undefined;
}
