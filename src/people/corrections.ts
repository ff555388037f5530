/** What a person puts right about themselves: read from what they typed, and kept from turning a child into an adult. */
import { Refusal } from '#src/base/refusals.ts';
import type { Address } from './accounts.ts';

/** From this age on somebody decides alone (Law 27/2022 on Personal Data Protection, articles 25 and 26). */
const ADULT = 18;

/**
 * A date of birth as it was typed; undefined when the field was left empty.
 *
 * @throws `birthdate_invalid` for what is no day, lies ahead or is over 130 years ago
 */
export function readCorrectedBirthdate(typed: string, now: Date): string | undefined {
  const text = typed.trim();
  if (text === '') return undefined;
  const [, year, month, day] = /^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})$/.exec(text) ?? [];
  const date = `${year}-${month?.padStart(2, '0')}-${day?.padStart(2, '0')}`;
  const time = Date.parse(`${date}T00:00:00Z`);
  const isDay = !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
  if (!isDay || time > now.getTime() || Number(year) < now.getUTCFullYear() - 130)
    throw new Refusal('birthdate_invalid');
  return date;
}

/**
 * A child stays one until somebody has seen a document: neither another date nor none makes an adult of them.
 *
 * @throws `birthdate_needs_desk`
 */
export function checkCorrectedAge(before: string | undefined, after: string | undefined, now: Date): void {
  if (isUnderAge(before, now) && !isUnderAge(after, now)) throw new Refusal('birthdate_needs_desk');
}

function isUnderAge(birthdate: string | undefined, now: Date): boolean {
  if (!birthdate || !/^(?!0000)\d{4}-\d{2}-\d{2}$/.test(birthdate)) return false;
  const adultOn = `${Number(birthdate.slice(0, 4)) + ADULT}${birthdate.slice(4)}`;
  return adultOn > now.toISOString().slice(0, 10);
}

/** An address of its lines, as far as they say something; what was written as a whole goes with the first of them. */
export function readCorrectedAddress(lines: {
  readonly street: string;
  readonly locality: string;
  readonly region: string;
  readonly postalCode: string;
}): Address | undefined {
  const said = {
    ...{ street_address: lines.street, locality: lines.locality, region: lines.region, postal_code: lines.postalCode },
  };
  const kept = Object.entries(said).flatMap(([part, text]) => {
    const tidy = tidied(text);
    return tidy === undefined ? [] : [[part, tidy]];
  });
  return kept.length > 0 ? (Object.fromEntries(kept) as Address) : undefined;
}

/** One line of text; undefined when it says nothing. */
export function tidied(text: string): string | undefined {
  const tidy = text
    .normalize('NFC')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  return tidy === '' ? undefined : [...tidy].slice(0, 200).join('');
}
