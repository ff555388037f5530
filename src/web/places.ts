/** Places in long lists, as addresses carry them (`after`): opaque, so that nobody counts on what is in them. */

const LONGEST = 1000;

/** A place as an address says it. */
export function toCursor(place: readonly string[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The parts of the place that an address says; undefined where it says none. */
export function fromCursor(cursor: unknown): string[] | undefined {
  if (typeof cursor !== 'string' || cursor.length > LONGEST) return undefined;
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(place) && place.every(isText) ? place : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it is text that PostgreSQL can keep. */
export function isText(part: unknown): part is string {
  return typeof part === 'string' && !part.includes('\0') && part.isWellFormed();
}

/** The time that a part of a place says; undefined where it says none. */
export function timeIn(part: string | undefined): Date | undefined {
  if (part === undefined || !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(part)) return undefined;
  const time = new Date(part);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
