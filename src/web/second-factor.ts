/**
 * One more proof beside a password, or beside what a session holds: which ways there are, and what is answered.
 *
 * It is asked for where the app wants more than there is and the account can give it, and always where somebody has set up
 * an authenticator app: what one set up is used. In the first day of the app it may be skipped: somebody else may have set it
 * up, to put the owner out.
 */
import { epochSeconds } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isBetter, type Lack, lackOf } from '#src/oidc/acr.ts';
import { demandIn, isUntouched, type Proof, type StepAt } from '#src/oidc/interactions.ts';
import { findCurrentSession } from '#src/oidc/sessions.ts';
import { assuranceIn, assuranceOf, type Way } from '#src/people/assurance.ts';
import { timesLeft, verifyCode } from '#src/people/codes.ts';
import { proveContact } from '#src/people/contacts.ts';
import { listFurtherWays } from '#src/people/further-ways.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import { newAuthenticationOptions } from '#src/people/passkey-sign-in.ts';
import { hasPassword } from '#src/people/passwords.ts';
import { findTotp, hasTotp, verifyTotp } from '#src/people/totp.ts';
import { isInFirstDay } from '#src/people/trial.ts';
import { contactHint } from '#views/parts/contact-hint.ts';
import { type SecondFactorContext, secondFactorPage } from '#views/second-factor.ts';
import { callerOf } from './device.ts';
import { frameOf, showForm } from './frame.ts';
import { isFresh } from './fresh-proof.ts';
import type { Visit } from './interaction-pages.ts';
import { moveTo, stay } from './interaction-steps.ts';
import { sendSecondCode } from './messages.ts';
import type { Form } from './middleware/forms.ts';

export type SecondFactorStep = StepAt<'second-factor'>;

/** How many contacts are named; nobody looks through more. */
const MAX_CONTACTS = 3;

interface Choices {
  readonly lack: Lack | undefined;
  readonly app: boolean;
  /** But for the one that a code was just sent to. */
  readonly contacts: readonly Identifier[];
  readonly passkey: boolean;
  readonly maySkip: boolean;
}

/** The step that asks for one more proof after a first one, if there is something to ask and a way to answer. */
export async function findSecondStep(
  visit: Visit,
  signedIn: Proof,
  typed: Identifier | undefined,
): Promise<SecondFactorStep | undefined> {
  const { db, interaction } = visit;
  const step: SecondFactorStep = { at: 'second-factor', signedIn, ...(typed && { typed }) };
  const lack = lackOf(signedIn, demandIn(interaction));
  if (!signedIn.amr.includes('mfa') && (await hasTotp(db, signedIn.accountId))) return step;
  if (!lack) return undefined;
  const { app, contacts, passkey } = await choicesAt(visit, step);
  // Where an app insists on a passkey, the sign-in page asks for it.
  const hasWay = app || contacts.length > 0 || (passkey && lack === 'wished');
  return hasWay ? step : undefined;
}

/**
 * The step of somebody who is signed in and of whom the app wants more, and nothing else: straight to what is missing. A
 * password that was typed a while ago is typed again, so that what is added to it is never taken for a fresh proof of both.
 */
export async function findHeldStep(visit: Visit): Promise<SecondFactorStep | undefined> {
  const { ctx, house, interaction } = visit;
  const { accountId, prompt } = interaction;
  const isForMore = prompt.reasons.every((reason) => reason === 'essential_acr' || reason === 'acr_wished');
  if (accountId === undefined || !isForMore || !isUntouched(interaction)) return undefined;
  const session = await findCurrentSession(house.provider, ctx);
  if (session?.accountId !== accountId) return undefined;
  const provenAt = epochSeconds(session.signedInAt);
  const step: SecondFactorStep = {
    at: 'second-factor',
    signedIn: { accountId, ...assuranceIn(session.amr), provenAt },
    isHeld: true,
  };
  const { lack, app, passkey } = await choicesAt(visit, step);
  return lack === 'wished' || app || passkey ? step : undefined;
}

async function choicesAt({ house, db, interaction }: Visit, step: SecondFactorStep): Promise<Choices> {
  const { signedIn, typed, sent, isHeld = false } = step;
  const { accountId } = signedIn;
  const demand = demandIn(interaction);
  const lack = lackOf(signedIn, demand);
  const amr = isHeld && !isFresh(signedIn.provenAt) ? [] : signedIn.amr;
  const all = await listFurtherWays(db, house, { accountId, amr, typed });
  const ways = lack ? all.filter((way) => isBetter(assuranceOf(way, amr), demand, lack)) : all;
  const contacts = ways.flatMap((way) => (way.by === 'code' ? [way.contact] : []));
  const owed = isHeld || signedIn.amr.includes('mfa') ? undefined : await findTotp(db, accountId);
  return {
    lack,
    app: owed !== undefined || ways.some(({ by }) => by === 'totp'),
    // Of a session nobody knows where its password was typed for.
    contacts: isHeld ? [] : contacts.filter(({ value }) => value !== sent?.to.value).slice(0, MAX_CONTACTS),
    passkey: ways.some(({ by }) => by === 'passkey'),
    maySkip: lack !== 'needed' && (!owed || isInFirstDay(owed.addedAt)),
  };
}

/** What the page says beside its question, after a press that did not get through. */
interface Said {
  readonly problems: SecondFactorContext['problems'];
  /** A passkey that no account has any more: its device is told to forget it. */
  readonly forgotten?: string | undefined;
}

/** The page that asks for one more proof. */
export async function showSecondFactor(
  visit: Visit,
  step: SecondFactorStep,
  { problems, forgotten }: Said,
): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { rpId } = house.config;
  const { lack, app, contacts, passkey, maySkip } = await choicesAt(visit, step);
  const page = secondFactorPage({
    ...frameOf(ctx, house, interaction.client),
    reason: lack ? 'service' : 'account',
    question: questionOf(step, app),
    hasApp: app,
    contacts: contacts.map(contactHint),
    passkeyOptions: passkey
      ? await newAuthenticationOptions(house.secrets, { rpId, boundTo: interaction.uid })
      : undefined,
    recoverLink: `/interaction/${interaction.uid}?page=recovery`,
    mayUsePassword: step.isHeld === true && (await hasPassword(db, step.signedIn.accountId)),
    maySkip,
    problems,
    ...(forgotten && { passkeySignal: { unknown: { rpId, credentialId: forgotten } } }),
  });
  showForm(ctx, page, interaction.client, interaction.params.redirect_uri);
}

function questionOf({ sent }: SecondFactorStep, hasApp: boolean): SecondFactorContext['question'] {
  if (!sent) return hasApp ? { by: 'app' } : undefined;
  return { by: 'message', sentTo: contactHint(sent.to), ...timesLeft(sent.at) };
}

/**
 * The code that was typed, of the app or of a message.
 *
 * @throws {Refusal} `code_wrong`, `totp_wrong`, `totp_clock_off`, `too_many_attempts`; `fresh_proof_required` where the
 *   page asks for no code of the app, or does not any more
 */
export async function enterSecondFactor(visit: Visit, form: Form, step: SecondFactorStep): Promise<Proof> {
  const way = await verifySecondFactor(visit, form.get('code'), step);
  const { accountId, amr, provenAt } = step.signedIn;
  // Together they are as fresh as the older of the two.
  const now = epochSeconds();
  return { accountId, ...assuranceOf(way, amr), provenAt: isFresh(provenAt) ? now : provenAt };
}

async function verifySecondFactor(visit: Visit, code: string, step: SecondFactorStep): Promise<Way> {
  const { ctx, house, db, interaction } = visit;
  const { signedIn, sent } = step;
  const { secrets, throttles } = house;
  const { accountId } = signedIn;
  const caller = callerOf(ctx, house);
  if (!sent) {
    if (!(await choicesAt(visit, step)).app) throw new Refusal('fresh_proof_required');
    await verifyTotp(db, secrets, throttles, { accountId, code, ...caller });
    return { by: 'totp' };
  }
  await verifyCode(db, secrets, throttles, { identifier: sent.to, boundTo: slotOf(interaction), ...caller, code });
  await proveContact(db, secrets, sent.to, accountId);
  return { by: 'code', via: sent.to.kind, elsewhere: true };
}

/** A code of a first step is none of the second, even to the same address. */
function slotOf({ uid }: { readonly uid: string }): string {
  return `${uid} second-factor`;
}

/** Sends a code to one of the contacts that the page names, by its place among them. @throws {Refusal} `too_many_attempts` */
export async function sendElsewhere(visit: Visit, place: number): Promise<void> {
  const { step } = visit.interaction;
  if (step.at !== 'second-factor') return stay(visit);
  const to = (await choicesAt(visit, step)).contacts[place];
  return to ? sendTo(visit, step, to) : stay(visit);
}

/** Sends another code to the same contact. @throws {Refusal} `too_many_attempts` */
export async function resendElsewhere(visit: Visit, step: SecondFactorStep): Promise<void> {
  return step.sent ? sendTo(visit, step, step.sent.to) : stay(visit);
}

async function sendTo(visit: Visit, step: SecondFactorStep, to: Identifier): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  await sendSecondCode(ctx, house, db, {
    identifier: to,
    boundTo: slotOf(interaction),
    service: interaction.client.name,
  });
  await moveTo(visit, { ...step, sent: { to, at: Date.now() } });
}

/** Back from a code by message to the authenticator app. */
export async function askForApp(visit: Visit): Promise<void> {
  const { step } = visit.interaction;
  if (step.at !== 'second-factor') return stay(visit);
  const { sent: _, ...asked } = step;
  await moveTo(visit, asked);
}

/** Whether the person may go on without it. */
export async function maySkipSecond(visit: Visit, step: SecondFactorStep): Promise<boolean> {
  return (await choicesAt(visit, step)).maySkip;
}
