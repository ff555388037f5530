/** Messages to those who work for an agency about what was decided about its apps. */
import { type SaidDecision, sayDecision } from './console/parts/decision.ts';
import { translate } from './locale.ts';
import type { LetterPart } from './mail.ts';
import { isLetter, letter, type Message, type MessageContext, paragraphs } from './messages.ts';

/** One app, and what was decided about it. */
export type ToldApp = SaidDecision & { service: string };

export type DecisionsContext = MessageContext & {
  agency: string;
  /** Those that are named, and how many there are in all. */
  apps: readonly ToldApp[];
  count: number;
  reason: string;
  /** Where to look at them. */
  link: string;
};

/** Decisions about apps of an agency; several that were made together are told of at once. */
export function decidedAboutMessage(context: DecisionsContext): Message {
  return tell(context, 'decided');
}

/** Decisions that were undone. */
export function decisionUndoneMessage(context: DecisionsContext): Message {
  return tell(context, 'undone');
}

/** To the agency of a successor: whose people it is to take in. */
export function incomingMessage(context: DecisionsContext): Message {
  return tell(context, 'incoming');
}

function tell(context: DecisionsContext, what: 'decided' | 'undone' | 'incoming'): Message {
  const { language, agency, apps, count, reason, link } = context;
  const t = translate(language);
  const subject = t(`message.decision-${what}-subject`, { count, service: apps[0]?.service ?? '', agency });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const facts = apps.map((app) => ({ name: app.service, value: sayDecision(language, app) }));
  const more = count > apps.length ? [t('message.decision-more', { count: count - apps.length })] : [];
  const parts: LetterPart[] = [
    ...paragraphs(t(`message.decision-${what}-text`, { agency })),
    { facts },
    ...more,
    t('message.decision-reason', { reason }),
    { label: t('message.decision-open'), link, look: 'button' },
  ];
  return { ...letter(context, subject, parts), link };
}

export type EndContext = MessageContext & {
  service: string;
  /** Where its people are led. */
  successor: string | undefined;
  /** As people read a day. */
  day: string;
  reason: string;
  link: string;
};

/** An app of theirs ends soon. */
export function endsSoonMessage(context: EndContext & { days: number }): Message {
  return tellEnd(context, 'soon', context.days);
}

/** An app of theirs has ended. */
export function endedMessage(context: EndContext): Message {
  return tellEnd(context, 'ended');
}

/** Its day has come, but its people could not be taken in where they are to be led. */
export function heldMessage(context: EndContext): Message {
  return tellEnd(context, 'held');
}

function tellEnd(context: EndContext, what: 'soon' | 'ended' | 'held', days = 0): Message {
  const { language, service, successor, day, reason, link } = context;
  const t = translate(language);
  const subject = t(`message.end-${what}-subject`, { service, days });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  const parts: LetterPart[] = [
    ...paragraphs(t(`message.end-${what}-text`, { service, day, successor: successor ?? '' })),
    ...(successor !== undefined && what !== 'held' ? [t('message.end-successor', { successor })] : []),
    t('message.decision-reason', { reason }),
    { label: t('message.decision-open'), link, look: 'button' },
  ];
  return { ...letter(context, subject, parts), link };
}
