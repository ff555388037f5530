import { type Html, html } from '../../html.ts';
import { type Language, translate } from '../../locale.ts';

/**
 * Where a button appears that copies the text of an element of the page; see assets/copy.js, without which there is none.
 *
 * @param id of that element
 */
export function copyButton(language: Language, id: string): Html {
  const t = translate(language);
  return html`<p class="copy" aria-live="polite" data-copies="${id}" data-copy="${t('console.copy')}" data-copied="${t('console.copied')}"></p>`;
}
