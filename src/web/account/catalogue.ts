/** `/account/services`: what this account opens, by sector and by words; one click leads in. */
import type { Context } from 'koa';
import { listConnected } from '#src/consents/permissions.ts';
import {
  type CatalogueSearch,
  countSectors,
  isOffered,
  listAlike,
  listMatching,
  searchCatalogue,
} from '#src/registry/catalogue.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { type OfferedService, servicesPage } from '#views/account/catalogue.ts';
import type { SectorChoice } from '#views/parts/seek.ts';
import { frameOf, serviceOf, showForm, wayInto } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { nameOf } from '../names.ts';
import { fromCursor, isText, toCursor } from '../places.ts';
import { sayEnd } from '../successors.ts';
import { showTo, type Visit } from './visit.ts';

const SERVICES_PER_PAGE = 24;
const ALIKE = 6;

/** `GET /account/services`: the page, or a sign-in that comes back to it. */
export function showServices(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, showPage);
}

async function showPage(visit: Visit): Promise<void> {
  const { ctx, house, db, account } = visit;
  const { words, sector, after } = askedIn(ctx);
  const own = await listConnected(db, account.id);
  const search: CatalogueSearch = { mode: house.config.mode, words, sector, after, limit: SERVICES_PER_PAGE };
  const { ids, next } = await searchCatalogue(db, { ...search, without: own });
  const connected = after ? [] : await listMatching(db, own, search);
  const isNothing = !after && words !== undefined && ids.length + connected.length === 0;
  const alike = isNothing ? await listAlike(db, search.mode, words, ALIKE) : [];
  const connectedIds = new Set(own);
  const shown = (some: readonly string[]) => some.flatMap((id) => serviceWith(visit, id, connectedIds) ?? []);
  const page = servicesPage({
    ...frameOf(ctx, house),
    ...{ words, sector, sectors: await sectorChoicesOf(visit) },
    connected: shown(connected),
    services: shown(ids),
    alike: shown(alike),
    pages: {
      ...(after && { first: addressOf({ words, sector }) }),
      ...(next && { next: addressOf({ words, sector }, toCursor([next.name, next.id])) }),
    },
  });
  showForm(ctx, page);
}

interface Asked {
  readonly words: string | undefined;
  readonly sector: string | undefined;
}

function askedIn({ query }: Context): Asked & Pick<CatalogueSearch, 'after'> {
  const [name, id] = fromCursor(query.after) ?? [];
  return {
    words: wordIn(query.q),
    sector: wordIn(query.sector),
    after: name !== undefined && id !== undefined ? { name, id } : undefined,
  };
}

const LONGEST = 100;

function wordIn(value: unknown): string | undefined {
  return (isText(value) && value.trim().slice(0, LONGEST)) || undefined;
}

function addressOf({ words, sector }: Asked, after?: string): string {
  const query = new URLSearchParams({ ...(words && { q: words }), ...(sector && { sector }), ...(after && { after }) });
  return `/account/services${query.size > 0 ? `?${query}` : ''}`;
}

/** A service as a card shows it; undefined where it is gone since the catalogue was read. */
function serviceWith(
  { ctx, house }: Pick<Visit, 'ctx' | 'house'>,
  clientId: string,
  connected: ReadonlySet<string>,
): OfferedService | undefined {
  const language: 'id' | 'en' = ctx.state.language;
  const client = house.clients.find(clientId);
  const isConnected = connected.has(clientId);
  if (!client || !(isConnected || isOffered(client, house.config.mode))) return undefined;
  return {
    ...serviceOf(client, language, house.config.mode),
    ...{ clientId, isConnected, purpose: client.purpose[language] },
    link: wayInto(client, house.config.issuer),
    ending: sayEnd(house, client, language),
  };
}

/** The sectors that have services, in their order. */
export async function sectorChoicesOf({
  ctx,
  house,
  db,
}: Pick<Visit, 'ctx' | 'house' | 'db'>): Promise<SectorChoice[]> {
  const counts = await countSectors(house.database, house.config.mode);
  const services = new Map(counts.map((one) => [one.sector, one.services]));
  const sectors = await listSectors(db);
  return sectors.flatMap((sector) => {
    const count = services.get(sector.id);
    return count ? { id: sector.id, name: nameOf(sector, ctx.state.language), services: count } : [];
  });
}
