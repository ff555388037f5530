/** Messages about a sheet of a service desk: whoever reads them may object, and an old contact may agree. */
import { formatMoment, translate } from './locale.ts';
import { accountPart, type EventMessageContext, factsOf, isLetter, letter, type Message } from './messages.ts';

export type SheetMessageContext = EventMessageContext & {
  agency: string;
  readyAt: Date;
  /** Leads to the page that cancels or confirms; none for a number that may be somebody else's by now. */
  decideLink: string | undefined;
  /** Whether this contact may say that it was its owner, so that nobody has to wait. */
  mayConfirm: boolean;
};

/** A desk has issued a sheet that will open the account. */
export function sheetIssuedMessage(context: SheetMessageContext): Message {
  return sheetMessage(context, 'issued');
}

/** An old contact has ended the wait: the sheet opens the account now. */
export function sheetConfirmedMessage(context: SheetMessageContext): Message {
  return sheetMessage(context, 'confirmed');
}

function sheetMessage(context: SheetMessageContext, what: 'issued' | 'confirmed'): Message {
  const t = translate(context.language);
  const { language, brand, agency, readyAt, decideLink, mayConfirm, notMeLink, timeZone } = context;
  const ready = formatMoment(language, readyAt, timeZone);
  const subject = t(`message.sheet-${what}-subject`, { brand });
  if (!isLetter(context)) {
    const text = `${subject}. ${t(`message.sheet-${what}-short`, { agency, ready })}`;
    if (!decideLink) return { subject, text: `${text} ${t('message.recovery-started-short-elsewhere')}` };
    return { subject, text: `${text} ${t('message.sheet-short-decide')} ${decideLink}`, link: decideLink };
  }
  const isOpen = what === 'confirmed';
  const whole = letter(context, subject, [
    t(`message.sheet-${what}-text`, { brand, agency, ready }),
    { facts: factsOf(context) },
    !isOpen && mayConfirm ? t('message.sheet-was-you') : t('message.was-you'),
    t('message.sheet-not-you'),
    ...(decideLink
      ? [{ label: t('message.sheet-decide'), link: decideLink, look: 'button' } as const]
      : [t('message.recovery-started-short-elsewhere')]),
    ...(notMeLink ? [{ label: t('message.recovery-freeze'), link: notMeLink, look: 'plain' } as const] : []),
    accountPart(context),
  ]);
  return decideLink ? { ...whole, link: decideLink } : whole;
}
