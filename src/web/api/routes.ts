/** Every route of the API: the router, the OpenAPI document and the test that they agree are made of this table. */
import { agencyRoutes } from './agencies.ts';
import { appRoutes } from './apps.ts';
import { attemptRoutes } from './attempts.ts';
import { bundleRoutes } from './bundles.ts';
import { caseRoutes } from './cases.ts';
import { checkRoutes } from './checks.ts';
import { closureRoutes } from './closures.ts';
import { coverageRoutes } from './coverage.ts';
import { batchRoutes } from './decision-batches.ts';
import { decisionRoutes } from './decisions.ts';
import { deliveryRoutes } from './deliveries.ts';
import { duplicateRoutes } from './duplicates.ts';
import { figureRoutes } from './figures.ts';
import { importRoutes } from './imports.ts';
import { inventoryRoutes } from './inventory.ts';
import { migrationRoutes } from './migration.ts';
import { overdueRoutes } from './overdue.ts';
import { reportRoutes } from './reports.ts';
import { reviewRoutes } from './reviews.ts';
import type { ApiRoute } from './route.ts';
import { secretRoutes } from './secrets.ts';
import { tokenRoutes } from './tokens.ts';
import { versionRoutes } from './versions.ts';

export const apiRoutes: readonly ApiRoute[] = [
  ...appRoutes,
  ...versionRoutes,
  ...migrationRoutes,
  ...reviewRoutes,
  ...checkRoutes,
  ...secretRoutes,
  ...bundleRoutes,
  ...attemptRoutes,
  ...deliveryRoutes,
  ...reportRoutes,
  ...overdueRoutes,
  ...figureRoutes,
  ...importRoutes,
  ...inventoryRoutes,
  ...duplicateRoutes,
  ...caseRoutes,
  ...closureRoutes,
  ...batchRoutes,
  ...decisionRoutes,
  ...coverageRoutes,
  ...agencyRoutes,
  ...tokenRoutes,
];
