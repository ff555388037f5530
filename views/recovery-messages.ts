/** Messages on the way back into an account; that it was opened again, or stays shut, is told as every other event is. */
import { formatDuration, formatMoment, translate } from './locale.ts';
import {
  accountPart,
  type CodeMessageContext,
  type EventMessageContext,
  factsOf,
  isLetter,
  letter,
  type Message,
  type MessageContext,
  paragraphs,
} from './messages.ts';

/**
 * A code that helps to recover an account, in words that nobody can take for those of a sign-in: it must not be read out to
 * somebody who says that they help with one.
 */
export function recoveryCodeMessage(context: CodeMessageContext): Message {
  const t = translate(context.language);
  const { brand, code, domain } = context;
  const subject = t('message.recovery-code-subject', { brand, code });
  const time = formatDuration(context.language, context.secondsLeft);
  if (!isLetter(context)) {
    return { subject, text: `${t('message.recovery-code-short', { brand, code, time })}\n\n@${domain} #${code}` };
  }
  return letter(context, subject, [
    { say: t('message.recovery-code-for', { brand }), code },
    t('message.code-valid', { brand, time }),
    t('message.recovery-code-warning'),
  ]);
}

/** Why an address gets no code for a recovery: no account, one that may not be used, or a contact that proves too little. */
export type RecoveryRefused = 'none' | 'unavailable' | 'unfit';

export function recoveryRefusedMessage(context: MessageContext, why: RecoveryRefused): Message {
  const t = translate(context.language);
  const { brand } = context;
  const subject = t(`message.recovery-refused-${why}-subject`, { brand });
  if (!isLetter(context)) return { subject, text: t(`message.recovery-refused-${why}-short`, { brand }) };
  return letter(context, subject, [
    ...paragraphs(t(`message.recovery-refused-${why}-text`, { brand })),
    accountPart(context),
  ]);
}

export type RecoveryStartedContext = EventMessageContext & {
  /** Leads to the page that cancels the recovery; none for a number that may be somebody else's by now. */
  cancelLink: string | undefined;
  readyAt: Date;
};

/** A recovery by two contacts waits: whoever reads this may cancel it. */
export function recoveryStartedMessage(context: RecoveryStartedContext): Message {
  const t = translate(context.language);
  const { language, brand, cancelLink, notMeLink, readyAt, timeZone } = context;
  const subject = t('message.recovery-started-subject', { brand });
  const ready = formatMoment(language, readyAt, timeZone);
  if (!isLetter(context)) {
    const text = `${subject}. ${t('message.recovery-started-short', { ready })}`;
    if (!cancelLink) return { subject, text: `${text} ${t('message.recovery-started-short-elsewhere')}` };
    return { subject, text: `${text} ${t('message.recovery-started-short-cancel')} ${cancelLink}`, link: cancelLink };
  }
  const whole = letter(context, subject, [
    t('message.recovery-started-text', { brand, ready }),
    { facts: factsOf(context) },
    t('message.was-you'),
    ...(cancelLink
      ? [
          t('message.recovery-started-not-you'),
          { label: t('message.recovery-cancel'), link: cancelLink, look: 'button' } as const,
        ]
      : [t('message.recovery-started-short-elsewhere')]),
    ...(notMeLink ? [{ label: t('message.recovery-freeze'), link: notMeLink, look: 'plain' } as const] : []),
    accountPart(context),
  ]);
  return cancelLink ? { ...whole, link: cancelLink } : whole;
}
