import { type Html, html, safeAddress } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, cancelButton, field, form } from './parts/form.ts';
import { type Notice, noticeBox } from './parts/notice.ts';
import { type Problem, problemSummary, type Saying, sayProblems } from './parts/problem.ts';
import { sharedDeviceTick } from './parts/shared-device.ts';
import { hostileText, serviceFrame } from './samples.ts';

type Kind = 'identifier-missing' | 'identifier-invalid';

export type SignUpProblem = Problem<Kind>;

/** Posts `action` = `continue` or `cancel`. */
export type SignUpContext = Frame & {
  identifier?: string | undefined;
  signInLink: string;
  /** Whether the tick box `shared-device` is ticked; without it there is none. */
  sharedDevice?: boolean | undefined;
  mayCancel: boolean;
  notice?: Notice | undefined;
  problems?: readonly SignUpProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  'identifier-missing': { key: 'sign-up.identifier-missing', field: 'identifier' },
  'identifier-invalid': { key: 'sign-up.identifier-invalid', field: 'identifier' },
};

/** The first step of a new account: where the code goes. */
export function signUpPage(context: SignUpContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  const signIn = safeAddress(context.signInLink);
  return page(context, {
    title: t('sign-up.title'),
    hasProblem: said.length > 0,
    content: html`${noticeBox(context.notice)}${problemSummary(context.language, said)}
<p class="intro">${t('sign-up.intro')}</p>
${form(context, [
  field({
    name: 'identifier',
    label: t('sign-up.identifier'),
    value: context.identifier,
    hint: t('sign-up.identifier-hint'),
    autocomplete: 'username',
    maxlength: 254,
    plain: true,
    problems: said,
  }),
  context.sharedDevice !== undefined && sharedDeviceTick(context.language, context.sharedDevice),
  button({ id: 'continue', value: 'continue', label: t('sign-up.submit'), look: 'main' }),
  html`<div class="ways-out">${signIn && html`<p>${t('sign-up.have-account')} <a id="to-sign-in" href="${signIn}">${t('sign-up.sign-in')}</a></p>`}
${cancelButton(context)}</div>`,
])}`,
  });
}

const first: SignUpContext = { ...serviceFrame, signInLink: '?sign-in', mayCancel: true };

export const signUpSamples: Record<string, SignUpContext> = {
  first,
  'shared-device': { ...first, sharedDevice: true },
  missing: { ...first, problems: [{ kind: 'identifier-missing' }] },
  invalid: { ...first, identifier: 'siti@', problems: [{ kind: 'identifier-invalid' }] },
  throttled: { ...first, identifier: 'siti@contoh.id', problems: [{ kind: 'throttled', seconds: 45 }] },
  hostile: { ...first, identifier: hostileText },
};
