/** The API of agencies, below `/api/v1`. */
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { answerRoute } from './api/answer.ts';
import { openApiDocument } from './api/openapi.ts';
import { answerPublicRoute, publicRoutes } from './api/public.ts';
import { apiRoutes } from './api/routes.ts';
import type { OpenHouse } from './house.ts';

/** A router of every route of both tables, and the document that describes them. */
export function apiRouter(house: OpenHouse): Router {
  const router = new Router({ prefix: '/api/v1' });
  for (const route of apiRoutes)
    router.register(route.path, [route.method.toLowerCase()], (ctx) => answerRoute(ctx, house, route));
  for (const route of publicRoutes) router.get(route.path, (ctx) => answerPublicRoute(ctx, house, route));
  const document = JSON.stringify(openApiDocument(house.config.issuer));
  router.get('/openapi.json', (ctx) => {
    ctx.state.route = '/api/v1/openapi.json';
    ctx.type = 'application/json';
    ctx.set('Cache-Control', 'public, max-age=300');
    ctx.body = document;
  });
  return router;
}

/** Behind the router: what is below the API's address and no route of it. */
export function refuseUnknown(router: Router): Middleware {
  return (ctx, next) => {
    if (!ctx.path.startsWith('/api/')) return next();
    const methods = methodsAt(router, ctx);
    if (methods.length === 0) throw new Refusal('not_found', 'no route of the API');
    ctx.set('Allow', methods.join(', '));
    throw new Refusal('method_not_allowed', 'the API does not answer this method there');
  };
}

function methodsAt(router: Router, { path }: Context): string[] {
  return [...new Set(router.match(path, 'GET').path.flatMap(({ methods }) => methods))];
}
