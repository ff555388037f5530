import type { Context } from 'koa';

/** Sends the browser on by GET, whatever it came with (RFC 9110 §15.4.4), so that reloading repeats nothing. */
export function seeOther(ctx: Context, address: string): void {
  ctx.redirect(address);
  ctx.status = 303;
}
