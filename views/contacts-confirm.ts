import { type Html, html } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, form, hidden } from './parts/form.ts';
import { check } from './parts/icons.ts';
import { hostileText, sampleFrame } from './samples.ts';

/** Posts `action` = `confirm` with the `token` of the link. */
export type ContactConfirmContext = Frame & {
  token: string;
  app: string;
  agency: string;
  role: 'technical' | 'security' | 'privacy' | 'support';
};

/** Where the link of an app's contact leads: looking at it changes nothing, its one button confirms the address. */
export function contactConfirmPage(context: ContactConfirmContext): Html {
  const t = translate(context.language);
  const { app, agency, role } = context;
  return page(context, {
    title: t('contact-confirm.title'),
    content: html`<p class="intro">${t('contact-confirm.intro', { app, agency, role: t(`contact.role-${role}`) })}</p>
<p>${t('contact-confirm.what')}</p>
<p class="hint">${t('contact-confirm.not-you')}</p>
${form(context, [
  hidden('token', context.token),
  button({ id: 'confirm', value: 'confirm', label: t('contact-confirm.yes'), look: 'main' }),
])}`,
  });
}

export function contactConfirmedPage(context: Frame): Html {
  const t = translate(context.language);
  return page(context, {
    title: t('contact-confirm.done-title'),
    lead: html`<span class="sign sign-done">${check}</span>`,
    content: html`<p id="contact-confirmed" role="status">${t('contact-confirm.done')}</p>`,
  });
}

const asked: ContactConfirmContext = {
  ...sampleFrame,
  token: 'sample',
  app: 'Puskesmas Online',
  agency: 'Kementerian Kesehatan',
  role: 'technical',
};

export const contactConfirmSamples: Record<string, ContactConfirmContext> = {
  asked,
  hostile: { ...asked, token: hostileText, app: hostileText, agency: hostileText },
};

export const contactConfirmedSamples: Record<string, Frame> = { confirmed: sampleFrame };
