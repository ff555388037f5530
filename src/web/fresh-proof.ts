import { epochSeconds } from '#src/base/epoch.ts';

/** Whoever changes how one signs in has proven who they are this recently (NIST SP 800-63B-4 §4.1). */
const FRESH_PROOF_SECONDS = 5 * 60;

/** How long the first of two proofs waits for the second. */
const FIRST_PROOF_SECONDS = 15 * 60;

/** Whether a proof still counts for adding or removing a way to sign in. Given as seconds since 1970 or as a date. */
export function isFresh(provenAt: number | Date): boolean {
  const seconds = provenAt instanceof Date ? provenAt.getTime() / 1000 : provenAt;
  return Date.now() / 1000 - seconds <= FRESH_PROOF_SECONDS;
}

/** Whether the first of two proofs, given as seconds since 1970, still waits for the second. */
export function awaitsSecond(provenAt: number): boolean {
  return epochSeconds() - provenAt <= FIRST_PROOF_SECONDS;
}
