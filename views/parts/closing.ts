import { type Html, html } from '../html.ts';
import { formatDay, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { button, form } from './form.ts';
import { information } from './icons.ts';

/** On every page of an account that is about to be deleted: until when, and the button that keeps it. */
export function closingBanner(frame: Frame): Html | false {
  if (!frame.closesAt) return false;
  const t = translate(frame.language);
  const says = t('closing.banner', { date: formatDay(frame.language, frame.closesAt, frame.timeZone) });
  const keep = button({ id: 'keep-account', value: 'keep', label: t('closing.keep'), look: 'other' });
  return html`<div class="notice notice-info" id="closing">${information}<div><p>${says}</p>
${form(frame, keep, '/account/end')}</div></div>`;
}
