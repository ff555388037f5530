/** Messages to those who work for an agency about what became of its apps. */
import { sayStage } from './console/parts/stage.ts';
import { formatMoment, formatPercentage, translate } from './locale.ts';
import { isLetter, letter, type Message, type MessageContext, paragraphs } from './messages.ts';

export type ServiceMessageContext = MessageContext & {
  service: string;
  /** Where to look at it: the versions of the app, or the one that waits. */
  link: string;
};

/** A risky change took effect without approval. */
export function glassBrokenMessage(
  context: ServiceMessageContext & { reason: string; fields: readonly string[] },
): Message {
  const t = translate(context.language);
  const { service, reason, fields, link } = context;
  const subject = t('message.glass-broken-subject', { service });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts = paragraphs(t('message.glass-broken-text', { service, reason, fields: fields.join(', ') }));
  return {
    ...letter(context, subject, [...parts, { label: t('message.service-versions'), link, look: 'button' }]),
    link,
  };
}

/** A change waits for whoever is told to agree or refuse. */
export function reviewMessage(
  context: ServiceMessageContext & {
    agency: string;
    fields: readonly string[];
    dueAt: Date | undefined;
    /** Nobody else could decide, so that it goes to those who can name somebody. */
    isUnattended: boolean;
  },
): Message {
  const t = translate(context.language);
  const { language, service, agency, fields, link, dueAt, isUnattended, timeZone } = context;
  const subject = t('message.review-asked-subject', { service });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts = [
    ...paragraphs(t('message.review-asked-text', { service, agency, fields: fields.join(', ') })),
    ...(dueAt ? [t('message.review-due', { due: formatMoment(language, dueAt, timeZone) })] : []),
    ...(isUnattended ? [t('message.review-unattended', { agency })] : []),
  ];
  return { ...letter(context, subject, [...parts, { label: t('message.review-open'), link, look: 'button' }]), link };
}

/** What was asked for was agreed to, or refused. */
export function decidedMessage(
  context: ServiceMessageContext & { verdict: 'applied' | 'rejected'; number: number; note?: string | undefined },
): Message {
  const t = translate(context.language);
  const { service, number, note, link, verdict } = context;
  const subject = t(`message.version-${verdict}-subject`, { service });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts = paragraphs(t(`message.version-${verdict}-text`, { service, number }));
  const said = note === undefined ? [] : [t('message.version-note', { note })];
  const open = { label: t('message.service-versions'), link, look: 'button' } as const;
  return { ...letter(context, subject, [...parts, ...said, open]), link };
}

/** An app was stopped by whoever runs the system, or may run again. */
export function serviceMovedMessage(
  context: ServiceMessageContext & { change: 'stopped' | 'resumed'; reason: string },
): Message {
  const t = translate(context.language);
  const { service, reason, link, change } = context;
  const subject = t(`message.service-${change}-subject`, { service });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts = paragraphs(t(`message.service-${change}-text`, { service, reason }));
  return {
    ...letter(context, subject, [...parts, { label: t('message.service-versions'), link, look: 'button' }]),
    link,
  };
}

/** A step that the agency had planned was taken on its day. */
export function stepTakenMessage(
  context: ServiceMessageContext & { before: ToldStanding; after: ToldStanding },
): Message {
  const t = translate(context.language);
  const { language, service, link, before, after } = context;
  const say = ({ stage, percentage }: ToldStanding): string =>
    `${sayStage(language, stage)}, ${formatPercentage(language, percentage)}`;
  const subject = t('message.step-taken-subject', { service });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts = paragraphs(t('message.step-taken-text', { service, before: say(before), after: say(after) }));
  return { ...letter(context, subject, [...parts, { label: t('message.step-open'), link, look: 'button' }]), link };
}

type ToldStanding = { stage: string; percentage: number };
