/**
 * The pages between an app's request and its answer: who it is, a new account if need be, what the app may read.
 *
 * One address, `/interaction/:uid`. A page shows the step the interaction stands at; a press of a button moves it on.
 * Steps never route to one another: each is written down, and the next request shows what is written.
 */
import type { Context } from 'koa';
import { recordAccountEvent } from '#src/audit/events.ts';
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';
import { UnitOfWork } from '#src/base/unit-of-work.ts';
import { rememberBegun } from '#src/oidc/interaction-cookies.ts';
import { atStep, finishAsHeld, noteShared, openInteraction, whereFinished } from '#src/oidc/interactions.ts';
import { isOwnClient } from '#src/oidc/own-clients.ts';
import { endSession } from '#src/oidc/sessions.ts';
import { readPerson } from '#src/oidc/storage/person-of-app.ts';
import { isEndedSince } from '#src/people/accounts.ts';
import { findForgottenPasskey } from '#src/people/passkey-sign-in.ts';
import { allowConsent, keepPasskeyHere } from './consent.ts';
import type { OpenHouse } from './house.ts';
import { showSignIn, showStep, type Visit } from './interaction-pages.ts';
import { deny, moveTo, stay } from './interaction-steps.ts';
import { bindForms, checkForm, cookieNames, cookieOptions, known } from './middleware/browser.ts';
import { type Form, readForm } from './middleware/forms.ts';
import { findOpeningAnswer } from './open-again.ts';
import { findRecoveryAnswer } from './recovery.ts';
import { showRecovery } from './recovery-pages.ts';
import { sayRefusal } from './say-refusal.ts';
import { askForApp, enterSecondFactor, findHeldStep, maySkipSecond, sendElsewhere } from './second-factor.ts';
import { seeOther } from './see-other.ts';
import { settle, settleFor } from './settle.ts';
import { askForCode, enterCode, resendCode, signIn, signInByPasskey } from './sign-in.ts';
import { createPasskey, openAccount, skipPasskey } from './sign-up.ts';

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
  const answer = findOpeningAnswer(step, form) ?? findRecoveryAnswer(step, form) ?? answers.get(form.get('action'));
  if (!answer) throw new Refusal('invalid_request', 'no such choice on this page');
  if (asksWhoUsesIt(visit, form)) noteAnswer(visit, form.get('shared-device') === 'yes');
  try {
    await answer(visit, form);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500 || error.code === 'interaction_expired') throw error;
    await showRefused(visit, form, error);
  }
}

/** Whether the page that was answered has the tick box: the ways in and back, and where a new account begins. */
function asksWhoUsesIt({ ctx, interaction }: Visit, form: Form): boolean {
  const { at } = interaction.step;
  const isOfStep = ctx.query.page !== 'recovery';
  if (isOfStep && (at === 'name' || at === 'second-factor')) return false;
  const action = form.get('action');
  return (
    ['sign-in', 'passkey', 'send-code', 'recover'].includes(action) ||
    (action === 'continue' && form.get('identifier') !== '')
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
  if (!isOwnClient(interaction.client)) {
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

/** "Continue" stands on four pages; the step says which. */
async function goOn(visit: Visit, form: Form): Promise<void> {
  const { step } = visit.interaction;
  if (step.at === 'name') return openAccount(visit, form, step);
  if (step.at === 'second-factor') return settle(visit, await enterSecondFactor(visit, form, step), { isSecond: true });
  if (step.at === 'code' && !form.get('identifier')) return enterCode(visit, form, step);
  return askForCode(visit, form);
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
  const { ctx, house, db, interaction } = visit;
  const { accountId, engine } = interaction;
  if (accountId === undefined || !engine.session) return deny(visit, 'the person signed out');
  const isEnded = await endSession(db, house.secrets, accountId, engine.session.uid);
  if (isEnded) await recordAccountEvent(db, { accountId, kind: 'session.ended' });
  seeOther(ctx, '/logout/success');
}

/** What somebody reads who has to sign in another way. */
const saidAtSignIn: ReadonlySet<RefusalCode> = new Set([
  'passkey_required',
  'password_required',
  'passkey_on_own_device',
  'fresh_proof_required',
  'account_restricted',
]);

/** What is shown again of a new account's form. */
function typedOfPerson(form: Form): { name: string; birthdate: string } {
  return { name: form.get('name'), birthdate: form.get('birthdate') };
}

/** Nothing of what the refused press wrote stays, but a try at a code or a challenge is spent all the same. */
async function showRefused(visit: Visit, form: Form, refused: Refusal): Promise<void> {
  const { ctx, db } = visit;
  const undoes = [
    'name_invalid',
    'birthdate_invalid',
    'passkey_failed',
    'contact_shared_too_often',
    'password_weak',
    'password_length',
  ];
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
  const said = { refused, forgotten, identifier: form.get('identifier'), ...typedOfPerson(form) };
  // A way of signing in that was refused shows the sign-in page again, whatever step the interaction had reached.
  const isWayIn =
    ['sign-in', 'passkey', 'send-code'].includes(form.get('action')) && visit.interaction.step.at !== 'second-factor';
  if (isWayIn || saidAtSignIn.has(refused.code)) return showSignIn(visit, said);
  if (['recovery_over', 'recovery_stale'].includes(refused.code))
    return showRecovery(visit, [sayRefusal(visit, refused)]);
  await showStep(visit, said);
}
