/**
 * The number of an account, for who has no address to be found by: its id in letters that people can read from paper and
 * type. It names the account and opens nothing.
 */
import { bytesOfId, idOfBytes } from '#src/base/secrets.ts';
import { isAccountId } from './accounts.ts';
import { inGroups, lettersOf, numberOf, readLetters } from './paper-codes.ts';

/** The 128 bits of an id, five to a letter. */
const LETTERS = 26;
const HEX_DIGITS = 32;

/** As it stands on paper: in groups of letters and digits that nobody mistakes for one another. */
export function accountNumber(id: string): string {
  return inGroups(lettersOf(BigInt(`0x${bytesOfId(id).toString('hex')}`), LETTERS));
}

/** The id in what somebody typed; undefined when it is no account number. */
export function readAccountNumber(typed: string): string | undefined {
  const letters = readLetters(typed, LETTERS);
  const hex = letters && numberOf(letters).toString(16).padStart(HEX_DIGITS, '0');
  if (hex?.length !== HEX_DIGITS) return undefined;
  const id = idOfBytes(Buffer.from(hex, 'hex'));
  return isAccountId(id) ? id : undefined;
}
