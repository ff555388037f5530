/** Messages about apps of which a coordinator decides whether they are needed. */
import { formatMoment, translate } from './locale.ts';
import { isLetter, letter, type Message, type MessageContext, paragraphs } from './messages.ts';

export type CaseMessageContext = MessageContext & {
  /** What the app is called. */
  service: string;
  agency: string;
  /** The page of the case. */
  link: string;
};

/** A case waits for whoever is told to decide, or waits for longer than was promised. */
export function caseMessage(
  context: CaseMessageContext & {
    occasion: 'opened' | 'overdue';
    /** Why the app is needed, in the words of who asked. */
    justification: string;
    dueAt: Date;
    /** Nobody coordinates the app, so that it goes to those who can name somebody. */
    isUnattended: boolean;
    /** Asked for is an exception where it is closed. */
    isException: boolean;
  },
): Message {
  const t = translate(context.language);
  const { language, service, agency, link, occasion, justification, dueAt, isUnattended, isException, timeZone } =
    context;
  const subject = t(`message.case-${occasion}-subject`, { service });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts = [
    ...paragraphs(t(isException ? 'message.exception-text' : 'message.case-text', { service, agency, justification })),
    t('message.case-due', { due: formatMoment(language, dueAt, timeZone) }),
    ...(isUnattended ? [t('message.case-unattended', { agency })] : []),
  ];
  return { ...letter(context, subject, [...parts, { label: t('message.case-open'), link, look: 'button' }]), link };
}

/** How a case was decided, for those who asked. */
export function caseDecidedMessage(
  context: CaseMessageContext & {
    verdict: 'allowed' | 'refused';
    isException: boolean;
    note?: string | undefined;
    /** What is to be used instead. */
    instead?: string | undefined;
  },
): Message {
  const t = translate(context.language);
  const { service, agency, link, verdict, isException, note, instead } = context;
  const subject = t(isException ? `message.exception-${verdict}-subject` : `message.case-${verdict}-subject`, {
    service,
  });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts = [
    ...paragraphs(
      t(isException ? `message.exception-${verdict}-text` : `message.case-${verdict}-text`, { service, agency }),
    ),
    ...(instead === undefined ? [] : [t('message.case-instead', { instead })]),
    ...(note === undefined ? [] : [t('message.version-note', { note })]),
  ];
  return { ...letter(context, subject, [...parts, { label: t('message.case-see'), link, look: 'button' }]), link };
}
