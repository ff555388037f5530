import { type Html, html } from '../html.ts';
import { formatMoment, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { button, form } from './form.ts';
import { information, warning } from './icons.ts';

/** Somebody is recovering the account that one is signed in to: until when it can be cancelled, and the button that does. */
export function recoveringBox(frame: Frame, readyAt: Date | undefined): Html | false {
  if (!readyAt) return false;
  const t = translate(frame.language);
  const says = t('account.recovering', { ready: formatMoment(frame.language, readyAt, frame.timeZone) });
  const cancel = button({
    id: 'cancel-recovery',
    value: 'cancel-recovery',
    label: t('recovery-cancel.submit'),
    look: 'stop',
  });
  return html`<div class="notice notice-stop" id="recovering">${warning}<div><p>${says}</p>
${form(frame, cancel)}</div></div>`;
}

/** What stays closed after a recovery by two contacts. */
export function restrictedBox(frame: Frame, isRestricted: boolean): Html | false {
  const says = translate(frame.language)('account.restricted');
  return (
    isRestricted && html`<div class="notice notice-info" id="restricted">${information}<div><p>${says}</p></div></div>`
  );
}
