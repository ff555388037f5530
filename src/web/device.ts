/**
 * The browser as an account knows it: a random id in a signed cookie that outlives sessions. It proves nothing about the
 * person; it tells a browser that was there before from one that was not.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Context } from 'koa';
import { randomSecret, type Secrets } from '#src/base/secrets.ts';
import { cookieNames, cookieOptions } from './middleware/browser.ts';

const LIFE_MS = 400 * 24 * 3600 * 1000;

interface Maker {
  readonly config: { readonly issuer: string };
  readonly secrets: Secrets;
}

/** The keyed hash of the browser's device cookie; undefined when it has none that we have signed. */
export function readDevice(ctx: Context, maker: Maker): Buffer | undefined {
  const [id = '', proof = '', ...more] = (ctx.state.device ?? ctx.cookies.get(nameOf(maker)) ?? '').split('.');
  const expected = Buffer.from(proofOf(maker, id));
  const given = Buffer.from(proof);
  const isOurs =
    more.length === 0 && id.length === 43 && given.length === expected.length && timingSafeEqual(given, expected);
  return isOurs ? hashOf(maker, id) : undefined;
}

/** Who calls, as limits on guessing tell callers apart: from which address, and by which browser. */
export function callerOf(
  ctx: Context,
  maker: Maker,
): { readonly network: string; readonly device: Buffer | undefined } {
  return { network: ctx.state.caller, device: readDevice(ctx, maker) };
}

/** The keyed hash as {@link readDevice} tells it, and gives the browser its cookie, or the one it has for longer. Not for a device that is shared. */
export function keepDevice(ctx: Context, maker: Maker): Buffer {
  const known = readDevice(ctx, maker);
  const value = known ? String(ctx.state.device ?? ctx.cookies.get(nameOf(maker))) : newCookie(maker);
  ctx.state.device = value;
  ctx.cookies.set(nameOf(maker), value, { ...cookieOptions(maker.config.issuer), maxAge: LIFE_MS });
  return known ?? hashOf(maker, value.slice(0, 43));
}

function newCookie(maker: Maker): string {
  const id = randomSecret();
  return `${id}.${proofOf(maker, id)}`;
}

function nameOf({ config }: Maker): string {
  return cookieNames(config.issuer).device;
}

function proofOf({ secrets }: Maker, id: string): string {
  return secrets.hash('browser', `device proof ${id}`).toString('base64url');
}

function hashOf({ secrets }: Maker, id: string): Buffer {
  return secrets.hash('browser', `device ${id}`);
}
