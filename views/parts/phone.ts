import { parsePhoneNumberFromString } from 'libphonenumber-js';

/** A number with the spaces that make it readable, as its country writes it. */
export function sayPhone(number: string): string {
  return parsePhoneNumberFromString(number)?.formatInternational() ?? number;
}
