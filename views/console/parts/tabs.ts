import { type Html, html, safeAddress } from '../../html.ts';

export type Tab = {
  link: string;
  label: string;
  isHere?: boolean;
  /** How many things wait there; none is not said. */
  count?: number | undefined;
};

/** The pages of one thing, side by side; where not all of them have room, the one that is shown stays in sight. */
export function tabs(label: string, all: readonly Tab[]): Html {
  const items = all.map(
    ({ link, label, isHere, count }) =>
      html`<li${isHere && html` class="here"`}><a href="${safeAddress(link) ?? '#'}"${isHere && html` aria-current="page"`}>${label}${count ? html` <span class="count">${count}</span>` : ''}</a></li>`,
  );
  return html`<nav class="tabs" aria-label="${label}"><ul>${items}</ul></nav>`;
}
