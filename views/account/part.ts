import { type Content, type Html, html } from '../html.ts';
import { formatDay, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { button, form, hidden } from '../parts/form.ts';

/** One of the parts of a person's own page, with its heading. */
export function part(id: string, title: string, intro: Content, content: Content): Html {
  return html`<section class="part" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${intro && html`<p class="hint">${intro}</p>`}
${content}</section>`;
}

/** One row's own choice; `describedBy` says which row it is. */
type RowChoice = { name: string; value: string; action: string; label: string; hook?: string; describedBy: string };

/** What ends the thing in a row. */
export function rowForm(context: Frame, choice: RowChoice): Html {
  const { label, describedBy, hook } = choice;
  const end = button({ value: choice.action, label, look: 'stop', describedBy, ...(hook && { hook }) });
  return form(context, [hidden(choice.name, choice.value), end]);
}

/** When something was last used. */
export function sayLastUsed(context: Frame, date: Date | undefined): string {
  const t = translate(context.language);
  if (!date) return t('account.never-used');
  return t('account.last-used', { date: formatDay(context.language, date, context.timeZone) });
}
