/** What exists, connected or not, as far as somebody may see it: searched, narrowed down, page by page, or as a file. */
import type { Context } from 'koa';
import type { Language } from '#src/base/refusals.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { nodesWith } from '#src/registry/authority.ts';
import { isWithin } from '#src/registry/coordination.ts';
import { exportColumns, nextToExport } from '#src/registry/inventory-export.ts';
import { listMatches } from '#src/registry/inventory-matches.ts';
import {
  type Connection,
  connections,
  countInventory,
  type Decidedness,
  decidedness,
  type InventoryLine,
  type InventorySearch,
  searchInventory,
} from '#src/registry/inventory-search.ts';
import { MOST_COUNTED } from '#src/registry/search.ts';
import { listSectors, type Sector } from '#src/registry/sectors.ts';
import { type InventoryContext, inventoryPage, type ListedRecord } from '#views/console/inventory.ts';
import { CSV_BATCH } from '../csv.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { nameOf } from '../names.ts';
import { sendLines } from './csv.ts';
import { decideAboutPicked, picksOf } from './decide.ts';
import { consoleFrame } from './frame.ts';
import { demandSight } from './inventory-sight.ts';
import { linkTo, pagesOf, readPosition, readWords } from './positions.ts';
import { answerConsole, type ConsoleVisit, showConsole } from './visit.ts';

/** `GET /console/inventory`. @throws {Refusal} `role_required` */
export async function showInventory(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showPage);
}

/** `GET /console/inventory.csv`: all that the page would list, whole, as an import takes it. @throws {Refusal} `role_required` */
export async function downloadInventory(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const search = await readSearch(visit);
    const next = (last: Awaited<ReturnType<typeof nextToExport>>['lines'][number] | undefined) =>
      house.database.transaction((tx) => nextToExport(tx, { ...search, after: last?.line.position, limit: CSV_BATCH }));
    await sendLines(ctx, 'inventaris', { columns: exportColumns, next });
  });
}

/** `POST /console/inventory`: takes what is ticked along to where one decides. @throws {Refusal} what forms refuse */
export async function answerInventory(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, new Map([['decide', decideAboutPicked('/console/inventory')]]));
}

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, held } = visit;
  const search = await readSearch(visit);
  const sectors = await listSectors(db);
  const counts = await countInventory(db, search);
  const { lines, hasMore } = await searchInventory(db, { ...search, after: readPosition(ctx) });
  const language: Language = ctx.state.language;
  const writes = nodesWith(held, 'inventory.write');
  const context: InventoryContext = {
    ...consoleFrame(visit, 'inventory'),
    records: lines.map((line) => listedRecord(language, line, sectors)),
    words: search.words,
    sector: search.sector,
    connection: search.connection,
    decision: search.decision,
    agency: await shownAgency(visit, search),
    sectors: sectors.map((sector) => ({ id: sector.id, name: nameOf(sector, language) })),
    counts: connections.map((connection) => ({
      connection,
      count: counts.get(connection) ?? 0,
      link: linkTo(ctx, { connection, after: undefined }),
    })),
    all: { link: linkTo(ctx, { connection: undefined, after: undefined }) },
    mostCounted: MOST_COUNTED,
    pages: pagesOf(ctx, hasMore ? lines.at(-1)?.position : undefined),
    csvLink: linkTo(ctx, { after: undefined, pick: undefined }).replace('/console/inventory', '/console/inventory.csv'),
    mayWrite: writes.length > 0,
    hasMatches: writes.length > 0 && (await listMatches(db, { nodes: writes, sectors: [], limit: 1 })).lines.length > 0,
    picks: await picksOf(visit),
  };
  showForm(ctx, inventoryPage(context));
}

/** What the address asks for, within what the person may see. What makes no sense narrows nothing down. */
async function readSearch(visit: ConsoleVisit): Promise<InventorySearch> {
  const { ctx } = visit;
  return {
    ...(await demandSight(visit)),
    words: readWords(ctx, 'q'),
    connection: connections.find((one): one is Connection => one === ctx.query.connection),
    decision: decidedness.find((one): one is Decidedness => one === ctx.query.decision),
    sector: readWords(ctx, 'sector'),
    agencyId: readWords(ctx, 'agency'),
  };
}

async function shownAgency({ ctx, db }: ConsoleVisit, search: InventorySearch): Promise<InventoryContext['agency']> {
  const { agencyId } = search;
  if (agencyId === undefined) return undefined;
  const agency = await findAgency(db, agencyId);
  const isSeen = agency !== undefined && isWithin(search, { path: agency.path, sectors: [] });
  const name = isSeen ? nameOf(agency, ctx.state.language) : agencyId;
  return { id: agencyId, name, withoutLink: linkTo(ctx, { agency: undefined, after: undefined }) };
}

function listedRecord(language: Language, line: InventoryLine, sectors: readonly Sector[]): ListedRecord {
  const { id, key, host, users, yearlyCost, client } = line;
  const named = sectors.filter((sector) => line.sectors.includes(sector.id));
  return {
    ...{ id, key, host, users, yearlyCost, client },
    name: line.name[language],
    agency: { id: line.agencyId, name: line.agencyName[language] },
    sectors: named.map((sector) => nameOf(sector, language)),
  };
}
