/** The registry of apps, as far as somebody may see it: searched, narrowed down, page by page, or as a file. */
import type { Context } from 'koa';
import type { Language } from '#src/base/refusals.ts';
import { Refusal } from '#src/base/refusals.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { mayAt, nodesWith } from '#src/registry/authority.ts';
import { type ClientState, clientStates } from '#src/registry/clients.ts';
import { type AppLine, type AppSearch, countApps, type Found, MOST_COUNTED, searchApps } from '#src/registry/search.ts';
import { listSectors, type Sector } from '#src/registry/sectors.ts';
import { type AppsContext, appsPage, type ListedApp } from '#views/console/apps.ts';
import { CSV_BATCH } from '../csv.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { logoPath } from '../logos.ts';
import { choiceIn, nameOf } from '../names.ts';
import { sendLines } from './csv.ts';
import { decideAboutPicked, picksOf } from './decide.ts';
import { consoleFrame } from './frame.ts';
import { linkTo, pagesOf, readPosition, readWords } from './positions.ts';
import { answerConsole, type ConsoleVisit, showConsole } from './visit.ts';

/** `GET /console/apps`. */
export async function showApps(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showPage);
}

/** `GET /console/apps.csv`: all that the page would list, on however many pages. */
export async function downloadApps(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const search = await readSearch(visit);
    const next = (last: AppLine | undefined): Promise<Found<AppLine>> =>
      house.database.transaction((tx) => searchApps(tx, { ...search, after: last?.position, limit: CSV_BATCH }));
    await sendLines(ctx, 'layanan', { columns, next });
  });
}

/** `POST /console/apps`: takes what is ticked along to where one decides. @throws {Refusal} what forms refuse */
export async function answerApps(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, new Map([['decide', decideAboutPicked('/console/apps')]]));
}

const columns: Record<string, (line: AppLine) => string | undefined> = {
  client_id: ({ id }) => id,
  name: ({ name }) => name.id,
  name_en: ({ name }) => name.en,
  agency_id: ({ agencyId }) => agencyId,
  agency: ({ agencyName }) => agencyName.id,
  state: ({ state }) => state,
  type: ({ type }) => type,
  sectors: ({ sectors }) => sectors.join(' '),
  risk: ({ risk }) => risk,
  home_uri: ({ homeUri }) => homeUri,
};

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, db } = visit;
  const search = await readSearch(visit);
  const sectors = await listSectors(db);
  const counts = await countApps(db, search);
  const { lines, hasMore } = await searchApps(db, { ...search, after: readPosition(ctx) });
  const language: Language = ctx.state.language;
  const context: AppsContext = {
    ...consoleFrame(visit, 'apps'),
    apps: lines.map((line) => listedApp(language, line, sectors)),
    words: search.words,
    sector: search.sector,
    state: search.state,
    agency: await shownAgency(visit, search.agencyId),
    sectors: sectors.map(choiceIn(language)),
    states: clientStates.map((state) => ({
      state,
      ...(counts && { count: counts.get(state) ?? 0 }),
      link: linkTo(ctx, { state, after: undefined }),
    })),
    all: { link: linkTo(ctx, { state: undefined, after: undefined }) },
    mostCounted: MOST_COUNTED,
    pages: pagesOf(ctx, hasMore ? lines.at(-1)?.position : undefined),
    csvLink: linkTo(ctx, { after: undefined, pick: undefined }).replace('/console/apps', '/console/apps.csv'),
    picks: await picksOf(visit),
  };
  showForm(ctx, appsPage(context));
}

/** What the address asks for, within what the person may see. What makes no sense narrows nothing down. */
async function readSearch({ ctx, held }: ConsoleVisit): Promise<AppSearch> {
  const nodes = nodesWith(held, 'apps.read');
  if (nodes.length === 0) throw new Refusal('role_required', 'no role with apps.read anywhere');
  return {
    nodes,
    words: readWords(ctx, 'q'),
    state: clientStates.find((state): state is ClientState => state === ctx.query.state),
    sector: readWords(ctx, 'sector'),
    agencyId: readWords(ctx, 'agency'),
  };
}

async function shownAgency(
  { ctx, db, held }: ConsoleVisit,
  agencyId: string | undefined,
): Promise<AppsContext['agency']> {
  const agency = agencyId === undefined ? undefined : await findAgency(db, agencyId);
  const isSeen = agency !== undefined && mayAt(held, 'apps.read', agency);
  if (agencyId === undefined) return undefined;
  const name = isSeen ? nameOf(agency, ctx.state.language) : agencyId;
  return { id: agencyId, name, withoutLink: linkTo(ctx, { agency: undefined, after: undefined }) };
}

function listedApp(language: Language, line: AppLine, sectors: readonly Sector[]): ListedApp {
  const named = sectors.filter(({ id }) => line.sectors.includes(id));
  return {
    id: line.id,
    name: line.name[language],
    logo: logoPath(line),
    agency: { id: line.agencyId, name: line.agencyName[language] },
    state: line.state,
    sectors: named.map((one) => nameOf(one, language)),
    risk: line.risk,
  };
}
