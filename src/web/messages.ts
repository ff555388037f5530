/** Messages that leave with what a person does: written here in their words, sent by the outbox. */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { listAccountContacts, loadAccount } from '#src/people/accounts.ts';
import { codeAudience, codeTimes, createCode } from '#src/people/codes.ts';
import { type Contact, isCounting } from '#src/people/contacts.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import { sendMessage } from '#src/people/messages.ts';
import { sealNotMe } from '#src/people/not-me.ts';
import { recoveryAudience } from '#src/people/recoveries.ts';
import type { Localized } from '#src/registry/clients.ts';
import {
  type CodeMessageContext,
  codeMessage,
  codeRefusedDisabledMessage,
  codeRefusedPasskeyMessage,
  codeRefusedStaleMessage,
  type EventMessageContext,
  type Message,
} from '#views/messages.ts';
import { recoveryCodeMessage, recoveryRefusedMessage } from '#views/recovery-messages.ts';
import { callerOf } from './device.ts';
import type { OpenHouse } from './house.ts';

/** For whom a code is, and what ties it to the browser that asked. */
interface AskedCode {
  readonly identifier: Identifier;
  readonly boundTo: string;
}

/**
 * Sends a one-time code to an address, or the sentence why there is none. The caller cannot tell which, and neither can
 * anyone who looks at the page.
 *
 * @throws {Refusal} `too_many_attempts`
 */
export async function sendCode(
  ctx: Context,
  house: OpenHouse,
  db: Db,
  asked: AskedCode & { readonly service: Localized },
): Promise<void> {
  await sendOneTimeCode(ctx, house, db, asked, async (context) => {
    const { kind } = await codeAudience(db, house.secrets, asked.identifier);
    if (kind === 'passkey') return codeRefusedPasskeyMessage(context);
    if (kind === 'stale') return codeRefusedStaleMessage(context);
    if (kind === 'disabled') return codeRefusedDisabledMessage(context);
    return withCode(context, codeMessage({ ...context, service: asked.service[context.language] }));
  });
}

/**
 * Sends a one-time code to a contact of somebody who has shown a first thing.
 *
 * @throws {Refusal} `too_many_attempts`
 */
export async function sendSecondCode(
  ctx: Context,
  house: OpenHouse,
  db: Db,
  asked: AskedCode & { readonly service: Localized },
): Promise<void> {
  await sendOneTimeCode(ctx, house, db, asked, async (context) =>
    withCode(context, codeMessage({ ...context, service: asked.service[context.language] })),
  );
}

/**
 * Sends a code that helps to recover an account, or the sentence why there is none; nobody but the reader can tell which.
 *
 * @throws {Refusal} `too_many_attempts`
 */
export async function sendRecoveryCode(ctx: Context, house: OpenHouse, db: Db, asked: AskedCode): Promise<void> {
  await sendOneTimeCode(ctx, house, db, asked, async (context) => {
    const { kind } = await recoveryAudience(db, house.secrets, asked.identifier);
    const isTaken = kind === 'account' || kind === 'frozen';
    return isTaken ? withCode(context, recoveryCodeMessage(context)) : recoveryRefusedMessage(context, kind);
  });
}

/** What a message with a code is made of. */
type CodeContext = ReturnType<typeof messageContext> & Pick<CodeMessageContext, 'code' | 'secondsLeft' | 'domain'>;

/** A code is made for everybody, so that limits and statements are the same; `compose` decides who reads it. */
async function sendOneTimeCode(
  ctx: Context,
  house: OpenHouse,
  db: Db,
  asked: AskedCode,
  compose: (context: CodeContext) => Promise<Message & { readonly code?: string }>,
): Promise<void> {
  const { identifier, boundTo } = asked;
  const { language } = ctx.state;
  const slot = { identifier, boundTo, ...callerOf(ctx, house) };
  const code = await createCode(db, house.secrets, house.throttles, slot);
  const sent = { code, secondsLeft: codeTimes.life, domain: house.config.rpId };
  const message = await compose({ ...messageContext(house, language, identifier.kind), ...sent });
  await sendMessage(db, house.secrets, { kind: identifier.kind, to: identifier.value, language, ...message });
}

/** A message that is worth nothing when the time of its code is over. */
function withCode({ code }: CodeContext, message: Message): Message & { readonly code: string } {
  return { ...message, code };
}

/**
 * Tells every confirmed contact of an account that something about its security changed. A phone number that its owner has
 * not proven for long may be somebody else's by now: it is told as well, but gets no link that freezes the account.
 *
 * @param told.cause names what is told, where that may be told again (`Message.cause`)
 * @param told.contacts those from before a change of the contacts, so that the old one learns of it too
 */
export async function notifyContacts(
  house: Pick<OpenHouse, 'config' | 'secrets'>,
  db: Db,
  accountId: string,
  compose: (context: EventMessageContext, contact: Contact) => Message,
  told: { readonly cause?: string; readonly contacts?: readonly Contact[] } = {},
): Promise<void> {
  const account = await loadAccount(db, house.secrets, accountId);
  const at = new Date();
  const notMeLink = `${house.config.issuer}/not-me?token=${sealNotMe(house.secrets, { accountId, at })}`;
  const { cause, contacts = await listAccountContacts(db, house.secrets, account.id) } = told;
  for (const contact of contacts) {
    if (!contact.confirmedAt) continue;
    const context = { ...messageContext(house, account.language, contact.kind), at };
    await sendMessage(db, house.secrets, {
      kind: contact.kind,
      to: contact.value,
      language: account.language,
      ...(cause !== undefined && { cause: `${accountId} ${cause}` }),
      ...compose(isCounting(contact) ? { ...context, notMeLink } : context, contact),
    });
  }
}

function messageContext({ config }: Pick<OpenHouse, 'config'>, language: 'id' | 'en', kind: Identifier['kind']) {
  const channel = kind === 'email' ? 'email' : 'sms';
  return { language, brand: config.brand, accountLink: `${config.issuer}/account`, channel } as const;
}
