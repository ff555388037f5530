import { type ChangeObject, diffChars, diffWordsWithSpace } from 'diff';
import { type Html, html } from '../../html.ts';
import { type Language, translate } from '../../locale.ts';

/** One thing that differs between two versions; a list is compared entry by entry. Values are raw. */
export type Change = {
  label: string;
  before: string | readonly string[] | undefined;
  after: string | readonly string[] | undefined;
  /** Whether somebody else has to agree to it. */
  isRisky?: boolean;
};

/** What changes, each thing with its value before and after. */
export function diff(language: Language, changes: readonly Change[]): Html {
  return html`<dl class="diff">${changes.map((change) => changeOf(language, change))}</dl>`;
}

function changeOf(language: Language, { label, before, after, isRisky }: Change): Html {
  const t = translate(language);
  return html`<div class="change"><dt>${label}${isRisky && html` <span class="risky">${t('console.risky')}</span>`}</dt>
${linesOf(asList(before), asList(after)).map(({ kind, content }) => html`<dd class="line line-${kind}">${kind !== 'same' && html`<span class="unseen">${t(`console.line-${kind}`)} </span>`}${content}</dd>`)}</div>`;
}

type Line = { kind: 'gone' | 'new' | 'same'; content: string | Html };

const asList = (value: Change['before']): readonly string[] =>
  value === undefined || value === '' ? [] : typeof value === 'string' ? [value] : value;

/** One value that became another shows which of its words did; entries of a list come and go whole. */
function linesOf(before: readonly string[], after: readonly string[]): Line[] {
  const gone = before.filter((one) => !after.includes(one));
  const added = after.filter((one) => !before.includes(one));
  const [one = '', other = ''] = [gone[0], added[0]];
  if (gone.length === 1 && added.length === 1 && areAlike(one, other)) {
    const marked = markDifference(one, other);
    return [...same(before, gone), { kind: 'gone', content: marked.before }, { kind: 'new', content: marked.after }];
  }
  return [
    ...same(before, gone),
    ...gone.map((content) => ({ kind: 'gone' as const, content })),
    ...added.map((content) => ({ kind: 'new' as const, content })),
  ];
}

function same(before: readonly string[], gone: readonly string[]): Line[] {
  return before.filter((one) => !gone.includes(one)).map((content) => ({ kind: 'same', content }));
}

/** Longer texts are compared by words: single letters in them would be a flicker. */
const MOST_BY_LETTERS = 200;

/** Two texts with the characters that differ marked in each; addresses by character, sentences by word. */
export function markDifference(before: string, after: string): { before: Html; after: Html } {
  const parts = compare(before, after);
  const side = (left: 'added' | 'removed', marked: 'added' | 'removed'): Html =>
    html`${parts.filter((part) => !part[left]).map((part) => (part[marked] ? html`<mark>${part.value}</mark>` : part.value))}`;
  return { before: side('added', 'removed'), after: side('removed', 'added') };
}

function compare(before: string, after: string): ChangeObject<string>[] {
  const byLetters = !/\s/.test(before + after) && before.length + after.length <= 2 * MOST_BY_LETTERS;
  return byLetters ? diffChars(before, after) : diffWordsWithSpace(before, after);
}

/** Whether at least half of the longer one is in both: in two texts with little in common marks say nothing. */
function areAlike(before: string, after: string): boolean {
  const shared = compare(before, after).filter(({ added, removed }) => !added && !removed);
  return 2 * shared.reduce((sum, { value }) => sum + value.length, 0) >= Math.max(before.length, after.length);
}
