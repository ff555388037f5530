/**
 * A passkey that the browser makes by itself shortly after a sign-in by password, on a page that the person sees anyway.
 * Whatever hinders it, nobody is told, and no page waits for it.
 */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Account, holdAccount } from '#src/people/accounts.ts';
import { addQuietPasskey } from '#src/people/passkey-registration.ts';
import { hasPasskey } from '#src/people/passkeys.ts';
import { isStrongEnough, listWays, type ShownProof } from '#src/people/ways.ts';
import { passkeyAddedMessage } from '#views/messages.ts';
import type { PasskeyOptions } from '#views/parts/passkey.ts';
import { isFresh } from './fresh-proof.ts';
import type { OpenHouse } from './house.ts';
import { notifyContacts } from './messages.ts';
import { namesOf, newPasskeyOptions, siteOf } from './passkeys.ts';
import { restRolesUnlessProven } from './roles-at-rest.ts';

/** Who may get one: somebody who has just signed in, in one browser. */
export interface JustSignedIn {
  readonly ctx: Context;
  readonly house: OpenHouse;
  readonly db: Db;
  readonly account: Account;
  readonly proof: ShownProof;
  /** The interaction or the session. */
  readonly boundTo: string;
  readonly isShared: boolean;
}

/** What the page hands to the browser; nothing where there is a passkey, or where it would help somebody else. */
export async function findQuietOptions(who: JustSignedIn): Promise<PasskeyOptions | undefined> {
  const { house, db, account, boundTo } = who;
  if (!mayHaveOne(who) || (await hasPasskey(db, account.id))) return undefined;
  return newPasskeyOptions(house, { ...namesOf(account), boundTo, isQuiet: true });
}

/** Answers 204, or without a word why not: a script asks, and says nothing to anybody. */
export async function keepQuietPasskey(who: JustSignedIn, credential: string): Promise<void> {
  const { ctx } = who;
  try {
    await keep(who, credential);
    ctx.status = 204;
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error;
    ctx.status = error.status;
    ctx.body = '';
  }
}

/** Adding a passkey must not be easier than using what the account has; that may have changed since the page was shown. */
async function keep(who: JustSignedIn, credential: string): Promise<void> {
  const { ctx, house, db, account, proof, boundTo } = who;
  const accountId = account.id;
  if (!mayHaveOne(who)) throw new Refusal('fresh_proof_required', 'no sign-in by password a moment ago');
  if (!(await holdAccount(db, accountId))) throw new Refusal('account_unavailable');
  const ways = await listWays(db, account);
  if (ways.passkeys.length > 0) throw new Refusal('passkey_required', 'there is one by now');
  if (!isStrongEnough(ways, proof)) throw new Refusal('fresh_proof_required', 'the account asks for two factors');
  const made = { ...siteOf(house), boundTo, accountId, credential, language: ctx.state.language };
  await addQuietPasskey(db, house.secrets, made);
  await notifyContacts(house, db, accountId, passkeyAddedMessage);
  await restRolesUnlessProven(house, db, accountId, proof);
}

function mayHaveOne({ account, proof, isShared }: JustSignedIn): boolean {
  return !isShared && !account.restrictedAt && proof.amr?.includes('pwd') === true && isFresh(proof.signedInAt);
}
