/**
 * How sure a sign-in is, from what was shown in it. The one place that turns ways of proving who one is into `acr` and
 * `amr`, so that both say what truly happened.
 *
 * The levels are those of NIST SP 800-63B-4; the methods those of RFC 8176, with `pop` of OpenID EAP ACR Values 1.0 §3. What
 * is known about the *person* is another scale, and never follows from this one.
 */

/** From one factor up to a key in attested hardware. */
const levels = ['aal1', 'aal2', 'aal3'] as const;
export type Level = (typeof levels)[number];

/** What an app may ask for: the levels, and phishing-resistance of OpenID EAP ACR Values 1.0 §2. */
export const assuranceValues = [...levels, 'phr', 'phrh'] as const;

export interface Assurance {
  readonly acr: Level;
  /** `pop` is in it exactly when a passkey was used, `hwk` exactly when that one's hardware is attested. */
  readonly amr: readonly string[];
}

/** One thing that a person has just shown. */
export type Way =
  | { readonly by: 'password' }
  /**
   * A code that a message brought. Sent to the address that was typed it proves nothing beside a password: whoever reads
   * that mailbox may have the password from there. `elsewhere` says that it went to another contact.
   */
  | { readonly by: 'code'; readonly via: 'email' | 'phone'; readonly elsewhere: boolean }
  /** A code of an authenticator app. */
  | { readonly by: 'totp' }
  /** Its owner was verified by the device. Who can copy a key cannot vouch for its hardware. */
  | { readonly by: 'passkey'; readonly isSynced: boolean; readonly isAttested: boolean };

/** @param before the `amr` of what was shown before in the same sign-in */
export function assuranceOf(way: Way, before: readonly string[] = []): Assurance {
  const amr = new Set([...methodsOf(way), ...before]);
  if (isSecondFactor(way) && before.includes('pwd')) amr.add('mfa');
  return { acr: levelOf(amr), amr: [...amr] };
}

/** What is known of a sign-in by its `amr` alone, as a session keeps it. */
export function assuranceIn(amr: readonly string[]): Assurance {
  return { acr: levelOf(new Set(amr)), amr };
}

/**
 * After a recovery. What was shown are codes, or a password and a code, so it is the lowest level, however strong the way is
 * that was made in it: that one proves something when it is first used. `user` says that somebody was there to make a
 * passkey.
 *
 * @param shown the `amr` of it
 */
export function assuranceAfterRecovery(shown: readonly string[], made: 'password' | 'passkey'): Assurance {
  return assuranceIn([...new Set([...shown, made === 'password' ? 'pwd' : 'user'])]);
}

function methodsOf(way: Way): readonly string[] {
  switch (way.by) {
    case 'password':
      return ['pwd'];
    case 'totp':
      return ['otp'];
    case 'code':
      return way.via === 'phone' ? ['otp', 'sms'] : ['otp'];
    case 'passkey':
      return ['pop', ...keyMethods(way), 'user', 'mfa'];
  }
}

/** Where the key is. Of an unattested one that stays on its device nobody knows. */
function keyMethods({ isSynced, isAttested }: Extract<Way, { by: 'passkey' }>): readonly string[] {
  if (isSynced) return ['swk'];
  return isAttested ? ['hwk'] : [];
}

function isSecondFactor(way: Way): boolean {
  return way.by === 'totp' || (way.by === 'code' && way.elsewhere);
}

function levelOf(amr: ReadonlySet<string>): Level {
  if (amr.has('hwk')) return 'aal3';
  return amr.has('mfa') ? 'aal2' : 'aal1';
}

/** What a session says of its sign-in; one of nobody says nothing. */
export interface Held {
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
}

/** Whether a sign-in meets what an app asks for. What nobody here knows is never met. */
export function isMet({ acr, amr = [] }: Held, value: string): boolean {
  if (value === 'phr') return amr.includes('pop');
  if (value === 'phrh') return amr.includes('pop') && amr.includes('hwk');
  const asked = levels.indexOf(value as Level);
  return asked >= 0 && levels.indexOf(acr as Level) >= asked;
}

/** Whether a sign-in rests on one-time codes and nothing else: it opens nothing personal (NIST SP 800-63B-4 §3.1.3). */
export function isCodeAlone(amr: readonly string[] | undefined): boolean {
  return amr !== undefined && amr.length > 0 && amr.every((method) => method === 'otp' || method === 'sms');
}
