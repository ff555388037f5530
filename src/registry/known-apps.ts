/**
 * Apps as others name them, whether they are connected or not: what is read of one to decide about it, to lead people to it,
 * or to list it beside another. A record of the inventory that is linked to a client is that client.
 */
import type { Db } from '#src/base/database.ts';
import { toPath } from './agencies.ts';
import { type AppRef, clientRef, inventoryRef, partsOf } from './app-refs.ts';
import type { ClientState, Localized } from './clients.ts';

/** One app among all that exist. */
export interface KnownApp {
  /** Its one name: that of the client, where it is connected. */
  readonly ref: AppRef;
  /** Every name by which it may have been written down. */
  readonly refs: readonly AppRef[];
  readonly name: Localized;
  readonly agencyId: string;
  readonly agencyName: Localized;
  /** Ids from the root of the tree to its agency. */
  readonly path: readonly string[];
  readonly sectors: readonly string[];
  readonly state: ClientState | 'unconnected';
  /** Whether people may know it: it is, or was, live, or is known to exist without being connected. */
  readonly isPublic: boolean;
  readonly initiateLoginUri: string | undefined;
  /** Where people find it. */
  readonly address: string | undefined;
}

interface KnownRow {
  id: string;
  name: string;
  name_en: string | null;
  agency_id: string;
  agency_name: string;
  agency_name_en: string;
  agency_path: string[];
  sectors: string[];
}

interface ClientRow extends KnownRow {
  state: ClientState;
  is_public: boolean;
  initiate_login_uri: string | null;
  home_uri: string | null;
  inventory_id: string | null;
}

interface InventoryRow extends KnownRow {
  host: string | null;
  client_id: string | null;
}

/** Those of these apps that there are, by the name that was asked for. */
export async function findKnownApps(db: Db, refs: readonly AppRef[]): Promise<Map<AppRef, KnownApp>> {
  const asked = [...new Set(refs)];
  const records = await listRecords(db, idsOf(asked, 'inventory'));
  const linked = records.flatMap(({ client_id }) => client_id ?? []);
  const clients = await listConnected(db, [...new Set([...idsOf(asked, 'client'), ...linked])]);
  const known = new Map<AppRef, KnownApp>();
  for (const row of clients) known.set(clientRef(row.id), connected(row));
  for (const row of records) {
    const client = row.client_id === null ? undefined : known.get(clientRef(row.client_id));
    known.set(inventoryRef(row.id), client ?? unconnected(row));
  }
  return new Map(asked.flatMap((ref) => pairOf(ref, known.get(ref))));
}

function pairOf(ref: AppRef, app: KnownApp | undefined): [AppRef, KnownApp][] {
  return app ? [[ref, app]] : [];
}

/** One app, under whichever of its names. */
export async function findKnownApp(db: Db, ref: AppRef): Promise<KnownApp | undefined> {
  return (await findKnownApps(db, [ref])).get(ref);
}

function idsOf(refs: readonly AppRef[], kind: 'client' | 'inventory'): string[] {
  return refs.map(partsOf).flatMap((parts) => (parts.kind === kind ? parts.id : []));
}

async function listRecords(db: Db, ids: readonly string[]): Promise<InventoryRow[]> {
  if (ids.length === 0) return [];
  return db.query<InventoryRow>(
    `select i.id, i.name, i.name_en, i.agency_id, a.name as agency_name, a.name_en as agency_name_en,
       a.path as agency_path, i.sectors, i.host, i.client_id
     from inventory i join agencies a on a.id = i.agency_id
     where i.id = any($1) and i.removed_at is null`,
    [ids],
  );
}

async function listConnected(db: Db, ids: readonly string[]): Promise<ClientRow[]> {
  if (ids.length === 0) return [];
  return db.query<ClientRow>(
    `select c.id, c.name, c.name_en, c.agency_id, a.name as agency_name, a.name_en as agency_name_en,
       a.path as agency_path, c.sectors, c.state, c.state = 'live' or c.live_since is not null as is_public,
       c.initiate_login_uri, coalesce(c.home_uri, substring(c.redirect_uris[1] from '^https?://[^/?#]+')) as home_uri,
       i.id as inventory_id
     from clients c join agencies a on a.id = c.agency_id
       left join inventory i on i.client_id = c.id and i.removed_at is null
     where c.id = any($1)`,
    [ids],
  );
}

function connected(row: ClientRow): KnownApp {
  const ref = clientRef(row.id);
  return {
    ...inCommon(row),
    ref,
    refs: row.inventory_id === null ? [ref] : [ref, inventoryRef(row.inventory_id)],
    state: row.state,
    isPublic: row.is_public,
    initiateLoginUri: row.initiate_login_uri ?? undefined,
    address: row.home_uri ?? undefined,
  };
}

function unconnected(row: InventoryRow): KnownApp {
  const ref = inventoryRef(row.id);
  return {
    ...inCommon(row),
    ref,
    refs: [ref],
    state: 'unconnected',
    isPublic: true,
    initiateLoginUri: undefined,
    address: row.host === null ? undefined : `https://${row.host}/`,
  };
}

function inCommon(row: KnownRow) {
  return {
    name: { id: row.name, en: row.name_en ?? row.name },
    agencyId: row.agency_id,
    agencyName: { id: row.agency_name, en: row.agency_name_en },
    path: toPath(row.agency_id, row.agency_path),
    sectors: row.sectors,
  };
}
