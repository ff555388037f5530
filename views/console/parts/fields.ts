import { type Content, type Html, html } from '../../html.ts';
import type { SaidProblem } from '../../parts/problem.ts';

/** What every field has: what it is called, what it is for, and what is wrong with what was typed. */
type Labelled = {
  /** The id too, unless there is one: where a page has several fields of this name. Problems stand at the id. */
  name: string;
  id?: string;
  label: string;
  hint?: Content;
  value?: string | undefined;
  problems: readonly SaidProblem[];
};

/** One line, of any kind that browsers know. */
export function lineField(wanted: Labelled & { type?: 'text' | 'url' | 'date' | 'number'; maxlength?: number }): Html {
  const { name, id = name, type = 'text', value, maxlength } = wanted;
  const isWord = type === 'text';
  return labelled(
    wanted,
    (described) =>
      html`<input type="${type}" id="${id}" name="${name}" value="${value ?? ''}" autocomplete="off"${maxlength && html` maxlength="${maxlength}"`}${!isWord && html` autocapitalize="none" spellcheck="false"`}${described}>`,
  );
}

/** Several lines: a longer text, or a list with one entry on each. */
export function linesField(wanted: Labelled & { rows?: number; isList?: boolean; hook?: string }): Html {
  const { name, id = name, value, rows = 3, isList, hook } = wanted;
  const classes = [!isList && 'words', hook].filter(Boolean).join(' ');
  return labelled(
    wanted,
    (described) =>
      html`<textarea id="${id}" name="${name}" rows="${rows}" autocomplete="off"${classes && html` class="${classes}"`}${isList && html` autocapitalize="none" spellcheck="false" wrap="off"`}${described}>
${value ?? ''}</textarea>`,
  );
}

/** A file to send, in an `uploadForm`. `accept` is what the browser's own list shows first. */
export function fileField(wanted: Omit<Labelled, 'value'> & { accept: string }): Html {
  const { name, id = name, accept } = wanted;
  return labelled(
    wanted,
    (described) => html`<input type="file" id="${id}" name="${name}" accept="${accept}"${described}>`,
  );
}

export type Option = { value: string; label: string };

/** One of several. */
export function choiceField(wanted: Labelled & { options: readonly Option[] }): Html {
  const { name, id = name, value, options } = wanted;
  const items = options.map(
    (option) =>
      html`<option value="${option.value}"${option.value === value && html` selected`}>${option.label}</option>`,
  );
  return labelled(wanted, (described) => html`<select id="${id}" name="${name}"${described}>${items}</select>`);
}

function labelled({ name, id = name, label, hint, problems }: Labelled, control: (described: Content) => Html): Html {
  const problem = problems.find(({ field }) => field === id);
  const ids = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(' ');
  const described = [problem && html` aria-invalid="true"`, ids && html` aria-describedby="${ids}"`];
  return html`<div class="field${problem && ' field-wrong'}"><label for="${id}">${label}</label>
${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}${problem && html`<p class="wrong" id="${id}-problem">${problem.text}</p>`}
${control(described)}</div>`;
}
