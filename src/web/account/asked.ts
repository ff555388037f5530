/**
 * What somebody had asked of a page before they had to sign in: the words that they looked for, or how they narrowed a list.
 * It says what they care about, so it goes through no further address, history or log: it waits in a sealed cookie of the
 * browser, for a quarter of an hour, and only the sign-in that it was kept for opens it.
 */
import type { Context } from 'koa';
import type { OpenHouse } from '../house.ts';
import { cookieNames, cookieOptions } from '../middleware/browser.ts';
import { isText } from '../places.ts';

const LIFE_MS = 15 * 60 * 1000;
const LONGEST = 200;

/** What a page may be asked, by its place; anything else is forgotten. */
const questions: Readonly<Record<string, readonly string[]>> = {
  '/account/services': ['q', 'sector'],
  '/account/releases': ['app', 'period', 'kind'],
};

interface Kept {
  readonly place: string;
  readonly query: string;
  readonly until: number;
}

/** Remembers the question of this request. @param state of the sign-in that is begun for it; random */
export function keepAsked(ctx: Context, { secrets, config }: OpenHouse, state: string): void {
  const name = cookieNames(config.issuer).asked;
  const options = cookieOptions(config.issuer);
  const query = questionIn(ctx);
  if (query) {
    const kept: Kept = { place: ctx.path, query, until: Date.now() + LIFE_MS };
    const sealed = secrets.wrap.sealToken(sealedFor(state), JSON.stringify(kept));
    ctx.cookies.set(name, sealed, { ...options, maxAge: LIFE_MS });
  } else if (ctx.cookies.get(name)) ctx.cookies.set(name, '', { ...options, maxAge: 0 });
}

/** The place with the question that it was asked before this sign-in, once. */
export function takeAsked(ctx: Context, { secrets, config }: OpenHouse, place: string): string {
  const name = cookieNames(config.issuer).asked;
  const sealed = ctx.cookies.get(name);
  if (!sealed) return place;
  ctx.cookies.set(name, '', { ...cookieOptions(config.issuer), maxAge: 0 });
  const opened = secrets.wrap.openToken(sealedFor(String(ctx.query.state ?? '')), sealed);
  if (!opened) return place;
  const kept = JSON.parse(opened.toString()) as Kept;
  return kept.place === place && kept.until > Date.now() ? `${place}?${kept.query}` : place;
}

function sealedFor(state: string): string {
  return `cookie.asked:${state}`;
}

function questionIn({ path, query }: Context): string {
  const asked = new URLSearchParams();
  for (const name of questions[path] ?? []) {
    const value = query[name];
    if (isText(value) && value.length > 0 && value.length <= LONGEST) asked.set(name, value);
  }
  return asked.toString();
}
