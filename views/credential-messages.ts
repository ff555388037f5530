import { formatDay, translate } from './locale.ts';
import { isLetter, letter, type Message, type MessageContext, paragraphs } from './messages.ts';

export type SecretEndContext = MessageContext & {
  service: string;
  /** Its last characters, where we made it. */
  hint: string | undefined;
  expiresAt: Date;
  lastUsedAt: Date | undefined;
  /** How near the end is: 60, 30 or 7 days; 0 when it is over. */
  days: number;
  /** The page where a new one is made. */
  keysLink: string;
  timeZone?: string | undefined;
};

/** A secret of an app is about to end, or has ended: the app cannot sign anybody in with it then. */
export function secretEndMessage(context: SecretEndContext): Message {
  const t = translate(context.language);
  const { service, days, keysLink, expiresAt, hint, lastUsedAt, language, timeZone } = context;
  const say = days === 0 ? 'ended' : 'ends';
  const date = formatDay(language, expiresAt, timeZone);
  const subject = t(`message.secret-${say}-subject`, { service, date });
  if (!isLetter(context)) return { subject, text: `${subject}. ${keysLink}`, link: keysLink };
  const facts = [
    { name: t('message.secret-service'), value: service },
    ...(hint === undefined ? [] : [{ name: t('message.secret-hint'), value: `…${hint}` }]),
    { name: t('message.secret-until'), value: date },
    {
      name: t('message.secret-last-used'),
      value: lastUsedAt ? formatDay(language, lastUsedAt, timeZone) : t('message.secret-never-used'),
    },
  ];
  const [first = '', ...others] = paragraphs(t(`message.secret-${say}-text`, { service, date }));
  const link = { label: t('message.secret-page'), link: keysLink, look: 'button' } as const;
  return { ...letter(context, subject, [first, { facts }, ...others, link]), link: keysLink };
}

export type ContactConfirmContext = MessageContext & {
  service: string;
  agency: string;
  role: 'technical' | 'security' | 'privacy' | 'support';
  confirmLink: string;
};

/** Asks whoever reads this address whether it is right that an agency named it for one of its apps. */
export function contactConfirmMessage(context: ContactConfirmContext): Message {
  const t = translate(context.language);
  const { service, agency, role, confirmLink } = context;
  const subject = t('message.contact-confirm-subject', { service });
  const said = { service, agency, role: t(`contact.role-${role}`) };
  const link = { label: t('message.contact-confirm-page'), link: confirmLink, look: 'button' } as const;
  const parts = [...paragraphs(t('message.contact-confirm-text', said)), link, t('message.contact-confirm-not-you')];
  return { ...letter(context, subject, parts), link: confirmLink };
}
