import { type Html, html } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page, type Service } from './page.ts';
import { button, form } from './parts/form.ts';
import { hostileText, sampleService, serviceFrame } from './samples.ts';

/** Posts `action` = `cancel`. */
export type TrialOnlyContext = Frame & { service: Service };

/** The app is not live yet, and the person is not among those whom its team invited to try it. */
export function trialOnlyPage(context: TrialOnlyContext): Html {
  const t = translate(context.language);
  const { name: service } = context.service;
  return page(context, {
    title: t('trial-only.title'),
    content: html`<p class="intro">${t('trial-only.intro', { service })}</p>
<p>${t('trial-only.invited')}</p>
<p class="hint">${t('trial-only.kept')}</p>
${form(context, button({ id: 'cancel', value: 'cancel', label: t('identity-needed.back', { service }), look: 'main' }))}`,
  });
}

const service: Service = { ...sampleService, onTrial: true };

export const trialOnlySamples: Record<string, TrialOnlyContext> = {
  page: { ...serviceFrame, service },
  hostile: { ...serviceFrame, service: { name: hostileText, agency: hostileText, domain: hostileText, onTrial: true } },
};
