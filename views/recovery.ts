import { type Html, html, safeAddress } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, cancelButton, field, form, tickBox } from './parts/form.ts';
import { fingerprint } from './parts/icons.ts';
import { type PasskeyOptions, passkeyData, passkeyFields } from './parts/passkey.ts';
import { type Problem, problemSummary, sayProblems } from './parts/problem.ts';
import { hostileText, sampleRequestOptions, serviceFrame } from './samples.ts';

export type RecoveryProblem = Problem<never>;

/** Posts `action` = `passkey` (with `credential`), `recover` (with `identifier`) or `cancel`; with `shared-device`. */
export type RecoveryContext = Frame & {
  /** What was typed before. */
  identifier?: string | undefined;
  signInLink: string;
  /** Whether the tick box `shared-device` (value `yes`) is ticked. */
  sharedDevice: boolean;
  passkeyOptions?: PasskeyOptions | undefined;
  mayCancel: boolean;
  problems?: readonly RecoveryProblem[] | undefined;
};

/** The first page for somebody who cannot sign in: what else they may still have, and the contact to begin with. */
export function recoveryPage(context: RecoveryContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, {});
  const signIn = safeAddress(context.signInLink);
  return page(context, {
    title: t('recovery.title'),
    hasProblem: said.length > 0,
    scripts: ['passkey.js'],
    content: html`${problemSummary(context.language, said)}
<p class="intro">${t('recovery.intro', { brand: context.brand })}</p>
${form(context, [
  html`<h2>${t('recovery.contact-title')}</h2><p>${t('recovery.contact-text')}</p>`,
  field({
    name: 'identifier',
    label: t('recovery.identifier'),
    value: context.identifier,
    hint: t('recovery.identifier-hint'),
    autocomplete: 'username',
    maxlength: 254,
    plain: true,
    problems: said,
  }),
  tickBox({
    id: 'shared-device',
    name: 'shared-device',
    value: 'yes',
    label: t('sign-in.shared-device'),
    ticked: context.sharedDevice,
  }),
  button({ id: 'continue', value: 'recover', label: t('recovery.submit'), look: 'main' }),
  html`<h2>${t('recovery.device-title')}</h2><p>${t('recovery.device-text')}</p>`,
  button({
    id: 'passkey',
    value: 'passkey',
    label: html`${t('recovery.other-passkey')} <small>${t('passkey.name')}</small>`,
    look: 'other',
    hook: 'way passkey',
    icon: fingerprint,
    passkey: 'get',
  }),
  passkeyFields(context.language),
  html`<div class="ways-out">${signIn && html`<p><a id="to-sign-in" href="${signIn}">${t('recovery.to-sign-in')}</a></p>`}
${cancelButton(context)}</div>`,
])}
${passkeyData(context.passkeyOptions)}`,
  });
}

const first: RecoveryContext = {
  ...serviceFrame,
  signInLink: '?sign-in',
  sharedDevice: false,
  passkeyOptions: sampleRequestOptions,
  mayCancel: true,
};

export const recoverySamples: Record<string, RecoveryContext> = {
  first,
  'shared-device': { ...first, sharedDevice: true },
  throttled: { ...first, identifier: 'siti@contoh.id', problems: [{ kind: 'throttled', seconds: 45 }] },
  hostile: { ...first, identifier: hostileText, problems: [{ kind: 'said', text: hostileText, field: 'identifier' }] },
};
