/**
 * The pages between an app's request and its answer: who it is, a new account if need be, what the app may read.
 *
 * One address, `/interaction/:uid`. A page shows the step the interaction stands at; a press of a button moves it on.
 * Steps never route to one another: each is written down, and the next request shows what is written.
 */
import type { Context } from 'koa';
import { recordAccountEvent } from '#src/audit/events.ts';
import { type Db, UnitOfWork } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';
import { newAccountId } from '#src/base/secrets.ts';
import { isAccountClient } from '#src/oidc/account-client.ts';
import { lackOf } from '#src/oidc/acr.ts';
import { rememberBegun } from '#src/oidc/interaction-cookies.ts';
import {
  atStep,
  consentNeeded,
  demandIn,
  finishAsHeld,
  finishDenied,
  finishSignIn,
  keepStep,
  noteShared,
  type OpenInteraction,
  openInteraction,
  type Proof,
  type Step,
  whereFinished,
} from '#src/oidc/interactions.ts';
import { endSession } from '#src/oidc/sessions.ts';
import { readPasskeyHolder, readPerson } from '#src/oidc/storage.ts';
import { createAccount, holdAccount, isEndedSince, loadAccount } from '#src/people/accounts.ts';
import { assuranceOf, isCodeAlone } from '#src/people/assurance.ts';
import { codeAudience, verifyCode } from '#src/people/codes.ts';
import { proveContact } from '#src/people/contacts.ts';
import { type Identifier, readIdentifier } from '#src/people/identifiers.ts';
import { addPasskey } from '#src/people/passkey-registration.ts';
import { FrozenOwner, findForgottenPasskey, verifyAuthentication } from '#src/people/passkey-sign-in.ts';
import { hasPasskey } from '#src/people/passkeys.ts';
import { checkPassword, hashPassword, hasPassword, storePassword } from '#src/people/passwords.ts';
import { checkUnrestricted } from '#src/people/proofing.ts';
import { type SignedIn, signedInByCode, signInWithPassword } from '#src/people/sign-in.ts';
import { passkeyAddedMessage } from '#views/messages.ts';
import { allowConsent, keepPasskeyHere } from './consent.ts';
import { callerOf, keepDevice } from './device.ts';
import { isFresh } from './fresh-proof.ts';
import type { OpenHouse } from './house.ts';
import { showSignIn, showStep, type Visit } from './interaction-pages.ts';
import { backToSignIn, hasMovedOn, moveTo, stay } from './interaction-steps.ts';
import { notifyContacts, sendCode } from './messages.ts';
import { bindForms, checkForm, cookieNames, cookieOptions, known } from './middleware/browser.ts';
import { type Form, readForm } from './middleware/forms.ts';
import { beginByPasskey, findOpeningAnswer } from './open-again.ts';
import { siteOf } from './passkeys.ts';
import { findRecoveryAnswer } from './recovery.ts';
import { showRecovery } from './recovery-pages.ts';
import { sayRefusal } from './say-refusal.ts';
import {
  askForApp,
  enterSecondFactor,
  findHeldStep,
  findSecondStep,
  maySkipSecond,
  resendElsewhere,
  sendElsewhere,
} from './second-factor.ts';
import { seeOther } from './see-other.ts';
import { leaveTrail } from './trail.ts';

/** `GET /interaction/:uid`. @throws {Refusal} `interaction_expired`, `client_unavailable` */
export async function showInteraction(ctx: Context, house: OpenHouse, uid: string): Promise<void> {
  await showStep(await openVisit(ctx, house, uid));
}

/**
 * `POST /interaction/:uid`. What a person can put right is said on the page itself, with status 422 or 429.
 *
 * @throws {Refusal} `interaction_expired`, `client_unavailable`, `csrf_mismatch`, `invalid_request`
 */
export async function answerInteraction(ctx: Context, house: OpenHouse, uid: string): Promise<void> {
  const form = await readForm(ctx);
  const visit = await openVisit(ctx, house, uid, { hold: form.get('action') === 'allow' });
  checkForm(ctx, house.secrets, house.config.issuer, form.get('csrf'));
  const { step } = visit.interaction;
  const answer =
    findOpeningAnswer(step, form, settleRecovered) ??
    findRecoveryAnswer(step, form, settleRecovered) ??
    answers.get(form.get('action'));
  if (!answer) throw new Refusal('invalid_request', 'no such choice on this page');
  if (asksWhoUsesIt(visit, form)) noteAnswer(visit, form.get('shared-device') === 'yes');
  try {
    await answer(visit, form);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500 || error.code === 'interaction_expired') throw error;
    await showRefused(visit, form, error);
  }
}

/** Whether the page that was answered has the tick box: the ways in, and where a new account begins. */
function asksWhoUsesIt({ ctx, interaction }: Visit, form: Form): boolean {
  const { at } = interaction.step;
  if (at === 'name' || at === 'second-factor' || ctx.query.page === 'recovery') return false;
  const action = form.get('action');
  return (
    ['sign-in', 'passkey', 'send-code'].includes(action) || (action === 'continue' && form.get('identifier') !== '')
  );
}

/** Whoever opens a shared browser anew finds no sign-in that somebody had begun there. */
function noteAnswer({ ctx, house, interaction }: Visit, isShared: boolean): void {
  noteShared(interaction, isShared);
  if (isShared) rememberBegun(house, ctx, interaction.uid, undefined);
}

async function openVisit(ctx: Context, house: OpenHouse, uid: string, options?: { hold: boolean }): Promise<Visit> {
  const interaction = await openInteraction(house, ctx, uid, options);
  bindForms(ctx, uid);
  ctx.state.language = ctx.state.chosenLanguage ?? known(interaction.params.ui_locales) ?? ctx.state.language;
  ctx.state.appId = interaction.client.id;
  const { issuer } = house.config;
  if (!isAccountClient(interaction.client)) {
    ctx.cookies.set(cookieNames(issuer).app, interaction.client.id, cookieOptions(issuer));
  }
  const visit = { ctx, house, db: ctx.state.db, interaction };
  if (await isEnded(visit)) return { ...visit, interaction: atStep(interaction, { at: 'sign-in' }) };
  const held = await findHeldStep(visit);
  return held ? { ...visit, interaction: atStep(interaction, held) } : visit;
}

/** Whether everything of the account was ended since somebody has signed in to it here. Its session is the engine's matter. */
async function isEnded({ house, db, interaction: { client, step } }: Visit): Promise<boolean> {
  if (!('signedIn' in step) || !step.signedIn || ('isHeld' in step && step.isHeld)) return false;
  const { accountId, provenAt } = step.signedIn;
  const { account } = await readPerson(house, db, accountId, client);
  return account !== undefined && isEndedSince(account, provenAt);
}

/** The choices of all pages, by the value of the button. */
const answers: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({
    'sign-in': signIn,
    passkey: signInByPasskey,
    'send-code': askForCode,
    resend: resendCode,
    continue: goOn,
    'create-passkey': createPasskey,
    'skip-passkey': skipPasskey,
    'keep-passkey': keepPasskeyHere,
    'send-to-first': (visit) => sendElsewhere(visit, 0),
    'send-to-second': (visit) => sendElsewhere(visit, 1),
    'send-to-third': (visit) => sendElsewhere(visit, 2),
    'use-app': askForApp,
    'sign-in-again': (visit) => moveTo(visit, { at: 'sign-in' }),
    'skip-second-factor': skipSecondFactor,
    allow,
    'sign-out-here': signOutHere,
    deny: (visit) => deny(visit, 'the person did not allow it'),
    cancel: (visit) => deny(visit, 'the person went back'),
  }),
);

async function signIn(visit: Visit, form: Form): Promise<void> {
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

async function signInByPasskey(visit: Visit, form: Form): Promise<void> {
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

async function askForCode(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const identifier = readIdentifier(form.get('identifier'));
  await sendCode(ctx, house, db, { identifier, boundTo: interaction.uid, service: interaction.client.name });
  await moveTo(visit, { at: 'code', identifier, typed: form.get('identifier').trim(), sentAt: Date.now() });
}

async function resendCode(visit: Visit): Promise<void> {
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

/** "Continue" stands on four pages; the step says which. */
async function goOn(visit: Visit, form: Form): Promise<void> {
  const { step } = visit.interaction;
  if (step.at === 'name') return openAccount(visit, form, step);
  if (step.at === 'second-factor') return settle(visit, await enterSecondFactor(visit, form, step), { isSecond: true });
  if (step.at === 'code' && !form.get('identifier')) return enterCode(visit, form, step);
  return askForCode(visit, form);
}

async function enterCode(visit: Visit, form: Form, step: Extract<Step, { at: 'code' }>): Promise<void> {
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
async function enterByAddress(visit: Visit, identifier: Extract<Step, { at: 'code' }>['identifier']): Promise<void> {
  const audience = await codeAudience(visit.db, visit.house.secrets, identifier);
  if (audience.kind === 'new') {
    return moveTo(visit, { at: 'name', identifier, accountId: newAccountId(), provenAt: epochSeconds() });
  }
  // Nobody was sent a code for such an account, so whoever has one guessed it.
  if (audience.kind !== 'account') throw new Refusal('code_wrong', `the account takes no code: ${audience.kind}`);
  await proveContact(visit.db, visit.house.secrets, identifier, audience.accountId);
  await settle(visit, proven(signedInByCode(audience.accountId, identifier)));
}

/** A name, and a password if one was chosen, make the account. */
async function openAccount(visit: Visit, form: Form, step: Extract<Step, { at: 'name' }>): Promise<void> {
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
async function createOrEnter(visit: Visit, form: Form, step: Extract<Step, { at: 'name' }>): Promise<boolean> {
  const { ctx, house, db, interaction } = visit;
  const { identifier, accountId } = step;
  try {
    await createAccount(db, house.secrets, {
      id: accountId,
      name: form.get('name'),
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

async function createPasskey(visit: Visit, form: Form): Promise<void> {
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
  if (step.at === 'passkey-offer') await notifyContacts(house, db, accountId, passkeyAddedMessage);
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
async function checkOffer(visit: Visit, { signedIn }: Extract<Step, { at: 'passkey-offer' }>): Promise<void> {
  const { house, db } = visit;
  if (!isFresh(signedIn.provenAt)) await backToSignIn(visit, 'fresh_proof_required');
  if (!(await holdAccount(db, signedIn.accountId))) throw new Refusal('account_unavailable');
  checkUnrestricted(await loadAccount(db, house.secrets, signedIn.accountId));
  const stronger = await findStrongerWay(db, signedIn.accountId, signedIn.amr);
  if (stronger) await backToSignIn(visit, stronger);
}

async function skipPasskey(visit: Visit): Promise<void> {
  const { step } = visit.interaction;
  if (step.at !== 'passkey-offer') return stay(visit);
  if (isEnough(visit.interaction, step.signedIn)) return settleFor(visit, step.signedIn);
  await deny(visit, 'the app needs a passkey');
}

/** Goes on with what was shown so far. The app is told what that is. */
async function skipSecondFactor(visit: Visit): Promise<void> {
  const { ctx, interaction } = visit;
  const { step } = interaction;
  if (step.at !== 'second-factor' || !(await maySkipSecond(visit, step))) return stay(visit);
  if (step.isHeld) return seeOther(ctx, await finishAsHeld(interaction));
  await settleFor(visit, step.signedIn);
}

async function allow(visit: Visit, form: Form): Promise<void> {
  const { ctx, interaction } = visit;
  const { step } = interaction;
  const elsewhere = whereFinished(interaction);
  if (elsewhere !== undefined) return seeOther(ctx, elsewhere);
  if (step.at !== 'consent') return stay(visit);
  seeOther(ctx, await allowConsent(visit, form, step));
}

/** On a device that others use, before the answer to the app is given. */
async function signOutHere(visit: Visit): Promise<void> {
  const { ctx, db, interaction } = visit;
  const { accountId, engine } = interaction;
  if (accountId === undefined || !engine.session) return deny(visit, 'the person signed out');
  const isEnded = await endSession(db, accountId, engine.session.uid);
  if (isEnded) await recordAccountEvent(db, { accountId, kind: 'session.ended' });
  seeOther(ctx, '/logout/success');
}

async function deny({ ctx, interaction }: Visit, description: string): Promise<void> {
  seeOther(ctx, await finishDenied(interaction, description));
}

/** The person has just proven who they are. Goes on when that is enough for the app; otherwise says what is missing. */
async function settle(
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

/**
 * No passkey is made on a device that others use: who could open it could open the account. Nor in an account that two
 * contacts have opened: how one signs in to it stays as it is.
 */
async function offerPasskey(visit: Visit, signedIn: Proof): Promise<void> {
  const { house, db, interaction } = visit;
  const { restrictedAt } = await loadAccount(db, house.secrets, signedIn.accountId);
  if (!restrictedAt && !interaction.isShared) return moveTo(visit, { at: 'passkey-offer', signedIn });
  if (isEnough(interaction, signedIn)) return settleFor(visit, signedIn);
  await backToSignIn(visit, restrictedAt ? 'account_restricted' : 'passkey_on_own_device');
}

/** A second factor may be what was lost, so it is not asked for: a recovery takes two proofs itself. */
function settleRecovered(visit: Visit, signedIn: SignedIn): Promise<void> {
  return settle(visit, proven(signedIn), { isSecond: true });
}

async function findStrongerWay(db: Db, accountId: string, amr: readonly string[]): Promise<RefusalCode | undefined> {
  if (amr.includes('pop')) return undefined;
  if (await hasPasskey(db, accountId)) return 'passkey_required';
  return isCodeAlone(amr) && (await hasPassword(db, accountId)) ? 'password_required' : undefined;
}

/** The account page takes no one-time code alone; an app may insist on more than a password. */
function isEnough(interaction: OpenInteraction, { acr, amr }: SignedIn): boolean {
  if (isAccountClient(interaction.client) && isCodeAlone(amr)) return false;
  return lackOf({ acr, amr }, demandIn(interaction)) !== 'needed';
}

function proven(signedIn: SignedIn): Proof {
  return { ...signedIn, provenAt: epochSeconds() };
}

async function settleFor(visit: Visit, signedIn: Proof): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { accountId, acr, amr } = signedIn;
  const trail = await leaveTrail(visit, accountId);
  await recordAccountEvent(db, {
    accountId,
    kind: 'sign-in.succeeded',
    clientId: interaction.client.id,
    details: { acr, amr },
  });
  const { needed } = await consentNeeded(db, house.secrets, interaction, accountId);
  if (needed) return moveTo(visit, { at: 'consent', signedIn: { ...signedIn, trail } });
  seeOther(ctx, await finishSignIn(interaction, { ...signedIn, trail }));
}

/** What somebody reads who has to sign in another way. */
const saidAtSignIn: ReadonlySet<RefusalCode> = new Set([
  'passkey_required',
  'password_required',
  'passkey_on_own_device',
  'fresh_proof_required',
  'account_restricted',
]);

/** Nothing of what the refused press wrote stays, but a try at a code or a challenge is spent all the same. */
async function showRefused(visit: Visit, form: Form, refused: Refusal): Promise<void> {
  const { ctx, db } = visit;
  const undoes = ['name_invalid', 'passkey_failed', 'contact_shared_too_often', 'password_weak', 'password_length'];
  if (
    db instanceof UnitOfWork &&
    ['name', 'recovery-way'].includes(visit.interaction.step.at) &&
    undoes.includes(refused.code)
  )
    await db.rollback();
  ctx.remove('Location');
  ctx.status = refused.status;
  if (refused.retryAfter !== undefined) ctx.set('Retry-After', String(refused.retryAfter));
  const forgotten =
    refused.code === 'passkey_failed' && form.get('action') === 'passkey'
      ? await findForgottenPasskey(db, visit.house.secrets, form.get('credential'))
      : undefined;
  const said = { refused, forgotten, identifier: form.get('identifier'), name: form.get('name') };
  // A way of signing in that was refused shows the sign-in page again, whatever step the interaction had reached.
  const isWayIn =
    ['sign-in', 'passkey', 'send-code'].includes(form.get('action')) && visit.interaction.step.at !== 'second-factor';
  if (isWayIn || saidAtSignIn.has(refused.code)) return showSignIn(visit, said);
  if (['recovery_over', 'recovery_stale'].includes(refused.code))
    return showRecovery(visit, [sayRefusal(visit, refused)]);
  await showStep(visit, said);
}
