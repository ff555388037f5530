import { type Html, html, safeAddress } from '../../html.ts';

export type Tab = {
  link: string;
  label: string;
  isHere?: boolean;
  /** How many things wait there; none is not said. */
  count?: number | undefined;
};

/** The pages of one thing, side by side. */
export function tabs(label: string, all: readonly Tab[]): Html {
  const items = all.map(
    ({ link, label, isHere, count }) =>
      html`<li><a href="${safeAddress(link) ?? '#'}"${isHere && html` aria-current="page"`}>${label}${count ? html` <span class="count">${count}</span>` : ''}</a></li>`,
  );
  return html`<nav class="tabs" aria-label="${label}"><ul>${items}</ul></nav>`;
}
