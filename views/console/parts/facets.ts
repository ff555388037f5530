import { type Html, html, safeAddress } from '../../html.ts';

/** One value by which a list can be narrowed down, with how many rows have it. */
export type Facet = { label: string; link: string; count?: string | undefined; isChosen: boolean };

/** The values of one property side by side; the chosen one stands out. */
export function facets(label: string, all: readonly Facet[]): Html {
  const items = all.map(
    ({ label, link, count, isChosen }) =>
      html`<li><a href="${safeAddress(link) ?? '#'}"${isChosen && html` aria-current="true"`}>${label}${count !== undefined && html` <span class="count">${count}</span>`}</a></li>`,
  );
  return html`<nav class="facets" aria-label="${label}"><ul>${items}</ul></nav>`;
}
