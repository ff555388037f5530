import { type Html, html } from './html.ts';
import { formatMoment, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, form } from './parts/form.ts';
import { noticeBox } from './parts/notice.ts';
import { sampleFrame } from './samples.ts';

/** Posts `action` = `cancel-recovery`. */
export type RecoveryCancelContext = Frame & {
  /** When the account can be opened, if nobody cancels. */
  readyAt: Date;
  timeZone?: string | undefined;
};

/** Where the link in the notice of a recovery leads: looking at it does nothing, its button ends the recovery. */
export function recoveryCancelPage(context: RecoveryCancelContext): Html {
  const t = translate(context.language);
  const { language, brand, readyAt, timeZone } = context;
  return page(context, {
    title: t('recovery-cancel.title'),
    content: html`<p class="intro">${t('recovery-cancel.intro', { brand })}</p>
<p>${t('recovery-cancel.until', { ready: formatMoment(language, readyAt, timeZone) })}</p>
${form(context, button({ id: 'cancel-recovery', value: 'cancel-recovery', label: t('recovery-cancel.submit'), look: 'main' }))}
<p class="hint">${t('recovery-cancel.it-was-you')}</p>`,
  });
}

/** `over`: there was nothing to cancel any more. */
export type RecoveryEndedContext = Frame & { how: 'cancelled' | 'over' };

/** Says that a recovery has ended, and what else may be done. */
export function recoveryEndedPage(context: RecoveryEndedContext): Html {
  const t = translate(context.language);
  const { how } = context;
  const text = html`<span id="recovery-${how}">${t(how === 'cancelled' ? 'recovery-ended.cancelled' : 'recovery-ended.over')}</span>`;
  return page(context, {
    title: t(how === 'cancelled' ? 'recovery-ended.title-cancelled' : 'recovery-ended.title-over'),
    content: html`${noticeBox({ tone: how === 'cancelled' ? 'done' : 'info', text })}<p>${t('recovery-ended.afterwards')}</p>
<p class="buttons"><a class="button other" id="to-account" href="/account">${t('home.account')}</a></p>`,
  });
}

export const recoveryCancelSamples: Record<string, RecoveryCancelContext> = {
  waiting: { ...sampleFrame, readyAt: new Date('2026-11-22T03:30:00Z') },
};

export const recoveryEndedSamples: Record<string, RecoveryEndedContext> = {
  cancelled: { ...sampleFrame, how: 'cancelled' },
  over: { ...sampleFrame, how: 'over' },
};
