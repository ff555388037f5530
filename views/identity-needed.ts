import { type Html, html } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page, type Service } from './page.ts';
import { button, form } from './parts/form.ts';
import { hostileText, sampleService, serviceFrame } from './samples.ts';

/** Posts `action` = `cancel`. */
export type IdentityNeededContext = Frame & {
  service: Service;
  /** Whether somebody has to have seen the person and the document side by side. */
  inPerson: boolean;
};

/** The app lets nobody in of whom it is not proven who they are; only a desk can do that. */
export function identityNeededPage(context: IdentityNeededContext): Html {
  const t = translate(context.language);
  const { name: service } = context.service;
  return page(context, {
    title: t('identity-needed.title'),
    content: html`<p class="intro">${t('identity-needed.intro', { service })}</p>
<ol class="points"><li>${t('identity-needed.bring')}</li>
<li>${t(context.inPerson ? 'identity-needed.desk-seen' : 'identity-needed.desk')}</li>
<li>${t('identity-needed.return', { service })}</li></ol>
<p class="hint">${t('identity-needed.kept')}</p>
${form(context, button({ id: 'cancel', value: 'cancel', label: t('identity-needed.back', { service }), look: 'main' }))}`,
  });
}

const proven: IdentityNeededContext = { ...serviceFrame, service: sampleService, inPerson: false };

export const identityNeededSamples: Record<string, IdentityNeededContext> = {
  proven,
  seen: { ...proven, inPerson: true },
  hostile: { ...proven, service: { name: hostileText, agency: hostileText, domain: hostileText } },
};
