import { type Content, type Html, html } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { birthdateField } from './parts/birthdate.ts';
import { button, cancelButton, field, form } from './parts/form.ts';
import { type Notice, noticeBox } from './parts/notice.ts';
import { makePasskeyButton, type PasskeyOptions, passkeyData, sharedPhonesHint } from './parts/passkey.ts';
import { type Problem, problemSummary, type SaidProblem, type Saying, sayProblems } from './parts/problem.ts';
import { hostileText, sampleCreationOptions, serviceFrame } from './samples.ts';

type Kind =
  | 'name-missing'
  | 'name-too-long'
  | 'password-missing'
  | 'password-too-short'
  | 'password-too-long'
  | 'password-common'
  | 'password-personal'
  | 'passkey-failed'
  | 'passkey-needs-script';

/** `password-missing` answers `continue` without a password: the account would have no way to sign in. */
export type SignUpNameProblem = Problem<Kind>;

/** Posts `action` = `continue` (with `password`), `create-passkey` (with `credential`) or `cancel`. */
export type SignUpNameContext = Frame & {
  name?: string | undefined;
  birthdate?: string | undefined;
  passkeyOptions?: PasskeyOptions | undefined;
  mayCancel: boolean;
  notice?: Notice | undefined;
  problems?: readonly SignUpNameProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  'name-missing': { key: 'sign-up-name.name-missing', field: 'name' },
  'name-too-long': { key: 'sign-up-name.name-too-long', field: 'name' },
  'password-missing': { key: 'sign-up-name.password-missing', field: 'password' },
  'password-too-short': { key: 'sign-up-name.password-too-short', field: 'password' },
  'password-too-long': { key: 'sign-up-name.password-too-long', field: 'password' },
  'password-common': { key: 'sign-up-name.password-common', field: 'password' },
  'password-personal': { key: 'sign-up-name.password-personal', field: 'password' },
  'passkey-failed': { key: 'passkey.failed' },
  'passkey-needs-script': { key: 'passkey.needs-script' },
};

/** The last step of a new account: a name, and a passkey or a password to come back with. */
export function signUpNamePage(context: SignUpNameContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  return page(context, {
    title: t('sign-up-name.title'),
    hasProblem: said.length > 0,
    scripts: ['passkey.js'],
    content: html`${noticeBox(context.notice)}${problemSummary(context.language, said)}
${form(context, [
  field({
    name: 'name',
    label: t('sign-up-name.name'),
    value: context.name,
    hint: t('sign-up-name.name-hint'),
    autocomplete: 'name',
    maxlength: 200,
    problems: said,
  }),
  birthdateField(context.language, context.birthdate, said, 'birthdate.hint-why'),
  waysToSignIn(context, said),
])}
${passkeyData(context.passkeyOptions)}`,
  });
}

function waysToSignIn(context: SignUpNameContext, said: readonly SaidProblem[]): Content {
  const t = translate(context.language);
  return html`<h2>${t('sign-up-name.ways')}</h2>
${context.onSharedDevice ? html`<p class="hint">${t('shared.no-passkey')}</p>` : passkeyWay(context)}
${field({
  name: 'password',
  label: t('sign-up-name.password'),
  type: 'password',
  hint: t('sign-up-name.password-hint'),
  autocomplete: 'new-password',
  maxlength: 256,
  problems: said,
})}
${button({ id: 'continue', value: 'continue', label: t('sign-up-name.submit'), look: 'other' })}
<div class="ways-out">${cancelButton(context)}</div>`;
}

function passkeyWay(context: SignUpNameContext): Html {
  const t = translate(context.language);
  return html`${sharedPhonesHint(context.language)}
${makePasskeyButton(context.language)}
<p class="or"><span>${t('sign-up-name.or')}</span></p>`;
}

const first: SignUpNameContext = { ...serviceFrame, passkeyOptions: sampleCreationOptions, mayCancel: true };

export const signUpNameSamples: Record<string, SignUpNameContext> = {
  first,
  'shared-device': { ...first, passkeyOptions: undefined, onSharedDevice: {} },
  'name-missing': { ...first, problems: [{ kind: 'name-missing' }] },
  'name-too-long': { ...first, problems: [{ kind: 'name-too-long' }, { kind: 'password-too-long' }] },
  'password-missing': { ...first, name: 'Wayan', problems: [{ kind: 'password-missing' }] },
  'password-too-short': { ...first, name: 'Wayan', problems: [{ kind: 'password-too-short' }] },
  'password-common': { ...first, name: 'Wayan', problems: [{ kind: 'password-common' }] },
  'password-personal': { ...first, name: 'Wayan', problems: [{ kind: 'password-personal' }] },
  'passkey-failed': { ...first, name: 'Wayan', problems: [{ kind: 'passkey-failed' }] },
  'without-script': { ...first, name: 'Wayan', problems: [{ kind: 'passkey-needs-script' }] },
  'birthdate-wrong': {
    ...first,
    name: 'Wayan',
    birthdate: '31-02-1990',
    problems: [{ kind: 'said', text: 'Tanggal lahir ini tidak terbaca.', field: 'birthdate' }],
  },
  hostile: { ...first, name: hostileText, birthdate: hostileText },
};
