import type { Html } from '../html.ts';
import { translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { field } from './form.ts';
import type { SaidProblem } from './problem.ts';

/** Where one of the printed codes is typed. */
export function recoveryCodeField({ language }: Frame, problems: readonly SaidProblem[]): Html {
  const t = translate(language);
  return field({
    name: 'recovery-code',
    label: t('recovery-ways.code'),
    hint: t('recovery-ways.code-hint'),
    autocomplete: 'off',
    maxlength: 60,
    hook: 'recovery-code',
    plain: true,
    problems,
  });
}
