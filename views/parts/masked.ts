import { type Html, html } from '../html.ts';
import { translate } from '../locale.ts';
import type { Frame } from '../page.ts';

/** A personal value; on a device that others use it is covered until tapped, because someone may look on. */
export function masked(frame: Frame, value: string): Html | string {
  if (!frame.onSharedDevice) return value;
  return html`<details class="masked"><summary>${translate(frame.language)('shared.show')}</summary><span>${value}</span></details>`;
}
