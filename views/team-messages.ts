/** Messages about who works for an agency. */
import { formatList, formatMoment, translate } from './locale.ts';
import { accountPart, isLetter, letter, type Message, type MessageContext, paragraphs } from './messages.ts';
import { type RoleName, sayRole } from './roles.ts';

/** An agency and roles there. */
export type RoleContext = MessageContext & {
  agency: string;
  roles: readonly RoleName[];
};

export type InvitationContext = RoleContext & {
  /** Takes the invitation up. */
  link: string;
  until: Date;
};

/** Somebody is invited to work for an agency; goes to an address that its owner has typed. */
export function invitationMessage(context: InvitationContext): Message {
  const t = translate(context.language);
  const { language, brand, agency, link, until, timeZone } = context;
  const role = sayRoles(context);
  const subject = t('message.invitation-subject', { agency, brand });
  const ends = formatMoment(language, until, timeZone);
  return {
    ...letter(context, subject, [
      ...paragraphs(t('message.invitation-text', { agency, brand, role, ends })),
      { label: t('message.invitation-open'), link, look: 'button' },
      t('message.invitation-ignore'),
    ]),
    link,
  };
}

/** What became of somebody's role at an agency. */
export type RoleChange = 'given' | 'ended' | 'restored' | 'suspended';

/** Told to the person whose role it is. */
export function roleMessage(context: RoleContext & { change: RoleChange }): Message {
  const t = translate(context.language);
  const { brand, agency, change } = context;
  const role = sayRoles(context);
  const subject = t(`message.role-${change}-subject`, { agency, role });
  if (!isLetter(context)) return { subject, text: `${subject}. ${context.accountLink}`, link: context.accountLink };
  return letter(context, subject, [
    ...paragraphs(t(`message.role-${change}-text`, { agency, role, brand })),
    accountPart(context),
  ]);
}

/** What the owners of an agency are told of a member. */
export type MemberChange = 'joined' | 'ended' | 'suspended';

export type MemberContext = RoleContext & {
  change: MemberChange;
  person: string;
  /** The page of the team. */
  link: string;
};

/** Told to the owners of an agency, or of the one above it. */
export function memberMessage(context: MemberContext): Message {
  const t = translate(context.language);
  const { brand, agency, change, person, link } = context;
  const role = sayRoles(context);
  const subject = t(`message.member-${change}-subject`, { agency, person });
  if (!isLetter(context)) return { subject, text: `${subject}. ${link}`, link };
  return {
    ...letter(context, subject, [
      ...paragraphs(t(`message.member-${change}-text`, { agency, person, role, brand })),
      { label: t('message.member-team'), link, look: 'button' },
    ]),
    link,
  };
}

function sayRoles({ language, roles }: RoleContext): string {
  return formatList(
    language,
    roles.map((role) => sayRole(language, role)),
  );
}
