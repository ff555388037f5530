import type { Channel } from './code.ts';
import { formatDuration, formatMoment, type Language, type MessageKey, translate } from './locale.ts';
import { type Fact, type LetterPart, letterPage, letterText } from './mail.ts';
import { sayNetwork } from './parts/browser.ts';

/** A message as it leaves; the subject and the HTML are used by channels that have them. */
export type Message = {
  subject: string;
  text: string;
  html?: string;
  /** Where its main link leads. */
  link?: string;
};

/** What every message needs. Its links are full addresses at the configured issuer. */
export type MessageContext = {
  language: Language;
  brand: string;
  /** Where a person looks after the account. */
  accountLink: string;
  /** How it travels: a letter (`email`, unless told otherwise), or a line or two. */
  channel?: Channel | undefined;
  timeZone?: string | undefined;
};

export type CodeMessageContext = MessageContext & {
  channel: Channel;
  code: string;
  secondsLeft: number;
  /** The host that the code is for; phones fill it in there only. */
  domain: string;
  /** The app one is on the way to. */
  service?: string | undefined;
};

/** What happened on the account, when and from where. */
export type EventMessageContext = MessageContext & {
  at: Date;
  /** Browser and system as text. */
  device?: string | undefined;
  /** When the account will be deleted, where that is what it is about. */
  endsAt?: Date | undefined;
  /** As a CIDR: only as far as a neighbourhood. */
  network?: string | undefined;
  /** Leads to the page that freezes the account; absent where the reader may be somebody else by now. */
  notMeLink?: string | undefined;
};

/**
 * A one-time code. By SMS it ends with the line that binds it to our origin (`@domain #code`), so that a phone does
 * not offer it to a look-alike site.
 */
export function codeMessage(context: CodeMessageContext): Message {
  const t = translate(context.language);
  const { brand, code, domain } = context;
  const subject = t('message.code-subject', { brand, code });
  const time = formatDuration(context.language, context.secondsLeft);
  if (!isLetter(context)) {
    return { subject, text: `${t('message.code-short', { brand, code, time })}\n\n@${domain} #${code}` };
  }
  const service = context.service ?? brand;
  return letter(context, subject, [
    { say: t('message.code-for', { service }), code },
    t('message.code-valid', { brand, time }),
    t('message.code-warning'),
  ]);
}

/** Somebody asked for a code where a passkey is the way in: no code inside. */
export function codeRefusedPasskeyMessage(context: MessageContext): Message {
  return refuse(context, 'passkey');
}

/** Somebody asked for a code for an account that is switched off: no code inside. */
export function codeRefusedDisabledMessage(context: MessageContext): Message {
  return refuse(context, 'disabled');
}

/** Somebody asked for a code at a number that may have been given to somebody else since: no code inside. */
export function codeRefusedStaleMessage(context: MessageContext): Message {
  return refuse(context, 'stale');
}

export function contactAddedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.contact-added-subject', 'message.contact-added-text');
}

export function contactConfirmedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.contact-confirmed-subject', 'message.contact-confirmed-text');
}

export function contactRemovedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.contact-removed-subject', 'message.contact-removed-text');
}

export function identifierAddedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.identifier-added-subject', 'message.identifier-added-text');
}

export function identifierRemovedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.identifier-removed-subject', 'message.identifier-removed-text');
}

/** Everything that is held about the person was downloaded. */
export function dataDownloadedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.data-downloaded-subject', 'message.data-downloaded-text');
}

/** What a person says of themselves was changed on their own page. */
export function dataCorrectedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.data-corrected-subject', 'message.data-corrected-text');
}

export function passkeyAddedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.passkey-added-subject', 'message.passkey-added-text');
}

export function passkeyRemovedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.passkey-removed-subject', 'message.passkey-removed-text');
}

/** The account was frozen: there is nothing left to press. */
export function accountFrozenMessage(context: EventMessageContext): Message {
  return inform(context, 'message.account-frozen-subject', 'message.account-frozen-text');
}

/** Its owner has frozen it on its own page. */
export function accountHeldMessage(context: EventMessageContext): Message {
  return inform(context, 'message.account-held-subject', 'message.account-held-text');
}

export function accountDisabledMessage(context: EventMessageContext): Message {
  return inform(context, 'message.account-disabled-subject', 'message.account-disabled-text');
}

/** What was frozen or disabled can be used again. */
export function accountOpenedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.account-opened-subject', 'message.account-opened-text');
}

/** Somebody asked for its end; there is time to change one's mind. */
export function accountClosingMessage(context: EventMessageContext): Message {
  return tell(context, 'message.account-closing-subject', 'message.account-closing-text');
}

/** A few days before the end. */
export function accountClosingSoonMessage(context: EventMessageContext): Message {
  return tell(context, 'message.account-closing-soon-subject', 'message.account-closing-soon-text');
}

export function accountKeptMessage(context: EventMessageContext): Message {
  return tell(context, 'message.account-kept-subject', 'message.account-kept-text');
}

/** The last one: there is no account any more that a link could lead to. */
export function accountErasedNotice(context: EventMessageContext): Message {
  const t = translate(context.language);
  const { brand } = context;
  const subject = t('message.account-erased-subject', { brand });
  if (!isLetter(context)) return { subject, text: `${subject}.` };
  return letter(context, subject, paragraphs(t('message.account-erased-text', { brand })));
}

export function passwordSetMessage(context: EventMessageContext): Message {
  return tell(context, 'message.password-set-subject', 'message.password-set-text');
}

export function passwordRemovedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.password-removed-subject', 'message.password-removed-text');
}

export function totpAddedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.totp-added-subject', 'message.totp-added-text');
}

export function totpRemovedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.totp-removed-subject', 'message.totp-removed-text');
}

export function recoveryCodesMadeMessage(context: EventMessageContext): Message {
  return tell(context, 'message.recovery-codes-made-subject', 'message.recovery-codes-made-text');
}

export function recoveryCodeUsedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.recovery-code-used-subject', 'message.recovery-code-used-text');
}

/** Somebody signed in from a browser that the account does not know, or that others use too. */
export function newDeviceMessage(context: EventMessageContext): Message {
  return tell(context, 'message.new-device-subject', 'message.new-device-text');
}

export function recoveryCancelledMessage(context: EventMessageContext): Message {
  return tell(context, 'message.recovery-cancelled-subject', 'message.recovery-cancelled-text');
}

export function sheetCancelledMessage(context: EventMessageContext): Message {
  return tell(context, 'message.sheet-cancelled-subject', 'message.sheet-cancelled-text');
}

/** Somebody has shown at a desk who they are: what was closed after a recovery may be open again. */
export function personProvenMessage(context: EventMessageContext): Message {
  return tell(context, 'message.person-proven-subject', 'message.person-proven-text');
}

export function accountRecoveredMessage(context: EventMessageContext): Message {
  return tell(context, 'message.account-recovered-subject', 'message.account-recovered-text');
}

type WithoutCode = 'passkey' | 'stale' | 'disabled';

/** Says why there is no code: in a letter at length, otherwise by one sentence. */
function refuse(context: MessageContext, why: WithoutCode): Message {
  const t = translate(context.language);
  const { brand } = context;
  const subject = t(`message.code-refused-${why}-subject`, { brand });
  if (!isLetter(context)) return { subject, text: t(`message.code-refused-${why}-short`, { brand }) };
  return letter(context, subject, [
    ...paragraphs(t(`message.code-refused-${why}-text`, { brand })),
    accountPart(context),
  ]);
}

/**
 * A notice that something happened on the account. `text` says what, in one or two paragraphs, from the outside ("a
 * passkey was added to your {brand} account"), and what it means for the reader; greeting, facts and what to do when it
 * was somebody else are added here. By SMS the subject says it all.
 */
function tell(context: EventMessageContext, subjectKey: MessageKey, textKey: MessageKey): Message {
  const t = translate(context.language);
  const { brand, accountLink, notMeLink } = context;
  const subject = t(subjectKey, { brand });
  if (!isLetter(context)) {
    const text = `${subject}. ${t('message.not-you-short')} ${notMeLink ?? accountLink}`;
    return { subject, text, link: notMeLink ?? accountLink };
  }
  const whatHappened = [...paragraphs(t(textKey, { brand })), { facts: factsOf(context) }, t('message.was-you')];
  if (!notMeLink) return letter(context, subject, [...whatHappened, accountPart(context)]);
  const notMe = { label: t('message.not-me'), link: notMeLink, look: 'button' } as const;
  return {
    ...letter(context, subject, [...whatHappened, t('message.was-not-you'), notMe, accountPart(context)]),
    link: notMeLink,
  };
}

/** A notice of what asks for nothing from its reader but to know it; otherwise as {@link tell}. */
function inform(context: EventMessageContext, subjectKey: MessageKey, textKey: MessageKey): Message {
  const t = translate(context.language);
  const { brand, accountLink: link } = context;
  const subject = t(subjectKey, { brand });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts = [...paragraphs(t(textKey, { brand })), { facts: factsOf(context) }, accountPart(context)];
  return { ...letter(context, subject, parts), link };
}

/** Whether it travels as a letter, with room for more than a line or two. */
export function isLetter({ channel }: MessageContext): boolean {
  return channel === undefined || channel === 'email';
}

/** A letter of such parts, with its greeting and small print. */
export function letter(context: MessageContext, subject: string, parts: readonly LetterPart[]): Message {
  const t = translate(context.language);
  const { language, brand } = context;
  const whole = { language, brand, subject, parts: [t('message.hello'), ...parts], foot: t('message.foot', { brand }) };
  return { subject, text: letterText(whole), html: String(letterPage(whole)) };
}

/** The paragraphs of a text of the catalogues. */
export function paragraphs(text: string): string[] {
  return text.split('\n\n');
}

/** Where one looks after the account. */
export function accountPart({ language, accountLink }: MessageContext): LetterPart {
  return { label: translate(language)('message.account-page'), link: accountLink, look: 'plain' };
}

/** When it happened, and on which device. */
export function factsOf({ language, at, device, endsAt, network, timeZone }: EventMessageContext): Fact[] {
  const t = translate(language);
  return [
    { name: t('message.when'), value: formatMoment(language, at, timeZone) },
    ...(endsAt === undefined ? [] : [{ name: t('message.ends'), value: formatMoment(language, endsAt, timeZone) }]),
    ...(device === undefined ? [] : [{ name: t('message.device'), value: device }]),
    ...(network === undefined ? [] : [{ name: t('message.place'), value: sayNetwork(language, network) }]),
  ];
}
