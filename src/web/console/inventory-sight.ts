/** What somebody on the console may see and write of the inventory. */
import { Refusal } from '#src/base/refusals.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { mayAt, nodesWith } from '#src/registry/authority.ts';
import { isWithin, type Reach } from '#src/registry/coordination.ts';
import { findRecord, type InventoryRecord } from '#src/registry/inventory.ts';
import { sightOf } from '../api/authority.ts';
import { type AgencyChoice, listChoices, toChoices } from './agency-choices.ts';
import type { ConsoleVisit } from './visit.ts';

/** The record of an address, for somebody who may see it. @throws {Refusal} `not_here` */
export async function loadSeenRecord(visit: ConsoleVisit): Promise<InventoryRecord> {
  const id = String(visit.ctx.params.record);
  const record = /^[a-z0-9]{10}$/.test(id) ? await findRecord(visit.db, id) : undefined;
  const isSeen = record && !record.removedAt && isWithin(await sightOf(visit), placeOf(record));
  if (!isSeen) throw new Refusal('not_here', 'no such record of theirs');
  return record;
}

/** Where a record belongs, for asking who may do something there. */
function placeOf({ agency, sectors }: InventoryRecord) {
  return { path: agency.path, sectors };
}

/** @throws {Refusal} `role_required` */
export function demandWriting({ held }: ConsoleVisit, record: InventoryRecord): void {
  if (!mayAt(held, 'inventory.write', record.agency))
    throw new Refusal('role_required', `no role with inventory.write at ${record.agencyId}`);
}

/** What somebody sees of all that exists. @throws {Refusal} `role_required` for whoever sees nothing */
export async function demandSight(visit: ConsoleVisit): Promise<Reach> {
  const sight = await sightOf(visit);
  if (sight.nodes.length === 0 && sight.sectors.length === 0)
    throw new Refusal('role_required', 'no role with apps.read anywhere');
  return sight;
}

/** The agencies for which somebody may write. @throws {Refusal} `role_required` for whoever may nowhere */
export async function listWritable({ ctx, db, held }: ConsoleVisit): Promise<AgencyChoice[] | undefined> {
  const nodes = nodesWith(held, 'inventory.write');
  if (nodes.length === 0) throw new Refusal('role_required', 'no role with inventory.write anywhere');
  const agencies = await listChoices(db, nodes);
  return agencies && toChoices(agencies, ctx.state.language);
}

/** Whether somebody may write at the agency that they have typed. */
export async function mayWriteAt({ db, held }: ConsoleVisit, agencyId: string): Promise<boolean> {
  const agency = await findAgency(db, agencyId);
  return agency !== undefined && mayAt(held, 'inventory.write', agency);
}
