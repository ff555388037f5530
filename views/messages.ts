import type { Channel } from './code.ts';
import { formatDuration, formatMoment, type Language, type MessageKey, translate } from './locale.ts';

/** A message as it leaves; the subject is used by channels that have one. */
export type Message = { subject: string; text: string };

/** What every message needs. */
export type MessageContext = {
  language: Language;
  brand: string;
  /** Where a person looks after the account, a full address. */
  accountLink: string;
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
  if (context.channel === 'sms') {
    return { subject, text: `${t('message.code-short', { brand, code, time })}\n\n@${domain} #${code}` };
  }
  const service = context.service ?? brand;
  return { subject, text: t('message.code-text', { brand, code, time, service }) };
}

/** Somebody asked for a code where a passkey is the way in: no code inside. */
export function codeRefusedPasskeyMessage(context: MessageContext): Message {
  return say(context, 'message.code-refused-passkey-subject', 'message.code-refused-passkey-text');
}

/** Somebody asked for a code for an account that is switched off: no code inside. */
export function codeRefusedDisabledMessage(context: MessageContext): Message {
  return say(context, 'message.code-refused-disabled-subject', 'message.code-refused-disabled-text');
}

export function passkeyAddedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.passkey-added-subject', 'message.passkey-added-text');
}

export function passkeyRemovedMessage(context: EventMessageContext): Message {
  return tell(context, 'message.passkey-removed-subject', 'message.passkey-removed-text');
}

function say(context: MessageContext, subject: MessageKey, text: MessageKey): Message {
  const t = translate(context.language);
  const { brand, accountLink } = context;
  return { subject: t(subject, { brand }), text: t(text, { brand, accountLink }) };
}

function tell(context: EventMessageContext, subject: MessageKey, text: MessageKey): Message {
  const t = translate(context.language);
  const { brand, accountLink } = context;
  const at = formatMoment(context.language, context.at, context.timeZone);
  const device = context.device ?? t('account.unknown-device');
  const facts = t('message.facts', { at, device });
  return { subject: t(subject, { brand }), text: t(text, { brand, facts, accountLink }) };
}
