import { type Html, html } from '../html.ts';
import { formatDuration, type Language, type MessageKey, translate } from '../locale.ts';
import { warning } from './icons.ts';

/**
 * Why a form came back: one of the page's own kinds, a limit that was hit, or a sentence that another room wrote (in
 * the page's language).
 */
export type Problem<Kind extends string> =
  | { kind: Kind }
  | { kind: 'throttled'; seconds: number }
  | { kind: 'said'; text: string; field?: string | undefined };

/** The sentence for a kind of problem and the field it stands at, if it stands at one. */
export type Saying = { key: MessageKey; field?: string };

/** A problem put into words. */
export type SaidProblem = { text: string; field: string | undefined };

/** Puts a page's problems into words. */
export function sayProblems<Kind extends string>(
  language: Language,
  problems: readonly Problem<Kind>[] | undefined,
  sayings: Record<Kind, Saying>,
): SaidProblem[] {
  return (problems ?? []).map((problem) => {
    if ('text' in problem) return { text: problem.text, field: problem.field };
    if ('seconds' in problem) return { text: sayThrottled(language, problem.seconds), field: undefined };
    const saying = sayings[problem.kind];
    return { text: translate(language)(saying.key), field: saying.field };
  });
}

function sayThrottled(language: Language, seconds: number): string {
  return translate(language)('problem.throttled', { wait: formatDuration(language, seconds) });
}

/** All problems in one place, above the form; it takes the focus, and leads to the fields. */
export function problemSummary(language: Language, problems: readonly SaidProblem[]): Html | false {
  if (problems.length === 0) return false;
  const t = translate(language);
  const items = problems.map(
    ({ text, field }) => html`<li>${field ? html`<a href="#${field}">${text}</a>` : text}</li>`,
  );
  return html`<div class="notice notice-stop" id="problems" role="alert" tabindex="-1" autofocus>${warning}<div>
<h2>${t('problem.heading', { count: problems.length })}</h2>
<ul>${items}</ul></div></div>`;
}
