import { type Html, html, safeAddress } from '../html.ts';
import { type Language, translate } from '../locale.ts';

/** Where a list of one's own pages goes on. A page is found by its place in the order, so there is no last one. */
export type Pages = {
  /** Back to the beginning; left out on the first page. */
  first?: string | undefined;
  /** Left out on the last page. */
  next?: string | undefined;
};

/** Where a list of what happened goes on, the latest first. */
export type TimePages = {
  /** Back to the latest; left out on the first page. */
  latest?: string | undefined;
  /** Left out where there is nothing older. */
  older?: string | undefined;
};

/** The way through what happened; nothing where all of it is on one page. */
export function timePager(language: Language, pages: TimePages): Html | false {
  const t = translate(language);
  const [latest, older] = [safeAddress(pages.latest), safeAddress(pages.older)];
  if (!latest && !older) return false;
  return html`<p class="buttons">${latest && html`<a class="button quiet" id="latest" href="${latest}"><span>${t('history.latest')}</span></a>`}${older && html`<a class="button other" id="older" rel="next" href="${older}"><span>${t('history.older')}</span></a>`}</p>`;
}

/** The way through a long list; nothing where all of it is on one page. */
export function pager(language: Language, pages: Pages): Html | false {
  const t = translate(language);
  const [first, next] = [safeAddress(pages.first), safeAddress(pages.next)];
  if (!first && !next) return false;
  return html`<nav class="pager" aria-label="${t('personal.pages')}">${first && html`<a class="button other" id="first" href="${first}"><span>${t('personal.first')}</span></a>`}${next && html`<a class="button other" id="next" rel="next" href="${next}"><span>${t('personal.next')}</span></a>`}</nav>`;
}
