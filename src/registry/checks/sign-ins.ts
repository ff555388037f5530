/**
 * Whether an app has been tried with all that protects a sign-in: state, nonce, PKCE, and an ID token for the code. A machine
 * has been tried when it has proven itself.
 *
 * That the app compares what comes back cannot be seen from here; that it takes the trouble to send it can.
 */
import { DAY_MS } from '#src/base/epoch.ts';
import { findObservedSignIn, type ObservedSignIn, readCredentialUses } from '../uses.ts';
import type { Check, CheckProblem } from './check.ts';

/** How fresh the evidence has to be. */
const TRIED_DAYS = 7;

/** Says what the latest sign-in went without, or that there was none of late. */
export const checkSignIn: Check = async (client, { db, now }) => {
  const since = new Date(now.getTime() - TRIED_DAYS * DAY_MS);
  if (client.type === 'machine') {
    const uses = [...(await readCredentialUses(db, client.id)).values()];
    return uses.some(({ lastUsedAt }) => lastUsedAt >= since) ? [] : [{ code: 'sign_in_missing' }];
  }
  const seen = await findObservedSignIn(db, client.id);
  if (!seen) return [{ code: 'sign_in_missing' }];
  if (seen.completeAt && seen.completeAt >= since) return [];
  return lacksOf(seen);
};

function lacksOf({ withState, withNonce, withPkce, at, completeAt }: ObservedSignIn): CheckProblem[] {
  const lacking: CheckProblem[] = [];
  if (!withState) lacking.push({ code: 'sign_in_without_state' });
  if (!withNonce) lacking.push({ code: 'sign_in_without_nonce' });
  if (!withPkce) lacking.push({ code: 'sign_in_without_pkce' });
  return lacking.length > 0 ? lacking : [{ code: 'sign_in_old', at: (completeAt ?? at).toISOString() }];
}
