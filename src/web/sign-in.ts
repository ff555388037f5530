/** The ways in, as the pages of an interaction ask for them: password, passkey, one-time code. */
import { epochSeconds } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { newAccountId } from '#src/base/secrets.ts';
import type { StepAt } from '#src/oidc/interactions.ts';
import { readPasskeyHolder } from '#src/oidc/storage/person-of-app.ts';
import { codeAudience, verifyCode } from '#src/people/codes.ts';
import { proveContact } from '#src/people/contacts.ts';
import { type Identifier, readIdentifier } from '#src/people/identifiers.ts';
import { FrozenOwner, verifyAuthentication } from '#src/people/passkey-sign-in.ts';
import { signedInByCode, signInWithPassword } from '#src/people/sign-in.ts';
import { callerOf } from './device.ts';
import { showSignIn, type Visit } from './interaction-pages.ts';
import { moveTo, stay } from './interaction-steps.ts';
import { sendCode } from './messages.ts';
import type { Form } from './middleware/forms.ts';
import { beginByPasskey } from './open-again.ts';
import { siteOf } from './passkeys.ts';
import { resendElsewhere } from './second-factor.ts';
import { proven, settle } from './settle.ts';

/** By an identifier and a password. */
export async function signIn(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db } = visit;
  const missing = [
    ...(form.get('identifier').trim() ? [] : [{ kind: 'identifier-missing' }]),
    ...(form.get('password') ? [] : [{ kind: 'password-missing' }]),
  ];
  if (missing.length > 0) {
    ctx.status = 422;
    return showSignIn(visit, { identifier: form.get('identifier'), problems: missing });
  }
  const tried = {
    identifier: form.get('identifier'),
    password: form.get('password'),
    ...callerOf(ctx, house),
  };
  const signedIn = await signInWithPassword(db, house.secrets, house.throttles, tried);
  await settle(visit, proven(signedIn), { typed: readIdentifier(tried.identifier) });
}

/** By a passkey; a frozen account is opened again by it. */
export async function signInByPasskey(visit: Visit, form: Form): Promise<void> {
  const { house, db, interaction } = visit;
  const credential = form.get('credential');
  if (!credential) throw new Refusal('passkey_script_required');
  const answered = { ...siteOf(house), boundTo: interaction.uid, credential };
  const verified = verifyAuthentication(db, house.secrets, answered, (accountId, credentialId) =>
    readPasskeyHolder(house, db, { accountId, credentialId, client: interaction.client }),
  );
  const signedIn = await verified.catch((error) => {
    if (error instanceof FrozenOwner) return error;
    throw error;
  });
  if (signedIn instanceof FrozenOwner) return beginByPasskey(visit, signedIn);
  await settle(visit, proven(signedIn));
  // Of several answers to one challenge the others are told on the page.
  await db.flush();
}

/** Sends a one-time code to what was typed. */
export async function askForCode(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const identifier = readIdentifier(form.get('identifier'));
  await sendCode(ctx, house, db, { identifier, boundTo: interaction.uid, service: interaction.client.name });
  await moveTo(visit, { at: 'code', identifier, typed: form.get('identifier').trim(), sentAt: Date.now() });
}

/** Sends another code to the same address. */
export async function resendCode(visit: Visit): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { step } = interaction;
  if (step.at === 'second-factor') return resendElsewhere(visit, step);
  if (step.at !== 'code') return stay(visit);
  await sendCode(ctx, house, db, {
    identifier: step.identifier,
    boundTo: interaction.uid,
    service: interaction.client.name,
  });
  await moveTo(visit, { ...step, sentAt: Date.now() });
}

/** The code that was sent to an address. */
export async function enterCode(visit: Visit, form: Form, step: StepAt<'code'>): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { identifier } = step;
  const slot = {
    identifier,
    boundTo: interaction.uid,
    ...callerOf(ctx, house),
    code: form.get('code'),
  };
  await verifyCode(db, house.secrets, house.throttles, slot);
  await enterByAddress(visit, identifier);
}

/** The address is theirs: it signs in the account that has it, or begins a new one. */
export async function enterByAddress(visit: Visit, identifier: Identifier): Promise<void> {
  const audience = await codeAudience(visit.db, visit.house.secrets, identifier);
  if (audience.kind === 'new') {
    return moveTo(visit, { at: 'name', identifier, accountId: newAccountId(), provenAt: epochSeconds() });
  }
  // Nobody was sent a code for such an account, so whoever has one guessed it.
  if (audience.kind !== 'account') throw new Refusal('code_wrong', `the account takes no code: ${audience.kind}`);
  await proveContact(visit.db, visit.house.secrets, identifier, audience.accountId);
  await settle(visit, proven(signedInByCode(audience.accountId, identifier)));
}
