/**
 * Apps that exist, connected or not. A record is its agency's, under a key that the agency gives; once it is linked to a client
 * the two are one app.
 *
 * Every write is a numbered version with its event. Whether somebody may write is asked before.
 */
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type AdminEventKind, recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type AgencyRecord, checkSectors, loadAgency, type Outcome, toPath } from './agencies.ts';
import { clientRef, inventoryRef } from './app-refs.ts';
import type { StandardClaim } from './claims.ts';
import { type Audience, loadClient } from './clients.ts';
import { domainOf, type RecordEntry, recordFields } from './inventory-schema.ts';
import { insertVersions, type Writing } from './inventory-versions.ts';
import { writeProfiles } from './profiles.ts';

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

/** The fields in which two entries differ. */
function changedFieldsOf(before: RecordEntry, after: RecordEntry): string[] {
  return recordFields.filter((field) => !isDeepStrictEqual(before[field], after[field]));
}

/** What is to be kept of one app. */
export interface RecordDraft extends RecordName {
  /** As {@link checkRecord} left it. */
  readonly content: RecordEntry;
}

/** What became of a draft. */
export interface SavedRecord {
  readonly id: string;
  readonly outcome: Outcome;
  readonly changed: readonly string[];
}

/**
 * Creates a record, or changes the one that bears the key; one that was removed comes back. Inside a transaction.
 *
 * @param draft.ifNumber the version that the actor saw
 * @throws {Refusal} `record_conflict` when another version is the newest, or somebody else has just made it;
 *   `sector_not_found`, `agency_not_found`
 */
export async function saveRecord(
  tx: Db,
  draft: RecordDraft & Writing & { readonly ifNumber?: number | undefined },
): Promise<{ readonly record: InventoryRecord; readonly outcome: Outcome }> {
  await checkSectors(tx, draft.content.sectors ?? []);
  await loadAgency(tx, draft.agencyId);
  await holdRecords(tx, [draft]);
  const before = await findRecordByKey(tx, draft.agencyId, draft.key);
  if (draft.ifNumber !== undefined && before?.number !== draft.ifNumber)
    throw new Refusal('record_conflict', `the record is at version ${before?.number}`);
  const [saved] = await writeRecords(tx, [draft], before ? [before] : [], draft).catch(sayTaken('record_conflict'));
  if (!saved) throw new Error('a record was not written');
  const { id, outcome, changed } = saved;
  const record = before && outcome === 'unchanged' ? before : await loadRecord(tx, id);
  if (outcome === 'created') await noteEvent(tx, 'inventory.created', record, draft.actor, {});
  if (outcome === 'updated') await noteEvent(tx, 'inventory.changed', record, draft.actor, { fields: changed });
  return { record, outcome };
}

/** Two who make the same record, or link the same client, at once meet at a unique index. */
function sayTaken(code: 'record_conflict' | 'record_linked') {
  return (error: unknown): never => {
    const isTaken = error instanceof Error && 'code' in error && error.code === '23505';
    throw isTaken ? new Refusal(code, 'somebody else was first', { cause: error }) : error;
  };
}

/**
 * {@link saveRecord} for the many of an import, without an event of each: the caller writes one for all. Sectors and agencies were
 * asked before. In `database.batch`, which does it again where somebody makes the same record at the same moment.
 *
 * @param drafts no two with the same name
 * @returns in the same order
 */
export async function saveRecords(tx: Db, drafts: readonly RecordDraft[], writing: Writing): Promise<SavedRecord[]> {
  await holdRecords(tx, drafts);
  return writeRecords(tx, drafts, await findRecordsByKey(tx, drafts), writing);
}

/** Waits for its turn to change these records, in the order in which everybody waits for them. */
async function holdRecords(tx: Db, names: readonly RecordName[]): Promise<void> {
  await tx.query(
    `select i.id from unnest($1::text[], $2::text[]) as named (agency_id, key)
       join inventory i on i.agency_id = named.agency_id and i.key = named.key
     order by i.id for no key update of i`,
    [names.map(({ agencyId }) => agencyId), names.map(({ key }) => key)],
  );
}

interface Written {
  readonly id: string;
  readonly agencyId: string;
  readonly key: string;
  readonly content: RecordEntry;
  readonly clientId: string | undefined;
  readonly number: number;
  readonly outcome: Outcome;
  readonly changed: readonly string[];
}

async function writeRecords(
  tx: Db,
  drafts: readonly RecordDraft[],
  found: readonly InventoryRecord[],
  writing: Writing,
): Promise<SavedRecord[]> {
  const nameOf = ({ agencyId, key }: RecordName) => JSON.stringify([agencyId, key]);
  const known = new Map(found.map((record) => [nameOf(record), record]));
  const all = drafts.map((draft) => planWrite(draft, known.get(nameOf(draft))));
  const created = all.filter(({ outcome }) => outcome === 'created');
  const updated = all.filter(({ outcome }) => outcome === 'updated');
  const now = new Date();
  if (created.length > 0) await insertRecords(tx, created, writing.actor, now);
  if (updated.length > 0) await updateRecords(tx, updated, writing.actor, now);
  await insertVersions(tx, [...created, ...updated], writing, now);
  await writeProfiles(
    tx,
    [...created, ...updated].map(({ id }) => inventoryRef(id)),
  );
  return all.map(({ id, outcome, changed }) => ({ id, outcome, changed }));
}

function planWrite({ agencyId, key, content }: RecordDraft, before: InventoryRecord | undefined): Written {
  const outcome = outcomeOf(before, content);
  const draft = { agencyId, key, content, outcome, clientId: before?.clientId };
  if (!before) return { ...draft, id: newRecordId(), number: 1, changed: [] };
  const { id, number } = before;
  return { ...draft, id, number: outcome === 'unchanged' ? number : number + 1, changed: changesOf(before, content) };
}

/** What would become of a record if it said this. */
export function outcomeOf(before: InventoryRecord | undefined, content: RecordEntry): Outcome {
  if (!before) return 'created';
  return changesOf(before, content).length === 0 ? 'unchanged' : 'updated';
}

function changesOf(before: InventoryRecord, content: RecordEntry): string[] {
  const fields = changedFieldsOf(entryOf(before), content);
  return before.removedAt ? [...fields, 'removed'] : fields;
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

function newRecordId(): string {
  return Array.from({ length: 10 }, () => letters[randomInt(letters.length)]).join('');
}

const given = `jsonb_to_recordset($1::jsonb) as g (id text, agency_id text, key text, name text, name_en text, description text,
  description_en text, host text, domain text, sectors text[], audience text[], service_code text, claims text[], users bigint,
  yearly_cost bigint, technology text, contact text, number integer)`;

function asGiven(written: readonly Written[]): string {
  const rows = written.map(({ id, agencyId, key, content, number }) => ({
    ...{ id, agency_id: agencyId, key, number },
    ...{ sectors: [], audience: [], claims: [], ...content },
    domain: domainOf(content.host),
  }));
  return JSON.stringify(rows);
}

async function insertRecords(tx: Db, written: readonly Written[], actor: string, now: Date): Promise<void> {
  await tx.execute(
    `insert into inventory (id, agency_id, key, name, name_en, description, description_en, host, domain, sectors, audience,
       service_code, claims, users, yearly_cost, technology, contact, number, created_at, created_by, updated_at, updated_by)
     select g.id, g.agency_id, g.key, g.name, g.name_en, g.description, g.description_en, g.host, g.domain, g.sectors, g.audience,
       g.service_code, g.claims, g.users, g.yearly_cost, g.technology, g.contact, g.number, $2, $3, $2, $3
     from ${given}`,
    [asGiven(written), now, actor],
  );
}

async function updateRecords(tx: Db, written: readonly Written[], actor: string, now: Date): Promise<void> {
  await tx.execute(
    `update inventory i set name = g.name, name_en = g.name_en, description = g.description, description_en = g.description_en,
       host = g.host, domain = g.domain, sectors = g.sectors, audience = g.audience, service_code = g.service_code,
       claims = g.claims, users = g.users, yearly_cost = g.yearly_cost, technology = g.technology, contact = g.contact,
       number = g.number, updated_at = $2, updated_by = $3, removed_at = null
     from ${given} where i.id = g.id`,
    [asGiven(written), now, actor],
  );
}

async function noteEvent(
  tx: Db,
  kind: AdminEventKind,
  { id, agencyId }: Pick<InventoryRecord, 'id' | 'agencyId'>,
  actor: string,
  details: Readonly<Record<string, string | readonly string[]>>,
): Promise<void> {
  await recordAdminEvent(tx, { kind, actor, subject: `inventory ${id}`, agencyId, details });
}

/** A record whose turn it is to change. @throws {Refusal} `record_not_found` */
async function holdRecord(tx: Db, id: string): Promise<InventoryRecord> {
  await tx.query('select id from inventory where id = $1 for no key update', [id]);
  return loadRecord(tx, id);
}

/** Writes the next version of a record that says the same as before. */
async function noteVersion(
  tx: Db,
  record: InventoryRecord,
  change: { readonly clientId: string | undefined; readonly changed: string },
  writing: Writing,
  now: Date,
): Promise<void> {
  const { id, number } = record;
  const version = { id, number: number + 1, content: entryOf(record), clientId: change.clientId };
  await insertVersions(tx, [{ ...version, changed: [change.changed] }], writing, now);
}

/**
 * Takes a record out of the inventory: it was none, or is no more. Its history stays; the same key brings it back. A client that it
 * was linked to goes on alone.
 *
 * @throws {Refusal} `record_not_found`; `record_conflict` when another version is the newest
 */
export async function removeRecord(
  tx: Db,
  id: string,
  writing: Writing & { readonly ifNumber?: number | undefined },
): Promise<void> {
  const record = await holdRecord(tx, id);
  if (writing.ifNumber !== undefined && record.number !== writing.ifNumber)
    throw new Refusal('record_conflict', `the record is at version ${record.number}`);
  const now = new Date();
  await tx.execute(
    `update inventory set removed_at = $2, client_id = null, linked_at = null, linked_by = null, number = number + 1,
       updated_at = $2, updated_by = $3 where id = $1`,
    [id, now, writing.actor],
  );
  await noteVersion(tx, record, { clientId: undefined, changed: 'removed' }, writing, now);
  await noteEvent(tx, 'inventory.removed', record, writing.actor, {});
  await writeProfiles(tx, [inventoryRef(id)]);
}

/**
 * Says that a record and a client are the same app; from then on it bears the client's name. What was proposed besides for either
 * is refused with it.
 *
 * @throws {Refusal} `record_not_found`, `client_not_found`; `record_linked` when either is the same app as another
 */
export async function linkRecord(
  tx: Db,
  id: string,
  clientId: string,
  actor: string,
  { via = 'page', reason }: Partial<Omit<Writing, 'actor'>> = {},
): Promise<void> {
  const record = await holdRecord(tx, id);
  if (record.clientId === clientId) return;
  await loadClient(tx, clientId);
  const now = new Date();
  const linked = await tx
    .execute(
      `update inventory set client_id = $2, linked_at = $3, linked_by = $4, number = number + 1, updated_at = $3, updated_by = $4
       where id = $1 and client_id is null
         and not exists (select from inventory other where other.client_id = $2 and other.removed_at is null)`,
      [id, clientId, now, actor],
    )
    .catch(sayTaken('record_linked'));
  if (linked === 0) throw new Refusal('record_linked', `record ${id} or client ${clientId} is linked already`);
  await noteVersion(tx, record, { clientId, changed: 'client_id' }, { actor, via, reason }, now);
  await noteEvent(tx, 'inventory.linked', record, actor, { client: clientId });
  await writeProfiles(tx, [inventoryRef(id), clientRef(clientId)]);
}

/** Says that a record and its client are two apps after all. @throws {Refusal} `record_not_found` */
export async function unlinkRecord(
  tx: Db,
  id: string,
  actor: string,
  { via = 'page', reason }: Partial<Omit<Writing, 'actor'>> = {},
): Promise<void> {
  const record = await holdRecord(tx, id);
  if (record.clientId === undefined) return;
  const now = new Date();
  await tx.execute(
    `update inventory set client_id = null, linked_at = null, linked_by = null, number = number + 1, updated_at = $2, updated_by = $3
     where id = $1`,
    [id, now, actor],
  );
  await noteVersion(tx, record, { clientId: undefined, changed: 'client_id' }, { actor, via, reason }, now);
  await noteEvent(tx, 'inventory.unlinked', record, actor, { client: record.clientId });
  await writeProfiles(tx, [inventoryRef(id), clientRef(record.clientId)]);
}
