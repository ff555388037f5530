/** Apps of which a coordinator has to decide whether they are needed, and what was not built because of it. */
import { z } from 'zod';
import { Refusal } from '#src/base/refusals.ts';
import type { AppRef } from '#src/registry/app-refs.ts';
import { askForException, SHORTEST_JUSTIFICATION } from '#src/registry/brake.ts';
import {
  caseStatuses,
  decideCase,
  listCases,
  loadCase,
  type RegistrationCase,
  withdrawCase,
} from '#src/registry/cases.ts';
import { hasBeenLive, moveClient } from '#src/registry/client-life.ts';
import { isWithin, type Reach, reachOf } from '#src/registry/coordination.ts';
import { draftOf } from '#src/registry/declarations.ts';
import { asksForException, mayGiveAsked } from '#src/registry/exceptions-asked.ts';
import { findKnownApps, type KnownApp } from '#src/registry/known-apps.ts';
import { readNotMade, reasonsNotMade } from '#src/registry/not-made.ts';
import { text } from '#src/registry/registration-schema.ts';
import { loadAgencyFor, loadClientFor } from '../console/visit.ts';
import { checkDeclaration } from './apps.ts';
import { asAppRef, demandDeciding, demandSight, loadAgencyOf, sightOf } from './authority.ts';
import { pageOf, readCursor, timeOf } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { declarationSchema } from './schemas/apps.ts';
import { appFaceOf, appRefSchema, caseSchema } from './schemas/coordination.ts';
import { date, said, saidIfAny, time } from './schemas/pieces.ts';

const counted = z.array(z.strictObject({ id: z.string(), count: z.int() }));

export const caseRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/cases',
    id: 'listCases',
    summary: 'Cases of the agency, below it, and of what the caller coordinates',
    description: 'Open ones the longest waiting first, decided ones the latest first.',
    scope: 'inventory.read',
    query: z.strictObject({ status: z.enum(caseStatuses).default('open') }),
    item: caseSchema,
    async page(call, after, limit) {
      const [at, id] = readCursor(after, 2) ?? [];
      const { status } = call.query;
      const sight = await sightOf(call);
      const place = at !== undefined && id !== undefined ? { at: timeOf(at), id } : undefined;
      const cases = await listCases(call.db, { ...sight, status, after: place, limit });
      const show = await showing(call, sight, cases);
      const placeOf = (one: RegistrationCase) => [said(one.decidedAt ?? one.createdAt), one.id];
      return pageOf(cases, limit, { show, placeOf });
    },
  }),
  route({
    method: 'POST',
    path: '/agencies/:agency/exception-requests',
    id: 'askForException',
    summary: 'Where registrations are closed: ask whoever closed the place to let one app in',
    description:
      'One case for the agencies that are closed, and one for each sector. To allow it gives an exception for one app.',
    scope: 'apps.write',
    body: z.strictObject({
      declaration: declarationSchema,
      justification: text(2_000).min(SHORTEST_JUSTIFICATION).describe('Why it has to be registered all the same.'),
    }),
    status: 201,
    answer: z.strictObject({ cases: z.array(z.strictObject({ case: z.uuid(), due_at: time })) }),
    async carryOut(call) {
      const { db, house, actor, body } = call;
      const agency = await loadAgencyOf(call, 'apps.write');
      const draft = draftOf(checkDeclaration(call, body.declaration), agency, undefined, house.config.mode);
      const cases = await askForException(db, draft, { via: 'api', actor, justification: body.justification });
      return { body: { cases: cases.map(({ id, dueAt }) => ({ case: id, due_at: said(dueAt) })) } };
    },
  }),
  route({
    method: 'GET',
    path: '/cases/:case',
    id: 'readCase',
    summary: 'One case',
    scope: 'inventory.read',
    status: 200,
    answer: caseSchema,
    async carryOut(call) {
      const sight = await sightOf(call);
      const found = await loadCaseOf(call);
      demandSight(sight, { path: found.agencies, sectors: found.sectors });
      return { body: (await showing(call, sight, [found]))(found) };
    },
  }),
  route({
    method: 'POST',
    path: '/cases/:case/decision',
    id: 'decideCase',
    summary: 'Allow an app although there is one like it, or refuse it',
    description:
      'For those who coordinate its agency or one of its sectors, and had no hand in it: not who asked, nor a machine of theirs. One that is refused can be built and tried, and does not go live.',
    scope: 'sectors.decide',
    body: z.discriminatedUnion('verdict', [
      z.strictObject({ verdict: z.literal('allowed'), note: text(2_000).optional() }),
      z.strictObject({
        verdict: z.literal('refused'),
        note: text(2_000).describe('Why, for whoever asked.'),
        instead: appRefSchema.optional().describe('What is to be used instead.'),
      }),
    ]),
    status: 200,
    answer: caseSchema,
    async carryOut(call) {
      const { db, actor, body } = call;
      const found = await loadCaseOf(call);
      await demandDeciding(call, { path: found.agencies, sectors: found.sectors });
      if (asksForException(found) && !(await mayGiveAsked(db, await reachOf(db, call.held), found)))
        throw new Refusal('role_required', `case ${found.id} asks for what is another coordinator's to give`);
      const sight = await sightOf(call);
      const instead = body.verdict === 'refused' ? await insteadOf(call, sight, body.instead) : undefined;
      const { verdict, note } = body;
      const decided = await decideCase(db, { id: found.id, verdict, actor, note, instead });
      return { body: (await showing(call, sight, [decided]))(decided) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/cases/:case',
    id: 'withdrawCase',
    summary: 'Give an app up whose case is open: it is retired, and counts as not built',
    description: 'For those who may change the app, as long as it was never live.',
    scope: 'apps.write',
    status: 204,
    async carryOut(call) {
      const { db, actor } = call;
      const { id, status, clientId, agencyId, ...found } = await loadCaseOf(call);
      if (asksForException({ clientId, ...found })) {
        await loadAgencyFor(call, agencyId, 'apps.write');
        await withdrawCase(db, { id, actor });
        return {};
      }
      const client = await loadClientFor(call, clientId ?? '', 'apps.write');
      if (status !== 'open') throw new Refusal('case_not_open', `case ${id} is ${status}`);
      if (hasBeenLive(client)) throw new Refusal('move_not_allowed', `client ${client.id} has been live`);
      await moveClient(db, { clientId: client.id, to: 'retired', actor, via: 'api' });
      return {};
    },
  }),
  route({
    method: 'GET',
    path: '/registrations-not-made',
    id: 'countRegistrationsNotMade',
    summary: 'How many apps were not built because there was one, and what that saves a year where it is known',
    scope: 'inventory.read',
    query: z.strictObject({ since: date.default('2020-01-01') }),
    status: 200,
    answer: z.strictObject({
      since: time,
      total: z.int(),
      by_reason: z.record(z.enum(reasonsNotMade), z.int()),
      by_sector: counted,
      by_agency: counted,
      by_month: z.array(z.strictObject({ month: z.string(), count: z.int() })),
      saving: z
        .strictObject({ apps: z.int(), rupiah: z.int() })
        .describe('Of those whose yearly cost is known: how many, and what they cost.'),
    }),
    async carryOut(call) {
      const since = new Date(`${call.query.since}T00:00:00+07:00`);
      const { total, byReason, bySector, byAgency, byMonth, saving } = await readNotMade(
        call.db,
        await sightOf(call),
        since,
      );
      return {
        body: {
          ...{ since: said(since), total, by_reason: { ...byReason }, by_sector: [...bySector] },
          ...{ by_agency: [...byAgency], by_month: [...byMonth], saving: { ...saving } },
        },
      };
    },
  }),
];

/** @throws {Refusal} `not_here` */
function loadCaseOf(call: ApiCall): Promise<RegistrationCase> {
  return loadCase(call.db, call.param('case'));
}

/** What is to be used instead: something that the caller may know of. @throws {Refusal} `not_here` */
async function insteadOf(call: ApiCall, sight: Reach, named: string | undefined): Promise<AppRef | undefined> {
  if (named === undefined) return undefined;
  const ref = asAppRef(named);
  const app = (await findKnownApps(call.db, [ref])).get(ref);
  if (!app?.isPublic) demandSight(sight, app ?? { path: [], sectors: [] });
  return app?.ref;
}

/** How cases are shown to this caller: of an app in the making elsewhere no more than that it is like the new one. */
async function showing(call: ApiCall, sight: Reach, cases: readonly RegistrationCase[]) {
  const refs = cases.flatMap(({ duplicates, instead }) => [
    ...duplicates.map(({ ref }) => ref),
    ...(instead ? [instead] : []),
  ]);
  const known = await findKnownApps(call.db, refs);
  const faceOf = (ref: AppRef) => {
    const app = known.get(ref);
    return app && (app.isPublic || isWithin(sight, app)) ? showKnown(app) : null;
  };
  return (one: RegistrationCase): z.input<typeof caseSchema> => ({
    ...{ id: one.id, agency: one.agencyId, sectors: [...one.sectors], app: one.clientId ?? null },
    ...{ name: one.name.id, name_en: one.name.en, grounds: [...one.grounds], justification: one.justification },
    duplicates: one.duplicates.map(({ ref, score }) => ({ score, like: faceOf(ref) })),
    ...{ status: one.status, instead: one.instead ?? null, via: one.via, actor: one.actor },
    ...{ created_at: said(one.createdAt), due_at: said(one.dueAt), decided_at: saidIfAny(one.decidedAt) },
    ...{ decided_by: one.decidedBy ?? null, note: one.note ?? null },
  });
}

function showKnown({ ref, name, agencyId, state, address }: KnownApp) {
  const host = address === undefined ? undefined : URL.parse(address)?.hostname;
  return appFaceOf({ ref, name, agencyId, state, host });
}
