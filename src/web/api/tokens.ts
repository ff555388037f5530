/** An agency's tokens for dynamic registration. */
import { z } from 'zod';
import { text } from '#src/registry/registration-schema.ts';
import {
  listRegistrationTokens,
  makeRegistrationToken,
  type RegistrationToken,
  revokeRegistrationToken,
  tokenDays,
  tokenUses,
} from '#src/registry/registration-tokens.ts';
import { asUuid, loadAgencyOf } from './authority.ts';
import { pageOf, readCursor, timeOf } from './pages.ts';
import { type ApiRoute, listRoute, route } from './route.ts';
import { registrationTokenSchema } from './schemas/apps.ts';
import { said, saidIfAny } from './schemas/pieces.ts';

const path = '/agencies/:agency/registration-tokens';

export const tokenRoutes: readonly ApiRoute[] = [
  listRoute({
    path,
    id: 'listRegistrationTokens',
    summary: 'The registration tokens of an agency, the newest first',
    scope: 'apps.read',
    item: registrationTokenSchema,
    async page(call, after, limit) {
      const agency = await loadAgencyOf(call, 'apps.read');
      const [at, id] = readCursor(after, 2) ?? [];
      const place = at !== undefined && id !== undefined ? { createdAt: timeOf(at), id: asUuid(id) } : undefined;
      const tokens = await listRegistrationTokens(call.db, agency.id, { after: place, limit });
      return pageOf(tokens, limit, { show: showToken, placeOf: ({ createdAt, id }) => [said(createdAt), id] });
    },
  }),
  route({
    method: 'POST',
    path,
    id: 'makeRegistrationToken',
    summary: 'Make a token by which others register apps of the agency (RFC 7591)',
    description: 'The token itself is in this answer alone.',
    scope: 'apps.secrets',
    body: z.strictObject({
      label: text(100).describe('What it is for.'),
      days: z.int().min(tokenDays.least).max(tokenDays.most).default(tokenDays.usual),
      uses: z.int().min(tokenUses.least).max(tokenUses.most).default(tokenUses.usual),
    }),
    status: 201,
    answer: registrationTokenSchema.extend({ token: z.string() }),
    async carryOut(call) {
      const agency = await loadAgencyOf(call, 'apps.secrets');
      const wish = { agencyId: agency.id, ...call.body };
      const { token, secret } = await makeRegistrationToken(call.db, call.house.secrets, wish, call.actor);
      return { body: { ...showToken(token), token: secret } };
    },
  }),
  route({
    method: 'DELETE',
    path: `${path}/:token`,
    id: 'revokeRegistrationToken',
    summary: 'End a registration token at once',
    scope: 'apps.secrets',
    status: 204,
    async carryOut(call) {
      const agency = await loadAgencyOf(call, 'apps.secrets');
      await revokeRegistrationToken(call.db, { agencyId: agency.id, id: asUuid(call.param('token')) }, call.actor);
      return {};
    },
  }),
];

function showToken(token: RegistrationToken): z.input<typeof registrationTokenSchema> {
  return {
    id: token.id,
    label: token.label,
    created_by: token.createdBy,
    created_at: said(token.createdAt),
    expires_at: said(token.expiresAt),
    uses_left: token.usesLeft,
    last_used_at: saidIfAny(token.lastUsedAt),
    revoked_at: saidIfAny(token.revokedAt),
  };
}
