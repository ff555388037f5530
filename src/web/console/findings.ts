/** What is wrong in a declaration, as a form of the console says it. */
import type { Language } from '#src/base/refusals.ts';
import type { Finding } from '#src/registry/registration-findings.ts';
import { type MessageKey, translate } from '#views/locale.ts';
import type { Problem } from '#views/parts/problem.ts';

/**
 * Each finding at the field of its key, in the reader's language, with the exact words of the check for whoever builds the
 * app.
 *
 * @param fieldOf the name of the field, and what it is called; a key without one is said above the form
 */
export function sayFindings(
  language: Language,
  findings: readonly Finding[],
  fieldOf: (key: string) => { readonly field?: string | undefined; readonly label: string },
): Problem<never>[] {
  const t = translate(language);
  return findings.map(({ path, key, what, expected }) => {
    const declared = String(path.find((step) => typeof step === 'string') ?? key ?? '');
    const { field, label } = fieldOf(declared);
    const sentence = t(sentenceFor(declared), { label });
    const isPlain = declared === 'contacts';
    return {
      kind: 'said',
      text: isPlain ? sentence : `${sentence} ${t('console.wrong-detail', { what, expected })}`,
      field,
    };
  });
}

function sentenceFor(key: string): MessageKey {
  if (/_uris?$/.test(key)) return 'console.wrong-address';
  if (key === 'contacts') return 'console.wrong-contacts';
  return /^(client_name|purpose|description)/.test(key) ? 'console.wrong-text' : 'console.wrong';
}
