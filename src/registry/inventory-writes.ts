/**
 * Writing down apps that exist, linking them to the clients that are the same app, and taking them away.
 *
 * Every write is a numbered version with its event. Whether somebody may write is asked before.
 */
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type AdminEventKind, recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { checkSectors, loadAgency, type Outcome } from './agencies.ts';
import { clientRef, inventoryRef } from './app-refs.ts';
import { loadClient } from './clients.ts';
import {
  entryOf,
  findRecordByKey,
  findRecordsByKey,
  type InventoryRecord,
  loadRecord,
  type RecordName,
} from './inventory.ts';
import { domainOf, type RecordEntry, recordFields } from './inventory-schema.ts';
import { insertVersions, type Writing } from './inventory-versions.ts';
import { writeProfiles } from './profiles.ts';

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
