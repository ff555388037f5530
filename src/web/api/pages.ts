/** Pages of lists: where one ends, the next begins. */
import { Refusal } from '#src/base/refusals.ts';
import { fromCursor, timeIn, toCursor } from '../places.ts';
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

/** The place that `after` says. @throws {Refusal} `invalid_request` when no page of ours has said it */
export function readCursor(after: string | undefined, parts: number): string[] | undefined {
  if (after === undefined) return undefined;
  const place = fromCursor(after);
  if (place?.length !== parts) throw noPlace();
  return place;
}

/** A time of a cursor. @throws {Refusal} `invalid_request` */
export function timeOf(text: string): Date {
  const time = timeIn(text);
  if (!time) throw noPlace();
  return time;
}

/** A score of a cursor. @throws {Refusal} `invalid_request` */
export function scoreIn(text: string | undefined): number {
  const score = Number(text);
  if (!Number.isFinite(score)) throw noPlace();
  return score;
}

/** What is said of a place that no list of ours has. */
export function noPlace(): Refusal {
  return new Refusal('invalid_request', 'after is no place in this list');
}
