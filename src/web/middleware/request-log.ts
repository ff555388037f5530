/** One line per request, with the reference that error pages show. Paths only: queries and bodies may be personal. */
import type { Middleware } from 'koa';
import { type Log, newReference } from '#src/base/log.ts';
import { requestSeconds } from '#src/base/metrics.ts';

/** Gives the request its reference (`ctx.state.reference`, header `Request-Reference`) and writes the line at the end. */
export function requestLog(log: Log): Middleware {
  return async (ctx, next) => {
    const started = process.hrtime.bigint();
    ctx.state.reference = newReference();
    ctx.set('Request-Reference', ctx.state.reference);
    ctx.res.once('close', () => {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const { method } = ctx;
      const route = routeOf(ctx.path);
      requestSeconds.observe({ method: knownMethod(method), route, status: String(ctx.res.statusCode) }, seconds);
      const line = {
        reference: ctx.state.reference,
        method,
        route,
        status: ctx.res.statusCode,
        ms: Math.round(seconds * 1e4) / 10,
      };
      log[ctx.res.statusCode >= 500 ? 'error' : 'info'](line, 'request');
    });
    await next();
  };
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A label must not grow with what strangers send. */
function knownMethod(method: string): string {
  return methods.has(method) ? method : 'other';
}

/** Addresses in which nothing varies. */
const fixedPaths: ReadonlySet<string> = new Set([
  '/',
  '/account',
  '/account/callback',
  '/account/confirm',
  '/authorize',
  '/help',
  '/introspect',
  '/jwks',
  '/livez',
  '/logout',
  '/logout/confirm',
  '/logout/success',
  '/par',
  '/privacy',
  '/readyz',
  '/revoke',
  '/sandbox/outbox',
  '/sandbox/outbox.json',
  '/token',
  '/userinfo',
  '/.well-known/change-password',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/passkey-endpoints',
  '/.well-known/webauthn',
]);

/** The path without what varies: an interaction's id is as good as a key. */
function routeOf(path: string): string {
  if (path.startsWith('/interaction/')) return '/interaction/:uid';
  if (path.startsWith('/authorize/')) return '/authorize/:uid';
  if (path.startsWith('/assets/')) return '/assets/:name';
  return fixedPaths.has(path) ? path : 'other';
}
