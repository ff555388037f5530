/** A new account, and the first passkey of one. */
import { Refusal } from '#src/base/refusals.ts';
import { keepStep, type StepAt } from '#src/oidc/interactions.ts';
import { holdAccount, loadAccount } from '#src/people/accounts.ts';
import { assuranceOf } from '#src/people/assurance.ts';
import { readBirthdate } from '#src/people/birthdate.ts';
import { createAccount } from '#src/people/new-accounts.ts';
import { addPasskey } from '#src/people/passkey-registration.ts';
import { checkPassword, hashPassword, storePassword } from '#src/people/passwords.ts';
import { checkUnrestricted } from '#src/people/proofing.ts';
import { signedInByCode } from '#src/people/sign-in.ts';
import { passkeyAddedMessage } from '#views/messages.ts';
import { keepDevice } from './device.ts';
import { isFresh } from './fresh-proof.ts';
import type { Visit } from './interaction-pages.ts';
import { backToSignIn, deny, hasMovedOn, stay } from './interaction-steps.ts';
import { notifyContacts } from './messages.ts';
import type { Form } from './middleware/forms.ts';
import { siteOf } from './passkeys.ts';
import { restRolesUnlessProven } from './roles-at-rest.ts';
import { findStrongerWay, isEnough, offerPasskey, proven, settle, settleFor } from './settle.ts';
import { enterByAddress } from './sign-in.ts';

/** A name, and a birth date and a password if they were given, make the account. */
export async function openAccount(visit: Visit, form: Form, step: StepAt<'name'>): Promise<void> {
  const { db } = visit;
  const password = form.get('password');
  const personal = [form.get('name'), step.identifier.value];
  if (password) await checkPassword(password, personal);
  // Before anything is written: a hash may wait in its queue, and a unit of work that waits holds a connection.
  const hash = password ? await hashPassword(password) : undefined;
  if (await hasMovedOn(visit)) return;
  if (!(await createOrEnter(visit, form, step))) return;
  if (!hash) return offerPasskey(visit, proven(signedInByCode(step.accountId, step.identifier)));
  await storePassword(db, step.accountId, hash);
  const { amr } = signedInByCode(step.accountId, step.identifier);
  await settle(visit, proven({ accountId: step.accountId, ...assuranceOf({ by: 'password' }, amr) }));
}

/** Opens the account, unless another tab was faster: then the proven address signs in there. @returns whether it opened. */
async function createOrEnter(visit: Visit, form: Form, step: StepAt<'name'>): Promise<boolean> {
  const { ctx, house, db, interaction } = visit;
  const { identifier, accountId } = step;
  const typed = form.get('birthdate').trim();
  const profile = typed ? { birthdate: readBirthdate(typed, new Date()) } : {};
  try {
    await createAccount(db, house.secrets, {
      id: accountId,
      name: form.get('name'),
      profile,
      language: ctx.state.language,
      identifier,
      ...(!interaction.isShared && { device: keepDevice(ctx, house) }),
    });
    return true;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'identifier_taken') throw error;
    if (!isFresh(step.provenAt)) await backToSignIn(visit, 'fresh_proof_required');
    await enterByAddress(visit, identifier);
    return false;
  }
}

/** The passkey of a new account, or the first of one that has none. */
export async function createPasskey(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { step } = interaction;
  if (step.at !== 'name' && step.at !== 'passkey-offer') return stay(visit);
  const credential = form.get('credential');
  if (!credential) throw new Refusal('passkey_script_required');
  if (interaction.isShared) throw new Refusal('passkey_on_own_device');
  if (await hasMovedOn(visit)) return;
  if (step.at === 'passkey-offer') await checkOffer(visit, step);
  if (step.at === 'name' && !(await createOrEnter(visit, form, step))) return;
  const accountId = step.at === 'name' ? step.accountId : step.signedIn.accountId;
  const made = {
    ...siteOf(house),
    boundTo: interaction.uid,
    accountId,
    credential,
    language: ctx.state.language,
  };
  const added = await addPasskey(db, house.secrets, made);
  if (step.at === 'passkey-offer') {
    await notifyContacts(house, db, accountId, passkeyAddedMessage);
    await restRolesUnlessProven(house, db, accountId, step.signedIn);
  }
  const before = step.at === 'name' ? signedInByCode(accountId, step.identifier).amr : step.signedIn.amr;
  const signedIn = proven({ ...added, amr: [...new Set([...added.amr, ...before])] });
  if (step.at === 'passkey-offer' && !isEnough(interaction, signedIn)) {
    await keepStep(interaction, { at: 'passkey-offer', signedIn });
    throw new Refusal('passkey_not_vouched_for');
  }
  await settle(visit, signedIn);
}

/**
 * The offer was right when it was made; meanwhile the owner may have added a stronger way elsewhere, or lost the account.
 *
 * @throws {Refusal} `fresh_proof_required`, `passkey_required`, `password_required`, `account_unavailable`,
 *   `account_restricted`
 */
async function checkOffer(visit: Visit, { signedIn }: StepAt<'passkey-offer'>): Promise<void> {
  const { house, db } = visit;
  if (!isFresh(signedIn.provenAt)) await backToSignIn(visit, 'fresh_proof_required');
  if (!(await holdAccount(db, signedIn.accountId))) throw new Refusal('account_unavailable');
  checkUnrestricted(await loadAccount(db, house.secrets, signedIn.accountId));
  const stronger = await findStrongerWay(db, signedIn.accountId, signedIn.amr);
  if (stronger) await backToSignIn(visit, stronger);
}

/** Goes on without a passkey, where the app lets one. */
export async function skipPasskey(visit: Visit): Promise<void> {
  const { step } = visit.interaction;
  if (step.at !== 'passkey-offer') return stay(visit);
  if (isEnough(visit.interaction, step.signedIn)) return settleFor(visit, step.signedIn);
  await deny(visit, 'the app needs a passkey');
}
