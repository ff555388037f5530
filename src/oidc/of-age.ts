/**
 * Who is under 18, or of unknown age, hands out nothing that rests on consent (UU PDP 27/2022, article 25): not by a token of
 * before either. Looked at whenever something is handed out, so that a birthday alone changes it.
 */
import type { Db } from '#src/base/database.ts';
import { readTerms } from '#src/consents/terms.ts';
import type { Account } from '#src/people/accounts.ts';
import { wasOfAge } from '#src/people/known-adults.ts';
import { behindGrant } from './storage/grants.ts';

/** A grant as far as this asks. One that does not say when its consent was given is at least as young. */
interface Standing {
  readonly jti: string;
  readonly iat?: number | undefined;
}

/**
 * Which claims a grant opens at this moment: all, or those that the person was told of by another basis. A consent that was given
 * before its owner was of age does not count from their birthday on either.
 */
export async function openIn(
  db: Db,
  grant: Standing | undefined,
  person: Pick<Account, 'profile'> | undefined,
): Promise<(claim: string) => boolean> {
  if (!grant || !person) return () => false;
  const { terms, agreedAt = grant.iat ?? 0 } = behindGrant(db, grant.jti);
  if (wasOfAge(person, new Date(agreedAt * 1000))) return () => true;
  const texts = await readTerms(db, terms);
  const told = [...texts.values()].flatMap(({ items }) => items.filter(({ basis }) => basis !== 'consent'));
  const open = new Set<string>(told.map(({ claim }) => claim));
  return (claim) => open.has(claim);
}
