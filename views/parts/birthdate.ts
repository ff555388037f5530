import type { Html } from '../html.ts';
import { type Language, translate } from '../locale.ts';
import { field } from './form.ts';
import type { SaidProblem } from './problem.ts';

/** The one question about the age: optional, as the identity card writes it. */
export function birthdateField(language: Language, value: string | undefined, problems: readonly SaidProblem[]): Html {
  const t = translate(language);
  return field({
    name: 'birthdate',
    label: t('birthdate.label'),
    value,
    hint: t('birthdate.hint'),
    autocomplete: 'bday',
    maxlength: 10,
    problems,
  });
}
