import type { Context } from 'koa';
import type { Refusal } from '#src/base/refusals.ts';
import { sayClockOff } from '#views/parts/clock.ts';
import type { Problem } from '#views/parts/problem.ts';

/**
 * A refusal as a page says it: a limit with its waiting time, everything else in the table's words.
 *
 * @param field where it stands, if it is about something that was typed
 */
export function sayRefusal({ ctx }: { readonly ctx: Context }, refused: Refusal, field?: string): Problem<never> {
  if (refused.code === 'too_many_attempts') return { kind: 'throttled', seconds: refused.retryAfter ?? 60 };
  const { language } = ctx.state;
  const { say, next } = refused.in(language);
  const text = refused.clockOff === undefined ? `${say} ${next}` : sayClockOff(language, refused.clockOff);
  return { kind: 'said', text, field };
}
