/** `/account/contacts`: where messages to whoever is signed in go, what they sign in with, and which address apps get. */
import type { Context } from 'koa';
import {
  confirmAsIdentifier,
  confirmContact,
  dropIdentifier,
  giveOut,
  removeContact,
} from '#src/people/account-contacts.ts';
import { listAccountContacts } from '#src/people/accounts.ts';
import { timesLeft, verifyCode } from '#src/people/codes.ts';
import { type Contact, isCounting, listCountingContacts } from '#src/people/contacts.ts';
import { type Identifier, readIdentifier } from '#src/people/identifiers.ts';
import { addressIn } from '#src/people/profile.ts';
import { checkUnrestricted } from '#src/people/proofing.ts';
import { listWays, mayRemove } from '#src/people/ways.ts';
import { type ContactsProblem, contactsPage, type ShownContact } from '#views/account/contacts.ts';
import { type CodeProblem, codePage } from '#views/code.ts';
import { translate } from '#views/locale.ts';
import {
  contactAddedMessage,
  contactConfirmedMessage,
  contactRemovedMessage,
  type EventMessageContext,
  identifierAddedMessage,
  identifierRemovedMessage,
  type Message,
} from '#views/messages.ts';
import { sayBrowser } from '#views/parts/browser.ts';
import { aboutBrowser } from '../about-browser.ts';
import { readDevice } from '../device.ts';
import { frameOf, showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts, sendSecondCode } from '../messages.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { sayRefused } from './refused.ts';
import { answerForm, showTo, type Visit, withProof } from './visit.ts';

const PATH = '/account/contacts';

/** `GET /account/contacts`, after a fresh proof; with `?confirm=` the page that asks for the code of one. */
export function showContacts(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, showStep, { freshProof: true });
}

/** `POST /account/contacts`. @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request`, `account_restricted` */
export function changeContacts(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(ctx, house, changes);
}

type Change = (visit: Visit, form: Form) => Promise<void>;

const changes: ReadonlyMap<string, Change> = new Map(
  Object.entries({
    add: open((visit, form) => ask(visit, form.get('address'), form.get('signs-in') === 'yes')),
    confirm: open((visit, form) => ask(visit, form.get('contact'), false)),
    'use-to-sign-in': open((visit, form) => ask(visit, form.get('contact'), true)),
    'stop-signing-in': open(stopSigningIn),
    'give-out': open(giveOutOne),
    remove: open(removeOne),
    continue: open(enterCode),
    resend: open(resendCode),
  }),
);

/** What takes a fresh proof, and what whoever came in by two contacts alone must not do. */
function open(change: Change): Change {
  return withProof(async (visit, form) => {
    checkUnrestricted(visit.account);
    await change(visit, form);
  });
}

/** An address that a code was sent to, for one session; it travels sealed in the address of the page that asks for the code. */
interface Pending {
  readonly contact: Identifier;
  readonly asIdentifier: boolean;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
}

async function ask(visit: Visit, typed: string, asIdentifier: boolean): Promise<void> {
  try {
    await askForCode(visit, { contact: readIdentifier(typed), asIdentifier });
  } catch (error) {
    await showContactsPage(visit, { typed, problems: [sayRefused(visit, error, 'address')] });
  }
}

/** The same for every address: whether somebody has it is told, if at all, to who has entered its code. */
async function askForCode(visit: Visit, asked: Omit<Pending, 'sentAt'>): Promise<void> {
  const { ctx, house, db, session } = visit;
  const service = { id: translate('id')('contacts.code-for'), en: translate('en')('contacts.code-for') };
  await sendSecondCode(ctx, house, db, { identifier: asked.contact, boundTo: boundTo(session), service });
  seeOther(ctx, `${PATH}?${new URLSearchParams({ confirm: sealPending(visit, { ...asked, sentAt: Date.now() }) })}`);
}

async function resendCode(visit: Visit): Promise<void> {
  const pending = findPending(visit);
  if (!pending) return seeOther(visit.ctx, PATH);
  try {
    await askForCode(visit, pending);
  } catch (error) {
    showCodePage(visit, pending, [sayRefused(visit, error, 'code')]);
  }
}

async function enterCode(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, session } = visit;
  const pending = findPending(visit);
  if (!pending) return seeOther(ctx, PATH);
  const slot = { identifier: pending.contact, boundTo: boundTo(session), network: ctx.state.caller };
  try {
    await verifyCode(db, house.secrets, house.throttles, { ...slot, code: form.get('code') });
  } catch (error) {
    return showCodePage(visit, pending, [sayRefused(visit, error, 'code')]);
  }
  try {
    await takeOn(visit, pending);
  } catch (error) {
    await showContactsPage(visit, { problems: [sayRefused(visit, error, 'address')] });
  }
}

/** The code was right: the address is theirs, whatever it is to others. */
async function takeOn(visit: Visit, { contact, asIdentifier }: Pending): Promise<void> {
  const { ctx, house, db, account } = visit;
  const proven = { accountId: account.id, contact, device: readDevice(ctx, house) };
  const before = await listAccountContacts(db, house.secrets, account.id);
  if (asIdentifier) {
    await confirmAsIdentifier(db, house.secrets, proven);
    await tell(visit, before, identifierAddedMessage);
    return seeOther(ctx, `${PATH}?done=signs-in`);
  }
  const was = await confirmContact(db, house.secrets, proven);
  await tell(visit, before, was === 'added' ? contactAddedMessage : contactConfirmedMessage);
  seeOther(ctx, `${PATH}?done=${was}`);
}

async function stopSigningIn(visit: Visit, form: Form): Promise<void> {
  const contact = contactOf(form);
  await end(visit, contact, identifierRemovedMessage, 'signs-in-no-more', () =>
    dropIdentifier(visit.db, visit.house.secrets, visit.account.id, contact),
  );
}

async function removeOne(visit: Visit, form: Form): Promise<void> {
  const contact = contactOf(form);
  await end(visit, contact, contactRemovedMessage, 'removed', () =>
    removeContact(visit.db, visit.house.secrets, visit.account.id, contact),
  );
}

/** Ends what an address was to the account. Who has come in by a way that is on trial ends nothing older. */
async function end(
  visit: Visit,
  contact: Identifier,
  compose: (context: EventMessageContext) => Message,
  done: string,
  change: () => Promise<boolean>,
): Promise<void> {
  const { ctx, house, db, session, account } = visit;
  const before = await listAccountContacts(db, house.secrets, account.id);
  const since = before.find(({ value }) => value === contact.value)?.confirmedAt;
  if (since && !mayRemove(await listWays(db, account), since, session)) {
    ctx.status = 422;
    return showContactsPage(visit, { problems: [{ kind: 'on-trial' }] });
  }
  try {
    if (await change()) await tell(visit, before, compose);
  } catch (error) {
    return showContactsPage(visit, { problems: [sayRefused(visit, error, 'address')] });
  }
  seeOther(ctx, `${PATH}?done=${done}`);
}

async function giveOutOne({ ctx, house, db, account }: Visit, form: Form): Promise<void> {
  await giveOut(db, house.secrets, account.id, contactOf(form));
  seeOther(ctx, `${PATH}?done=given-out`);
}

/** Those who were contacts before the change, also the one that it takes off. */
function tell(
  { ctx, house, db, account }: Visit,
  contacts: readonly Contact[],
  compose: (context: EventMessageContext) => Message,
): Promise<void> {
  const device = sayBrowser(aboutBrowser(ctx));
  return notifyContacts(house, db, account.id, (context) => compose({ ...context, device }), { contacts });
}

/** The address that stands in a row. @throws {Refusal} `identifier_invalid` */
function contactOf(form: Form): Identifier {
  return readIdentifier(form.get('contact'));
}

function boundTo({ uid }: Visit['session']): string {
  return `contact ${uid}`;
}

function placeOf({ session }: Visit): string {
  return `pending-contact:${session.uid}`;
}

function sealPending(visit: Visit, pending: Pending): string {
  return visit.house.secrets.wrap.sealToken(placeOf(visit), JSON.stringify(pending));
}

function findPending(visit: Visit): Pending | undefined {
  const { confirm } = visit.ctx.query;
  if (typeof confirm !== 'string') return undefined;
  const said = visit.house.secrets.wrap.openToken(placeOf(visit), confirm);
  return said && (JSON.parse(said.toString()) as Pending);
}

async function showStep(visit: Visit): Promise<void> {
  const { ctx } = visit;
  if (ctx.query.confirm === undefined) return showContactsPage(visit, { done: ctx.query.done });
  const pending = findPending(visit);
  if (!pending) return seeOther(ctx, PATH);
  showCodePage(visit, pending);
}

function showCodePage(
  { ctx, house }: Visit,
  { contact, sentAt }: Pending,
  problems: readonly CodeProblem[] = [],
): void {
  const page = codePage({
    ...frameOf(ctx, house),
    sentTo: contact.value,
    ...timesLeft(sentAt),
    backLink: PATH,
    mayCancel: false,
    problems,
  });
  showForm(ctx, page);
}

const notices = ['added', 'confirmed', 'removed', 'signs-in', 'signs-in-no-more', 'given-out'] as const;

interface Said {
  readonly typed?: string | undefined;
  readonly done?: unknown;
  readonly problems?: readonly ContactsProblem[];
}

async function showContactsPage(visit: Visit, { typed, done, problems }: Said): Promise<void> {
  const { ctx, house } = visit;
  const notice = notices.find((name) => name === done);
  const page = contactsPage({
    ...frameOf(ctx, house),
    contacts: await listShown(visit),
    typed,
    ...(notice && { notice: { tone: 'done', text: translate(ctx.state.language)(`contacts.done-${notice}`) } }),
    ...(problems && { problems }),
  });
  showForm(ctx, page);
}

async function listShown({ house, db, account }: Visit): Promise<ShownContact[]> {
  const contacts = await listAccountContacts(db, house.secrets, account.id);
  const counting = await listCountingContacts(db, house.secrets, account.id);
  return contacts.map((contact) => ({
    kind: contact.kind,
    value: contact.value,
    state: stateOf(contact),
    confirmedAt: contact.confirmedAt,
    isIdentifier: contact.isIdentifier,
    isGivenOut: addressIn(account.profile, contact.kind)?.value === contact.value,
    isShared: counting.some(({ value, isShared }) => value === contact.value && isShared),
  }));
}

function stateOf(contact: Contact): ShownContact['state'] {
  if (!contact.confirmedAt) return 'unconfirmed';
  return isCounting(contact) ? 'confirmed' : 'stale';
}
