/** What went wrong lately when an app talked to us. */
import { z } from 'zod';
import { type Attempt, findAttempts, listAttempts } from '#src/registry/attempts.ts';
import { asUuid, loadAppOf } from './authority.ts';
import { pageOf, readCursor, timeOf } from './pages.ts';
import { type ApiRoute, listRoute } from './route.ts';
import { attemptSchema } from './schemas/apps.ts';
import { said } from './schemas/pieces.ts';

export const attemptRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/apps/:client/attempts',
    id: 'listAttempts',
    summary: 'The failed attempts of an app, the newest first, each with its reason',
    scope: 'apps.read',
    query: z.strictObject({
      reference: z.string().max(40).optional().describe('As shown or sent with the answer (Request-Reference).'),
    }),
    item: attemptSchema,
    async page(call, after, limit) {
      const { db, query } = call;
      const app = await loadAppOf(call, 'apps.read');
      if (query.reference !== undefined)
        return { items: (await findAttempts(db, app.id, query.reference)).map(showAttempt), next: undefined };
      const [at, id] = readCursor(after, 2) ?? [];
      const place = at !== undefined && id !== undefined ? { at: timeOf(at), id: asUuid(id) } : undefined;
      const attempts = await listAttempts(db, app.id, { after: place, limit });
      return pageOf(attempts, limit, { show: showAttempt, placeOf: (each) => [said(each.at), each.id] });
    },
  }),
];

function showAttempt({ id, at, reference, failure: { code, ...details } }: Attempt): z.input<typeof attemptSchema> {
  return { id, at: said(at), reference, code, details };
}
