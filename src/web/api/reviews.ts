/** What waits for somebody to agree. Deciding is done by people, on the console; a machine may take back what waits. */
import type { z } from 'zod';
import { listApprovals, listWaitingVersions, type WaitingVersion, withdrawVersion } from '#src/registry/approvals.ts';
import { nodesWith } from '#src/registry/authority.ts';
import { loadAppOf } from './authority.ts';
import { pageOf, readCursor, timeOf } from './pages.ts';
import { type ApiRoute, listRoute, route } from './route.ts';
import { approvalSchema, reviewSchema } from './schemas/apps.ts';
import { said, saidIfAny } from './schemas/pieces.ts';
import { numberOf } from './versions.ts';

export const reviewRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/reviews',
    id: 'listReviews',
    summary: 'What waits for approval in the agency and below it, the longest first',
    scope: 'apps.read',
    item: reviewSchema,
    async page({ db, held }, after, limit) {
      const [at, clientId] = readCursor(after, 2) ?? [];
      const place = at !== undefined && clientId !== undefined ? { createdAt: timeOf(at), clientId } : undefined;
      const nodes = nodesWith(held, 'apps.read');
      const waiting = await listWaitingVersions(db, { nodes, sectors: [], after: place, limit });
      return pageOf(waiting, limit, { show: showWaiting, placeOf: (each) => [said(each.createdAt), each.clientId] });
    },
  }),
  listRoute({
    path: '/apps/:client/versions/:number/approvals',
    id: 'listApprovals',
    summary: 'What was decided about a version, the first decision first',
    scope: 'apps.read',
    item: approvalSchema,
    async page(call) {
      const app = await loadAppOf(call, 'apps.read');
      const approvals = await listApprovals(call.db, app.id, numberOf(call));
      return {
        items: approvals.map(({ at, note, ...one }) => ({ ...one, note: note ?? null, at: said(at) })),
        next: undefined,
      };
    },
  }),
  route({
    method: 'DELETE',
    path: '/apps/:client/versions/:number',
    id: 'withdrawVersion',
    summary: 'Take back a version that waits for approval',
    scope: 'apps.write',
    status: 204,
    async carryOut(call) {
      const { db, actor, house } = call;
      const app = await loadAppOf(call, 'apps.write');
      const { mode } = house.config;
      await withdrawVersion(db, { clientId: app.id, number: numberOf(call), actor, via: 'api', mode });
      return {};
    },
  }),
];

function showWaiting(waiting: WaitingVersion): z.input<typeof reviewSchema> {
  return {
    ...{ app: waiting.clientId, number: waiting.number, name: waiting.name.id, name_en: waiting.name.en },
    ...{ agency: waiting.agencyId, state: waiting.state, risk: waiting.risk, changed: [...waiting.changed] },
    ...{ actor: waiting.actor, reason: waiting.reason ?? null },
    ...{ approvals: waiting.approvals, approvals_needed: waiting.approvalsNeeded },
    ...{ created_at: said(waiting.createdAt), due_at: saidIfAny(waiting.dueAt) },
  };
}
