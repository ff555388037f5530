import { type Content, type Html, html } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, cancelButton, field, form, tickBox } from './parts/form.ts';
import { noticeBox } from './parts/notice.ts';
import { makePasskeyButton, type PasskeyOptions, passkeyData, sharedPhonesHint } from './parts/passkey.ts';
import { type Problem, problemSummary, type SaidProblem, sayProblems } from './parts/problem.ts';
import { hostileText, sampleCreationOptions, serviceFrame } from './samples.ts';

export type RecoveryNewWayProblem = Problem<never>;

/** Posts `action` = `create-passkey` (with `credential`), `continue` (with `password`) or `cancel`. */
export type RecoveryNewWayContext = Frame & {
  passkeyOptions?: PasskeyOptions | undefined;
  /** Whether a password will do; where the account had passkeys and none, it does not. */
  mayUsePassword: boolean;
  /** Whether there is an authenticator app that may be lost too: the tick box `lost-app` (value `yes`) removes it. */
  mayRemoveApp: boolean;
  /** Whether the account stays restricted afterwards. */
  isRestricting: boolean;
  mayCancel: boolean;
  problems?: readonly RecoveryNewWayProblem[] | undefined;
};

/** The last step of a recovery: a new way to sign in. */
export function recoveryNewWayPage(context: RecoveryNewWayContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, {});
  return page(context, {
    title: t('recovery-new-way.title'),
    hasProblem: said.length > 0,
    scripts: ['passkey.js'],
    content: html`${problemSummary(context.language, said)}
<p class="intro">${t('recovery-new-way.intro')}</p>
${context.isRestricting && noticeBox({ tone: 'info', text: t('recovery-new-way.restricting') })}
${form(context, [
  context.mayRemoveApp &&
    tickBox({ id: 'lost-app', name: 'lost-app', value: 'yes', label: t('recovery-new-way.lost-app') }),
  passkeyChoice(context),
  context.mayUsePassword ? passwordChoice(context, said) : html`<p>${t('recovery-new-way.passkey-only')}</p>`,
  html`<div class="ways-out">${cancelButton(context)}</div>`,
])}
${passkeyData(context.passkeyOptions)}`,
  });
}

/** None on a device that others use: who could unlock it could open the account. */
function passkeyChoice(context: RecoveryNewWayContext): Content {
  const t = translate(context.language);
  if (!context.passkeyOptions) return html`<p>${t('recovery-new-way.shared')}</p>`;
  return [sharedPhonesHint(context.language), makePasskeyButton(context.language)];
}

function passwordChoice(context: RecoveryNewWayContext, said: readonly SaidProblem[]): Content {
  const t = translate(context.language);
  return [
    context.passkeyOptions && html`<p class="or"><span>${t('sign-up-name.or')}</span></p>`,
    field({
      name: 'password',
      label: t('recovery-new-way.password'),
      type: 'password',
      hint: t('sign-up-name.password-hint'),
      autocomplete: 'new-password',
      maxlength: 256,
      problems: said,
    }),
    button({ id: 'continue', value: 'continue', label: t('recovery-new-way.submit'), look: 'other' }),
  ];
}

const first: RecoveryNewWayContext = {
  ...serviceFrame,
  passkeyOptions: sampleCreationOptions,
  mayUsePassword: true,
  mayRemoveApp: false,
  isRestricting: false,
  mayCancel: true,
};

export const recoveryNewWaySamples: Record<string, RecoveryNewWayContext> = {
  first,
  'with-authenticator-app': { ...first, mayRemoveApp: true },
  'on-shared-device': { ...first, passkeyOptions: undefined },
  'after-two-contacts': { ...first, isRestricting: true },
  'passkey-only': { ...first, mayUsePassword: false, isRestricting: true },
  refused: {
    ...first,
    problems: [{ kind: 'said', text: 'Kata sandi harus 8 sampai 256 karakter.', field: 'password' }],
  },
  hostile: { ...first, problems: [{ kind: 'said', text: hostileText, field: 'password' }] },
};
