/** Pages of lists: where one ends, the next begins. */
import { Refusal } from '#src/base/refusals.ts';
import { fromCursor, timeIn, toCursor } from '../places.ts';
import type { ApiCall, ApiPage } from './route.ts';

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

/** An id as the outside knows it: an agency must not find out that it shares a person with another one. */
export function idOutside({ house }: Pick<ApiCall, 'house'>, id: string): string {
  return house.secrets.outsideId(id);
}

/** The id that {@link idOutside} has told. @throws {Refusal} `not_here` for what is no id */
export function idInside({ house }: Pick<ApiCall, 'house'>, told: string): string {
  const id = house.secrets.insideId(told);
  if (id === undefined) throw new Refusal('not_here', 'no id of ours');
  return id;
}

/** A place that a time and such an id name. @throws {Refusal} `invalid_request`, `not_here` */
export function placeIn(
  call: Pick<ApiCall, 'house'>,
  after: string | undefined,
): { readonly at: Date; readonly id: string } | undefined {
  const [at, id] = readCursor(after, 2) ?? [];
  return at !== undefined && id !== undefined ? { at: timeOf(at), id: idInside(call, id) } : undefined;
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
