/** A bound on the requests in progress, so that a rush makes some people wait a second and nobody a minute. */
import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'koa';
import { refusalsTotal } from '#src/base/metrics.ts';
import { Refusal } from '#src/base/refusals.ts';

/**
 * A request takes a process one to two milliseconds, so that whoever comes behind this many waits up to a second. More
 * would only wait longer: the process does not work faster for it.
 */
const MOST_IN_PROGRESS = 500;

/**
 * Answers 503 at once when a process has too many requests in progress, until some are through. A request that has not
 * arrived whole costs nothing yet and does not count: otherwise a few hundred slow senders would shut everybody out.
 *
 * Put behind what must always answer: health and assets.
 */
export function refuseOverload(most = MOST_IN_PROGRESS): Middleware {
  const inProgress = new Set<IncomingMessage>();
  const isFull = () => inProgress.size >= most && countWhole(inProgress) >= most;
  return (ctx, next) => {
    if (isFull()) {
      const refusal = new Refusal('server_busy', 'too many requests in progress', { retryAfter: 1 });
      refusalsTotal.inc({ code: refusal.code });
      ctx.status = refusal.status;
      ctx.set('Retry-After', String(refusal.retryAfter));
      ctx.set('Cache-Control', 'no-store');
      ctx.type = 'text/plain';
      ctx.body = `${sentence(refusal, 'id')}\n${sentence(refusal, 'en')}\n(${refusal.code})\n`;
      return Promise.resolve();
    }
    inProgress.add(ctx.req);
    ctx.res.once('close', () => inProgress.delete(ctx.req));
    return next();
  };
}

function countWhole(requests: ReadonlySet<IncomingMessage>): number {
  let whole = 0;
  for (const request of requests) if (request.complete) whole += 1;
  return whole;
}

function sentence(refusal: Refusal, language: 'id' | 'en'): string {
  const { say, next } = refusal.in(language);
  return `${say} ${next}`;
}
