/** The apps of agencies. */
import type { z } from 'zod';
import { type ClientRecord, listClients } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { loadAgencyOf, loadAppOf } from './authority.ts';
import { pageOf, readCursor } from './pages.ts';
import { type ApiRoute, listRoute, route } from './route.ts';
import { appSchema, appSummarySchema, said } from './schemas.ts';

export const appRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/agencies/:agency/apps',
    id: 'listApps',
    summary: 'The apps of an agency, by id',
    scope: 'apps.read',
    item: appSummarySchema,
    async page(call, after, limit) {
      const agency = await loadAgencyOf(call, 'apps.read');
      const [id] = readCursor(after, 1) ?? [];
      const apps = await listClients(call.db, { agencyId: agency.id, limit, ...(id !== undefined && { after: id }) });
      return pageOf(apps, limit, { show: showSummary, placeOf: (app) => [app.id] });
    },
  }),
  route({
    method: 'GET',
    path: '/apps/:client',
    id: 'readApp',
    summary: 'One app, with all that is declared about it',
    scope: 'apps.read',
    status: 200,
    answer: appSchema,
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.read');
      return { body: showApp(app) };
    },
  }),
];

function showSummary(app: ClientRecord): z.input<typeof appSummarySchema> {
  return {
    id: app.id,
    agency: app.agencyId,
    name: app.name.id,
    name_en: app.name.en,
    type: app.type,
    state: app.state,
    created_at: said(app.createdAt),
    updated_at: said(app.updatedAt),
  };
}

function showApp(app: ClientRecord): z.input<typeof appSchema> {
  return { ...showSummary(app), declaration: declarationOf(app) };
}
