/** What an app was told of people who signed out or withdrew, and what its agency answers for. */
import { z } from 'zod';
import { recordAdminEvent } from '#src/audit/events.ts';
import {
  type AppWithdrawal,
  acknowledgeWithdrawals,
  LAW_LENGTH,
  listWithdrawalsFrom,
  withdrawalOutcomes,
} from '#src/consents/withdrawals.ts';
import { type Delivery, listDeliveries, sendAgain, sendTest } from '#src/oidc/deliveries.ts';
import { loadAppOf } from './authority.ts';
import { idInside, idOutside, pageOf, placeIn } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { deliverySchema, withdrawalSchema } from './schemas/app-people.ts';
import { said, saidIfAny } from './schemas/pieces.ts';

const path = '/apps/:client/deliveries';
const withdrawals = '/apps/:client/withdrawals';

export const deliveryRoutes: readonly ApiRoute[] = [
  listRoute({
    path,
    id: 'listDeliveries',
    summary: 'What an app was told of sign-outs, withdrawals and accounts, the newest first, and what came of it',
    scope: 'apps.read',
    item: deliverySchema,
    async page(call, after, limit) {
      const app = await loadAppOf(call, 'apps.read');
      const deliveries = await listDeliveries(call.db, app.id, { before: placeIn(call, after), limit });
      const show = (each: Delivery) => showDelivery(call, each);
      return pageOf(deliveries, limit, { show, placeOf: (each) => [said(each.createdAt), idOutside(call, each.id)] });
    },
  }),
  route({
    method: 'POST',
    path: `${path}/test`,
    id: 'sendTestDelivery',
    summary: 'Send the app a test by each way on which it hears',
    description: 'About a person and a session that there are not. What comes of it is in the list of deliveries.',
    scope: 'apps.write',
    status: 202,
    async carryOut(call) {
      const client = await loadAppOf(call, 'apps.write');
      await sendTest(call.db, call.house.secrets, call.house.throttles, { client, actor: call.actor });
      return {};
    },
  }),
  route({
    method: 'POST',
    path: `${path}/:delivery/again`,
    id: 'sendDeliveryAgain',
    summary: 'Send something once more, with the same jti',
    scope: 'apps.write',
    status: 202,
    async carryOut(call) {
      const client = await loadAppOf(call, 'apps.write');
      const id = idInside(call, call.param('delivery'));
      await sendAgain(call.db, call.house.throttles, { client, id, actor: call.actor });
      return {};
    },
  }),
  listRoute({
    path: withdrawals,
    id: 'listWithdrawals',
    summary: 'Who withdrew from an app, the newest first, and what the agency has answered',
    scope: 'apps.read',
    query: z.strictObject({
      waiting: z.enum(['true', 'false']).optional().describe('true: only what waits for an answer.'),
    }),
    item: withdrawalSchema,
    async page(call, after, limit) {
      const app = await loadAppOf(call, 'apps.read');
      const which = { before: placeIn(call, after), waiting: call.query.waiting === 'true', limit };
      const found = await listWithdrawalsFrom(call.db, app, which);
      const show = (each: AppWithdrawal) => showWithdrawal(call, each);
      return pageOf(found, limit, { show, placeOf: (each) => [said(each.at), idOutside(call, each.id)] });
    },
  }),
  route({
    method: 'POST',
    path: `${withdrawals}/:withdrawal/acknowledgement`,
    id: 'acknowledgeWithdrawal',
    summary: 'Say what became of the data that the app had read',
    description:
      'Within 3 × 24 hours, once. What is kept is kept by a law, which its owner reads. The same answer once more is 204 and changes nothing, another one is 409.',
    scope: 'apps.write',
    body: z.strictObject({ outcome: z.enum(withdrawalOutcomes), law: z.string().max(LAW_LENGTH).optional() }),
    status: 204,
    async carryOut(call) {
      const { db, actor, body } = call;
      const { id: clientId, agency } = await loadAppOf(call, 'apps.write');
      const { outcome, law } = body;
      const id = idInside(call, call.param('withdrawal'));
      const isNew = await acknowledgeWithdrawals(db, call.house.secrets, { clientId, ids: [id], outcome, law });
      if (!isNew) return {};
      const subject = `client ${clientId}`;
      await recordAdminEvent(db, {
        ...{ kind: 'withdrawal.acknowledged', actor, subject, agencyId: agency.id, details: { outcome } },
      });
      return {};
    },
  }),
];

function showDelivery(call: ApiCall, delivery: Delivery): z.input<typeof deliverySchema> {
  const { channel, reason, state, attempts, answer } = delivery;
  return {
    ...{ id: idOutside(call, delivery.id), channel, reason, state, created_at: said(delivery.createdAt), attempts },
    last_attempt_at: saidIfAny(delivery.lastAttemptAt),
    next_attempt_at: saidIfAny(delivery.nextAttemptAt),
    answer: answer ?? null,
  };
}

function showWithdrawal(call: ApiCall, withdrawal: AppWithdrawal): z.input<typeof withdrawalSchema> {
  const { cause, at, dueAt, answer, sub } = withdrawal;
  return {
    ...{ id: idOutside(call, withdrawal.id), sub: sub ?? null, cause, at: said(at), due_at: said(dueAt) },
    answered_at: saidIfAny(answer?.at),
    outcome: answer?.outcome ?? null,
    law: answer?.law ?? null,
  };
}
