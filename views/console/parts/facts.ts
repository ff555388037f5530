import { type Content, type Html, html } from '../../html.ts';

export type Fact = { name: string; value: Content };

/** What is known of one thing, name by name. */
export function facts(all: readonly (Fact | false | undefined)[]): Html {
  const shown = all.filter((one) => one !== false && one !== undefined);
  return html`<dl class="facts">${shown.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
