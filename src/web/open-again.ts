/**
 * A frozen account, opened again by its owner inside a sign-in: a passkey and a code to a contact, or a code to a contact
 * and a printed code. Only what was there a week before the account was frozen counts (`people/opening.ts`).
 */
import { epochSeconds } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { unfreeze } from '#src/oidc/account-end.ts';
import type { Opening, Step, StepAt } from '#src/oidc/interactions.ts';
import { assuranceOf } from '#src/people/assurance.ts';
import { verifyCode } from '#src/people/codes.ts';
import type { CountingContact } from '#src/people/contacts.ts';
import { type Identifier, isSameAddress } from '#src/people/identifiers.ts';
import { areRecoveryCodesInTime, findCountsUntil, isPasskeyInTime, listOpeningContacts } from '#src/people/opening.ts';
import type { FrozenOwner } from '#src/people/passkey-sign-in.ts';
import { useRecoveryCode } from '#src/people/recovery-codes.ts';
import { accountOpenedMessage } from '#views/messages.ts';
import { type OpenAgainWay, openAgainPage } from '#views/open-again.ts';
import type { Problem } from '#views/parts/problem.ts';
import { frameOf, showForm } from './frame.ts';
import { awaitsSecond } from './fresh-proof.ts';
import type { Visit } from './interaction-pages.ts';
import { backToSignIn, hasMovedOn, moveTo, stay } from './interaction-steps.ts';
import { notifyContacts, sendRecoveryCode } from './messages.ts';
import type { Form } from './middleware/forms.ts';
import { settleRecovered } from './settle.ts';

type FrozenStep = StepAt<'frozen'>;

/** The passkey was right: from here on its owner may know that the account is frozen. */
export async function beginByPasskey(
  visit: Visit,
  { signedIn: { credentialId, ...signedIn } }: FrozenOwner,
): Promise<void> {
  const { accountId } = signedIn;
  const until = await findCountsUntil(visit.db, accountId);
  const isInTime = until !== undefined && (await isPasskeyInTime(visit.db, accountId, credentialId, until));
  const provenAt = epochSeconds();
  await beginOpening(visit, { accountId, ...(isInTime && { signedIn: { ...signedIn, provenAt } }) });
}

/** The next page says what else opens the account. */
export async function beginOpening(
  visit: Visit,
  shown: Pick<Opening, 'accountId'> & Partial<Pick<Opening, 'signedIn' | 'contact'>>,
): Promise<void> {
  const opening: Opening = { signedIn: undefined, contact: undefined, ...shown, provenAt: epochSeconds() };
  await moveTo(visit, { at: 'frozen', opening });
}

/** The page of a frozen account: what its owner may still show. */
export async function showOpening(
  visit: Visit,
  { opening }: FrozenStep,
  problems: readonly Problem<never>[],
): Promise<void> {
  const { ctx, house, interaction } = visit;
  const page = openAgainPage({
    ...frameOf(ctx, house, interaction.client),
    way: await wayOf(visit, opening),
    mayCancel: true,
    problems,
  });
  showForm(ctx, page, interaction.client, interaction.params.redirect_uri);
}

async function wayOf(visit: Visit, opening: Opening): Promise<OpenAgainWay> {
  const { db } = visit;
  const until = await findCountsUntil(db, opening.accountId);
  if (!until) return { by: 'desk' };
  if (opening.signedIn) {
    const contacts = await contactsOf(visit, opening.accountId, until);
    return contacts.length > 0 ? { by: 'contact', contacts: choicesOf(contacts) } : { by: 'desk' };
  }
  const isPrinted = opening.contact !== undefined && (await areRecoveryCodesInTime(db, opening.accountId, until));
  return { by: isPrinted ? 'recovery-code' : 'desk' };
}

function contactsOf({ db, house }: Visit, accountId: string, until: Date): Promise<CountingContact[]> {
  return listOpeningContacts(db, house.secrets, accountId, until);
}

function choicesOf(contacts: readonly Identifier[]) {
  return contacts.map(({ kind, value }, place) => ({ choice: String(place + 1), kind, value }));
}

/** The answer to a page of a frozen account, if the interaction stands at one. */
export function findOpeningAnswer({ at }: Step, form: Form): ((visit: Visit, form: Form) => Promise<void>) | undefined {
  if (at !== 'frozen' || form.get('identifier')) return undefined;
  return answers.get(form.get('action'));
}

const answers: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({
    'send-open-code': askForCode,
    resend,
    continue: enterCode,
    'open-with-code': enterRecoveryCode,
  }),
);

async function askForCode(visit: Visit, form: Form): Promise<void> {
  const { opening, until } = await stillFrozen(visit);
  if (!opening.signedIn) return stay(visit);
  const contacts = await contactsOf(visit, opening.accountId, until);
  const chosen = choicesOf(contacts).find(({ choice }) => choice === form.get('contact'));
  if (!chosen) throw new Refusal('recovery_contact_missing');
  await sendTo(visit, opening, { kind: chosen.kind, value: chosen.value });
}

async function resend(visit: Visit): Promise<void> {
  const { opening, sent } = await stillFrozen(visit);
  if (!opening.signedIn || !sent) return stay(visit);
  await sendTo(visit, opening, sent.to);
}

async function sendTo(visit: Visit, opening: Opening, to: Identifier): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  await sendRecoveryCode(ctx, house, db, { identifier: to, boundTo: bindingOf(interaction) });
  await moveTo(visit, { at: 'frozen', opening, sent: { to, at: Date.now() } });
}

function bindingOf({ uid }: Visit['interaction']): string {
  return `open again ${uid}`;
}

async function enterCode(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { opening, sent, until } = await stillFrozen(visit);
  const { accountId, signedIn } = opening;
  if (!signedIn || !sent) return stay(visit);
  const slot = { identifier: sent.to, boundTo: bindingOf(interaction), network: ctx.state.caller };
  await verifyCode(db, house.secrets, house.throttles, { ...slot, code: form.get('code') });
  const contacts = await contactsOf(visit, accountId, until);
  if (!contacts.some((each) => isSameAddress(each, sent.to)))
    throw new Refusal('recovery_over', 'the contact does not count any more');
  if (await open(visit, accountId)) await settleRecovered(visit, signedIn);
}

async function enterRecoveryCode(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db } = visit;
  const { opening, until } = await stillFrozen(visit);
  const { accountId, contact } = opening;
  if (!contact) return stay(visit);
  // A code of a newer sheet is refused as a wrong one is, and stays unused.
  if (!(await areRecoveryCodesInTime(db, accountId, until))) throw new Refusal('recovery_code_wrong', 'made too late');
  const contacts = await contactsOf(visit, accountId, until);
  if (!contacts.some((each) => isSameAddress(each, contact)))
    throw new Refusal('recovery_over', 'the contact does not count');
  const typed = { accountId, code: form.get('recovery-code'), network: ctx.state.caller };
  await useRecoveryCode(db, house.secrets, house.throttles, typed);
  if (!(await open(visit, accountId))) return;
  const proof = {
    accountId,
    byContacts: undefined,
    amr: assuranceOf({ by: 'code', via: contact.kind, elsewhere: false }).amr,
    provenAt: epochSeconds(),
  };
  await moveTo(visit, { at: 'recovery-way', proof });
}

/** Opens it, and tells every contact that is left. @returns whether this press did it; another one is shown otherwise */
async function open(visit: Visit, accountId: string): Promise<boolean> {
  const { house, db } = visit;
  if (await hasMovedOn(visit)) return false;
  if (!(await unfreeze(db, house.secrets, accountId, { reason: 'asked' }))) await over(visit);
  await notifyContacts(house, db, accountId, accountOpenedMessage);
  return true;
}

/** @throws {Refusal} `recovery_stale`, `recovery_over` */
async function stillFrozen(visit: Visit): Promise<FrozenStep & { readonly until: Date }> {
  const step = visit.interaction.step as FrozenStep;
  const until = await findCountsUntil(visit.db, step.opening.accountId);
  if (!until) return over(visit);
  if (!awaitsSecond(step.opening.provenAt)) await backToSignIn(visit, 'recovery_stale');
  return { ...step, until };
}

function over(visit: Visit): Promise<never> {
  return backToSignIn(visit, 'recovery_over', 'the account is not frozen any more');
}
