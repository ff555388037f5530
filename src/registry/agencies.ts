/** The organisations that own apps. */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { lockRegistry, raiseRegistryVersion } from './version.ts';

/** What is declared about an agency. */
export interface AgencyDraft {
  /** A short word, also the id of its subject group. */
  readonly id: string;
  readonly name: string;
  readonly nameEn: string;
  readonly legalName: string;
  readonly domain: string;
}

export interface AgencyRecord extends AgencyDraft {
  /** The ids from the root of the tree to the agency itself. */
  readonly path: readonly string[];
  readonly createdAt: Date;
}

/** What became of a write: an unchanged row costs every process nothing. */
export type Outcome = 'created' | 'updated' | 'unchanged';

interface AgencyRow {
  id: string;
  name: string;
  name_en: string;
  legal_name: string;
  domain: string;
  path: string[];
  created_at: Date;
}

export async function findAgency(db: Db, id: string): Promise<AgencyRecord | undefined> {
  const row = await db.first<AgencyRow>(
    'select id, name, name_en, legal_name, domain, path, created_at from agencies where id = $1',
    [id],
  );
  return row && toAgency(row);
}

/** @throws {Refusal} `agency_not_found` */
export async function loadAgency(db: Db, id: string): Promise<AgencyRecord> {
  const agency = await findAgency(db, id);
  if (!agency) throw new Refusal('agency_not_found', `no agency ${id}`);
  return agency;
}

function toAgency(row: AgencyRow): AgencyRecord {
  const { id, name, domain } = row;
  const path = toPath(id, row.path);
  return { id, name, nameEn: row.name_en, legalName: row.legal_name, domain, path, createdAt: row.created_at };
}

/** A row that older code wrote has no path: it stands at the top. */
export function toPath(id: string, path: readonly string[]): readonly string[] {
  return path.length === 0 ? [id] : path;
}

/**
 * Creates an agency, with the subject group that bears its id, or changes it; its clients then count as changed, since
 * pages show the agency beside them. Inside a transaction.
 */
export async function saveAgency(db: Db, draft: AgencyDraft, actor: string): Promise<Outcome> {
  const before = await findAgency(db, draft.id);
  if (before && isSameAgency(before, draft)) return 'unchanged';
  await lockRegistry(db);
  const current = await findAgency(db, draft.id);
  const now = new Date();
  await db.execute(
    `insert into agencies (id, name, name_en, legal_name, domain, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $6)
     on conflict (id) do update set name = excluded.name, name_en = excluded.name_en,
       legal_name = excluded.legal_name, domain = excluded.domain, updated_at = excluded.updated_at`,
    [draft.id, draft.name, draft.nameEn, draft.legalName, draft.domain, now],
  );
  await saveSubjectGroup(db, draft.id, draft.id);
  const version = await raiseRegistryVersion(db);
  await db.execute('update clients set version = $2 where agency_id = $1', [draft.id, version]);
  const kind = current ? 'agency.changed' : 'agency.created';
  await recordAdminEvent(db, { kind, actor, subject: `agency ${draft.id}` });
  return current ? 'updated' : 'created';
}

function isSameAgency(one: AgencyDraft, other: AgencyDraft): boolean {
  return (
    one.name === other.name &&
    one.nameEn === other.nameEn &&
    one.legalName === other.legalName &&
    one.domain === other.domain
  );
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
