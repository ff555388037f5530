import type { Html } from '../html.ts';
import { type Language, translate } from '../locale.ts';
import { field } from './form.ts';
import type { SaidProblem } from './problem.ts';

/** The one question about the age: optional, as the identity card writes it; `hint` says why, where nothing else on the page does. */
export function birthdateField(
  language: Language,
  value: string | undefined,
  problems: readonly SaidProblem[],
  hint: 'birthdate.hint' | 'birthdate.hint-why' = 'birthdate.hint',
): Html {
  const t = translate(language);
  return field({
    name: 'birthdate',
    label: t('birthdate.label'),
    value,
    hint: t(hint),
    autocomplete: 'bday',
    maxlength: 10,
    problems,
  });
}
