/**
 * An interaction is gone through by the browser that began it, and by no other.
 *
 * The engine's own cookies of an interaction belong to one path, which `__Host-` does not allow: on https a hijacked
 * sibling host could plant them, and a person would find themselves in a sign-in that somebody else has begun or
 * finished. So each interaction also has a cookie of the whole host, which nobody else can set. Each has one of its own,
 * because tabs that a new browser opens at once would overwrite each other's.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Context } from 'koa';
import { Provider } from 'oidc-provider';
import { epochSeconds } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';

/** What the cookies are made with. */
export interface CookieMaker {
  readonly config: { readonly issuer: string };
  readonly secrets: Secrets;
}

/** So many stay open side by side in one browser: not more than 1.5 KB of cookies in each of its requests. */
const MOST = 15;

/**
 * Tells the browser that it has begun an interaction. Of more than {@link MOST} the oldest are forgotten.
 *
 * @param seconds undefined: until the browser closes, on a device that others use
 */
export function rememberBegun(
  maker: CookieMaker,
  ctx: Pick<Context, 'get' | 'cookies'>,
  uid: string,
  seconds: number | undefined,
): void {
  const options = optionsOf(maker);
  const others = [...begunBy(maker, ctx)]
    .filter(([other]) => other !== uid)
    .sort(([, a], [, b]) => ageOf(a) - ageOf(b));
  for (const [oldest] of others.slice(0, Math.max(0, others.length - MOST + 1))) forget(maker, ctx, oldest);
  const value = `${epochSeconds().toString(36)}.${proofOf(maker, uid)}`;
  ctx.cookies.set(nameOf(maker, uid), value, { ...options, ...(seconds && { maxAge: seconds * 1000 }) });
}

/** @throws {Refusal} `interaction_expired` when this browser has not begun it, or it is over */
export function checkBegun(maker: CookieMaker, ctx: Pick<Context, 'get'>, uid: string): void {
  const given = Buffer.from(begunBy(maker, ctx).get(uid)?.split('.')[1] ?? '');
  const expected = Buffer.from(proofOf(maker, uid));
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new Refusal('interaction_expired', 'this browser has not begun the interaction');
}

/** Takes the cookie back when the engine ends the interaction. Call once, right after the provider is built. */
export function forgetEnded(maker: CookieMaker, provider: Provider): void {
  const { prototype } = provider.Interaction;
  const { destroy } = prototype;
  prototype.destroy = async function destroyAndForget() {
    await destroy.call(this);
    if (Provider.ctx) forget(maker, Provider.ctx, this.uid);
  };
}

function forget(maker: CookieMaker, ctx: Pick<Context, 'cookies'>, uid: string): void {
  ctx.cookies.set(nameOf(maker, uid), null, optionsOf(maker));
}

function nameOf({ config }: CookieMaker, uid: string): string {
  return `${config.issuer.startsWith('https://') ? '__Host-' : ''}begun-${uid}`;
}

function optionsOf({ config }: CookieMaker) {
  const secure = config.issuer.startsWith('https://');
  return { httpOnly: true, sameSite: 'lax', secure, path: '/', signed: false, overwrite: true } as const;
}

function proofOf({ secrets }: CookieMaker, uid: string): string {
  return secrets.hash('browser', `begun ${uid}`).toString('base64url').slice(0, 22);
}

/** When it began, in seconds since 1970; what is none of ours is the oldest. */
function ageOf(value: string): number {
  return Number.parseInt(value, 36) || 0;
}

/**
 * The cookies of all interactions, by their id. Read from the header: koa keeps a pattern for every name it was ever
 * asked for.
 */
function begunBy(maker: CookieMaker, ctx: Pick<Context, 'get'>): Map<string, string> {
  const prefix = nameOf(maker, '');
  const pairs = ctx
    .get('Cookie')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix) && pair.includes('='));
  return new Map(
    pairs.map((pair) => [pair.slice(prefix.length, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}
