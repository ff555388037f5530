/** What admins did at the agencies that somebody may see. */
import type { Context } from 'koa';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { findAgencies } from '#src/registry/agencies.ts';
import { nodesWith } from '#src/registry/authority.ts';
import { type EventLine, type EventPosition, type EventSearch, listEvents } from '#src/registry/events.ts';
import type { Found } from '#src/registry/search.ts';
import { type EventsContext, eventsPage, type ListedEvent } from '#views/console/events.ts';
import { CSV_BATCH } from '../csv.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { nameOf } from '../names.ts';
import { timeIn } from '../places.ts';
import { nameColleagues } from './colleagues.ts';
import { sendLines } from './csv.ts';
import { consoleFrame } from './frame.ts';
import { linkTo, pagesBehind, readPlace, readWords } from './positions.ts';
import { type ConsoleVisit, showConsole } from './visit.ts';

/** `GET /console/events`. */
export async function showEvents(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showPage);
}

/** `GET /console/events.csv`: all that the page would list, on however many pages. */
export async function downloadEvents(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const search = await readSearch(visit);
    const next = (last: EventLine | undefined): Promise<Found<EventLine>> =>
      house.database.transaction((tx) => listEvents(tx, { ...search, after: last, limit: CSV_BATCH }));
    await sendLines(ctx, 'riwayat', { columns, next });
  });
}

const columns: Record<string, (line: EventLine) => string | undefined> = {
  at: ({ at }) => at.toISOString(),
  kind: ({ kind }) => kind,
  subject: ({ subject }) => subject,
  actor: ({ actor }) => actor,
  agency_id: ({ agencyId }) => agencyId,
  details: ({ details }) => JSON.stringify(details),
};

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx } = visit;
  const search = await readSearch(visit);
  const { lines, hasMore } = await listEvents(visit.db, { ...search, after: readEventPosition(ctx) });
  const last = lines.at(-1);
  const chosen = (['subject', 'actor'] as const).flatMap((name) =>
    search[name] === undefined
      ? []
      : [{ name: search[name], link: linkTo(ctx, { [name]: undefined, after: undefined }) }],
  );
  const context: EventsContext = {
    ...consoleFrame(visit, 'events'),
    events: await listedEvents(visit, lines),
    chosen,
    pages: pagesBehind(ctx, hasMore && last ? [last.at.toISOString(), last.id] : undefined),
    csvLink: linkTo(ctx, { after: undefined }).replace('/console/events', '/console/events.csv'),
  };
  showForm(ctx, eventsPage(context));
}

/** What belongs to no agency is for those who see the events of the whole state. */
async function readSearch({ ctx, db, held }: ConsoleVisit): Promise<EventSearch> {
  const nodes = nodesWith(held, 'events.read');
  if (nodes.length === 0) throw new Refusal('role_required', 'no role with events.read anywhere');
  const withoutAgency = (await findAgencies(db, nodes)).some(({ kind }) => kind === 'state');
  return { nodes, withoutAgency, subject: readWords(ctx, 'subject'), actor: readWords(ctx, 'actor') };
}

function readEventPosition(ctx: Context): EventPosition | undefined {
  const [time, id = ''] = readPlace(ctx);
  const at = timeIn(time);
  return at && isId(id) ? { at, id } : undefined;
}

async function listedEvents(visit: ConsoleVisit, lines: readonly EventLine[]): Promise<ListedEvent[]> {
  const language: Language = visit.ctx.state.language;
  const agencies = await findAgencies(visit.db, idsIn(lines.map(({ agencyId }) => agencyId)));
  const names = new Map(agencies.map((one) => [one.id, nameOf(one, language)]));
  const colleagues = await nameColleagues(
    visit,
    lines.map(({ actor }) => actor),
    agencies.flatMap(({ path }) => path),
  );
  return lines.map(({ at, kind, actor, subject, agencyId, details }) => ({
    at,
    kind,
    who: { name: colleagues.get(actor) ?? actor, link: `/console/events?${new URLSearchParams({ actor })}` },
    what: {
      name: subject.replace(/^(client|agency) /, ''),
      below: agencyId && names.get(agencyId),
      link: `/console/events?${new URLSearchParams({ subject })}`,
    },
    details: Object.entries(details)
      .map(([name, value]) => ({ name, value: [value].flat().join(', ') }))
      .filter(({ value }) => value !== ''),
  }));
}

function idsIn(ids: readonly (string | undefined)[]): string[] {
  return [...new Set(ids.filter((id) => id !== undefined))];
}
