/** What may be known of an app by whoever is shown it beside another one: its face, and what else it declares. */
import type { Db } from '#src/base/database.ts';
import type { AppRef } from './app-refs.ts';
import { type HeldRole, mayAt } from './authority.ts';
import type { Audience, Localized } from './clients.ts';
import { isWithin, type Reach } from './coordination.ts';
import type { AppState } from './profiles.ts';

/** What everybody who may be shown an app may know of it; of one that was never live its name is for its own agency. */
export interface AppFace {
  readonly ref: AppRef;
  readonly name: Localized;
  readonly agencyId: string;
  readonly agencyName: Localized;
  readonly state: AppState;
  readonly host: string | undefined;
  readonly sectors: readonly string[];
  /** The ids from the root of the tree to its agency. */
  readonly path: readonly string[];
  /** Whether people know it: it is, or was, in production, or exists without being connected. */
  readonly isKnown: boolean;
}

/**
 * Whether somebody may be told what an app is called: everybody may of one that people know; of one that is only in the making its
 * agency, those above it and those who coordinate it.
 */
export function mayName(face: AppFace, held: readonly HeldRole[], reach: Reach): boolean {
  return face.isKnown || maySeeWhole(face, held, reach);
}

/** Whether somebody may see all that is declared of an app. */
export function maySeeWhole(face: AppFace, held: readonly HeldRole[], reach: Reach): boolean {
  return isWithin(reach, face) || mayAt(held, 'apps.read', face);
}

interface FaceRow {
  ref: AppRef;
  name: string;
  name_en: string;
  agency_id: string;
  agency_name: string;
  agency_name_en: string;
  state: AppState;
  host: string | null;
  sectors: string[];
  agencies: string[];
  is_known: boolean;
}

/** The faces of apps, by name. */
export async function findFaces(db: Db, refs: readonly string[]): Promise<ReadonlyMap<AppRef, AppFace>> {
  const rows = await db.query<FaceRow>(
    `select p.ref, p.name, p.name_en, p.agency_id, a.name as agency_name, a.name_en as agency_name_en, p.state, p.host, p.sectors,
       p.agencies, c.id is null or c.live_since is not null or c.state = 'live' as is_known
     from app_profiles p join agencies a on a.id = p.agency_id left join clients c on c.id = p.client_id where p.ref = any($1)`,
    [refs],
  );
  return new Map(rows.map((row) => [row.ref, toFace(row)]));
}

function toFace(row: FaceRow): AppFace {
  return {
    ref: row.ref,
    name: { id: row.name, en: row.name_en },
    agencyId: row.agency_id,
    agencyName: { id: row.agency_name, en: row.agency_name_en },
    state: row.state,
    host: row.host ?? undefined,
    sectors: row.sectors,
    path: row.agencies,
    isKnown: row.is_known,
  };
}

/** What else is declared of an app, for whoever may see all of it. */
export interface AppDetails {
  readonly description: Localized | undefined;
  readonly serviceCode: string | undefined;
  readonly audience: readonly Audience[];
  readonly claims: readonly string[];
  /** Of a record of the inventory, where it says so. */
  readonly users: number | undefined;
  /** Rupiah a year. */
  readonly yearlyCost: number | undefined;
  readonly technology: string | undefined;
}

interface DetailsRow {
  description: string | null;
  description_en: string | null;
  service_code: string | null;
  audience: Audience[];
  claims: string[];
  users: string | null;
  yearly_cost: string | null;
  technology: string | null;
}

/** What an app declares of itself besides its face. */
export async function findDetails(db: Db, ref: AppRef): Promise<AppDetails | undefined> {
  const row = await db.first<DetailsRow>(
    `select coalesce(c.description, c.purpose, i.description) as description,
       coalesce(c.description_en, c.purpose_en, i.description_en, i.description) as description_en,
       p.service_code, p.audience, p.claims, r.users, r.yearly_cost, r.technology
     from app_profiles p left join clients c on c.id = p.client_id left join inventory i on i.id = p.inventory_id
       left join inventory r on r.id = p.inventory_id or r.client_id = p.client_id and r.removed_at is null
     where p.ref = $1`,
    [ref],
  );
  if (!row) return undefined;
  const number = (text: string | null) => (text === null ? undefined : Number(text));
  return {
    description:
      row.description === null ? undefined : { id: row.description, en: row.description_en ?? row.description },
    ...{ serviceCode: row.service_code ?? undefined, audience: row.audience, claims: row.claims },
    ...{ users: number(row.users), yearlyCost: number(row.yearly_cost), technology: row.technology ?? undefined },
  };
}
