/** What coordinators decide about apps: to keep one, merge it, retire it or leave it as legacy. */
import { z } from 'zod';
import type { Transaction } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import type { AppRef } from '#src/registry/app-refs.ts';
import { isWithin, reachOf } from '#src/registry/coordination.ts';
import { type Decision, decisionKinds, findDecision, isInForce } from '#src/registry/decision-rows.ts';
import { MOST_REASON } from '#src/registry/decision-rules.ts';
import {
  type Deciding,
  decide,
  decisionStandings,
  listDecisions,
  listDecisionsAbout,
  undoDecision,
} from '#src/registry/decisions.ts';
import { findKnownApp } from '#src/registry/known-apps.ts';
import { text } from '#src/registry/registration-schema.ts';
import { toCursor } from '../places.ts';
import { asAppRef, demandSight, sightOf } from './authority.ts';
import { readCursor, timeOf } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { appRefSchema, decisionSchema } from './schemas/coordination.ts';
import { date, said, saidIfAny } from './schemas/pieces.ts';

/** As many as one decision may be about at once; more go by a batch. */
const MOST_APPS = 100;

export const decisionRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/decisions',
    id: 'listDecisions',
    summary:
      'What was decided about apps of the agency, below it, and of what the caller coordinates; the latest first',
    scope: 'inventory.read',
    query: z.strictObject({
      app: appRefSchema.optional().describe('All that was decided about this one.'),
      decision: z.enum(decisionKinds).optional(),
      standing: z
        .enum(decisionStandings)
        .optional()
        .describe('in-force; ahead: ends whose day is to come; over: carried out, replaced or undone.'),
      sector: z.string().max(63).optional(),
    }),
    item: decisionSchema,
    async page(call, after, limit) {
      const { app, decision: kind, standing, sector } = call.query;
      if (app !== undefined)
        return { items: (await listAbout(call, asAppRef(app))).map(showDecision), next: undefined };
      const [at, id] = readCursor(after, 2) ?? [];
      const { lines, hasMore } = await listDecisions(call.db, {
        ...{ reach: await sightOf(call), kind, standing, sector, limit },
        after: at !== undefined && id !== undefined ? { decidedAt: timeOf(at), id } : undefined,
      });
      const last = lines.at(-1);
      const next = hasMore && last ? toCursor([said(last.decidedAt), last.id]) : undefined;
      return { items: lines.map(showDecision), next };
    },
  }),
  route({
    method: 'POST',
    path: '/decisions',
    id: 'decide',
    summary: 'Decide about an app, or about several at once: about all or none',
    description:
      'A decision replaces the one that held before. An end is announced at once, and carried out on its day; until then it can be undone. Of many apps, see the batches.',
    scope: 'sectors.decide',
    body: z.strictObject({
      apps: z.array(appRefSchema).min(1).max(MOST_APPS),
      decision: z.enum(decisionKinds),
      successor: appRefSchema.optional().describe('Where its people go: needed to merge.'),
      on: date.optional().describe('The day of an end, in Jakarta; it must be to come.'),
      reason: text(MOST_REASON),
      evidence: z.string().max(1_000).optional().describe('A link, by https.'),
    }),
    status: 201,
    answer: z.strictObject({
      items: z.array(decisionSchema).describe('Those that are new; what says the same already stays untouched.'),
    }),
    async carryOut(call) {
      const { body } = call;
      const { successor, evidence } = body;
      const decided = await decide(transactionOf(call), {
        refs: [...new Set(body.apps.map(asAppRef))],
        ...{ kind: body.decision, reason: body.reason, effectiveOn: body.on },
        successor: successor === undefined ? undefined : asAppRef(successor),
        evidence: evidence === undefined ? undefined : { uri: evidence },
        ...(await decidingOf(call)),
      });
      return { body: { items: decided.map(showDecision) } };
    },
  }),
  route({
    method: 'GET',
    path: '/decisions/:decision',
    id: 'readDecision',
    summary: 'One decision',
    scope: 'inventory.read',
    status: 200,
    answer: decisionSchema,
    async carryOut(call) {
      return { body: showDecision(await loadDecisionSeen(call)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/decisions/:decision',
    id: 'undoDecision',
    summary: 'Undo the decision that holds about an app, as long as it was not carried out',
    description: 'What held before holds again, unless its day has passed.',
    scope: 'sectors.decide',
    status: 204,
    async carryOut(call) {
      const id = call.param('decision');
      if (!isId(id)) throw new Refusal('not_here', 'no such decision');
      await undoDecision(transactionOf(call), { id, ...(await decidingOf(call)) });
      return {};
    },
  }),
];

/** The request's unit of work, which may take many rows at once. */
export function transactionOf({ ctx }: ApiCall): Transaction {
  return ctx.state.db;
}

/** Who decides by a call, and how far that reaches. */
export async function decidingOf({ db, held, actor }: ApiCall): Promise<Deciding> {
  return { reach: await reachOf(db, held), actor, via: 'api' };
}

/** All that was decided about an app, under whichever of its names. @throws {Refusal} `not_here` */
async function listAbout(call: ApiCall, ref: AppRef): Promise<Decision[]> {
  const app = await findKnownApp(call.db, ref);
  if (!app) throw new Refusal('not_here', 'no such app');
  demandSight(await sightOf(call), app);
  return listDecisionsAbout(call.db, app.refs, 200);
}

/** @throws {Refusal} `not_here` when there is none, or it is about an app that is not theirs to see */
async function loadDecisionSeen(call: ApiCall): Promise<Decision> {
  const id = call.param('decision');
  const decision = isId(id) ? await findDecision(call.db, id) : undefined;
  const app = decision && (await findKnownApp(call.db, decision.ref));
  if (!decision || !app || !isWithin(await sightOf(call), app)) throw new Refusal('not_here', 'no such decision');
  return decision;
}

/** A decision as the API says it. */
function showDecision(decision: Decision): z.input<typeof decisionSchema> {
  return {
    ...{ id: decision.id, app: decision.ref, agency: decision.agencyId, decision: decision.kind },
    ...{ successor: decision.successor ?? null, on: decision.effectiveOn ?? null, reason: decision.reason },
    ...{ evidence: decision.evidence.uri ?? null, evidence_file: decision.evidence.digest ?? null },
    ...{ batch: decision.batchId ?? null, via: decision.via, decided_by: decision.decidedBy },
    ...{ decided_at: said(decision.decidedAt), is_in_force: isInForce(decision) },
    ...{ replaced_at: saidIfAny(decision.replacedAt), undone_at: saidIfAny(decision.undoneAt) },
    ...{ undone_by: decision.undoneBy ?? null, announced_at: saidIfAny(decision.announcedAt) },
    carried_out_at: saidIfAny(decision.carriedOutAt),
  };
}
