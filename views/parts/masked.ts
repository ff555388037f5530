import { type Html, html } from '../html.ts';
import { translate } from '../locale.ts';
import type { Frame } from '../page.ts';

/** A personal value; on a device that others use it is covered until tapped, because someone may look on. */
export function masked(frame: Frame, value: string): Html | string {
  if (!frame.onSharedDevice) return value;
  const t = translate(frame.language);
  const summary = html`<summary><span>${t('shared.show')}</span> <span>${t('shared.hide')}</span></summary>`;
  return html`<details class="masked">${summary}<span>${value}</span></details>`;
}
