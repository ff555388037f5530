/**
 * What the API tells everybody, without a token: the same for all, nothing of a person, read by other portals and kept by caches.
 * The second table beside `routes.ts`; router, OpenAPI document and tests are made of both.
 */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Db } from '#src/base/database.ts';
import { networkOf } from '#src/people/throttles.ts';
import { countSectors, searchCatalogue } from '#src/registry/catalogue.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { wayInto } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { logoPath } from '../logos.ts';
import { isText, toCursor } from '../places.ts';
import { addressOfPage, check } from './answer.ts';
import { readCursor } from './pages.ts';
import type { ApiPage } from './route.ts';
import { serviceSchema, servicesInSectorSchema } from './schemas/catalogue.ts';

/** A list that everybody may read, without a token. */
export interface PublicRoute {
  readonly method: 'GET';
  /** Below the API's address. */
  readonly path: string;
  /** `operationId`: a verb and a noun. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly query: z.ZodType;
  readonly item: z.ZodType;
  page(call: PublicCall): Promise<ApiPage<object>>;
}

/** One call whose query has been checked. */
export interface PublicCall<Query = unknown> {
  readonly house: OpenHouse;
  readonly db: Db;
  readonly query: Query;
}

interface Definition<Query extends z.ZodType, Item extends z.ZodType> extends Omit<PublicRoute, 'page' | 'method'> {
  readonly query: Query;
  readonly item: Item;
  page(call: PublicCall<z.output<Query>>): Promise<ApiPage<z.input<Item> & object>>;
}

function publicList<Query extends z.ZodType, Item extends z.ZodType>(definition: Definition<Query, Item>): PublicRoute {
  return { ...definition, method: 'GET' } as unknown as PublicRoute;
}

const PAGE = 50;
const MOST = 100;

export const publicRoutes: readonly PublicRoute[] = [
  publicList({
    path: '/catalogue',
    id: 'searchCatalogue',
    summary: 'The services that everybody can go to with this account, by name',
    description:
      'For other portals: no token. An app that is tried out by some people only, or that ends, is not among them. `start` begins a sign-in there.',
    query: z.strictObject({
      q: z.string().max(100).refine(isText, 'no text').optional().describe('Up to three words of name or purpose.'),
      sector: z.string().max(63).refine(isText, 'no text').optional(),
      limit: z.coerce.number().int().min(1).max(MOST).default(PAGE),
      after: z.string().min(1).max(1_000).optional(),
    }),
    item: serviceSchema,
    async page({ house, db, query: { q, sector, limit, after } }) {
      const [name, id] = readCursor(after, 2) ?? [];
      const place = name !== undefined && id !== undefined ? { name, id } : undefined;
      const search = { mode: house.config.mode, words: q, sector, after: place, limit };
      const { ids, next } = await searchCatalogue(db, search);
      const items = ids.flatMap((one) => house.clients.find(one) ?? []).map((client) => showService(client, house));
      return { items, next: next && toCursor([next.name, next.id]) };
    },
  }),
  publicList({
    path: '/catalogue/sectors',
    id: 'listCatalogueSectors',
    summary: 'The policy areas that have services, with how many, in their order',
    query: z.strictObject({}),
    item: servicesInSectorSchema,
    async page({ house, db }) {
      const counts = new Map((await countSectors(house.database, house.config.mode)).map((one) => [one.sector, one]));
      const items = (await listSectors(db)).flatMap(({ id, name, nameEn }) => {
        const services = counts.get(id)?.services;
        return services ? [{ id, name, name_en: nameEn, services }] : [];
      });
      return { items, next: undefined };
    },
  }),
];

function showService(client: ClientRecord, { config }: OpenHouse): z.input<typeof serviceSchema> {
  const { id, name, purpose, agency, audience, sectors, homeUri, endsOn } = client;
  const logo = logoPath(client);
  return {
    ...{ id, name: name.id, name_en: name.en, purpose: purpose.id, purpose_en: purpose.en },
    agency: { id: client.agencyId, name: agency.name, name_en: agency.nameEn, domain: agency.domain },
    ...{ audience: [...audience], sectors: [...sectors], home_uri: homeUri ?? null, ends_on: endsOn ?? null },
    start: wayInto(client, config.issuer) ?? null,
    logo: logo ? `${config.issuer}${logo}` : null,
  };
}

/** How long caches may keep an answer: an app that is stopped is gone from portals soon after. */
const KEPT_SECONDS = 60;

/**
 * Answers one call. Whoever asks with the `ETag` of what they have is spared the answer and not the count: to know that it still holds
 * costs us the whole search.
 *
 * @throws {Refusal} `content_invalid`, `invalid_request`, `too_many_attempts`
 */
export async function answerPublicRoute(ctx: Context, house: OpenHouse, route: PublicRoute): Promise<void> {
  ctx.state.route = `/api/v1${route.path}`;
  // Pages of portals may read it as well, refused or not.
  ctx.set('Access-Control-Allow-Origin', '*');
  ctx.set('Access-Control-Expose-Headers', 'ETag, Link, Retry-After');
  const query = check(route.query, ctx.query, 'query');
  await house.throttles.take('catalogue_from_network', networkOf(ctx.state.caller));
  const { items, next } = await route.page({ house, db: ctx.state.db, query });
  const body = JSON.stringify({ items });
  const link = next === undefined ? '' : `<${addressOfPage(ctx, house, next)}>; rel="next"`;
  if (link) ctx.set('Link', link);
  ctx.remove('Set-Cookie');
  ctx.set('Cache-Control', `public, max-age=${KEPT_SECONDS}`);
  ctx.set('ETag', `"${createHash('sha256').update(`${link}\n${body}`).digest('base64url').slice(0, 22)}"`);
  ctx.status = 200;
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  ctx.type = 'application/json';
  ctx.body = body;
}
