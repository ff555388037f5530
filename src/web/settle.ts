/** What a proof leads to: on to the app, to what is missing, or back to the sign-in page with the sentence why. */
import type { Db } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import type { RefusalCode } from '#src/base/refusals.ts';
import { lackOf } from '#src/oidc/acr.ts';
import { consentNeeded, demandIn, finishSignIn, type OpenInteraction, type Proof } from '#src/oidc/interactions.ts';
import { isOwnClient } from '#src/oidc/own-clients.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { recordAppEvent } from '#src/people/app-events.ts';
import { isCodeAlone } from '#src/people/assurance.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import { hasPasskey } from '#src/people/passkeys.ts';
import { hasPassword } from '#src/people/passwords.ts';
import type { SignedIn } from '#src/people/sign-in.ts';
import type { Visit } from './interaction-pages.ts';
import { backToSignIn, moveTo } from './interaction-steps.ts';
import { findSecondStep } from './second-factor.ts';
import { seeOther } from './see-other.ts';
import { leaveTrail } from './trail.ts';

/** The person has just proven who they are. Goes on when that is enough for the app; otherwise says what is missing. */
export async function settle(
  visit: Visit,
  signedIn: Proof,
  { typed, isSecond = false }: { typed?: Identifier; isSecond?: boolean } = {},
): Promise<void> {
  const { db, interaction } = visit;
  const { accountId, amr } = signedIn;
  const second = isSecond ? undefined : await findSecondStep(visit, signedIn, typed);
  if (second) return moveTo(visit, second);
  if (isEnough(interaction, signedIn)) return settleFor(visit, signedIn);
  // Adding a passkey must not be easier than using what the account has.
  const stronger = await findStrongerWay(db, accountId, amr);
  if (!stronger) return offerPasskey(visit, signedIn);
  await backToSignIn(visit, stronger);
}

/** It is enough: on to what the app may read, or back to the app. */
export async function settleFor(visit: Visit, signedIn: Proof): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { accountId, acr, amr } = signedIn;
  const trail = await leaveTrail(visit, accountId);
  await recordAppEvent(db, house.secrets, {
    accountId,
    kind: 'sign-in.succeeded',
    clientId: interaction.client.id,
    details: { acr, amr },
  });
  const { needed } = await consentNeeded(db, house.secrets, interaction, accountId);
  if (needed) return moveTo(visit, { at: 'consent', signedIn: { ...signedIn, trail } });
  seeOther(ctx, await finishSignIn(interaction, { ...signedIn, trail }));
}

/**
 * No passkey is made on a device that others use: who could open it could open the account. Nor in an account that two
 * contacts have opened: how one signs in to it stays as it is.
 */
export async function offerPasskey(visit: Visit, signedIn: Proof): Promise<void> {
  const { house, db, interaction } = visit;
  const { restrictedAt } = await loadAccount(db, house.secrets, signedIn.accountId);
  if (!restrictedAt && !interaction.isShared) return moveTo(visit, { at: 'passkey-offer', signedIn });
  if (isEnough(interaction, signedIn)) return settleFor(visit, signedIn);
  await backToSignIn(visit, restrictedAt ? 'account_restricted' : 'passkey_on_own_device');
}

/** A second factor may be what was lost, so it is not asked for: a recovery takes two proofs itself. */
export function settleRecovered(visit: Visit, signedIn: SignedIn): Promise<void> {
  return settle(visit, proven(signedIn), { isSecond: true });
}

/** What the sign-in page asks for instead, where the account has a way that proves more. */
export async function findStrongerWay(
  db: Db,
  accountId: string,
  amr: readonly string[],
): Promise<RefusalCode | undefined> {
  if (amr.includes('pop')) return undefined;
  if (await hasPasskey(db, accountId)) return 'passkey_required';
  return isCodeAlone(amr) && (await hasPassword(db, accountId)) ? 'password_required' : undefined;
}

/** The account page takes no one-time code alone; an app may insist on more than a password. */
export function isEnough(interaction: OpenInteraction, { acr, amr }: SignedIn): boolean {
  if (isOwnClient(interaction.client) && isCodeAlone(amr)) return false;
  return lackOf({ acr, amr }, demandIn(interaction)) !== 'needed';
}

/** A sign-in of this moment. */
export function proven(signedIn: SignedIn): Proof {
  return { ...signedIn, provenAt: epochSeconds() };
}
