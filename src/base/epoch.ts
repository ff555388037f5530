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

/** Whether a text is a day of the calendar, as `2027-01-31`; it has no year 0. `Date` reads the 31st of February as a day of March. */
export function isDay(text: string): boolean {
  if (!/^(?!0000)\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && dayOf(date) === text;
}

/** So many months later, at the same time of the same day in UTC; of a shorter month on its last day. */
export function monthsLater(moment: Date, months: number): Date {
  const day = moment.getUTCDate();
  const later = new Date(moment);
  later.setUTCMonth(moment.getUTCMonth() + months);
  if (later.getUTCDate() !== day) later.setUTCDate(0);
  return later;
}

/** Western Indonesia is seven hours ahead of UTC all year. */
export const WIB_MS = 7 * HOUR_MS;

/** The day that it is in the capital (`2026-12-31`): what holds from a day on holds from its midnight. */
export function todayInJakarta(now: Date = new Date()): string {
  return dayOf(new Date(now.getTime() + WIB_MS));
}
