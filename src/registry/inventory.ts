/**
 * Apps that exist, connected or not. A record is its agency's, under a key that the agency gives; once it is linked to a client
 * the two are one app. How records are written: `inventory-writes.ts`.
 */
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type AgencyRecord, toPath } from './agencies.ts';
import type { StandardClaim } from './claims.ts';
import type { Audience } from './clients.ts';
import type { RecordEntry } from './inventory-schema.ts';

/** An app that exists, as it is kept. */
export interface InventoryRecord {
  /** Ten letters and digits. */
  readonly id: string;
  readonly agencyId: string;
  readonly agency: Pick<AgencyRecord, 'id' | 'name' | 'nameEn' | 'path'>;
  /** What the agency calls the record, once per agency. */
  readonly key: string;
  readonly name: string;
  readonly nameEn: string | undefined;
  readonly description: string | undefined;
  readonly descriptionEn: string | undefined;
  readonly host: string | undefined;
  /** The registered domain that the host is a part of. */
  readonly domain: string | undefined;
  readonly sectors: readonly string[];
  readonly audience: readonly Audience[];
  readonly serviceCode: string | undefined;
  readonly claims: readonly StandardClaim[];
  readonly users: number | undefined;
  /** Rupiah. */
  readonly yearlyCost: number | undefined;
  readonly technology: string | undefined;
  readonly contact: string | undefined;
  /** The client that is the same app. */
  readonly clientId: string | undefined;
  readonly linkedAt: Date | undefined;
  /** Of the newest version. */
  readonly number: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly updatedBy: string;
  readonly removedAt: Date | undefined;
}

interface RecordRow {
  id: string;
  agency_id: string;
  agency_name: string;
  agency_name_en: string;
  path: string[];
  key: string;
  name: string;
  name_en: string | null;
  description: string | null;
  description_en: string | null;
  host: string | null;
  domain: string | null;
  sectors: string[];
  audience: Audience[];
  service_code: string | null;
  claims: StandardClaim[];
  users: string | null;
  yearly_cost: string | null;
  technology: string | null;
  contact: string | null;
  client_id: string | null;
  linked_at: Date | null;
  number: number;
  created_at: Date;
  updated_at: Date;
  updated_by: string;
  removed_at: Date | null;
}

const selectRecord = `select i.id, i.agency_id, a.name as agency_name, a.name_en as agency_name_en, a.path, i.key, i.name, i.name_en,
    i.description, i.description_en, i.host, i.domain, i.sectors, i.audience, i.service_code, i.claims, i.users, i.yearly_cost,
    i.technology, i.contact, i.client_id, i.linked_at, i.number, i.created_at, i.updated_at, i.updated_by, i.removed_at
  from inventory i join agencies a on a.id = i.agency_id`;

/** A record, also one that was removed. */
export async function findRecord(db: Db, id: string): Promise<InventoryRecord | undefined> {
  const row = await db.first<RecordRow>(`${selectRecord} where i.id = $1`, [id]);
  return row && toRecord(row);
}

/** @throws {Refusal} `record_not_found`, also for one that was removed */
export async function loadRecord(db: Db, id: string): Promise<InventoryRecord> {
  const record = await findRecord(db, id);
  if (!record || record.removedAt) throw new Refusal('record_not_found', `no record ${id} in the inventory`);
  return record;
}

/** Those of these that exist, the removed ones too. */
export async function findRecords(db: Db, ids: readonly string[]): Promise<InventoryRecord[]> {
  const rows = await db.query<RecordRow>(`${selectRecord} where i.id = any($1) order by i.id`, [ids]);
  return rows.map(toRecord);
}

/** A record by what its agency calls it, also one that was removed. */
export async function findRecordByKey(db: Db, agencyId: string, key: string): Promise<InventoryRecord | undefined> {
  const [record] = await findRecordsByKey(db, [{ agencyId, key }]);
  return record;
}

/** How an agency names a record. */
export interface RecordName {
  readonly agencyId: string;
  readonly key: string;
}

/** {@link findRecordByKey} for many. */
export async function findRecordsByKey(db: Db, names: readonly RecordName[]): Promise<InventoryRecord[]> {
  const rows = await db.query<RecordRow>(
    `${selectRecord} join unnest($1::text[], $2::text[]) as named (agency_id, key)
       on i.agency_id = named.agency_id and i.key = named.key`,
    [names.map(({ agencyId }) => agencyId), names.map(({ key }) => key)],
  );
  return rows.map(toRecord);
}

function toRecord(row: RecordRow): InventoryRecord {
  const { id, key, name, sectors, audience, claims, number } = row;
  return {
    ...{ id, key, name, sectors, audience, claims, number },
    agencyId: row.agency_id,
    agency: {
      id: row.agency_id,
      name: row.agency_name,
      nameEn: row.agency_name_en,
      path: toPath(row.agency_id, row.path),
    },
    nameEn: row.name_en ?? undefined,
    description: row.description ?? undefined,
    descriptionEn: row.description_en ?? undefined,
    host: row.host ?? undefined,
    domain: row.domain ?? undefined,
    serviceCode: row.service_code ?? undefined,
    users: row.users === null ? undefined : Number(row.users),
    yearlyCost: row.yearly_cost === null ? undefined : Number(row.yearly_cost),
    technology: row.technology ?? undefined,
    contact: row.contact ?? undefined,
    clientId: row.client_id ?? undefined,
    linkedAt: row.linked_at ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    updatedBy: row.updated_by,
    removedAt: row.removed_at ?? undefined,
  };
}

/** What a record says, to be written down, compared, or changed and saved again. */
export function entryOf(record: InventoryRecord): RecordEntry {
  const entry = {
    name: record.name,
    name_en: record.nameEn,
    description: record.description,
    description_en: record.descriptionEn,
    host: record.host,
    sectors: [...record.sectors],
    audience: [...record.audience],
    service_code: record.serviceCode,
    claims: [...record.claims],
    users: record.users,
    yearly_cost: record.yearlyCost,
    technology: record.technology,
    contact: record.contact,
  };
  const said = Object.entries(entry).filter(([, value]) => value !== undefined && !isEmpty(value));
  return Object.fromEntries(said) as RecordEntry;
}

const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;
