/** Every route of the API: the router, the OpenAPI document and the test that they agree are made of this table. */
import { appRoutes } from './apps.ts';
import type { ApiRoute } from './route.ts';
import { tokenRoutes } from './tokens.ts';

export const apiRoutes: readonly ApiRoute[] = [...appRoutes, ...tokenRoutes];
