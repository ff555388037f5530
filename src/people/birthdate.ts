/**
 * How old a person is, as far as it matters: who is under 18 gives no consent until a guardian can act for them, and neither does
 * somebody of whom nobody knows it (UU PDP 27/2022, article 25).
 */
import { dayOf, todayInJakarta, WIB_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Profile } from './profile.ts';

export type AgeGroup = 'adult' | 'minor' | 'unknown';

const OF_AGE = 18;

/**
 * When a person comes of age, by a birth date as OpenID Connect Core §5.1 writes it: at midnight in Jakarta, the last of the
 * country's midnights, so that nobody is of age too early; of a year alone on its last day. Undefined where the year is not told.
 */
export function adulthoodOf({ birthdate }: Pick<Profile, 'birthdate'>): Date | undefined {
  const [, year, month = '12', day = '31'] = /^(\d{4})(?:-(\d{2})-(\d{2}))?$/.exec(birthdate ?? '') ?? [];
  if (year === undefined || year === '0000') return undefined;
  const date = new Date(Date.UTC(Number(year) + OF_AGE, Number(month) - 1, Number(day)) - WIB_MS);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** What the law makes of somebody's age at a moment (UU PDP 27/2022, article 25). */
export function ageGroup(profile: Pick<Profile, 'birthdate'>, now: Date): AgeGroup {
  const adulthood = adulthoodOf(profile);
  if (!adulthood) return 'unknown';
  return adulthood <= now ? 'adult' : 'minor';
}

/** A whole birth date as the identity card writes it: `21-04-1990`; a part of one as the claim has it. */
export function writeBirthdate(claim: string): string {
  return claim.replace(/^(?!0000)(\d{4})-(\d{2})-(\d{2})$/, '$3-$2-$1');
}

/** Whether it is known that a person was of age at a moment: then what they agreed to was theirs to agree to. */
export function isOfAge(profile: Pick<Profile, 'birthdate'>, at: Date): boolean {
  return ageGroup(profile, at) === 'adult';
}

/** The oldest that anybody says they are. */
const OLDEST_YEARS = 130;

/**
 * A birth date as a person writes it: the year first (`1990-04-21`), or last as on the identity card (`21-04-1990`,
 * `21/4/1990`).
 *
 * @returns as the claim has it
 * @throws {Refusal} `birthdate_invalid` where it is no day on which somebody alive was born
 */
export function readBirthdate(typed: string, now: Date): string {
  const text = typed.trim();
  const [, y, m, d] = /^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})$/.exec(text) ?? [];
  const [, day = d, month = m, year = y] = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})$/.exec(text) ?? [];
  if (!day || !month || !year) throw new Refusal('birthdate_invalid', 'not a date');
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isReal = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  const birthdate = dayOf(date);
  const today = todayInJakarta(now);
  const isAlive = birthdate <= today && Number(today.slice(0, 4)) - Number(year) <= OLDEST_YEARS;
  if (!isReal || !isAlive) throw new Refusal('birthdate_invalid', 'not a day of birth');
  return birthdate;
}
