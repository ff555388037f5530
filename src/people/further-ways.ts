/** What an account could add to a sign-in to make it surer: asked only of somebody who has shown a first thing. */
import type { Db } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import type { Way } from './assurance.ts';
import { type CountingContact, listCountingContacts } from './contacts.ts';
import type { Identifier } from './identifiers.ts';
import type { Makers } from './makers.ts';
import { listPasskeyWays } from './passkeys.ts';
import { hasTotp } from './totp.ts';

type By<Name extends Way['by']> = Extract<Way, { by: Name }>;

/** A way, with the contact that a code would go to. */
export type FurtherWay = By<'totp'> | By<'passkey'> | (By<'code'> & { readonly contact: Identifier });

/**
 * Codes go to contacts that count, are nobody else's and did not come today (who has phished the password would bring one
 * along), never to the address that was typed, and never beside a passkey:
 * whoever has one is not to be talked out of a code.
 *
 * @param signedIn.typed where the password was typed for; unknown of a session, where any but one is another
 */
export async function listFurtherWays(
  db: Db,
  { secrets, makers }: { readonly secrets: Secrets; readonly makers: Makers },
  signedIn: { readonly accountId: string; readonly amr: readonly string[]; readonly typed?: Identifier | undefined },
): Promise<FurtherWay[]> {
  const { accountId, amr, typed } = signedIn;
  const passkeys = await listPasskeyWays(db, makers, accountId);
  if (!amr.includes('pwd')) return passkeys;
  const app: FurtherWay[] = (await hasTotp(db, accountId)) ? [{ by: 'totp' }] : [];
  if (passkeys.length > 0) return [...app, ...passkeys];
  const counting = await listCountingContacts(db, secrets, accountId);
  const contacts = counting.filter((contact) => !contact.isShared && !contact.isOnTrial);
  return [...app, ...elsewhere(contacts, typed)];
}

function elsewhere(contacts: readonly CountingContact[], typed: Identifier | undefined): FurtherWay[] {
  const others = typed ? contacts.filter(({ value }) => value !== typed.value) : contacts.slice(1);
  return others.map(({ kind, value }) => ({ by: 'code', via: kind, elsewhere: true, contact: { kind, value } }));
}
