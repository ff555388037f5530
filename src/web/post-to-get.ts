/**
 * POST to `/authorize` (OpenID Connect Core §3.1.2.1) and `/logout` (RP-Initiated Logout §2).
 *
 * The session's cookie is `Lax`, so a browser leaves it out of a form that another site posts. Answered with 303 to the
 * same address with the form as its query, where the cookie comes along.
 */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { readBody } from './middleware/forms.ts';
import { seeOther } from './see-other.ts';

const BYTES = 8 * 1024;

/** @throws {Refusal} `body_too_large`, `invalid_request` */
export async function postToGet(ctx: Context): Promise<void> {
  const body = await readBody(ctx, BYTES);
  const fields = new URLSearchParams(body);
  if (ctx.querystring) throw new Refusal('invalid_request', 'parameters both in the address and in the form');
  seeOther(ctx, `${ctx.path}?${fields}`);
}
