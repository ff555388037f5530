import { type Html, html } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, form, hidden } from './parts/form.ts';
import { check } from './parts/icons.ts';
import { hostileText, sampleFrame } from './samples.ts';

/** Posts `action` = `freeze` with the `token` of the notice. */
export type NotMeContext = Frame & {
  /** From the link of the notice. */
  token: string;
};

/** Where the link of a notice leads: looking at it changes nothing, its one button freezes the account. */
export function notMePage(context: NotMeContext): Html {
  const t = translate(context.language);
  return page(context, {
    title: t('not-me.title'),
    content: html`<p class="intro">${t('not-me.intro', { brand: context.brand })}</p>
<ul class="points"><li>${t('not-me.signed-out')}</li><li>${t('not-me.frozen')}</li><li>${t('not-me.told')}</li></ul>
<p>${t('not-me.it-was-you')}</p>
${form(context, [
  hidden('token', context.token),
  button({ id: 'freeze', value: 'freeze', label: t('not-me.freeze'), look: 'main' }),
])}`,
  });
}

/** Nobody can use the account any more; what its owner does next. */
export function frozenPage(context: Frame): Html {
  const t = translate(context.language);
  return page(context, {
    title: t('frozen.title'),
    lead: html`<span class="sign sign-done">${check}</span>`,
    content: html`<p id="frozen-done" role="status">${t('frozen.done', { brand: context.brand })}</p>
<h2>${t('frozen.next')}</h2>
<ol class="points"><li>${t('frozen.mailbox')}</li><li>${t('frozen.desk')}</li></ol>
<p class="hint">${t('frozen.kept')}</p>`,
  });
}

export const notMeSamples: Record<string, NotMeContext> = {
  asked: { ...sampleFrame, token: 'sample' },
  hostile: { ...sampleFrame, token: hostileText },
};

export const frozenSamples: Record<string, Frame> = { frozen: sampleFrame };
