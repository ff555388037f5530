/** The shared secrets of an app: shown once, two alive during a rotation. */
import { z } from 'zod';
import { demandScopes } from '#src/registry/api-scopes.ts';
import { permissionsAt } from '#src/registry/authority.ts';
import {
  DEFAULT_OVERLAP_DAYS,
  endSecret,
  type ListedSecret,
  listSecrets,
  MAX_OVERLAP_DAYS,
  rotateSecret,
} from '#src/registry/client-secrets.ts';
import { loadAppOf } from './authority.ts';
import { type ApiRoute, listRoute, route } from './route.ts';
import { secretSchema } from './schemas/apps.ts';
import { said, saidIfAny, time } from './schemas/pieces.ts';

const path = '/apps/:client/secrets';

export const secretRoutes: readonly ApiRoute[] = [
  listRoute({
    path,
    id: 'listSecrets',
    summary: 'The secrets of an app, the newest first; never the secrets themselves',
    scope: 'apps.read',
    item: secretSchema,
    async page(call) {
      const app = await loadAppOf(call, 'apps.read');
      return { items: (await listSecrets(call.db, app.id)).map(showSecret), next: undefined };
    },
  }),
  route({
    method: 'POST',
    path,
    id: 'rotateSecret',
    summary: 'Make a new secret; the one before stays valid for a while',
    description: 'The secret itself is in this answer alone. With overlap_days 0 every other one ends at once.',
    scope: 'apps.secrets',
    body: z.strictObject({
      overlap_days: z.int().min(0).max(MAX_OVERLAP_DAYS).default(DEFAULT_OVERLAP_DAYS),
    }),
    status: 201,
    answer: z.strictObject({
      id: z.string(),
      client_secret: z.string(),
      expires_at: time,
      previous_ends_at: time.nullable(),
    }),
    async carryOut(call) {
      const { db, house, actor, held, body } = call;
      const app = await loadAppOf(call, 'apps.secrets');
      demandScopes(permissionsAt(held, app.agency), app.scopes);
      const rotation = { clientId: app.id, actor, overlapDays: body.overlap_days };
      const { id, secret, expiresAt, previousEndsAt } = await rotateSecret(db, house.secrets, rotation);
      return {
        body: {
          ...{ id, client_secret: secret },
          ...{ expires_at: said(expiresAt), previous_ends_at: saidIfAny(previousEndsAt) },
        },
      };
    },
  }),
  route({
    method: 'DELETE',
    path: `${path}/:secret`,
    id: 'endSecret',
    summary: 'End a secret at once',
    scope: 'apps.secrets',
    status: 204,
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.secrets');
      const secretId = call.param('secret');
      await endSecret(call.db, { clientId: app.id, secretId, actor: call.actor });
      return {};
    },
  }),
];

function showSecret(secret: ListedSecret): z.input<typeof secretSchema> {
  return {
    ...{ id: secret.id, hint: secret.hint ?? null },
    ...{ created_at: said(secret.createdAt), created_by: secret.createdBy ?? null },
    ...{ expires_at: saidIfAny(secret.expiresAt), last_used_at: saidIfAny(secret.lastUsedAt) },
    network: secret.network ?? null,
  };
}
