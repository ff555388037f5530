/**
 * The first day of whatever is added to an account. Whoever took over a session may add a way to sign in or a contact of
 * their own; its owner is warned, and has this day to take it off before it is worth anything.
 */
const TRIAL_MS = 24 * 3600 * 1000;
const FIRST_HOUR_MS = 3600 * 1000;

/** Whether what is there since some date is in its first day. */
export function isInFirstDay(since: Date): boolean {
  return Date.now() - since.getTime() < TRIAL_MS;
}

/** Until when what comes to an account came with it: what one was opened with is no addition to it. */
export function openedUntil(openedAt: Date): Date {
  return new Date(openedAt.getTime() + FIRST_HOUR_MS);
}

/** Whether it came with the account. */
export function cameWithAccount(since: Date, openedAt: Date): boolean {
  return since <= openedUntil(openedAt);
}
