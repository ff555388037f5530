/**
 * Whom an officer serves: between looking an account up and issuing its sheet it is in a sealed cookie of that browser and
 * session, for a quarter of an hour. So no address names an account, and whoever goes on has looked, and left a line in the
 * account's history.
 */
import type { DeskCase } from '#src/people/desk.ts';
import type { LookReason } from '#views/report-messages.ts';
import { cookieNames, cookieOptions } from '../middleware/browser.ts';
import type { ConsoleVisit } from './visit.ts';

const LIFE_MS = 15 * 60 * 1000;

interface Kept {
  readonly served: Omit<DeskCase, 'officer'>;
  readonly until: number;
}

/** Remembers whom the officer has looked at. */
export function keepCase(visit: ConsoleVisit, { accountId, agencyId, caseNumber }: DeskCase): void {
  const { ctx, house } = visit;
  const kept: Kept = { served: { accountId, agencyId, caseNumber }, until: Date.now() + LIFE_MS };
  const sealed = house.secrets.wrap.sealToken(placeOf(visit), JSON.stringify(kept));
  ctx.cookies.set(nameIn(visit), sealed, { ...cookieOptions(house.config.issuer), maxAge: LIFE_MS });
}

/** Whom the officer serves; undefined when that was too long ago, or nobody. */
export function findCase(visit: ConsoleVisit): DeskCase | undefined {
  const { ctx, house, account } = visit;
  const sealed = ctx.cookies.get(nameIn(visit));
  const opened = sealed && house.secrets.wrap.openToken(placeOf(visit), sealed);
  if (!opened) return undefined;
  const { served, until } = JSON.parse(opened.toString()) as Kept;
  return until > Date.now() ? { ...served, officer: account.id } : undefined;
}

/** At whose releases somebody of the staff looks, in which role and why. */
export interface Look {
  readonly accountId: string;
  readonly agencyId: string;
  readonly role: 'desk' | 'operator';
  readonly reason: LookReason;
  readonly caseNumber: string;
}

/** Remembers at whose releases they look, as long as {@link keepCase} does. */
export function keepLook(visit: ConsoleVisit, look: Look): void {
  const { ctx, house } = visit;
  const kept = JSON.stringify({ look, until: Date.now() + LIFE_MS });
  const sealed = house.secrets.wrap.sealToken(`cookie.look:${visit.session.uid}`, kept);
  const { issuer } = house.config;
  ctx.cookies.set(cookieNames(issuer).look, sealed, { ...cookieOptions(issuer), maxAge: LIFE_MS });
}

/** At whose releases they look; undefined when that was too long ago, or at nobody's. */
export function findLook({ ctx, house, session }: ConsoleVisit): Look | undefined {
  const sealed = ctx.cookies.get(cookieNames(house.config.issuer).look);
  const opened = sealed && house.secrets.wrap.openToken(`cookie.look:${session.uid}`, sealed);
  if (!opened) return undefined;
  const { look, until } = JSON.parse(opened.toString()) as { readonly look: Look; readonly until: number };
  return until > Date.now() ? look : undefined;
}

/** They are done with that. */
export function forgetLook({ ctx, house }: ConsoleVisit): void {
  const { issuer } = house.config;
  ctx.cookies.set(cookieNames(issuer).look, '', { ...cookieOptions(issuer), maxAge: 0 });
}

/** The officer is done with them. */
export function forgetCase(visit: ConsoleVisit): void {
  const { ctx, house } = visit;
  ctx.cookies.set(nameIn(visit), '', { ...cookieOptions(house.config.issuer), maxAge: 0 });
}

function nameIn({ house }: ConsoleVisit): string {
  return cookieNames(house.config.issuer).desk;
}

function placeOf({ session }: ConsoleVisit): string {
  return `cookie.desk:${session.uid}`;
}
