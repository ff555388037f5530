/** Messages about answers that an agency owes to people: of withdrawals, and of reports that something was not theirs. */
import { formatMoment, translate } from './locale.ts';
import { isLetter, letter, type Message, type MessageContext, paragraphs } from './messages.ts';

export type OwedMessageContext = MessageContext & {
  /** The day is near, or over; or over at an agency below, or at one that has none above it (`top`). */
  occasion: 'soon' | 'overdue' | 'below' | 'top';
  /** Who is late, or has somebody below that is. */
  agency: string;
  /** The first few of the apps. */
  names: readonly string[];
  apps: number;
  withdrawals: number;
  reports: number;
  oldestDueAt: Date;
  /** Where it is answered, or the page that lists them. */
  link: string;
};

/** Answers are due soon, or were due. */
export function owedMessage(context: OwedMessageContext): Message {
  const t = translate(context.language);
  const { language, occasion, agency, names, apps, withdrawals, reports, oldestDueAt, link, timeZone } = context;
  const subject = t(`message.owed-${occasion}-subject`, { agency });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const due = formatMoment(language, oldestDueAt, timeZone);
  const more = apps > names.length ? [t('message.owed-more', { count: apps - names.length })] : [];
  const parts = [
    ...paragraphs(t(`message.owed-${occasion}-text`, { agency, due })),
    t('message.owed-counts', { withdrawals, reports }),
    `${[...names, ...more].join(', ')}.`,
    ...(occasion === 'soon' || occasion === 'overdue' ? [t('message.owed-how')] : []),
    t('message.owed-law'),
  ];
  return { ...letter(context, subject, [...parts, { label: t('message.owed-open'), link, look: 'button' }]), link };
}
