import { type Html, html, safeAddress } from '../../html.ts';
import { type Language, translate } from '../../locale.ts';

/** One step on the way to a page. */
export type Crumb = { link: string; label: string };

/** The way to this page, from the whole to the part, over its heading. */
export function crumbs(language: Language, way: readonly Crumb[]): Html {
  const items = way.map(({ link, label }) => html`<li><a href="${safeAddress(link) ?? '#'}">${label}</a></li>`);
  return html`<nav class="crumbs" aria-label="${translate(language)('console.way')}"><ol>${items}</ol></nav>`;
}
