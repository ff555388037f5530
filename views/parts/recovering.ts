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

/** A desk's sheet that will open the account that one is signed in to. */
export type OpenSheet = { agency: string; readyAt: Date; isComplete: boolean };

/** Says of a sheet what it does and from when, with the button that cancels it. */
export function sheetBox(frame: Frame, sheet: OpenSheet | undefined): Html | false {
  if (!sheet) return false;
  const t = translate(frame.language);
  const { agency, readyAt, isComplete } = sheet;
  const ready = formatMoment(frame.language, readyAt, frame.timeZone);
  const says = isComplete ? t('account.desk-sheet', { agency, ready }) : t('account.desk-sheet-second', { agency });
  const cancel = button({ id: 'cancel-sheet', value: 'cancel-sheet', label: t('account.cancel-sheet'), look: 'stop' });
  return html`<div class="notice notice-stop" id="desk-sheet">${warning}<div><p>${says}</p>
${form(frame, cancel)}</div></div>`;
}

/** What stays closed after a recovery by two contacts. */
export function restrictedBox(frame: Frame, isRestricted: boolean): Html | false {
  const says = translate(frame.language)('account.restricted');
  return (
    isRestricted && html`<div class="notice notice-info" id="restricted">${information}<div><p>${says}</p></div></div>`
  );
}
