/** What is wrong in a declaration, as a form of the console says it. */
import type { Language } from '#src/base/refusals.ts';
import type { Finding } from '#src/registry/registration-findings.ts';
import { translate } from '#views/locale.ts';
import type { Problem } from '#views/parts/problem.ts';

/**
 * Each field's first finding, in the reader's language, with the exact words of the check for whoever builds the app.
 *
 * @param fieldOf the name of the field, and what it is called; a key without one is said above the form
 */
export function sayFindings(
  language: Language,
  findings: readonly Finding[],
  fieldOf: (key: string) => { readonly field?: string | undefined; readonly label: string },
): Problem<never>[] {
  const said = findings.map((finding) => {
    const declared = String(finding.path.find((step) => typeof step === 'string') ?? finding.key ?? '');
    const { field, label } = fieldOf(declared);
    return { kind: 'said', text: sayFinding(language, declared, label, finding), field } as const;
  });
  return said.filter(({ field, text }, index) =>
    said.slice(0, index).every((other) => (field === undefined ? other.text !== text : other.field !== field)),
  );
}

function sayFinding(language: Language, declared: string, label: string, { what, expected }: Finding): string {
  const t = translate(language);
  const isText = /^(client_name|purpose|description)/.test(declared);
  if (isText && what.endsWith('is too small')) return t('console.wrong-empty', { label });
  if (declared === 'contacts') return t('console.wrong-contacts', { label });
  const detail = t('console.wrong-detail', { what, expected });
  if (isText) return `${t('console.wrong-text', { label })} ${detail}`;
  return `${t(/_uris?$/.test(declared) ? 'console.wrong-address' : 'console.wrong', { label })} ${detail}`;
}
