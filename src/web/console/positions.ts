/** Places in long lists, as addresses carry them: opaque, so that nobody counts on what is in them. */
import type { Context } from 'koa';
import type { NamePosition } from '#src/registry/search.ts';
import type { Pages } from '#views/console/parts/pager.ts';

/** The place that a page begins behind (`after`); what makes no sense means the first page. */
export function readPosition(ctx: Context): NamePosition | undefined {
  const [name, id, ...more] = readPlace(ctx);
  if (name === undefined || id === undefined || more.length > 0) return undefined;
  return { name, id };
}

/** The parts of the place in `after`; none when there is no such place. */
export function readPlace(ctx: Context): string[] {
  const { after } = ctx.query;
  if (typeof after !== 'string' || after.length > 1000) return [];
  try {
    const place: unknown = JSON.parse(Buffer.from(after, 'base64url').toString());
    return Array.isArray(place) && place.every((part) => isText(part)) ? place : [];
  } catch {
    return [];
  }
}

/** PostgreSQL knows no NUL. */
function isText(part: unknown): part is string {
  return typeof part === 'string' && !part.includes('\0');
}

/** The ways from this page of a list to its first and its next one; what narrows the list stays. */
export function pagesOf(ctx: Context, last: NamePosition | undefined): Pages {
  return pagesBehind(ctx, last && [last.name, last.id]);
}

/** {@link pagesOf} for a list in another order. */
export function pagesBehind(ctx: Context, place: readonly string[] | undefined): Pages {
  const first = 'after' in ctx.query ? linkTo(ctx, { after: undefined }) : undefined;
  const next = place && linkTo(ctx, { after: Buffer.from(JSON.stringify(place)).toString('base64url') });
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
