/** Where a list of the console begins, and the ways from there. */
import type { Context } from 'koa';
import type { NamePosition } from '#src/registry/search.ts';
import type { Pages } from '#views/console/parts/pager.ts';
import { fromCursor, isText, toCursor } from '../places.ts';

/** The place that a page begins behind (`after`); what makes no sense means the first page. */
export function readPosition(ctx: Context): NamePosition | undefined {
  const [name, id, ...more] = readPlace(ctx);
  if (name === undefined || id === undefined || more.length > 0) return undefined;
  return { name, id };
}

/** The parts of the place in `after`; none when there is no such place. */
export function readPlace(ctx: Context): string[] {
  return fromCursor(ctx.query.after) ?? [];
}

/** The ways from this page of a list to its first and its next one; what narrows the list stays. */
export function pagesOf(ctx: Context, last: NamePosition | undefined): Pages {
  return pagesBehind(ctx, last && [last.name, last.id]);
}

/** {@link pagesOf} for a list in another order. */
export function pagesBehind(ctx: Context, place: readonly string[] | undefined): Pages {
  const first = 'after' in ctx.query ? linkTo(ctx, { after: undefined }) : undefined;
  const next = place && linkTo(ctx, { after: toCursor(place) });
  return { first, next };
}

/** This page's own address with some of its parameters changed. */
export function linkTo(ctx: Context, changes: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams(ctx.querystring);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    if (value) query.set(name, value);
  }
  query.delete('lang');
  const text = query.toString();
  return text ? `${ctx.path}?${text}` : ctx.path;
}

/** A parameter of the address that is looked for as it is; nothing where it is empty, repeated or no text. */
export function readWords(ctx: Context, name: string): string | undefined {
  const value = ctx.query[name];
  if (typeof value !== 'string' || !isText(value)) return undefined;
  return value.trim().slice(0, 200) || undefined;
}
