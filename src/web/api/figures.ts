/** What an agency may know of the people of an app, and which claims it could do without. */

import type { z } from 'zod';
import { type Figures, readFigures } from '#src/registry/figures.ts';
import { findSmallerScope, type SmallerScope } from '#src/registry/smaller-scope.ts';
import { loadAppOf } from './authority.ts';
import { type ApiRoute, route } from './route.ts';
import { figuresSchema } from './schemas/app-people.ts';

export const figureRoutes: readonly ApiRoute[] = [
  route({
    method: 'GET',
    path: '/apps/:client/figures',
    id: 'readFigures',
    summary: 'How many people an app has, what they agreed to month by month, and what was read',
    description: 'No figure says anything of fewer than ten people.',
    scope: 'apps.read',
    status: 200,
    answer: figuresSchema,
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.read');
      const figures = await readFigures(call.db, app);
      return { body: showFigures(figures, await findSmallerScope(call.db, app)) };
    },
  }),
];

function showFigures(
  { countedOn, people, claims, months }: Figures,
  smaller: SmallerScope | undefined,
): z.input<typeof figuresSchema> {
  return {
    ...{ counted_on: countedOn ?? null, people: people ?? null },
    claims: claims.map((one) => ({
      ...{ claim: one.claim, people: one.people ?? null, releases: one.releases ?? null },
    })),
    months: months.map(({ month, kind, times }) => ({
      ...{ month, kind, given: times.given ?? null, narrowed: times.narrowed ?? null, renewed: times.renewed ?? null },
      ...{ withdrawn: times.withdrawn ?? null, left: times.left ?? null, expired: times.expired ?? null },
    })),
    ...{ unread: [...(smaller?.unread ?? [])], smaller_scope: smaller?.declaration.scope ?? null },
  };
}
