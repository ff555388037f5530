/**
 * The way back into an account, inside the interaction that began with a sign-in, so that it ends in the app.
 *
 * A contact is proven first; then a printed code, or a second contact and a wait; then a new way to sign in. What is proven
 * is written into the interaction's row and nowhere else: an answer that comes too early, twice, too late or to another
 * interaction finds no proof there and moves nothing.
 */
import { recordAccountEvent } from '#src/audit/events.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { endUse } from '#src/oidc/account-end.ts';
import {
  leaveSessionOf,
  type ProvenContact,
  type RecoveryProof,
  type Step,
  type StepAt,
} from '#src/oidc/interactions.ts';
import { holdAccount, loadAccount } from '#src/people/accounts.ts';
import { assuranceAfterRecovery, assuranceOf } from '#src/people/assurance.ts';
import { verifyCode } from '#src/people/codes.ts';
import { proveContact } from '#src/people/contacts.ts';
import { type Identifier, isSameAddress, readIdentifier } from '#src/people/identifiers.ts';
import { addPasskey } from '#src/people/passkey-registration.ts';
import { storePassword } from '#src/people/passwords.ts';
import {
  cancelRecovery,
  completeRecovery,
  isOfRecovery,
  isReady,
  listSecondContacts,
  type Recovery,
  readRecoveries,
  recoveryAudience,
  sealRecovery,
  startRecovery,
} from '#src/people/recoveries.ts';
import { useRecoveryCode } from '#src/people/recovery-codes.ts';
import { signInWithPassword } from '#src/people/sign-in.ts';
import { removeTotp } from '#src/people/totp.ts';
import {
  accountRecoveredMessage,
  recoveryCancelledMessage,
  recoveryCodeUsedMessage,
  totpRemovedMessage,
} from '#views/messages.ts';
import { recoveryStartedMessage } from '#views/recovery-messages.ts';
import { callerOf } from './device.ts';
import { awaitsSecond, isFresh } from './fresh-proof.ts';
import type { Visit } from './interaction-pages.ts';
import { backToSignIn, hasMovedOn, moveTo, stay } from './interaction-steps.ts';
import { notifyContacts, sendRecoveryCode } from './messages.ts';
import type { Form } from './middleware/forms.ts';
import { hashNewPassword } from './new-password.ts';
import { beginOpening } from './open-again.ts';
import { siteOf } from './passkeys.ts';
import { choicesOf, mayRemoveApp, mayUsePassword } from './recovery-pages.ts';
import { restRoles } from './roles-at-rest.ts';
import { settleRecovered } from './settle.ts';

type Answer = (visit: Visit, form: Form) => Promise<void>;

/** What a page of a recovery may be answered, by the step it belongs to. */
const answers: ReadonlyMap<string, Answer> = new Map(
  Object.entries({
    'recovery-code continue': enterFirstCode,
    'recovery-code resend': resendFirstCode,
    'recovery-code use-recovery-code': enterWithPassword,
    'recovery use-recovery-code': enterRecoveryCode,
    'recovery send-second-code': askForSecondCode,
    'recovery cancel-recovery': cancelHere,
    'recovery-second continue': enterSecondCode,
    'recovery-second resend': resendSecondCode,
    'recovery-way continue': makePassword,
    'recovery-way create-passkey': makePasskey,
  }),
);

const actions = new Set(['use-recovery-code', 'send-second-code', 'cancel-recovery']);

/** The answer to a page of a recovery, if the interaction stands at one, or the press comes from one it has left. */
export function findRecoveryAnswer(
  { at }: Step,
  form: Form,
): ((visit: Visit, form: Form) => Promise<void>) | undefined {
  const action = form.get('action');
  if (action === 'recover') return beginRecovery;
  // The pages of a sign-up have the same buttons, and ask for an address.
  const answer = form.get('identifier') ? undefined : answers.get(`${at} ${action}`);
  if (answer) return answer;
  return actions.has(action) ? async (visit) => stay(visit) : undefined;
}

async function beginRecovery(visit: Visit, form: Form): Promise<void> {
  const typed = form.get('identifier').trim();
  const identifier = readIdentifier(typed);
  await sendFirst(visit, identifier);
  await moveTo(visit, { at: 'recovery-code', identifier, typed, sentAt: Date.now() });
}

async function resendFirstCode(visit: Visit): Promise<void> {
  const step = visit.interaction.step as StepAt<'recovery-code'>;
  await sendFirst(visit, step.identifier);
  await moveTo(visit, { ...step, sentAt: Date.now() });
}

function sendFirst({ ctx, house, db, interaction }: Visit, identifier: Identifier): Promise<void> {
  return sendRecoveryCode(ctx, house, db, { identifier, boundTo: bindingOf(interaction) });
}

/** A code for signing in is none for a recovery, nor the other way round. */
function bindingOf({ uid }: Visit['interaction']): string {
  return `recovery ${uid}`;
}

async function enterFirstCode(visit: Visit, form: Form): Promise<void> {
  const { identifier } = visit.interaction.step as StepAt<'recovery-code'>;
  await checkCode(visit, form, identifier);
  const audience = await recoveryAudience(visit.db, visit.house.secrets, identifier);
  if (audience.kind === 'frozen') return beginOpening(visit, { accountId: audience.accountId, contact: identifier });
  // Nobody was sent a code otherwise, so whoever has one guessed it.
  if (audience.kind !== 'account') throw new Refusal('code_wrong', `no code for this contact: ${audience.kind}`);
  const first = { accountId: audience.accountId, contact: identifier, provenAt: epochSeconds() };
  await moveTo(visit, { at: 'recovery', first });
}

async function checkCode({ ctx, house, db, interaction }: Visit, form: Form, identifier: Identifier): Promise<void> {
  const slot = { identifier, boundTo: bindingOf(interaction), ...callerOf(ctx, house), code: form.get('code') };
  await verifyCode(db, house.secrets, house.throttles, slot);
}

async function enterRecoveryCode(visit: Visit, form: Form): Promise<void> {
  const { first } = visit.interaction.step as StepAt<'recovery'>;
  await checkFirst(visit, first);
  await spendRecoveryCode(visit, form, { accountId: first.accountId, amr: amrOf([first.contact]) });
}

/** Without a contact: the password stands for it, and is tried as on the sign-in page, alike for everybody. */
async function enterWithPassword(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { identifier } = interaction.step as StepAt<'recovery-code'>;
  const tried = { identifier: identifier.value, password: form.get('password'), ...callerOf(ctx, house) };
  const { accountId, amr } = await signInWithPassword(db, house.secrets, house.throttles, tried);
  await spendRecoveryCode(visit, form, { accountId, amr: [...amr, 'otp'] });
}

async function spendRecoveryCode(
  visit: Visit,
  form: Form,
  { accountId, amr }: Pick<RecoveryProof, 'accountId' | 'amr'>,
): Promise<void> {
  const { ctx, house, db } = visit;
  const typed = { accountId, code: form.get('recovery-code'), network: ctx.state.caller };
  await useRecoveryCode(db, house.secrets, house.throttles, typed);
  await notifyContacts(house, db, accountId, recoveryCodeUsedMessage);
  await moveTo(visit, {
    at: 'recovery-way',
    proof: { accountId, byContacts: undefined, amr, provenAt: epochSeconds() },
  });
}

/** @throws {Refusal} `recovery_stale` */
async function checkFirst(visit: Visit, { provenAt }: ProvenContact): Promise<void> {
  if (!awaitsSecond(provenAt)) await backToSignIn(visit, 'recovery_stale');
}

function amrOf(contacts: readonly Identifier[]): string[] {
  return [...new Set(contacts.flatMap(({ kind }) => assuranceOf({ by: 'code', via: kind, elsewhere: false }).amr))];
}

async function askForSecondCode(visit: Visit, form: Form): Promise<void> {
  const { house, db, interaction } = visit;
  const { first } = interaction.step as StepAt<'recovery'>;
  await checkFirst(visit, first);
  const { waiting } = await readRecoveries(db, first.accountId);
  const seconds = await listSecondContacts(db, house.secrets, first.accountId, first.contact);
  const chosen = choicesOf(house.secrets, seconds, waiting).find(({ choice }) => choice === form.get('contact'));
  if (!chosen) throw new Refusal('recovery_contact_missing');
  const second = { kind: chosen.kind, value: chosen.value };
  await sendSecond(visit, second);
  await moveTo(visit, { at: 'recovery-second', first, second, sentAt: Date.now() });
}

async function resendSecondCode(visit: Visit): Promise<void> {
  const step = visit.interaction.step as StepAt<'recovery-second'>;
  await checkFirst(visit, step.first);
  await sendSecond(visit, step.second);
  await moveTo(visit, { ...step, sentAt: Date.now() });
}

function sendSecond({ ctx, house, db, interaction }: Visit, identifier: Identifier): Promise<void> {
  return sendRecoveryCode(ctx, house, db, { identifier, boundTo: bindingOf(interaction) });
}

/** Both contacts are proven: the wait begins, or it is over and the account opens. */
async function enterSecondCode(visit: Visit, form: Form): Promise<void> {
  const { house, db } = visit;
  const { first, second } = visit.interaction.step as StepAt<'recovery-second'>;
  await checkFirst(visit, first);
  await checkCode(visit, form, second);
  const { accountId } = first;
  const contacts = [first.contact, second] as const;
  await checkCounting(visit, { accountId, contacts });
  const { waiting } = await readRecoveries(db, accountId);
  const isToComplete =
    waiting && isReady(waiting) && contacts.every((each) => isOfRecovery(house.secrets, waiting, each));
  if (isToComplete) {
    const byContacts = { id: waiting.id, contacts };
    const proof: RecoveryProof = { accountId, byContacts, amr: amrOf(contacts), provenAt: epochSeconds() };
    return moveTo(visit, { at: 'recovery-way', proof });
  }
  const wait = { seconds: house.config.recoveryWait };
  const { recovery, isNew } = await startRecovery(db, house.secrets, { accountId, contacts }, wait);
  if (isNew) await tellOfStart(visit, recovery);
  await moveTo(visit, { at: 'recovery', first: { ...first, provenAt: epochSeconds() } });
}

/** What counted when the code was sent may have been removed, or taken by somebody else, since. */
async function checkCounting(
  { house, db }: Visit,
  { accountId, contacts: [one, other] }: { accountId: string; contacts: readonly [Identifier, Identifier] },
): Promise<void> {
  const seconds = await listSecondContacts(db, house.secrets, accountId, one);
  if (!seconds.some((second) => isSameAddress(second, other)))
    throw new Refusal('recovery_over', 'the two contacts do not count as two any more');
}

async function tellOfStart({ house, db }: Visit, recovery: Recovery): Promise<void> {
  const cancelLink = `${house.config.issuer}/recovery/cancel?token=${sealRecovery(house.secrets, recovery)}`;
  const { readyAt } = recovery;
  await notifyContacts(house, db, recovery.accountId, (context) =>
    // Who may not freeze the account may not cancel either: the number may be somebody else's by now.
    recoveryStartedMessage({ ...context, cancelLink: context.notMeLink && cancelLink, readyAt }),
  );
}

/** Whoever has proven one contact may cancel what waits. */
async function cancelHere(visit: Visit): Promise<void> {
  const { house, db } = visit;
  const { first } = visit.interaction.step as StepAt<'recovery'>;
  await checkFirst(visit, first);
  const { waiting } = await readRecoveries(db, first.accountId);
  if (waiting && (await cancelRecovery(db, waiting)))
    await notifyContacts(house, db, first.accountId, recoveryCancelledMessage);
  stay(visit);
}

async function makePassword(visit: Visit, form: Form): Promise<void> {
  const { house, db } = visit;
  const { proof } = visit.interaction.step as StepAt<'recovery-way'>;
  if (!(await mayUsePassword(visit, proof))) return stay(visit);
  const account = await loadAccount(db, house.secrets, proof.accountId);
  const hash = await hashNewPassword(house, db, account, form.get('password'));
  await makeNewWay(visit, form, 'password', () => storePassword(db, proof.accountId, hash));
}

async function makePasskey(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { proof } = interaction.step as StepAt<'recovery-way'>;
  if (interaction.isShared) throw new Refusal('passkey_on_own_device');
  const credential = form.get('credential');
  if (!credential) throw new Refusal('passkey_script_required');
  const { accountId } = proof;
  const { language } = ctx.state;
  const made = { ...siteOf(house), boundTo: interaction.uid, accountId, credential, language };
  await makeNewWay(visit, form, 'passkey', () => addPasskey(db, house.secrets, made));
}

/**
 * Gives the account a new way to sign in and ends every session of before, all in one unit of work: refused is all of it.
 *
 * @throws {Refusal} `recovery_stale`, `recovery_over`, `account_unavailable`, `password_length`, `password_weak`,
 *   `passkey_failed`
 */
async function makeNewWay(
  visit: Visit,
  form: Form,
  made: 'password' | 'passkey',
  make: () => Promise<unknown>,
): Promise<void> {
  const { house, db, interaction } = visit;
  const { proof } = interaction.step as StepAt<'recovery-way'>;
  const { accountId, byContacts, amr } = proof;
  if (await hasMovedOn(visit)) return;
  if (!isFresh(proof.provenAt)) await backToSignIn(visit, 'recovery_stale');
  if (!(await holdAccount(db, accountId))) throw new Refusal('account_unavailable');
  if (byContacts) await complete(visit, { accountId, ...byContacts });
  await make();
  if (form.get('lost-app') === 'yes' && (await mayRemoveApp(visit, proof))) await removeApp(visit, accountId);
  await endUse(db, house.secrets, accountId, 'signed-out');
  leaveSessionOf(interaction, accountId);
  const by = byContacts ? 'contacts' : 'recovery-code';
  await recordAccountEvent(db, { accountId, kind: 'account.recovered', details: { by, made } });
  await notifyContacts(house, db, accountId, accountRecoveredMessage);
  await restRoles(house, db, accountId, 'recovered');
  await settleRecovered(visit, { accountId, ...assuranceAfterRecovery(amr, made) });
}

async function removeApp({ house, db }: Visit, accountId: string): Promise<void> {
  await removeTotp(db, accountId);
  await notifyContacts(house, db, accountId, totpRemovedMessage);
}

async function complete(
  visit: Visit,
  completed: { accountId: string; id: string; contacts: readonly [Identifier, Identifier] },
): Promise<void> {
  const { house, db } = visit;
  await checkCounting(visit, completed);
  await completeRecovery(db, house.secrets, completed);
  for (const contact of completed.contacts) await proveContact(db, house.secrets, contact, completed.accountId);
}
