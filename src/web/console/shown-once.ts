/**
 * What a page of the console shows once and nobody can read again: a secret, a link. Between the form that made it and the
 * page that shows it, it is in a sealed cookie of that browser and session, for a few minutes at most.
 */
import { cookieNames, cookieOptions } from '../middleware/browser.ts';
import type { ConsoleVisit } from './visit.ts';

const LIFE_MS = 5 * 60 * 1000;

interface Kept<Value> {
  readonly what: string;
  readonly value: Value;
  readonly until: number;
}

/** Keeps something for the next page, by the name of what it is: `secret puskesmas-online`. */
export function keepForOnce<Value>(visit: ConsoleVisit, what: string, value: Value): void {
  const { ctx, house } = visit;
  const kept: Kept<Value> = { what, value, until: Date.now() + LIFE_MS };
  const sealed = house.secrets.wrap.sealToken(placeOf(visit), JSON.stringify(kept));
  ctx.cookies.set(nameIn(visit), sealed, { ...cookieOptions(house.config.issuer), maxAge: LIFE_MS });
}

/** Takes out what was kept under this name; undefined when there is nothing, or it was shown already. */
export function takeOnce<Value>(visit: ConsoleVisit, what: string): Value | undefined {
  const { ctx, house } = visit;
  const sealed = ctx.cookies.get(nameIn(visit));
  const opened = sealed && house.secrets.wrap.openToken(placeOf(visit), sealed);
  if (!opened) return undefined;
  const kept = JSON.parse(opened.toString()) as Kept<Value>;
  if (kept.what !== what) return undefined;
  ctx.cookies.set(nameIn(visit), '', { ...cookieOptions(house.config.issuer), maxAge: 0 });
  return kept.until > Date.now() ? kept.value : undefined;
}

function nameIn({ house }: ConsoleVisit): string {
  return cookieNames(house.config.issuer).shownOnce;
}

function placeOf({ session }: ConsoleVisit): string {
  return `cookie.shown-once:${session.uid}`;
}
