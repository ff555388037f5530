/** What a person puts right about themselves: read from what they typed, and kept from turning a child into an adult. */
import { Refusal } from '#src/base/refusals.ts';
import { ageGroup, readBirthdate } from './birthdate.ts';
import type { Address } from './profile.ts';

/**
 * A date of birth as it was typed; undefined when the field was left empty.
 *
 * @throws `birthdate_invalid` for what is no day, lies ahead or is over 130 years ago
 */
export function readCorrectedBirthdate(typed: string, now: Date): string | undefined {
  const text = typed.trim();
  if (text === '') return undefined;
  return readBirthdate(text, now);
}

/**
 * A child stays one until somebody has seen a document: neither another date nor none makes an adult of them.
 *
 * @throws `birthdate_needs_desk`
 */
export function checkCorrectedAge(before: string | undefined, after: string | undefined, now: Date): void {
  const [was, is] = [before, after].map((birthdate = '') => ageGroup({ birthdate }, now));
  if (was === 'minor' && is !== 'minor') throw new Refusal('birthdate_needs_desk');
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
