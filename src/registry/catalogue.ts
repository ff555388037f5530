/**
 * The services that a person can go to with this account: what citizens' pages and other portals offer, by sector and by words.
 *
 * An app is offered when everybody can use it today: it is live and not about to be left, it is for citizens or businesses, and
 * this account opens it for all of its people. While an app tries the account out (`shadow`), or admits a share of its people
 * (`optional` below 100 percent), only the app knows who is in, so it is not offered; who is connected already still finds it.
 *
 * A page is found by its place in the order (name, id), never by counting; what is shown of an app stands in the memory of the
 * process (`client-cache.ts`), so that statements here return ids alone.
 */
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { todayInJakarta } from '#src/base/epoch.ts';
import { isAvailable } from './client-reach.ts';
import type { ClientRecord } from './clients.ts';
import { likeWords, type NamePosition, planForSearch } from './search.ts';

type Mode = Config['mode'];

/** Whether an app is offered to people who are not connected to it; the same as the statements here say it. */
export function isOffered(client: ClientRecord, mode: Mode): boolean {
  const { type, audience, migrationStage, migrationPercentage, endsOn } = client;
  return (
    isAvailable(client, mode) &&
    type !== 'machine' &&
    (audience.includes('citizens') || audience.includes('businesses')) &&
    migrationStage !== 'shadow' &&
    (migrationStage !== 'optional' || migrationPercentage === 100) &&
    (endsOn === undefined || endsOn > todayInJakarta())
  );
}

/** What never changes by the day; as in the indexes of migration 0061, so that they are used. */
const offeredAnywhere = `c.type <> 'machine' and c.state in ('live', 'sandbox') and c.audience && array['citizens', 'businesses']
  and c.migration_stage <> 'shadow' and (c.migration_stage <> 'optional' or c.migration_percentage = 100)`;

/** What a person types is looked for in names and purposes, in both languages. */
const words = `lower(c.name || ' ' || c.name_en || ' ' || c.purpose || ' ' || c.purpose_en)`;

/** The sectors of an app are its own, or else those of its agency. */
const inSector = `($2::text is null or c.sectors @> array[$2]
  or (c.sectors = '{}' and exists (select from agencies a where a.id = c.agency_id and a.sectors @> array[$2])))`;

/** Which services to list. */
export interface CatalogueSearch {
  readonly mode: Mode;
  /** Each of the first three words has to be in the name or in the purpose. */
  readonly words?: string | undefined;
  readonly sector?: string | undefined;
  /** Not these: they are shown elsewhere. */
  readonly without?: readonly string[];
  /** The last one of the page before. */
  readonly after?: NamePosition | undefined;
  readonly limit: number;
}

/** A page of the catalogue. */
export interface CataloguePage {
  readonly ids: readonly string[];
  /** The place of the last one, where there are more. */
  readonly next: NamePosition | undefined;
}

/** Services by name. */
export async function searchCatalogue(db: Db, search: CatalogueSearch): Promise<CataloguePage> {
  const { mode, sector, without = [], after, limit } = search;
  const [one, two, three] = likeWords(search.words);
  await planForSearch(db);
  const rows = await db.query<{ id: string; name: string }>(
    `select c.id, lower(c.name) as name from clients c
     where ${offeredAnywhere} and (c.state = 'live' or $1 = 'sandbox') and (c.ends_on is null or c.ends_on > $9::date)
       and ${inSector}
       and ($3::text is null or ${words} like $3)
       and ($4::text is null or ${words} like $4)
       and ($5::text is null or ${words} like $5)
       and ($6::text is null or (lower(c.name) collate "C", c.id collate "C") > ($6, $7))
       and c.id <> all($8)
     order by lower(c.name) collate "C", c.id collate "C" limit $10`,
    [mode, sector, one, two, three, after?.name, after?.id, without, todayInJakarta(), limit + 1],
  );
  const ids = rows.slice(0, limit).map(({ id }) => id);
  return { ids, next: rows.length > limit ? rows[limit - 1] : undefined };
}

/** Those of these apps that match, by name: a person's own are found whether or not they are offered to others. */
export async function listMatching(
  db: Db,
  ids: readonly string[],
  search: Pick<CatalogueSearch, 'words' | 'sector' | 'limit'>,
): Promise<string[]> {
  const [one, two, three] = likeWords(search.words);
  const rows = await db.query<{ id: string }>(
    `select c.id from clients c
     where c.id = any($1) and c.state in ('live', 'sandbox') and ${inSector}
       and ($3::text is null or ${words} like $3)
       and ($4::text is null or ${words} like $4)
       and ($5::text is null or ${words} like $5)
     order by lower(c.name) collate "C", c.id collate "C" limit $6`,
    [ids, search.sector, one, two, three, search.limit],
  );
  return rows.map(({ id }) => id);
}

/** Services whose name or purpose is much like what was typed, the likest first: for words that nothing has. */
export async function listAlike(db: Db, mode: Mode, typed: string, limit: number): Promise<string[]> {
  const text = typed.trim().toLowerCase().slice(0, LONGEST);
  if (text === '') return [];
  await planForSearch(db);
  const rows = await db.query<{ id: string }>(
    `select alike.id from (
       select c.id, lower(c.name) as name, word_similarity($2, ${words}) as likeness from clients c
       where ${offeredAnywhere} and (c.state = 'live' or $1 = 'sandbox') and (c.ends_on is null or c.ends_on > $4::date)
         and $2 <% (${words}) limit $5) alike
     order by alike.likeness desc, alike.name collate "C", alike.id collate "C" limit $3`,
    [mode, text, limit, todayInJakarta(), MOST_COMPARED],
  );
  return rows.map(({ id }) => id);
}

const LONGEST = 100;
/** A word that so many have was typed rightly. */
const MOST_COMPARED = 500;

/** How many services a sector has. */
export interface SectorCount {
  readonly sector: string;
  readonly services: number;
}

interface Counted {
  readonly at: number;
  readonly counts: Promise<readonly SectorCount[]>;
}

const counted = new WeakMap<Db, Map<Mode, Counted>>();

/** It reads every service, so it is counted once a minute at most, by each process. */
const COUNT_MS = 60_000;

/**
 * The sectors that have services, with how many.
 *
 * @param db the pool itself: what is counted is kept beyond the request
 */
export function countSectors(db: Db, mode: Mode): Promise<readonly SectorCount[]> {
  const ofDb = counted.get(db) ?? new Map<Mode, Counted>();
  counted.set(db, ofDb);
  const known = ofDb.get(mode);
  if (known && Math.abs(Date.now() - known.at) < COUNT_MS) return known.counts;
  const counts = readSectorCounts(db, mode);
  ofDb.set(mode, { at: Date.now(), counts });
  counts.catch(() => ofDb.delete(mode));
  return counts;
}

function readSectorCounts(db: Db, mode: Mode): Promise<SectorCount[]> {
  return db.query<SectorCount>(
    `select s.sector, count(*)::int as services
     from clients c join agencies a on a.id = c.agency_id
       cross join lateral unnest(case when c.sectors = '{}' then a.sectors else c.sectors end) s (sector)
     where ${offeredAnywhere} and (c.state = 'live' or $1 = 'sandbox') and (c.ends_on is null or c.ends_on > $2::date)
     group by s.sector order by s.sector`,
    [mode, todayInJakarta()],
  );
}
