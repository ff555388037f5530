/** How somebody proved who they are, and the way by password. Passkeys and codes have files of their own. */
import { countEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { findAccountId, readIdentifier } from './identifiers.ts';
import { verifyPassword } from './passwords.ts';
import { atCost, type Cost, networkOf, type Throttles } from './throttles.ts';

/** A finished sign-in, not yet a session. Whoever makes it one records `sign-in.succeeded` with the app it was for. */
export interface SignedIn {
  readonly accountId: string;
  /** Authentication assurance of NIST SP 800-63B-4. */
  readonly acr: 'aal1' | 'aal2';
  /** RFC 8176 and OpenID Connect EAP ACR Values §3. `pop` is in it exactly when a passkey was used. */
  readonly amr: readonly string[];
}

/** The sign-in of somebody who typed a code sent to an address of the account: one factor, and not a strong one. */
export function signedInByCode(accountId: string): SignedIn {
  return { accountId, acr: 'aal1', amr: ['otp'] };
}

/**
 * Signs in with an identifier and a password.
 *
 * Unknown, wrong, without a password, disabled: the same refusal, the same statements, exactly one hash. Call it before
 * the unit of work has written anything (see {@link Throttles}).
 *
 * @param tried.network the address of the caller; only its network is used
 * @throws `identifier_invalid` when the identifier cannot be anybody's, `too_many_attempts`, `login_failed`,
 *   `password_busy`
 */
export async function signInWithPassword(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  tried: { readonly identifier: string; readonly password: string; readonly network: string },
): Promise<SignedIn> {
  const identifier = readIdentifier(tried.identifier);
  const network = networkOf(tried.network);
  const cost: Cost = [
    ['password_from_network_to_account', `${network} ${identifier.value}`],
    ['password_from_network_to_account_by_day', `${network} ${identifier.value}`],
    ['password_from_network', network],
    ['password_to_account', identifier.value],
  ];
  return atCost(throttles, { cost, counts: 'login_failed' }, async () => {
    const accountId = await findAccountId(db, secrets, identifier);
    const isRight = await verifyPassword(db, accountId, tried.password);
    if (!isRight || accountId === undefined) {
      countEvent('sign-in.failed');
      throw new Refusal('login_failed');
    }
    return { accountId, acr: 'aal1', amr: ['pwd'] };
  });
}
