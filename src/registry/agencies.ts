/**
 * The organisations that own apps, as a tree: the state, ministries and provinces, down to the units of an office. A role at
 * a node reaches everything below it.
 */
import { isDeepStrictEqual } from 'node:util';
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { moveProfiles } from './profiles.ts';
import { listSectors } from './sectors.ts';
import { lockRegistry, raiseRegistryVersion } from './version.ts';

/** What an agency can be, from the state down to a unit of an office. */
export const agencyKinds = ['state', 'ministry', 'agency', 'province', 'regency', 'city', 'unit'] as const;
export type AgencyKind = (typeof agencyKinds)[number];

/** What is declared about an agency. What is left out stays as it is; at first it is an agency at the top. */
export interface AgencyDraft extends Partial<AgencyPlace> {
  /** A short word, also the id of its subject group. */
  readonly id: string;
  readonly name: string;
  readonly nameEn: string;
  readonly legalName: string;
  readonly domain: string;
}

/** Where an agency stands and what it is for. */
export interface AgencyPlace {
  /** The agency above; null at the top. */
  readonly parentId: string | null;
  readonly kind: AgencyKind;
  /** Whoever joins has a confirmed e-mail address of this domain; null: any. */
  readonly emailDomain: string | null;
  /** Ids of policy areas. */
  readonly sectors: readonly string[];
}

/** What goes with each of an agency's clients. */
export interface AgencyRecord {
  readonly id: string;
  readonly name: string;
  readonly nameEn: string;
  readonly legalName: string;
  readonly domain: string;
  /** The ids from the root of the tree to the agency itself. */
  readonly path: readonly string[];
  readonly createdAt: Date;
}

/** All that is known of an agency. */
export interface Agency extends AgencyRecord, AgencyPlace {}

/** What became of a write: an unchanged row costs every process nothing. */
export type Outcome = 'created' | 'updated' | 'unchanged';

interface AgencyRow {
  id: string;
  name: string;
  name_en: string;
  legal_name: string;
  domain: string;
  parent_id: string | null;
  kind: AgencyKind;
  email_domain: string | null;
  sectors: string[];
  path: string[];
  created_at: Date;
}

const columns = 'id, name, name_en, legal_name, domain, parent_id, kind, email_domain, sectors, path, created_at';

/** An agency by its id; undefined where there is none, for whoever has something to say of that. */
export async function findAgency(db: Db, id: string): Promise<Agency | undefined> {
  const row = await db.first<AgencyRow>(`select ${columns} from agencies where id = $1`, [id]);
  return row && toAgency(row);
}

/** @throws {Refusal} `agency_not_found` */
export async function loadAgency(db: Db, id: string): Promise<Agency> {
  const agency = await findAgency(db, id);
  if (!agency) throw new Refusal('agency_not_found', `no agency ${id}`);
  return agency;
}

/** Waits for its turn to change who works for an agency: its last owner must not leave while another does. */
export async function holdAgency(db: Db, id: string): Promise<void> {
  await db.query('select id from agencies where id = $1 for no key update', [id]);
}

/** Those of these that exist, in the order of their ids. */
export async function findAgencies(db: Db, ids: readonly string[]): Promise<Agency[]> {
  const rows = await db.query<AgencyRow>(`select ${columns} from agencies where id = any($1) order by id`, [ids]);
  return rows.map(toAgency);
}

/** Which agencies to list: a page of those after `after`. */
export interface AgencyPage {
  readonly after?: string;
  readonly limit?: number;
}

/** The agencies directly below one, or those at the top, by id. For the page of an agency. */
export async function listAgenciesBelow(
  db: Db,
  parentId: string | null,
  { after = '', limit = 100 }: AgencyPage = {},
): Promise<Agency[]> {
  const rows = await (parentId === null
    ? db.query<AgencyRow>(`select ${columns} from agencies where parent_id is null and id > $1 order by id limit $2`, [
        after,
        limit,
      ])
    : db.query<AgencyRow>(`select ${columns} from agencies where parent_id = $3 and id > $1 order by id limit $2`, [
        after,
        limit,
        parentId,
      ]));
  return rows.map(toAgency);
}

/** These agencies and all below them, by id; without any, all there are. */
export async function listTree(
  db: Db,
  nodes: readonly string[] | undefined,
  { after = '', limit = 100 }: AgencyPage = {},
): Promise<Agency[]> {
  const rows = await (nodes === undefined
    ? db.query<AgencyRow>(`select ${columns} from agencies where id > $1 order by id limit $2`, [after, limit])
    : db.query<AgencyRow>(`select ${columns} from agencies where path && $3::text[] and id > $1 order by id limit $2`, [
        ...[after, limit, nodes],
      ]));
  return rows.map(toAgency);
}

function toAgency(row: AgencyRow): Agency {
  const { id, name, domain, kind, sectors } = row;
  return {
    ...{ id, name, domain, kind, sectors },
    nameEn: row.name_en,
    legalName: row.legal_name,
    parentId: row.parent_id,
    emailDomain: row.email_domain,
    path: toPath(id, row.path),
    createdAt: row.created_at,
  };
}

/** A row that older code wrote has no path: it stands at the top. */
export function toPath(id: string, path: readonly string[]): readonly string[] {
  return path.length === 0 ? [id] : path;
}

/**
 * Creates an agency, with the subject group that bears its id, or changes it; its clients then count as changed, since
 * pages show the agency beside them. An agency that moves takes all below it along. Inside a transaction.
 *
 * @throws {Refusal} `agency_not_found` when there is none above; `agency_circle` when it would stand below itself;
 *   `sector_not_found`
 */
export async function saveAgency(db: Db, draft: AgencyDraft, actor: string): Promise<Outcome> {
  const before = await findAgency(db, draft.id);
  if (before && isSameAgency(before, draft)) return 'unchanged';
  await lockRegistry(db);
  const current = await findAgency(db, draft.id);
  const place = placeOf(draft, current);
  const path = await pathBelow(db, draft.id, place.parentId);
  await checkSectors(db, place.sectors);
  const now = new Date();
  await db.execute(
    `insert into agencies (id, name, name_en, legal_name, domain, parent_id, kind, email_domain, sectors, path, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
     on conflict (id) do update set name = excluded.name, name_en = excluded.name_en,
       legal_name = excluded.legal_name, domain = excluded.domain, parent_id = excluded.parent_id, kind = excluded.kind,
       email_domain = excluded.email_domain, sectors = excluded.sectors, path = excluded.path,
       updated_at = excluded.updated_at`,
    [
      ...[draft.id, draft.name, draft.nameEn, draft.legalName, draft.domain],
      ...[place.parentId, place.kind, place.emailDomain, place.sectors, path, now],
    ],
  );
  await saveSubjectGroup(db, draft.id, draft.id);
  if (current && !isDeepStrictEqual(current.path, path)) await moveBelow(db, draft.id, path, now);
  if (current) await moveProfiles(db, draft.id);
  const version = await raiseRegistryVersion(db);
  await db.execute(
    `update clients set version = $2 where agency_id in (select id from agencies where path @> array[$1]::text[])`,
    [draft.id, version],
  );
  const kind = current ? 'agency.changed' : 'agency.created';
  const changed = current ? changedOf(current, draft) : [];
  const details = changed.length > 0 ? { details: { changed } } : {};
  await recordAdminEvent(db, { kind, actor, subject: `agency ${draft.id}`, agencyId: draft.id, ...details });
  return current ? 'updated' : 'created';
}

const described = ['name', 'nameEn', 'legalName', 'domain'] as const;
const placed = ['parentId', 'kind', 'emailDomain', 'sectors'] as const;

/** Whether a declaration says what holds already; what it leaves out stays as it is. */
export function isSameAgency(current: Agency, draft: AgencyDraft): boolean {
  return changedOf(current, draft).length === 0;
}

function changedOf(current: Agency, draft: AgencyDraft): string[] {
  const differs = (field: (typeof described | typeof placed)[number]) =>
    draft[field] !== undefined && !isDeepStrictEqual(current[field], draft[field]);
  return [...described, ...placed].filter(differs);
}

function placeOf(draft: AgencyDraft, current: Agency | undefined): AgencyPlace {
  const { parentId = null, kind = 'agency', emailDomain = null, sectors = [] } = current ?? {};
  const { parentId: to = parentId, kind: as = kind, emailDomain: of = emailDomain, sectors: in_ = sectors } = draft;
  return { parentId: to, kind: as, emailDomain: of, sectors: in_ };
}

async function pathBelow(db: Db, id: string, parentId: string | null): Promise<readonly string[]> {
  if (parentId === null) return [id];
  const { path } = await loadAgency(db, parentId);
  if (path.includes(id)) throw new Refusal('agency_circle', `${id} would stand below itself`);
  return [...path, id];
}

/** The paths of what is below an agency, after its own has changed. */
async function moveBelow(db: Db, id: string, path: readonly string[], now: Date): Promise<void> {
  await db.execute(
    `update agencies set path = $2::text[] || path[array_position(path, $1) + 1:], updated_at = $3
     where path @> array[$1]::text[] and id <> $1`,
    [id, path, now],
  );
}

/** @throws {Refusal} `sector_not_found` when one of them is not declared */
export async function checkSectors(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const known = new Set((await listSectors(db)).map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined) throw new Refusal('sector_not_found', `no sector ${unknown}`);
}

/** The agency whose subject group it is: the group's id begins with it. */
export function agencyOfGroup(groupId: string): string {
  return groupId.split('.', 1)[0] ?? groupId;
}

/**
 * Makes sure that a subject group exists. Its id is the agency's, or `agency.name`, so that no agency can put an app of
 * its own into another's group and compare people.
 */
export async function saveSubjectGroup(db: Db, id: string, agencyId: string): Promise<void> {
  await db.execute(
    'insert into subject_groups (id, agency_id, created_at) values ($1, $2, $3) on conflict (id) do nothing',
    [id, agencyId, new Date()],
  );
}
