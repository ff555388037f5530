/**
 * The registry as the console and the API list it: apps and agencies by name, page by page, narrowed down by words and by
 * what is chosen; always within the agencies that somebody may see.
 *
 * A page is found by its place in the order (name, id), never by counting. Statements here look for words by trigrams, which
 * takes bitmaps, and are planned for what is asked: a word that every app has is looked for along the order, a rare one by
 * its trigrams.
 */
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import type { AgencyKind } from './agencies.ts';
import { WARNING_DAYS } from './client-secrets.ts';
import { type ClientState, type ClientType, clientStates, type Localized } from './clients.ts';

/** A place in an order by name. */
export interface NamePosition {
  readonly name: string;
  readonly id: string;
}

/** Which apps to list. */
export interface AppSearch {
  /** The agencies at and below which to look. */
  readonly nodes: readonly string[];
  /** All of its words have to be in the name or the id. */
  readonly words?: string | undefined;
  readonly state?: ClientState | undefined;
  readonly sector?: string | undefined;
  readonly agencyId?: string | undefined;
  /** The last app of the page before. */
  readonly after?: NamePosition | undefined;
  readonly limit?: number;
}

/** An app as a list shows it. */
export interface AppLine {
  readonly id: string;
  readonly name: Localized;
  readonly agencyId: string;
  readonly agencyName: Localized;
  readonly state: ClientState;
  readonly type: ClientType;
  readonly sectors: readonly string[];
  readonly risk: 'low' | 'medium' | 'high';
  readonly homeUri: string | undefined;
  readonly logoDigest: string | undefined;
  readonly position: NamePosition;
}

interface AppRow {
  id: string;
  name: string;
  name_en: string;
  agency_id: string;
  agency_name: string;
  agency_name_en: string;
  state: ClientState;
  type: ClientType;
  sectors: string[];
  risk: AppLine['risk'];
  home_uri: string | null;
  logo_digest: string | null;
  sort_name: string;
}

/** A page of a list. */
export interface Found<Line> {
  readonly lines: readonly Line[];
  /** Whether there are more behind the last one. */
  readonly hasMore: boolean;
}

const APPS_PER_PAGE = 25;

/** So many agencies are named one by one; the apps of more are found along the order, looking at each one's agency. */
const MOST_NAMED = 200;

/**
 * Apps by name.
 *
 * @param search.limit 25 unless told otherwise
 */
export async function searchApps(db: Db, search: AppSearch): Promise<Found<AppLine>> {
  const limit = search.limit ?? APPS_PER_PAGE;
  await planForSearch(db);
  const rows = await db.query<AppRow>(
    `with found as (
       select c.id, c.name, c.name_en, c.agency_id, c.state, c.type, c.sectors, c.risk, c.home_uri, c.logo_digest,
         lower(c.name) as sort_name
       from clients c
       where ${appConditions} and ($4::text is null or c.state = $4)
         and ($9::text is null or (lower(c.name) collate "C", c.id collate "C") > ($9, $10))
       order by lower(c.name) collate "C", c.id collate "C" limit $11)
     select f.*, a.name as agency_name, a.name_en as agency_name_en from found f join agencies a on a.id = f.agency_id
     order by f.sort_name collate "C", f.id collate "C"`,
    [...(await appValues(db, search)), search.after?.name, search.after?.id, limit + 1],
  );
  return { lines: rows.slice(0, limit).map(toAppLine), hasMore: rows.length > limit };
}

const appConditions = `($2::text[] is not null
    or exists (select from agencies a where a.id = c.agency_id and (a.path && $1 or a.id = any($1))))
  and ($2::text[] is null or c.agency_id = any($2))
  and ($3::text is null or c.agency_id = $3)
  and ($5::text is null or c.sectors @> array[$5])
  and ($6::text is null or c.search like $6)
  and ($7::text is null or c.search like $7)
  and ($8::text is null or c.search like $8)`;

/** The values of {@link appConditions}, with the state as the fourth. */
async function appValues(db: Db, { nodes, agencyId, state, sector, words }: AppSearch): Promise<unknown[]> {
  const [one, two, three] = likeWords(words);
  return [nodes, await listFewAgencies(db, nodes), agencyId, state, sector, one, two, three];
}

/** At most three words, each to be found anywhere; what the pattern would take for its own is taken literally. */
export function likeWords(words = ''): string[] {
  const all = words.toLowerCase().split(/\s+/).filter(Boolean);
  return all.slice(0, 3).map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`);
}

/** The agencies at and below these nodes, unless there are too many to name. */
export async function listFewAgencies(db: Db, nodes: readonly string[]): Promise<string[] | undefined> {
  const rows = await db.query<{ id: string }>('select id from agencies where path && $1 or id = any($1) limit $2', [
    nodes,
    MOST_NAMED + 1,
  ]);
  return rows.length > MOST_NAMED ? undefined : rows.map(({ id }) => id);
}

const plannedForSearch = {};

/** For the rest of the transaction; without one a statement is only planned less well. */
export async function planForSearch(db: Db): Promise<void> {
  if (!db.isUnit || db.memory.has(plannedForSearch)) return;
  db.memory.set(plannedForSearch, true);
  await db.execute('set local enable_bitmapscan = on');
  await db.execute('set local plan_cache_mode = force_custom_plan');
}

function toAppLine(row: AppRow): AppLine {
  return {
    id: row.id,
    name: { id: row.name, en: row.name_en },
    agencyId: row.agency_id,
    agencyName: { id: row.agency_name, en: row.agency_name_en },
    state: row.state,
    type: row.type,
    sectors: row.sectors,
    risk: row.risk,
    homeUri: row.home_uri ?? undefined,
    logoDigest: row.logo_digest ?? undefined,
    position: { name: row.sort_name, id: row.id },
  };
}

/** What is worth knowing of an app at a glance. */
export interface AppHealth {
  readonly lastSignInAt: Date | undefined;
  /** When the last of its secrets ends, from the first warning on. */
  readonly secretEndsAt: Date | undefined;
  /** How many checks failed last time. */
  readonly failingChecks: number;
  /** Whether a test sign-in with everything in it has been seen. */
  readonly isTried: boolean;
  /** Since when a change waits for somebody to agree. */
  readonly waitsSince: Date | undefined;
  /** Answers to people that wait, and by when the first of them is due. */
  readonly owed: { readonly withdrawals: number; readonly reports: number; readonly dueAt: Date } | undefined;
}

interface HealthRow {
  id: string;
  last_sign_in_at: Date | null;
  secret_ends_at: Date | null;
  failing: number;
  is_tried: boolean;
  waits_since: Date | null;
  withdrawals: number | null;
  reports: number | null;
  oldest_due_at: Date | null;
}

/** How the apps of a page are. */
export async function readHealth(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, AppHealth>> {
  const rows = await db.query<HealthRow>(
    `select c.id, u.last_sign_in_at, v.created_at as waits_since, o.withdrawals, o.reports, o.oldest_due_at,
       (select case when bool_and(s.expires_at is not null) and max(s.expires_at) <= $2 then max(s.expires_at) end
         from client_secrets s where s.client_id = c.id) as secret_ends_at,
       (select count(*)::integer from client_checks k where k.client_id = c.id and k.outcome = 'failed') as failing,
       exists (select from client_test_sign_ins t where t.client_id = c.id and t.complete_at is not null) as is_tried
     from clients c
       left join client_uses u on u.client_id = c.id
       left join client_versions v on v.client_id = c.id and v.status = 'pending'
       left join answers_owed o on o.client_id = c.id
     where c.id = any($1)`,
    [ids, new Date(Date.now() + WARNING_DAYS[0] * DAY_MS)],
  );
  return new Map(rows.map((row) => [row.id, toHealth(row)]));
}

function toHealth(row: HealthRow): AppHealth {
  return {
    lastSignInAt: row.last_sign_in_at ?? undefined,
    secretEndsAt: row.secret_ends_at ?? undefined,
    failingChecks: row.failing,
    isTried: row.is_tried,
    waitsSince: row.waits_since ?? undefined,
    owed: row.oldest_due_at
      ? { withdrawals: row.withdrawals ?? 0, reports: row.reports ?? 0, dueAt: row.oldest_due_at }
      : undefined,
  };
}

/** Apps are counted up to this. */
export const MOST_COUNTED = 500;

/**
 * The apps that a search finds, by state; one more than {@link MOST_COUNTED} means more than that. What is looked for by words
 * or by sector is looked through once, and not counted at all where it is much.
 */
export function countApps(
  db: Db,
  search: Omit<AppSearch, 'state'>,
): Promise<ReadonlyMap<ClientState, number> | undefined> {
  return search.words || search.sector ? countFound(db, search) : countEachState(db, search);
}

async function countEachState(db: Db, search: Omit<AppSearch, 'state'>): Promise<ReadonlyMap<ClientState, number>> {
  await planForSearch(db);
  const rows = await db.query<{ state: ClientState; count: number }>(
    `select s.state, (select count(*) from (
         select from clients c where ${appConditions} and c.state = s.state limit $9) as found)::integer as count
     from unnest($4::text[]) as s (state)`,
    [...(await appValues(db, search)).with(3, clientStates), MOST_COUNTED + 1],
  );
  return new Map(rows.map(({ state, count }) => [state, count]));
}

async function countFound(
  db: Db,
  search: Omit<AppSearch, 'state'>,
): Promise<ReadonlyMap<ClientState, number> | undefined> {
  await planForSearch(db);
  const rows = await db.query<{ state: ClientState; count: number }>(
    `select state, count(*)::integer as count from (
       select c.state from clients c where ${appConditions} and ($4::text is null or c.state = $4) limit $9) as found
     group by state`,
    [...(await appValues(db, search)).with(3, null), MOST_COUNTED + 1],
  );
  const sum = rows.reduce((total, { count }) => total + count, 0);
  return sum > MOST_COUNTED ? undefined : new Map(rows.map(({ state, count }) => [state, count]));
}

/** Which agencies to list. */
export interface AgencySearch {
  /** The agencies at and below which to look. */
  readonly nodes: readonly string[];
  /** All of its words have to be in the names or the id. */
  readonly words?: string | undefined;
  readonly kind?: AgencyKind | undefined;
  readonly after?: NamePosition | undefined;
  readonly limit?: number;
}

/** An agency as a list shows it. */
export interface AgencyLine {
  readonly id: string;
  readonly name: Localized;
  readonly kind: AgencyKind;
  readonly domain: string;
  /** Of the agency above, where there is one. */
  readonly parentName: Localized | undefined;
  /** How many apps it has itself, counted up to {@link MOST_COUNTED}. */
  readonly apps: number;
  readonly position: NamePosition;
}

interface AgencyRow {
  id: string;
  name: string;
  name_en: string;
  kind: AgencyKind;
  domain: string;
  parent_name: string | null;
  parent_name_en: string | null;
  apps: number;
  sort_name: string;
}

/** Agencies by name. */
export async function searchAgencies(db: Db, search: AgencySearch): Promise<Found<AgencyLine>> {
  const limit = search.limit ?? APPS_PER_PAGE;
  await planForSearch(db);
  const [one, two, three] = likeWords(search.words);
  const rows = await db.query<AgencyRow>(
    `with found as (
       select a.id, a.name, a.name_en, a.kind, a.domain, a.parent_id, lower(a.name) as sort_name from agencies a
       where (a.path && $1 or a.id = any($1))
         and ($2::text is null or a.kind = $2)
         and ($3::text is null or a.search like $3)
         and ($4::text is null or a.search like $4)
         and ($5::text is null or a.search like $5)
         and ($6::text is null or (lower(a.name) collate "C", a.id collate "C") > ($6, $7))
       order by lower(a.name) collate "C", a.id collate "C" limit $8)
     select f.id, f.name, f.name_en, f.kind, f.domain, p.name as parent_name, p.name_en as parent_name_en, f.sort_name,
       (select count(*) from (select from clients c where c.agency_id = f.id limit $9) as own)::integer as apps
     from found f left join agencies p on p.id = f.parent_id
     order by f.sort_name collate "C", f.id collate "C"`,
    [
      ...[search.nodes, search.kind, one, two, three, search.after?.name, search.after?.id],
      ...[limit + 1, MOST_COUNTED + 1],
    ],
  );
  return { lines: rows.slice(0, limit).map(toAgencyLine), hasMore: rows.length > limit };
}

function toAgencyLine(row: AgencyRow): AgencyLine {
  const { id, kind, domain, apps } = row;
  const parentName = row.parent_name === null ? undefined : { id: row.parent_name, en: row.parent_name_en ?? '' };
  return {
    ...{ id, kind, domain, apps, parentName },
    name: { id: row.name, en: row.name_en },
    position: { name: row.sort_name, id },
  };
}
