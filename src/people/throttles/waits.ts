/** How long one waits where a limit has been reached: doubling from half a minute to a quarter of the limit's time. */

export const FIRST_WAIT_S = 30;

/** In seconds, after so many beyond the limit (0: the last that it lets pass at once). */
export function waitAfter(beyond: number, duration: number): number {
  return Math.min(FIRST_WAIT_S * 2 ** beyond, Math.ceil(duration / 4));
}
