/** What a call is about, for a caller who may do there what the route's scope says. */
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import type { Agency } from '#src/registry/agencies.ts';
import type { Permission } from '#src/registry/authority.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
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

/** An id that is a UUID: what cannot be one is not there, and never reaches the database. @throws {Refusal} `not_here` */
export function asUuid(text: string): string {
  if (!isId(text)) throw new Refusal('not_here', 'no such id');
  return text;
}
