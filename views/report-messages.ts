/** Messages about releases that a person does not recognise, and about staff who looked at what was released. */
import { formatMoment, translate } from './locale.ts';
import {
  accountPart,
  type EventMessageContext,
  factsOf,
  isLetter,
  letter,
  type Message,
  type MessageContext,
  paragraphs,
} from './messages.ts';

export type ReportReason = 'unknown-app' | 'not-then' | 'too-much';
export type ReportAnswer = 'rightful' | 'mistake' | 'misuse';

export type ReportMessageContext = MessageContext & {
  /** What the app is called. */
  service: string;
  agency: string;
  reason: ReportReason;
  dueAt: Date;
  /** The page of the app's reports. */
  link: string;
};

/** To the owners of an app: somebody does not recognise what it read. */
export function reportedMessage(context: ReportMessageContext): Message {
  const t = translate(context.language);
  const { language, service, agency, reason, dueAt, link, timeZone } = context;
  const subject = t('message.report-made-subject', { service });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const due = formatMoment(language, dueAt, timeZone);
  return {
    ...letter(context, subject, [
      ...paragraphs(t('message.report-made-text', { service, agency, due })),
      t('message.reported-reason', { reason: t(`report.reason-${reason}`) }),
      t('message.owed-law'),
      { label: t('message.reported-open'), link, look: 'button' },
    ]),
    link,
  };
}

/** To whoever reported: what the agency found. */
export function reportAnsweredMessage(
  context: MessageContext & { service: string; agency: string; answer: ReportAnswer; link: string },
): Message {
  const t = translate(context.language);
  const { service, agency, answer, link } = context;
  const subject = t('message.report-answered-subject', { service });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts = [
    t('message.report-answered-text', { service, agency }),
    t(`report.answer-${answer}`),
    t(`report.then-${answer}`, { agency }),
  ];
  return {
    ...letter(context, subject, [...parts, { label: t('message.report-answered-open'), link, look: 'button' }]),
    link,
  };
}

export type LookReason = 'asked-by-person' | 'report-checked' | 'misuse-examined' | 'law-demands';

/** To every contact: somebody of the staff has looked at who read this person's data. */
export function releasesReadMessage(
  context: EventMessageContext & { agency: string; reason: LookReason; caseNumber: string },
): Message {
  const t = translate(context.language);
  const { brand, agency, reason, caseNumber, accountLink: link } = context;
  const subject = t('message.releases-read-subject', { brand });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const why = t(`look.reason-${reason}`);
  const parts = [
    ...paragraphs(t('message.releases-read-text', { brand, agency, why, case: caseNumber })),
    { facts: factsOf(context) },
    accountPart(context),
  ];
  return { ...letter(context, subject, parts), link };
}
