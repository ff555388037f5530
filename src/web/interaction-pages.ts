/** The pages of an interaction: each shows its step, and why a press did not get through. */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import type { Refusal } from '#src/base/refusals.ts';
import type { OpenInteraction, StepAt } from '#src/oidc/interactions.ts';
import { isAccountClient } from '#src/oidc/own-clients.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { timesLeft } from '#src/people/codes.ts';
import { newAuthenticationOptions } from '#src/people/passkey-sign-in.ts';
import { hasPasskey } from '#src/people/passkeys.ts';
import { leavesOldAccounts } from '#src/registry/cohorts.ts';
import { codePage } from '#views/code.ts';
import { contactHint } from '#views/parts/contact-hint.ts';
import { passkeyOfferPage } from '#views/passkey-offer.ts';
import type { SecondFactorProblem } from '#views/second-factor.ts';
import { type SignInContext, type SignInProblem, type SignInReason, signInPage } from '#views/sign-in.ts';
import { signUpPage } from '#views/sign-up.ts';
import { signUpNamePage } from '#views/sign-up-name.ts';
import { findBuiltIn } from './built-in-browser.ts';
import { showConsent } from './consent.ts';
import { backLink, frameOf, showForm } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { insistenceIn } from './insistence.ts';
import { showOpening } from './open-again.ts';
import { namesOf, newPasskeyOptions } from './passkeys.ts';
import { showByPassword, showNewWay, showRecovery, showWays } from './recovery-pages.ts';
import { sayRefusal } from './say-refusal.ts';
import { type SecondFactorStep, showSecondFactor } from './second-factor.ts';
import { sayEnd } from './successors.ts';

/** What a page needs to know about the request it answers. */
export interface Visit {
  readonly ctx: Context;
  readonly house: OpenHouse;
  readonly db: Db;
  readonly interaction: OpenInteraction;
}

/** What a page says beside its questions, after a press that did not get through. */
interface Said {
  readonly identifier?: string;
  readonly name?: string;
  readonly birthdate?: string;
  readonly refused?: Refusal;
  /** A passkey that no account has any more: its device is told to forget it. */
  readonly forgotten?: string | undefined;
  readonly problems?: readonly { readonly kind: string }[];
}

/** The page of the step that the interaction stands at. */
export async function showStep(visit: Visit, said: Said = {}): Promise<void> {
  const { step } = visit.interaction;
  const problems = said.refused ? [sayRefusal(visit, said.refused, fieldOf(said.refused))] : [];
  if (visit.ctx.query.page === 'recovery') return showRecovery(visit, problems, said.identifier);
  if (step.at === 'frozen' && step.sent)
    return showCode(visit, { typed: contactHint(step.sent.to), sentAt: step.sent.at }, said);
  if (step.at === 'frozen') return showOpening(visit, step, problems);
  if (step.at === 'recovery-code') {
    if (visit.ctx.query.page === 'lost-contact') return showByPassword(visit, problems);
    const lostContactLink = `/interaction/${visit.interaction.uid}?page=lost-contact`;
    return showCode(visit, { ...step, lostContactLink }, said);
  }
  if (step.at === 'recovery-second') return showCode(visit, { ...step, typed: contactHint(step.second) }, said);
  if (step.at === 'recovery') return showWays(visit, step.first, problems);
  if (step.at === 'recovery-way') return showNewWay(visit, step.proof, problems);
  if (step.at === 'code') return showCode(visit, step, said);
  if (step.at === 'name') return showName(visit, step, said);
  if (step.at === 'passkey-offer') return showOffer(visit, step, said);
  if (step.at === 'second-factor') return showSecond(visit, step, said);
  if (step.at === 'consent') return showConsent(visit, step, { typed: said.birthdate, problems });
  return visit.ctx.query.page === 'sign-up' ? showSignUp(visit, said) : showSignIn(visit, said);
}

/** The sign-in page, whatever step the interaction stands at. */
export async function showSignIn(visit: Visit, said: Said): Promise<void> {
  const { ctx, house, interaction } = visit;
  const { params, client } = interaction;
  const hint = typeof params.login_hint === 'string' ? params.login_hint.slice(0, 254) : undefined;
  const identifier = said.identifier || hint;
  const ending = sayEnd(house, client, ctx.state.language);
  const page = signInPage({
    ...frameOf(ctx, house, client),
    reason: await reasonOf(visit),
    insists: insistenceIn(interaction),
    leavesOldAccounts: leavesOldAccounts(client),
    signUpLink: `/interaction/${interaction.uid}?page=sign-up`,
    recoverLink: `/interaction/${interaction.uid}?page=recovery`,
    passkeyOptions: await newAuthenticationOptions(house.secrets, {
      rpId: house.config.rpId,
      boundTo: interaction.uid,
    }),
    mayCancel: true,
    sharedDevice: interaction.isShared,
    builtIn: builtInto(visit),
    ...(ending && { notice: { tone: 'info', text: ending } }),
    ...(identifier !== undefined && { identifier }),
    ...(said.forgotten && {
      passkeySignal: { unknown: { rpId: house.config.rpId, credentialId: said.forgotten } },
    }),
    problems: problemsOf(visit, said, 'identifier') as SignInProblem[],
  });
  showForm(ctx, page, client, params.redirect_uri);
}

/** The browser of another app, and where one begins again in a real one: this interaction is of this browser only. */
function builtInto({ ctx, house, interaction }: Visit): SignInContext['builtIn'] {
  const found = findBuiltIn(ctx);
  return found && { ...found, address: backLink(interaction.client) ?? house.config.issuer };
}

/** Why somebody who is signed in sees this page. Without a passkey a stronger sign-in begins with what they have. */
async function reasonOf({ db, interaction }: Visit): Promise<SignInReason> {
  const { prompt, accountId, client } = interaction;
  const { reasons } = prompt;
  if (accountId === undefined) return { kind: 'first' };
  const isStepUp = ['passkey', 'hardware'].includes(insistenceIn(interaction) ?? '');
  if (isStepUp && (await hasPasskey(db, accountId))) return { kind: 'step-up', hasPasskey: true };
  if (isAccountClient(client)) return { kind: 'again', because: 'account-change' };
  return { kind: 'again', because: reasons.includes('max_age') ? 'too-old' : 'requested' };
}

async function showSignUp(visit: Visit, said: Said): Promise<void> {
  const { ctx, house, interaction } = visit;
  const page = signUpPage({
    ...frameOf(ctx, house, interaction.client),
    signInLink: `/interaction/${interaction.uid}`,
    mayCancel: true,
    sharedDevice: interaction.isShared,
    ...(said.identifier && { identifier: said.identifier }),
    problems: said.refused ? [sayRefusal(visit, said.refused, 'identifier')] : [],
  });
  showForm(ctx, page, interaction.client, interaction.params.redirect_uri);
}

async function showCode(
  visit: Visit,
  step: { typed: string; sentAt: number; lostContactLink?: string },
  said: Said,
): Promise<void> {
  const { ctx, house, interaction } = visit;
  const page = codePage({
    ...frameOf(ctx, house, interaction.client),
    sentTo: step.typed,
    lostContactLink: step.lostContactLink,
    ...timesLeft(step.sentAt),
    mayCancel: true,
    problems: said.refused ? [sayRefusal(visit, said.refused, 'code')] : [],
  });
  showForm(ctx, page, interaction.client, interaction.params.redirect_uri);
}

async function showSecond(visit: Visit, step: SecondFactorStep, said: Said): Promise<void> {
  const problems = problemsOf(visit, said, 'code') as SecondFactorProblem[];
  await showSecondFactor(visit, step, { problems, forgotten: said.forgotten });
}

async function showName(visit: Visit, step: StepAt<'name'>, said: Said): Promise<void> {
  const { ctx, house, interaction } = visit;
  const page = signUpNamePage({
    ...frameOf(ctx, house, interaction.client),
    ...(said.name && { name: said.name }),
    ...(said.birthdate && { birthdate: said.birthdate }),
    ...(interaction.isShared
      ? { onSharedDevice: {} }
      : { passkeyOptions: await firstPasskeyOptions(visit, step, said) }),
    mayCancel: true,
    problems: said.refused ? [sayRefusal(visit, said.refused, fieldOf(said.refused))] : [],
  });
  showForm(ctx, page, interaction.client, interaction.params.redirect_uri);
}

function firstPasskeyOptions({ house, interaction }: Visit, step: StepAt<'name'>, said: Said) {
  return newPasskeyOptions(house, {
    accountId: step.accountId,
    accountName: step.identifier.value,
    displayName: said.name ?? '',
    boundTo: interaction.uid,
  });
}

async function showOffer(visit: Visit, step: StepAt<'passkey-offer'>, said: Said): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { accountId } = step.signedIn;
  const account = await loadAccount(db, house.secrets, accountId);
  const insists = insistenceIn(interaction);
  const wantsHardware = insists === 'hardware' && house.makers.areKnown;
  const page = passkeyOfferPage({
    ...frameOf(ctx, house, interaction.client),
    passkeyOptions: await newPasskeyOptions(house, {
      ...namesOf(account),
      boundTo: interaction.uid,
      wantsHardware,
    }),
    insists,
    problems: said.refused ? [sayRefusal(visit, said.refused)] : [],
  });
  showForm(ctx, page, interaction.client, interaction.params.redirect_uri);
}

function problemsOf(visit: Visit, { refused, problems }: Said, field?: string): readonly object[] {
  if (refused?.code === 'passkey_failed') return [{ kind: 'passkey-wrong' }];
  return refused ? [sayRefusal(visit, refused, atField(refused) ? field : undefined)] : (problems ?? []);
}

/** Whether a refusal is about the field that the page asks for. */
function atField({ code }: Refusal): boolean {
  return ['identifier_invalid', 'code_wrong', 'totp_wrong', 'totp_clock_off'].includes(code);
}

function fieldOf({ code }: Refusal): string | undefined {
  if (code === 'name_invalid') return 'name';
  if (code === 'birthdate_invalid') return 'birthdate';
  if (code === 'identifier_invalid') return 'identifier';
  if (code === 'recovery_code_wrong') return 'recovery-code';
  return code.startsWith('password_') ? 'password' : undefined;
}
