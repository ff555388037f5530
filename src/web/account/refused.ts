/** Why a form of the account's pages did not get through, as its page says it. */
import { Refusal } from '#src/base/refusals.ts';
import type { Problem } from '#views/parts/problem.ts';
import { sayRefusal } from '../say-refusal.ts';
import type { Visit } from './visit.ts';

/**
 * What the page says about a refusal; the answer gets its status.
 *
 * @param field where a refusal stands that is about what was typed
 * @throws whatever a person cannot put right on the page
 */
export function sayRefused(visit: Pick<Visit, 'ctx'>, error: unknown, field?: string): Problem<never> {
  if (!(error instanceof Refusal) || ![422, 429].includes(error.status)) throw error;
  const { ctx } = visit;
  ctx.status = error.status;
  if (error.retryAfter !== undefined) ctx.set('Retry-After', String(error.retryAfter));
  return sayRefusal(visit, error, field);
}
