/** Pages of lists: where one ends, the next begins. */
import { Refusal } from '#src/base/refusals.ts';
import type { ApiPage } from './route.ts';

/** What a database read for one page, as a page: a full one may have another behind it. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  { show, placeOf }: { show: (row: Row) => Item; placeOf: (row: Row) => readonly string[] },
): ApiPage<Item> {
  const last = rows.at(-1);
  const next = rows.length >= limit && last !== undefined ? toCursor(placeOf(last)) : undefined;
  return { items: rows.map(show), next };
}

/** A place in a list as `after` says it; callers need not understand it. */
export function toCursor(place: readonly string[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The place that `after` says. @throws {Refusal} `invalid_request` when no page of ours has said it */
export function readCursor(after: string | undefined, parts: number): string[] | undefined {
  if (after === undefined) return undefined;
  try {
    const place: unknown = JSON.parse(Buffer.from(after, 'base64url').toString());
    const isPlace = (value: unknown): value is string[] =>
      Array.isArray(value) && value.length === parts && value.every((one) => typeof one === 'string' && isKept(one));
    if (isPlace(place)) return place;
  } catch {
    // Said below, as for everything else that is none.
  }
  throw new Refusal('invalid_request', 'after is no place in this list');
}

function isKept(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** A time of a cursor. @throws {Refusal} `invalid_request` */
export function timeOf(text: string): Date {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) || Number.isNaN(time.getTime()))
    throw new Refusal('invalid_request', 'after is no place in this list');
  return time;
}
