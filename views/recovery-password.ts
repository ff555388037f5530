import { type Html, html, safeAddress } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, cancelButton, field, form } from './parts/form.ts';
import { type Problem, problemSummary, sayProblems } from './parts/problem.ts';
import { recoveryCodeField } from './parts/recovery-code.ts';
import { hostileText, serviceFrame } from './samples.ts';

/** Posts `action` = `use-recovery-code` (with `password` and `recovery-code`) or `cancel`. */
export type RecoveryPasswordContext = Frame & {
  /** Leads back to the page that asks for the code of a contact. */
  codeLink: string;
  mayCancel: boolean;
  problems?: readonly Problem<never>[] | undefined;
};

/** For who cannot read any contact any more: the password stands for the contact, and a printed code comes with it. */
export function recoveryPasswordPage(context: RecoveryPasswordContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, {});
  const back = safeAddress(context.codeLink);
  return page(context, {
    title: t('recovery-password.title'),
    hasProblem: said.length > 0,
    content: html`${problemSummary(context.language, said)}
<p class="intro">${t('recovery-password.intro')}</p>
${form(context, [
  field({
    name: 'password',
    label: t('sign-in.password'),
    type: 'password',
    autocomplete: 'current-password',
    maxlength: 256,
    problems: said,
  }),
  recoveryCodeField(context, said),
  button({ id: 'use-recovery-code', value: 'use-recovery-code', label: t('recovery-ways.use-code'), look: 'main' }),
  html`<div class="ways-out"><p class="hint">${t('recovery-password.neither')}</p>
${back && html`<p><a id="to-code" href="${back}">${t('recovery-password.to-code')}</a></p>`}
${cancelButton(context)}</div>`,
])}`,
  });
}

const first: RecoveryPasswordContext = { ...serviceFrame, codeLink: '?code', mayCancel: true };

export const recoveryPasswordSamples: Record<string, RecoveryPasswordContext> = {
  first,
  throttled: { ...first, problems: [{ kind: 'throttled', seconds: 45 }] },
  hostile: { ...first, problems: [{ kind: 'said', text: hostileText, field: 'recovery-code' }] },
};
