/** What a call is about, for a caller who may do there what the route's scope says. */
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import type { Agency } from '#src/registry/agencies.ts';
import { type AppRef, parseAppRef } from '#src/registry/app-refs.ts';
import { mayAt, nodesWith, type Permission } from '#src/registry/authority.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { type Coordinated, isWithin, type Reach, reachOf } from '#src/registry/coordination.ts';
import { findRecord, type InventoryRecord } from '#src/registry/inventory.ts';
import { loadAgencyFor, loadClientFor } from '../console/visit.ts';
import type { ApiCall } from './route.ts';

/** @throws {Refusal} `not_here`, `role_required` */
export function loadAgencyOf(call: ApiCall, permission: Permission): Promise<Agency> {
  return loadAgencyFor(call, call.param('agency'), permission);
}

/** @throws {Refusal} `not_here`, `role_required` */
export function loadAppOf(call: ApiCall, permission: Permission): Promise<ClientRecord> {
  return loadClientFor(call, call.param('client'), permission);
}

/** What the caller sees of all that exists: at its agencies and below, and what it coordinates. */
export async function sightOf({ db, held }: Pick<ApiCall, 'db' | 'held'>): Promise<Reach> {
  const { nodes, sectors } = await reachOf(db, held);
  return { nodes: [...new Set([...nodesWith(held, 'apps.read'), ...nodes])], sectors };
}

/** The record of the inventory that the address names. @throws {Refusal} `not_here` when there is none, or it is not theirs to see */
export async function loadRecordSeen(call: ApiCall): Promise<InventoryRecord> {
  const record = await findRecordOf(call);
  demandSight(await sightOf(call), { path: record.agency.path, sectors: record.sectors });
  return record;
}

/** The same, for a caller who may change it. @throws {Refusal} `not_here`, `role_required` */
export async function loadRecordToWrite(call: ApiCall): Promise<InventoryRecord> {
  const record = await findRecordOf(call);
  if (mayAt(call.held, 'inventory.write', record.agency)) return record;
  demandSight(await sightOf(call), { path: record.agency.path, sectors: record.sectors });
  throw new Refusal('role_required', 'the record is of an agency at which the caller writes none');
}

async function findRecordOf(call: ApiCall): Promise<InventoryRecord> {
  const id = call.param('record');
  const record = /^[a-z0-9]{10}$/.test(id) ? await findRecord(call.db, id) : undefined;
  if (!record || record.removedAt) throw new Refusal('not_here', 'no such record');
  return record;
}

/** @throws {Refusal} `not_here` for what is out of sight */
export function demandSight(sight: Reach, app: Coordinated): void {
  if (!isWithin(sight, app)) throw new Refusal('not_here', 'it is not the caller’s to see');
}

/** @throws {Refusal} `not_here` for what is out of sight; `role_required` for what the caller does not coordinate */
export async function demandDeciding(call: Pick<ApiCall, 'db' | 'held'>, app: Coordinated): Promise<void> {
  if (isWithin(await reachOf(call.db, call.held), app)) return;
  demandSight(await sightOf(call), app);
  throw new Refusal('role_required', 'the caller does not coordinate it');
}

/** The name of an app among all that exist, as an address or a body says it. @throws {Refusal} `not_here` */
export function asAppRef(text: string): AppRef {
  const ref = parseAppRef(text);
  if (!ref) throw new Refusal('not_here', 'no app has such a name');
  return ref;
}

/** An id that is a UUID: what cannot be one is not there, and never reaches the database. @throws {Refusal} `not_here` */
export function asUuid(text: string): string {
  if (!isId(text)) throw new Refusal('not_here', 'no such id');
  return text;
}
