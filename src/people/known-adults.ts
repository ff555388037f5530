/**
 * Who was of age, asked again and again: at every sign-in that rests on a consent. A process remembers of a profile, by its seal
 * alone, from when on its owner was of age as far as anybody has asked; it opens the profile again only where that does not
 * answer. No birth date and no name of an account is kept, and a profile that is saved anew is another one.
 */
import { type Account, sealedProfileOf } from './accounts.ts';
import { isOfAge } from './birthdate.ts';

/** How many profiles a process remembers. */
const REMEMBERED = 20_000;

/** Nonce and tag of a seal stand in its first bytes. */
const SEAL_BYTES = 33;

const ofAgeSince = new Map<string, number>();

/** {@link isOfAge}, without opening the profile where this process knows it. */
export function wasOfAge(person: Pick<Account, 'profile'>, at: Date): boolean {
  const seal = sealedProfileOf(person)?.toString('latin1', 0, SEAL_BYTES);
  const since = seal === undefined ? undefined : ofAgeSince.get(seal);
  if (since !== undefined && since <= at.getTime()) return true;
  if (!isOfAge(person.profile, at)) return false;
  if (seal !== undefined) remember(seal, at.getTime());
  return true;
}

function remember(seal: string, since: number): void {
  ofAgeSince.set(seal, since);
  const [oldest] = ofAgeSince.keys();
  if (ofAgeSince.size > REMEMBERED && oldest !== undefined) ofAgeSince.delete(oldest);
}
