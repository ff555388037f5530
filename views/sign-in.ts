import { type Content, type Html, html, safeAddress } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, field, form } from './parts/form.ts';
import { envelope, information } from './parts/icons.ts';
import { type Insistence, insistenceNote } from './parts/insistence.ts';
import { type Notice, noticeBox } from './parts/notice.ts';
import { type PasskeyOptions, passkeyData, passkeyFields, usePasskeyButton } from './parts/passkey.ts';
import { type Problem, problemSummary, type SaidProblem, type Saying, sayProblems } from './parts/problem.ts';
import { sharedDeviceTick } from './parts/shared-device.ts';
import { hostileText, sampleRequestOptions, sampleService, serviceFrame } from './samples.ts';

type Kind = 'identifier-missing' | 'password-missing' | 'wrong' | 'passkey-wrong' | 'passkey-needs-script';

/**
 * Why the sign-in came back. `wrong` is the one answer to every mistaken, unknown, disabled or passkey-only account:
 * the page never tells which. `passkey-needs-script` answers a press of the passkey button without JavaScript.
 */
export type SignInProblem = Problem<Kind>;

/**
 * Why a person signs in although a session may exist: `again` when the app asked for a fresh sign-in, the last one
 * is too old, or the account page is about to change something; `step-up` when the app accepts a passkey only.
 */
export type SignInReason =
  | { kind: 'first' }
  | { kind: 'again'; because: 'requested' | 'too-old' | 'account-change' }
  /** Where there is no passkey yet the page says how to get one; `passkeyPageLink` leads there. */
  | { kind: 'step-up'; hasPasskey: boolean; passkeyPageLink?: string | undefined };

/** Posts `action` = `sign-in`, `passkey` (with `credential`), `send-code` or `cancel`. */
export type SignInContext = Frame & {
  reason: SignInReason;
  /** What was typed before, or the app's `login_hint`. */
  identifier?: string | undefined;
  signUpLink: string;
  /** What the app lets nobody in without. */
  insists?: Insistence | undefined;
  /** The app is leaving accounts of its own behind: whoever comes may try the password of one here. */
  leavesOldAccounts?: boolean | undefined;
  /** For who has lost their way to sign in. */
  recoverLink: string;
  passkeyOptions?: PasskeyOptions | undefined;
  /** Shows the tick box `shared-device` (value `yes`), ticked or not; without it there is none. */
  sharedDevice?: boolean | undefined;
  /** False leaves out `#cancel`, where there is no app to go back to. */
  mayCancel: boolean;
  /** The page is open inside another app, whose built-in browser has no passkeys. `address` is what to open elsewhere. */
  builtIn?: { app?: string | undefined; address: string } | undefined;
  notice?: Notice | undefined;
  problems?: readonly SignInProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  'identifier-missing': { key: 'sign-in.identifier-missing', field: 'identifier' },
  'password-missing': { key: 'sign-in.password-missing', field: 'password' },
  wrong: { key: 'sign-in.wrong' },
  'passkey-wrong': { key: 'sign-in.passkey-wrong' },
  'passkey-needs-script': { key: 'passkey.needs-script' },
};

/** The one entry for everybody: passkey, password, one-time code, or the way to a new account. */
export function signInPage(context: SignInContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  const { reason } = context;
  return page(context, {
    title: t(reason.kind === 'first' ? 'sign-in.title' : `sign-in.title-${reason.kind}`),
    hasProblem: said.length > 0,
    scripts: ['passkey.js'],
    isFirst: true,
    content: html`${noticeBox(context.notice)}${problemSummary(context.language, said)}${explainReason(context)}${explainBuiltIn(context)}
${form(context, reason.kind === 'step-up' ? stepUpChoices(context, reason) : everyChoice(context, said))}
${passkeyData(context.passkeyOptions)}`,
  });
}

function explainReason(context: SignInContext): Html | false {
  const t = translate(context.language);
  const { reason } = context;
  if (reason.kind === 'first') return html`${oldAccountNote(context)}${insistenceNote(context, context.insists)}`;
  if (reason.kind === 'again') return html`<p class="intro">${t(`sign-in.again-${reason.because}`)}</p>`;
  return html`<p class="intro">${t('sign-in.step-up', { service: context.service?.name ?? context.brand })}</p>`;
}

function oldAccountNote({ language, service, brand, leavesOldAccounts }: SignInContext): Html | false {
  if (!service || !leavesOldAccounts) return false;
  const t = translate(language);
  return html`<p class="intro" id="old-account">${t('sign-in.old-account', { service: service.name, brand })}</p>`;
}

/** The script takes it off where the browser has passkeys after all. */
function explainBuiltIn({ language, builtIn }: SignInContext): Html | false {
  if (!builtIn) return false;
  const t = translate(language);
  const title = builtIn.app ? t('built-in.title-app', { app: builtIn.app }) : t('built-in.title');
  return html`<section class="notice notice-info" id="built-in" aria-labelledby="built-in-title">${information}<div>
<h2 id="built-in-title">${title}</h2>
<p>${t('built-in.why')}</p>
<p>${t('built-in.how')}</p>
<div class="field"><label for="real-address">${t('built-in.address')}</label><input type="text" id="real-address" readonly value="${builtIn.address}"></div>
<p>${t('built-in.else')}</p></div></section>`;
}

/** The password button stands first, because the Enter key presses the first one. */
function everyChoice(context: SignInContext, said: readonly SaidProblem[]): Content {
  const t = translate(context.language);
  return [
    field({
      name: 'identifier',
      label: t('sign-in.identifier'),
      value: context.identifier,
      autocomplete: offersItself(context) ? 'username webauthn' : 'username',
      maxlength: 254,
      plain: true,
      problems: said,
    }),
    field({
      name: 'password',
      label: t('sign-in.password'),
      type: 'password',
      autocomplete: 'current-password',
      maxlength: 256,
      problems: said,
    }),
    context.sharedDevice !== undefined && sharedDeviceTick(context.language, context.sharedDevice),
    button({ id: 'sign-in', value: 'sign-in', label: t('sign-in.submit'), look: 'main' }),
    html`<p class="or"><span>${t('sign-in.or')}</span></p>`,
    usePasskeyButton(context.language, 'other'),
    passkeyFields(context.language),
    button({
      id: 'send-code',
      value: 'send-code',
      label: t('sign-in.send-code'),
      look: 'other',
      hook: 'way',
      icon: envelope,
    }),
    waysOut(context),
  ];
}

/** A passkey that was just refused would be offered, chosen and refused again. */
function offersItself({ problems = [] }: SignInContext): boolean {
  return problems.every(({ kind }) => kind !== 'passkey-wrong');
}

function stepUpChoices(context: SignInContext, reason: Extract<SignInReason, { kind: 'step-up' }>): Content {
  const t = translate(context.language);
  const passkeyPage = safeAddress(reason.passkeyPageLink);
  if (reason.hasPasskey) {
    return [
      usePasskeyButton(context.language, 'main'),
      passkeyFields(context.language),
      recoverLink(context),
      cancelButton(context),
    ];
  }
  return [
    html`<p>${t('sign-in.no-passkey')}</p>`,
    passkeyPage && html`<p><a class="button main" href="${passkeyPage}">${t('sign-in.make-passkey')}</a></p>`,
    usePasskeyButton(context.language, 'other'),
    passkeyFields(context.language),
    recoverLink(context),
    cancelButton(context),
  ];
}

function waysOut(context: SignInContext): Html {
  const t = translate(context.language);
  const signUp = safeAddress(context.signUpLink);
  return html`<div class="ways-out">${recoverLink(context)}${signUp && html`<p>${t('sign-in.no-account')} <a id="sign-up" href="${signUp}">${t('sign-in.sign-up')}</a></p>`}${cancelButton(context)}</div>`;
}

function recoverLink(context: SignInContext): Html | undefined {
  const recover = safeAddress(context.recoverLink);
  return recover
    ? html`<p><a id="recover" href="${recover}">${translate(context.language)('sign-in.recover')}</a></p>`
    : undefined;
}

function cancelButton(context: SignInContext): Html | false {
  const t = translate(context.language);
  const label = context.service ? t('form.cancel-to', { service: context.service.name }) : t('form.cancel');
  return context.mayCancel && button({ id: 'cancel', value: 'cancel', label, look: 'quiet' });
}

const first: SignInContext = {
  ...serviceFrame,
  reason: { kind: 'first' },
  signUpLink: '?sign-up',
  recoverLink: '?recover',
  passkeyOptions: sampleRequestOptions,
  mayCancel: true,
};

export const signInSamples: Record<string, SignInContext> = {
  first,
  'shared-device': { ...first, sharedDevice: false, sandbox: false },
  insists: { ...first, insists: 'two-proofs' },
  'old-accounts': { ...first, leavesOldAccounts: true },
  'without-service': { ...first, service: undefined, mayCancel: false },
  wrong: { ...first, identifier: 'siti@contoh.id', problems: [{ kind: 'wrong' }] },
  missing: { ...first, problems: [{ kind: 'identifier-missing' }, { kind: 'password-missing' }] },
  throttled: { ...first, identifier: 'siti@contoh.id', problems: [{ kind: 'throttled', seconds: 840 }] },
  'without-script': { ...first, problems: [{ kind: 'passkey-needs-script' }] },
  'passkey-unknown': {
    ...first,
    problems: [{ kind: 'passkey-wrong' }],
    passkeySignal: { unknown: { rpId: 'localhost', credentialId: 'c2FtcGxl' } },
  },
  'signed-out': { ...first, notice: { tone: 'info', text: 'Sesi Anda sudah berakhir. Silakan masuk lagi.' } },
  'again-requested': { ...first, identifier: 'siti@contoh.id', reason: { kind: 'again', because: 'requested' } },
  'again-too-old': { ...first, identifier: 'siti@contoh.id', reason: { kind: 'again', because: 'too-old' } },
  'again-account-change': {
    ...first,
    service: undefined,
    identifier: 'siti@contoh.id',
    reason: { kind: 'again', because: 'account-change' },
  },
  'step-up': { ...first, reason: { kind: 'step-up', hasPasskey: true } },
  'step-up-without-passkey': {
    ...first,
    reason: { kind: 'step-up', hasPasskey: false, passkeyPageLink: '/account#passkeys' },
  },
  'built-in': { ...first, builtIn: { app: 'Instagram', address: 'https://puskesmas.contoh.go.id/masuk' } },
  'built-in-unnamed': { ...first, builtIn: { address: 'https://puskesmas.contoh.go.id/masuk' } },
  hostile: {
    ...first,
    leavesOldAccounts: true,
    builtIn: { app: hostileText, address: hostileText },
    identifier: hostileText,
    service: {
      ...sampleService,
      name: hostileText,
      agency: hostileText,
      domain: hostileText,
      logo: 'javascript:alert(1)',
    },
    problems: [{ kind: 'said', text: hostileText, field: 'identifier' }],
  },
};
