/** One line per request, with the reference that error pages show. Paths only: queries and bodies may be personal. */
import type { Middleware } from 'koa';
import { type Log, newReference } from '#src/base/log.ts';
import { requestSeconds } from '#src/base/metrics.ts';

/** Gives the request its reference (`ctx.state.reference`, header `Request-Reference`) and writes the line at the end. */
export function requestLog(log: Log): Middleware {
  return (ctx, next) => {
    const started = process.hrtime.bigint();
    const reference = newReference();
    ctx.state.reference = reference;
    ctx.res.setHeader('Request-Reference', reference);
    ctx.res.once('close', () => {
      const { method, path } = ctx;
      // The pattern of the page's address, as the router knows it.
      const route = ctx.state.route ?? (fixedPaths.has(path) ? undefined : ctx._matchedRoute);
      noteAnswer(log, { reference, method, path, route, status: ctx.res.statusCode, started });
    });
    return next();
  };
}

/** A request that has been answered; `started` by the clock of `process.hrtime.bigint()`. */
interface Answered {
  readonly reference: string;
  readonly method: string;
  readonly path: string;
  /** The path without what varies, where whoever answered has said it. */
  readonly route?: string | undefined;
  readonly status: number;
  readonly started: bigint;
}

/** Counts an answer and writes its line. */
export function noteAnswer(log: Log, answered: Answered): void {
  const { reference, method, path, status, started } = answered;
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const route = answered.route ?? routeOf(path);
  requestSeconds.observe({ method: knownMethod(method), route, status: String(status) }, seconds);
  const line = { reference, method, route, status, ms: Math.round(seconds * 1e4) / 10 };
  log[status >= 500 ? 'error' : 'info'](line, 'request');
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
  '/account/apps',
  '/account/authenticator-app',
  '/account/callback',
  '/account/confirm',
  '/account/contacts',
  '/account/data',
  '/account/data.json',
  '/account/data/correct',
  '/account/end',
  '/account/frozen',
  '/account/history',
  '/account/releases',
  '/account/password',
  '/account/recovery-codes',
  '/account/services',
  '/authorize',
  '/bundles',
  '/console',
  '/console/bundles',
  '/console/agencies',
  '/console/agencies/new',
  '/console/apps',
  '/console/apps.csv',
  '/console/apps/new',
  '/console/callback',
  '/console/coverage',
  '/console/coverage/architecture.csv',
  '/console/coverage/architecture.json',
  '/console/decisions',
  '/console/decisions/new',
  '/console/desk',
  '/console/desk/person',
  '/console/desk/releases',
  '/console/desk/releases/person',
  '/console/duplicates',
  '/console/duplicates.csv',
  '/console/duplicates/families',
  '/console/cases',
  '/console/cases/new',
  '/console/overdue',
  '/console/closures',
  '/console/events',
  '/console/events.csv',
  '/console/inventory',
  '/console/inventory.csv',
  '/console/inventory/imports',
  '/console/inventory/matches',
  '/console/inventory/new',
  '/console/reviews',
  '/contacts/confirm',
  '/coverage',
  '/coverage.csv',
  '/coverage.json',
  '/help',
  '/introspect',
  '/jwks',
  '/livez',
  '/logout',
  '/logout/confirm',
  '/logout/success',
  '/not-me',
  '/par',
  '/privacy',
  '/readyz',
  '/receipts/keys.json',
  '/receipts/verify',
  '/register',
  '/recovery/cancel',
  '/revoke',
  '/sandbox/outbox',
  '/sandbox/outbox.json',
  '/sheet',
  '/sheet/notice',
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
  if (path.startsWith('/register/')) return '/register/:client';
  if (path.startsWith('/assets/')) return '/assets/:name';
  return fixedPaths.has(path) ? path : 'other';
}
