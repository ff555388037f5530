import { type Html, html, safeAddress } from '../../html.ts';
import { type Language, translate } from '../../locale.ts';

/** Where a list goes on. A page is found by its place in the order, not by a number, so there is no last one. */
export type Pages = {
  /** Back to the beginning; left out on the first page. */
  first?: string | undefined;
  /** Left out on the last page. */
  next?: string | undefined;
};

/** The way through a long list; nothing where all of it is on one page. */
export function pager(language: Language, pages: Pages): Html | false {
  const t = translate(language);
  const first = safeAddress(pages.first);
  const next = safeAddress(pages.next);
  if (!first && !next) return false;
  return html`<nav class="pager" aria-label="${t('console.pages')}">${first && html`<a class="button other" href="${first}" id="first-page"><span>${t('console.first-page')}</span></a>`}${next && html`<a class="button other" href="${next}" id="next-page" rel="next"><span>${t('console.next-page')}</span></a>`}</nav>`;
}
