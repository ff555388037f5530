/**
 * The inventory as the console, the API and files list it: by name, page by page, narrowed down by words and by what is chosen;
 * always within what somebody may see.
 */
import type { Db } from '#src/base/database.ts';
import type { ClientState, Localized } from './clients.ts';
import type { Reach } from './coordination.ts';
import { type Found, likeWords, listFewAgencies, MOST_COUNTED, type NamePosition, planForSearch } from './search.ts';

/** Whether a record is known to be the same app as a client. */
export const connections = ['unconnected', 'connected'] as const;
export type Connection = (typeof connections)[number];

/** Whether a decision about the app holds. */
export const decidedness = ['undecided', 'decided'] as const;
export type Decidedness = (typeof decidedness)[number];

/** Which records to list: those at or below `nodes`, and those of `sectors`, whoever has them. */
export interface InventorySearch extends Reach {
  /** All of its words have to be in the names, the key or the host. */
  readonly words?: string | undefined;
  readonly connection?: Connection | undefined;
  readonly decision?: Decidedness | undefined;
  readonly sector?: string | undefined;
  readonly agencyId?: string | undefined;
  /** The last record of the page before. */
  readonly after?: NamePosition | undefined;
  /** 25 unless told otherwise. */
  readonly limit?: number;
}

/** A record as a list shows it. */
export interface InventoryLine {
  readonly id: string;
  readonly key: string;
  readonly name: Localized;
  readonly agencyId: string;
  readonly agencyName: Localized;
  readonly host: string | undefined;
  readonly sectors: readonly string[];
  readonly users: number | undefined;
  /** Rupiah. */
  readonly yearlyCost: number | undefined;
  /** The client that is the same app, and where that stands. */
  readonly client: { readonly id: string; readonly state: ClientState } | undefined;
  readonly position: NamePosition;
}

interface LineRow {
  id: string;
  key: string;
  name: string;
  name_en: string | null;
  agency_id: string;
  agency_name: string;
  agency_name_en: string;
  host: string | null;
  sectors: string[];
  users: string | null;
  yearly_cost: string | null;
  client_id: string | null;
  client_state: ClientState | null;
  sort_name: string;
}

const RECORDS_PER_PAGE = 25;

/** Where agencies are many, each record's own is looked at along the order; `$3` is empty then. */
const conditions = `i.removed_at is null
  and (i.sectors && $2 or i.agency_id = any($3)
    or ($3::text[] is null and exists (select from agencies a where a.id = i.agency_id and (a.path && $1 or a.id = any($1)))))
  and ($4::text is null or i.agency_id = $4)
  and ($5::text is null or (i.client_id is not null) = ($5 = 'connected'))
  and ($6::text is null or i.sectors @> array[$6])
  and ($7::text is null or i.search like $7)
  and ($8::text is null or i.search like $8)
  and ($9::text is null or i.search like $9)
  and ($10::text is null or ($10 = 'decided') = exists (select from app_decisions d
    where d.ref = coalesce('client:' || i.client_id, 'inventory:' || i.id) and d.replaced_at is null and d.undone_at is null))`;

async function valuesOf(db: Db, search: InventorySearch): Promise<unknown[]> {
  const { nodes, sectors, agencyId, connection, decision, sector, words } = search;
  const [one, two, three] = likeWords(words);
  return [nodes, sectors, await listFewAgencies(db, nodes), agencyId, connection, sector, one, two, three, decision];
}

/** Records by name. */
export async function searchInventory(db: Db, search: InventorySearch): Promise<Found<InventoryLine>> {
  const limit = search.limit ?? RECORDS_PER_PAGE;
  await planForSearch(db);
  const rows = await db.query<LineRow>(
    `with found as (
       select i.id, i.key, i.name, i.name_en, i.agency_id, i.host, i.sectors, i.users, i.yearly_cost, i.client_id,
         lower(i.name) as sort_name
       from inventory i
       where ${conditions} and ($11::text is null or (lower(i.name) collate "C", i.id) > ($11, $12))
       order by lower(i.name) collate "C", i.id limit $13)
     select f.*, a.name as agency_name, a.name_en as agency_name_en, c.state as client_state
     from found f join agencies a on a.id = f.agency_id left join clients c on c.id = f.client_id
     order by f.sort_name collate "C", f.id`,
    [...(await valuesOf(db, search)), search.after?.name, search.after?.id, limit + 1],
  );
  return { lines: rows.slice(0, limit).map(toLine), hasMore: rows.length > limit };
}

function toLine(row: LineRow): InventoryLine {
  const { id, key, sectors } = row;
  return {
    ...{ id, key, sectors },
    name: { id: row.name, en: row.name_en ?? row.name },
    agencyId: row.agency_id,
    agencyName: { id: row.agency_name, en: row.agency_name_en },
    host: row.host ?? undefined,
    users: row.users === null ? undefined : Number(row.users),
    yearlyCost: row.yearly_cost === null ? undefined : Number(row.yearly_cost),
    client:
      row.client_id === null || row.client_state === null ? undefined : { id: row.client_id, state: row.client_state },
    position: { name: row.sort_name, id },
  };
}

/** How many records a search finds, connected and not; one more than {@link MOST_COUNTED} of a kind means more than that. */
export async function countInventory(
  db: Db,
  search: Omit<InventorySearch, 'connection'>,
): Promise<ReadonlyMap<Connection, number>> {
  await planForSearch(db);
  const values = await valuesOf(db, search);
  const counts = new Map<Connection, number>();
  for (const connection of connections) {
    const row = await db.first<{ count: number }>(
      `select count(*)::integer as count from (select from inventory i where ${conditions} limit $11) as found`,
      [...values.with(4, connection), MOST_COUNTED + 1],
    );
    counts.set(connection, row?.count ?? 0);
  }
  return counts;
}
