import { type Html, html, safeAddress } from './html.ts';
import { formatMoment, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, form } from './parts/form.ts';
import { noticeBox } from './parts/notice.ts';
import { type RoleName, sayRole } from './roles.ts';
import { hostileText, sampleFrame } from './samples.ts';

/** What one is invited to: a role at the agency, or to try one of its apps. */
export type InvitedTo = { role: RoleName } | { app: string };

/**
 * The forms post to the page itself: `sign-in` begins a sign-in that comes back here, `accept` takes the invitation up. The
 * page alone changes nothing: programs that look through mail open every link.
 */
export type InvitationContext = Frame & {
  agency: string;
  to: InvitedTo;
  until: Date;
  /** Who would take it up: undefined when nobody is signed in, or not in the way that it takes. */
  person?: string | undefined;
  /** The domain of which this person has no address, where it takes one. */
  otherAddress?: string | undefined;
};

/** `GET /invitations/:token`. */
export function invitationPage(context: InvitationContext): Html {
  const { language, agency, to, until, timeZone } = context;
  const t = translate(language);
  const isMember = 'role' in to;
  return page(context, {
    title: t(isMember ? 'invitation.title-member' : 'invitation.title-tester'),
    content: html`<p class="intro" id="invitation-to">${
      isMember
        ? t('invitation.member', { agency, role: sayRole(language, to.role) })
        : t('invitation.tester', { agency, app: to.app })
    }</p>
<p class="hint">${t('invitation.until', { until: formatMoment(language, until, timeZone) })}</p>
${context.person === undefined ? signInPart(context) : acceptPart(context, context.person)}`,
  });
}

function signInPart(context: InvitationContext): Html {
  const t = translate(context.language);
  const hint = t('role' in context.to ? 'invitation.sign-in-hint' : 'invitation.sign-in-hint-tester');
  const label = t('invitation.sign-in');
  return html`<p>${hint}</p>
${form(context, button({ id: 'sign-in-to-accept', value: 'sign-in', label, look: 'main' }))}`;
}

function acceptPart(context: InvitationContext, person: string): Html {
  const t = translate(context.language);
  const { otherAddress: domain } = context;
  const who = html`<p>${t('invitation.as', { person })} <a href="/logout">${t('invitation.other-account')}</a></p>`;
  if (domain !== undefined)
    return html`${who}${noticeBox({ tone: 'info', text: t('invitation.other-address', { domain }) })}
<p><a class="button main" id="add-contact" href="/account/contacts"><span>${t('invitation.add-contact')}</span></a></p>`;
  return html`${who}
${form(context, button({ id: 'accept', value: 'accept', label: t('invitation.accept'), look: 'main' }))}`;
}

/** After an invitation to try an app was taken up. */
export type TesterContext = Frame & {
  app: string;
  /** Where it is. */
  link?: string | undefined;
};

export function testerPage(context: TesterContext): Html {
  const { language, app } = context;
  const t = translate(language);
  const link = safeAddress(context.link);
  return page(context, {
    title: t('invitation.title-tester'),
    content: html`${noticeBox({ tone: 'done', text: t('invitation.joined-tester', { app }) })}
${link && html`<p><a class="button main" id="open-app" href="${link}"><span>${t('invitation.open-app', { app })}</span></a></p>`}`,
  });
}

const toMember: InvitationContext = {
  ...sampleFrame,
  agency: 'Dinas Kesehatan Kota Contoh',
  to: { role: 'developer' },
  until: new Date('2026-11-28T02:00:00Z'),
};

export const invitationSamples: Record<string, InvitationContext> = {
  stranger: toMember,
  signedIn: { ...toMember, person: 'Siti Rahayu' },
  otherAddress: { ...toMember, person: 'Siti Rahayu', otherAddress: 'dinkes.contoh.go.id' },
  tester: { ...toMember, to: { app: 'Puskesmas Online' } },
  hostile: { ...toMember, agency: hostileText, to: { app: hostileText }, person: hostileText },
  hostileAddress: { ...toMember, person: hostileText, otherAddress: hostileText },
};

export const testerSamples: Record<string, TesterContext> = {
  open: { ...sampleFrame, app: 'Puskesmas Online', link: 'http://localhost:3001/' },
  nowhere: { ...sampleFrame, app: 'Puskesmas Online' },
  hostile: { ...sampleFrame, app: hostileText, link: 'javascript:alert(1)' },
};
