/** How time is told: in milliseconds here, in seconds by tokens and protocols. */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** A moment in whole seconds since 1970, as tokens and protocols tell time (`NumericDate`, RFC 7519 §2). */
export function epochSeconds(moment: Date = new Date()): number {
  return Math.floor(moment.getTime() / 1000);
}

/** The day of a moment, as it is in UTC: `2026-11-26`. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
