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

/** Western Indonesia is seven hours ahead of UTC all year. */
export const WIB_MS = 7 * HOUR_MS;

/** The day that it is in the capital (`2026-12-31`): what holds from a day on holds from its midnight. */
export function todayInJakarta(now: Date = new Date()): string {
  return dayOf(new Date(now.getTime() + WIB_MS));
}
