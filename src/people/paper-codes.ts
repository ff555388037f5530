/**
 * Codes that people read from paper and type: in letters that do not look alike, grouped in fours, read back however they
 * were typed.
 */
import { randomInt } from 'node:crypto';

/** Digits and capitals without those that look like others on paper (Douglas Crockford's base 32): five bits each. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** What people read in place of a letter that is not in the alphabet. */
const LOOKALIKES: Readonly<Record<string, string>> = { O: '0', I: '1', L: '1', U: 'V' };

/** So many random letters. */
export function drawLetters(count: number): string {
  return Array.from({ length: count }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

/** A number as so many letters, the most significant first. */
export function lettersOf(number: bigint, count: number): string {
  return Array.from({ length: count }, (_, place) => {
    return ALPHABET.charAt(Number((number >> BigInt(5 * (count - 1 - place))) & 31n));
  }).join('');
}

/** The number that {@link lettersOf} wrote down. */
export function numberOf(letters: string): bigint {
  return [...letters].reduce((number, letter) => (number << 5n) | BigInt(ALPHABET.indexOf(letter)), 0n);
}

/** As it stands on paper. */
export function inGroups(letters: string): string {
  return letters.replace(/.{4}(?=.)/g, '$&-');
}

/** So many letters in what somebody typed: in any case, grouped in any way, with letters that look alike. */
export function readLetters(typed: string, count: number): string | undefined {
  const letters =
    typed.length > 100
      ? ''
      : typed
          .normalize('NFKC')
          .toUpperCase()
          .replace(/[\s.\p{Pd}]/gu, '');
  const code = letters.replace(/[OILU]/g, (letter) => LOOKALIKES[letter] ?? letter);
  return code.length === count && [...code].every((letter) => ALPHABET.includes(letter)) ? code : undefined;
}
