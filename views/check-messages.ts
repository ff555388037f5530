import { type ShownCheckProblem, sayCheckProblem } from './console/parts/checks.ts';
import { translate } from './locale.ts';
import { isLetter, letter, type Message, type MessageContext, paragraphs } from './messages.ts';

export type ChecksFailedContext = MessageContext & {
  service: string;
  problems: readonly ShownCheckProblem[];
  /** The app was stopped, because answers would go to a host that somebody else may have. */
  isStopped: boolean;
  /** The page of the app where the checks are. */
  checksLink: string;
};

/** Something about a live app does not work any more, or it had to be stopped. */
export function checksFailedMessage(context: ChecksFailedContext): Message {
  const t = translate(context.language);
  const { language, service, problems, isStopped, checksLink, timeZone } = context;
  const say = isStopped ? 'stopped' : 'failed';
  const subject = t(`message.checks-${say}-subject`, { service });
  if (!isLetter(context)) return { subject, text: `${subject}. ${checksLink}`, link: checksLink };
  const link = { label: t('message.checks-page'), link: checksLink, look: 'button' } as const;
  const sentences = problems.map((problem) => sayCheckProblem(language, problem, timeZone));
  const parts = [...paragraphs(t(`message.checks-${say}-text`, { service })), ...sentences, link];
  return { ...letter(context, subject, parts), link: checksLink };
}
