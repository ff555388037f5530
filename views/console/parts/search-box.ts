import { type Html, html } from '../../html.ts';
import { type Language, translate } from '../../locale.ts';
import { glass } from '../../parts/icons.ts';

/** A choice that narrows a list down, as a field of the search form. */
export type Narrowing = {
  name: string;
  label: string;
  /** What the empty choice is called. */
  all: string;
  options: readonly { value: string; label: string }[];
  value: string | undefined;
};

type SearchBox = {
  /** The address of the list. */
  action: `/${string}`;
  /** Of the field for words; a list that has none to look for goes without. */
  label?: string;
  value?: string | undefined;
  narrowings?: readonly Narrowing[];
  /** What was chosen elsewhere on the page and has to stay. */
  kept?: Readonly<Record<string, string | undefined>>;
};

/** Looks for words in a list (`q`), within what is chosen beside it. An address that can be kept and sent on. */
export function searchBox(language: Language, { action, label, value, narrowings = [], kept = {} }: SearchBox): Html {
  const t = translate(language);
  const hidden = Object.entries(kept).filter(([, one]) => one !== undefined);
  return html`<form method="get" action="${action}" role="search" class="search">
${hidden.map(([name, one]) => html`<input type="hidden" name="${name}" value="${one}">`)}${label !== undefined && wordsField(label, value)}${narrowings.map(narrowingField)}<button type="submit" class="button other">${glass}<span>${t('console.search')}</span></button>
</form>`;
}

function wordsField(label: string, value = ''): Html {
  return html`<div class="field search-words"><label for="q">${label}</label>
<input type="search" id="q" name="q" value="${value}" maxlength="100" autocomplete="off" autocapitalize="none" spellcheck="false"></div>
`;
}

function narrowingField({ name, label, all, options, value }: Narrowing): Html {
  const items = options.map(
    (option) =>
      html`<option value="${option.value}"${option.value === value && html` selected`}>${option.label}</option>`,
  );
  return html`<div class="field"><label for="${name}">${label}</label>
<select id="${name}" name="${name}"><option value="">${all}</option>${items}</select></div>`;
}
