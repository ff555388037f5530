/** Where no new apps are registered, and exceptions from that. */
import { z } from 'zod';
import { Refusal } from '#src/base/refusals.ts';
import { findAgencies } from '#src/registry/agencies.ts';
import {
  type Closure,
  closeRegistrations,
  giveException,
  listClosures,
  listExceptions,
  loadClosure,
  loadException,
  openRegistrations,
  type RegistrationException,
  revokeException,
} from '#src/registry/closures.ts';
import { isWithin, reachOf } from '#src/registry/coordination.ts';
import { text } from '#src/registry/registration-schema.ts';
import { loadAgencyFor } from '../console/visit.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { closureSchema, exceptionSchema } from './schemas/coordination.ts';
import { date, said, saidIfAny, time } from './schemas/pieces.ts';

const reason = text(500).describe('For everybody who wants to register there to read.');
const openAgainOn = date.optional().describe('From this day on it is open again by itself.');

export const closureRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/closures',
    id: 'listClosures',
    summary: 'What is closed now of what the caller coordinates, the latest first',
    scope: 'sectors.decide',
    item: closureSchema,
    async page({ db, held }) {
      return { items: (await listClosures(db, await reachOf(db, held))).map(showClosure), next: undefined };
    },
  }),
  route({
    method: 'POST',
    path: '/closures',
    id: 'closeRegistrations',
    summary: 'Close an agency with all below it, or a sector, to new apps',
    description: 'What is there already stays; what would come in needs an exception.',
    scope: 'sectors.decide',
    body: z.union([
      z.strictObject({ agency: z.string().max(63), reason, open_again_on: openAgainOn }),
      z.strictObject({ sector: z.string().max(63), reason, open_again_on: openAgainOn }),
    ]),
    status: 201,
    answer: closureSchema,
    async carryOut(call) {
      const { db, actor, body } = call;
      const rest = { reason: body.reason, openAgainOn: body.open_again_on, actor };
      const place = 'agency' in body ? await agencyOf(call, body.agency) : await sectorOf(call, body.sector);
      const closure = await closeRegistrations(db, { ...place, ...rest });
      return { body: showClosure(closure), location: `/closures/${closure.id}` };
    },
  }),
  route({
    method: 'GET',
    path: '/closures/:closure',
    id: 'readClosure',
    summary: 'One closure',
    scope: 'sectors.decide',
    status: 200,
    answer: closureSchema,
    async carryOut(call) {
      return { body: showClosure(await loadClosureOf(call)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/closures/:closure',
    id: 'openRegistrations',
    summary: 'Open a place again',
    scope: 'sectors.decide',
    status: 204,
    async carryOut(call) {
      const { id } = await loadClosureOf(call);
      await openRegistrations(call.db, id, call.actor);
      return {};
    },
  }),
  listRoute({
    path: '/closures/:closure/exceptions',
    id: 'listExceptions',
    summary: 'The exceptions from a closure, the latest first',
    scope: 'sectors.decide',
    item: exceptionSchema,
    async page(call) {
      const { id } = await loadClosureOf(call);
      return { items: (await listExceptions(call.db, [id])).map(showException), next: undefined };
    },
  }),
  route({
    method: 'POST',
    path: '/closures/:closure/exceptions',
    id: 'giveException',
    summary: 'Let an agency, and what is below it, register so many apps until a day',
    description: 'Of many at once no more come in than it allows.',
    scope: 'sectors.decide',
    body: z.strictObject({
      agency: z.string().max(63),
      apps: z.int().min(1).max(1_000).default(1),
      reason: text(500),
      expires_at: time,
    }),
    status: 201,
    answer: exceptionSchema,
    async carryOut(call) {
      const { db, actor, body } = call;
      const { id: closureId } = await loadClosureOf(call);
      const [agency] = await findAgencies(db, [body.agency]);
      if (!agency) throw new Refusal('agency_not_found', `no agency ${body.agency}`);
      const expiresAt = new Date(body.expires_at);
      if (expiresAt.getTime() <= Date.now()) throw tooLate();
      const given = { closureId, agencyId: agency.id, apps: body.apps, reason: body.reason, expiresAt, actor };
      return { body: showException(await giveException(db, given)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/exceptions/:exception',
    id: 'revokeException',
    summary: 'Take back what is left of an exception; the apps that it let in stay',
    scope: 'sectors.decide',
    status: 204,
    async carryOut(call) {
      const { id, closureId } = await loadException(call.db, call.param('exception'));
      await demandClosure(call, await loadClosure(call.db, closureId));
      await revokeException(call.db, id, call.actor);
      return {};
    },
  }),
];

function tooLate(): Refusal {
  const findings = [{ pointer: '/expires_at', detail: 'is over', expected: 'a time to come' }];
  return new Refusal('content_invalid', 'the exception would be over at once', { findings });
}

/** @throws {Refusal} `not_here`, `role_required` */
async function agencyOf(call: ApiCall, id: string) {
  return { agencyId: (await loadAgencyFor(call, id, 'sectors.decide')).id };
}

/** Everybody knows which sectors there are. @throws {Refusal} `sector_not_found`, `role_required` */
async function sectorOf({ db, held }: ApiCall, id: string) {
  const { sectors } = await reachOf(db, held);
  if (!sectors.includes(id)) throw new Refusal('role_required', `the caller does not coordinate ${id}`);
  return { sectorId: id };
}

/** The closure of the address. @throws {Refusal} `not_here` when there is none, or the caller does not coordinate its place */
async function loadClosureOf(call: ApiCall): Promise<Closure> {
  const closure = await loadClosure(call.db, call.param('closure'));
  await demandClosure(call, closure);
  return closure;
}

async function demandClosure({ db, held }: ApiCall, { agencyId, sectorId }: Closure): Promise<void> {
  const [agency] = agencyId === undefined ? [] : await findAgencies(db, [agencyId]);
  const place = { path: agency?.path ?? [], sectors: sectorId === undefined ? [] : [sectorId] };
  if (!isWithin(await reachOf(db, held), place)) throw new Refusal('not_here', 'no such closure');
}

function showClosure(closure: Closure): z.input<typeof closureSchema> {
  return {
    ...{ id: closure.id, agency: closure.agencyId ?? null, sector: closure.sectorId ?? null, reason: closure.reason },
    ...{ open_again_on: closure.openAgainOn ?? null, closed_by: closure.closedBy, closed_at: said(closure.closedAt) },
    ...{ opened_by: closure.openedBy ?? null, opened_at: saidIfAny(closure.openedAt) },
  };
}

function showException(one: RegistrationException): z.input<typeof exceptionSchema> {
  return {
    ...{ id: one.id, closure: one.closureId, agency: one.agencyId, apps: one.apps, used: one.used },
    ...{ reason: one.reason, given_by: one.givenBy, given_at: said(one.givenAt) },
    ...{ expires_at: said(one.expiresAt), revoked_at: saidIfAny(one.revokedAt) },
  };
}
