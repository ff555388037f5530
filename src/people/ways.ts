/**
 * The ways to sign in that an account has, and which of them a proof may change.
 *
 * A way is on trial for its first day: it neither removes an older one nor asks more of whoever holds the older ones. So
 * whoever took over a session may add a way of their own and still not put the owner out, who takes it off again with what
 * they have had all along. After that day the account is as strong as its strongest way: a password alone, which may be
 * phished, changes nothing where there is a passkey or an authenticator app (NIST SP 800-63B-4 §4.1.2.1).
 *
 * What came with or after a recovery by two contacts is on trial until it is proven anew who the person is. Whoever came back
 * by a printed code has shown a way that is as old as its sheet, and may take off what they have lost.
 */
import type { Db } from '#src/base/database.ts';
import type { Account } from './accounts.ts';
import { type Held, isMet } from './assurance.ts';
import { listPasskeys, type Passkey } from './passkeys.ts';
import { findPasswordDate } from './passwords.ts';
import { findRecoverySheet, type RecoverySheet } from './recovery-codes.ts';
import { findTotp } from './totp.ts';
import { isInFirstDay } from './trial.ts';

/** What a sign-in uses or makes is written down a moment before or after it counts, which is told in full seconds. */
const MOMENT_MS = 5_000;
/** Between a recovery code and the sign-in that it leads to. */
const RECOVERY_MS = 5 * 60 * 1000;

/** What an account has, each with the date since when. */
export interface Ways {
  readonly passwordSince: Date | undefined;
  readonly passkeys: readonly Passkey[];
  readonly totpSince: Date | undefined;
  readonly sheet: RecoverySheet | undefined;
  /** Since when the account is recovered by contacts alone. */
  readonly restrictedAt: Date | undefined;
}

/** What a session says of its sign-in. */
export interface ShownProof extends Held {
  readonly signedInAt: Date;
}

/** What an account has to sign in with. */
export async function listWays(db: Db, account: Pick<Account, 'id' | 'restrictedAt'>): Promise<Ways> {
  const { id, restrictedAt } = account;
  return {
    passwordSince: await findPasswordDate(db, id),
    passkeys: await listPasskeys(db, id),
    totpSince: (await findTotp(db, id))?.addedAt,
    sheet: await findRecoverySheet(db, id),
    restrictedAt,
  };
}

/** Whether an account has a second factor, or a way that is two, past its trial: then its owner shows as much. */
export function asksForTwoFactors(ways: Ways): boolean {
  const { passkeys, totpSince } = ways;
  const since = [...passkeys.map(({ createdAt }) => createdAt), ...(totpSince ? [totpSince] : [])];
  return since.some((date) => !isOnTrial(ways, date));
}

/** Whether a sign-in was as strong as the account's ways ask for. */
export function isStrongEnough(ways: Ways, proof: ShownProof): boolean {
  const sheet = recoveredBy(ways, proof);
  return isMet(proof, 'aal2') || !asksForTwoFactors(ways) || (sheet !== undefined && !isOnTrial(ways, sheet));
}

/** Whether the account could still be signed in to, by more than a code, without one way. */
export function isLastWay(ways: Ways, removed: 'password' | 'passkey'): boolean {
  const left = (ways.passwordSince ? 1 : 0) + ways.passkeys.length;
  return left === 1 && (removed === 'password' ? ways.passwordSince !== undefined : ways.passkeys.length === 1);
}

/**
 * Whether a sign-in may take off a way that is there since some date: it has shown one that is past its trial or no younger,
 * and nothing younger was added after it.
 */
export function mayRemove(ways: Ways, since: Date, proof: ShownProof): boolean {
  const inSession = proof.signedInAt.getTime() + MOMENT_MS;
  const isAddedSince = datesOf(ways).some(
    (date) => date > since && date.getTime() > inSession && isOnTrial(ways, date),
  );
  return !isAddedSince && shownSince(ways, proof).some((date) => date <= since || !isOnTrial(ways, date));
}

function isOnTrial({ restrictedAt }: Ways, since: Date): boolean {
  if (restrictedAt && since >= restrictedAt) return true;
  return isInFirstDay(since);
}

function datesOf({ passwordSince, passkeys, totpSince }: Ways): Date[] {
  const dates = [passwordSince, totpSince].filter((date) => date !== undefined);
  return [...dates, ...passkeys.map(({ createdAt }) => createdAt)];
}

/** Since when the ways are there that a sign-in has shown. */
function shownSince(ways: Ways, proof: ShownProof): Date[] {
  const { passwordSince, passkeys } = ways;
  const { amr = [], signedInAt } = proof;
  // Which passkey it was is not written down: of those used since, the youngest is taken for it.
  const used = passkeys.filter(
    ({ createdAt, lastUsedAt }) => (lastUsedAt ?? createdAt).getTime() >= signedInAt.getTime() - MOMENT_MS,
  );
  const youngest = Math.max(...used.map(({ createdAt }) => createdAt.getTime()));
  const shown = [
    amr.includes('pwd') ? passwordSince : undefined,
    amr.includes('pop') && used.length > 0 ? new Date(youngest) : undefined,
    recoveredBy(ways, proof),
  ];
  return shown.filter((date) => date !== undefined);
}

/** Since when the sheet is there by which a session came back: all it has shown beside are codes and what was made then. */
function recoveredBy({ sheet }: Ways, { amr = [], signedInAt }: ShownProof): Date | undefined {
  if (!sheet?.usedAt || !amr.includes('otp') || amr.includes('mfa')) return undefined;
  const passed = signedInAt.getTime() - sheet.usedAt.getTime();
  return passed >= -MOMENT_MS && passed <= RECOVERY_MS + MOMENT_MS ? sheet.madeAt : undefined;
}
