/** An app that goes from a sandbox to another deployment, signed and with the evidence of its tests. */
import { z } from 'zod';
import { recordAdminEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { BUNDLE_BYTES, signBundle } from '#src/oidc/bundles.ts';
import { permissionsAt } from '#src/registry/authority.ts';
import { applyBundle, composeBundle, findBundle, receiveBundle } from '#src/registry/bundles.ts';
import { text } from '#src/registry/registration-schema.ts';
import { loadAgencyFor } from '../console/visit.ts';
import { answerChange } from './apps.ts';
import { loadAppOf } from './authority.ts';
import { type ApiRoute, route } from './route.ts';
import { changeSchema } from './schemas/apps.ts';

export const bundleRoutes: readonly ApiRoute[] = [
  route({
    method: 'POST',
    path: '/apps/:client/bundle',
    id: 'exportBundle',
    summary: 'Sign an app for the deployment that this one sends to',
    description: 'Good for a week, and taken in once: hand it to `POST /bundles` there.',
    scope: 'apps.write',
    status: 200,
    answer: z.strictObject({ bundle: z.string(), receiver: z.string() }),
    async carryOut(call) {
      const { db, house, actor } = call;
      const { id, agencyId } = await loadAppOf(call, 'apps.write');
      const { bundleReceiver: receiver } = house.config;
      if (receiver === undefined) throw new Refusal('invalid_request', 'this deployment sends apps nowhere');
      const content = await composeBundle(db, id);
      const bundle = signBundle(house.keys, house.config, { audience: receiver, content });
      const event = { kind: 'client.bundle-sent', actor, subject: `client ${id}`, agencyId } as const;
      await recordAdminEvent(db, { ...event, details: { receiver } });
      return { body: { bundle, receiver } };
    },
  }),
  route({
    method: 'POST',
    path: '/bundles',
    id: 'applyBundle',
    summary: 'Take over an app that a trusted deployment has signed',
    description:
      'A new app becomes a draft, whose checks find the evidence of its sandbox; one that there is changes as by any other way, and what is risky answers 202 and waits.',
    scope: 'apps.write',
    body: z.strictObject({
      bundle: z.string().min(1).max(BUNDLE_BYTES),
      justification: text(2_000).optional().describe('Why it is needed although there is one like it here.'),
    }),
    status: 200,
    alsoAnswers: { 202: 'Others have to agree first.' },
    isVersioned: true,
    answer: changeSchema,
    async prepare({ house, body }) {
      // The sender's keys are kept afterwards.
      await house.verifyBundle(body.bundle);
    },
    async carryOut(call) {
      const { db, house, actor, held, body } = call;
      const verified = await house.verifyBundle(body.bundle);
      const agency = await loadAgencyFor(call, verified.content.agency.id, 'apps.write');
      const by = {
        actor,
        mode: house.config.mode,
        allowed: permissionsAt(held, agency),
        justification: body.justification,
      };
      await receiveBundle(db, verified);
      const received = await findBundle(db, verified.id);
      if (!received) throw new Refusal('bundle_over', 'it is too old');
      return answerChange(await applyBundle(db, house.secrets, received, by));
    },
  }),
];
