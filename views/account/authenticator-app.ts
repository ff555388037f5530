import { type Html, html } from '../html.ts';
import { formatDay, translate } from '../locale.ts';
import { type Frame, page } from '../page.ts';
import { sayClockOff } from '../parts/clock.ts';
import { button, field, form } from '../parts/form.ts';
import { type Problem, problemSummary, type SaidProblem, type Saying, sayProblems } from '../parts/problem.ts';
import { qrCode } from '../parts/qr.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { backToAccount } from './back.ts';

type Kind = 'code-wrong' | 'on-trial' | 'set-up-over';

export type AuthenticatorAppProblem = Problem<Kind>;

/** Where one stands: nothing there, a secret on the way to the phone, or an app that counts. */
export type AuthenticatorAppState =
  | { at: 'none' }
  /** `uri` as apps scan it, `secret` (base32) as one types it. */
  | { at: 'set-up'; uri: string; secret: string }
  | { at: 'ready'; since: Date };

/** Posts `action` = `begin`, `confirm` (with `code`) or `remove`. */
export type AuthenticatorAppContext = Frame & {
  state: AuthenticatorAppState;
  problems?: readonly AuthenticatorAppProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  'code-wrong': { key: 'totp.wrong', field: 'code' },
  'on-trial': { key: 'account.way-on-trial' },
  'set-up-over': { key: 'totp.set-up-over' },
};

/** Sets up an authenticator app, or removes it. */
export function authenticatorAppPage(context: AuthenticatorAppContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  return page(context, {
    title: t('account.totp'),
    hasProblem: said.length > 0,
    content: html`${problemSummary(context.language, said)}
${contentAt(context, said)}
${backToAccount(context.language)}`,
  });
}

function contentAt(context: AuthenticatorAppContext, said: readonly SaidProblem[]): Html {
  const { state } = context;
  if (state.at === 'none') return beginning(context);
  return state.at === 'ready' ? ready(context, state) : setUp(context, state, said);
}

function beginning(context: AuthenticatorAppContext): Html {
  const t = translate(context.language);
  return html`<p class="intro">${t('totp.intro')}</p>
${form(context, button({ id: 'begin', value: 'begin', label: t('totp.begin'), look: 'main' }))}`;
}

function setUp(
  context: AuthenticatorAppContext,
  { uri, secret }: Extract<AuthenticatorAppState, { at: 'set-up' }>,
  problems: readonly SaidProblem[],
): Html {
  const t = translate(context.language);
  const groups = secret.replace(/.{4}(?=.)/g, '$& ');
  return html`<p class="intro">${t('totp.scan')}</p>
${qrCode(uri, t('totp.qr'))}
<p><a class="button other" id="open-app" href="${uri}">${t('totp.open')}</a></p>
<p class="hint">${t('totp.by-hand')}</p>
<p class="secret" id="secret">${groups}</p>
${form(context, [
  field({
    name: 'code',
    label: t('totp.code'),
    hint: t('totp.code-hint'),
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    maxlength: 12,
    hook: 'code',
    problems,
  }),
  button({ id: 'confirm', value: 'confirm', label: t('totp.confirm'), look: 'main' }),
  button({ id: 'begin', value: 'begin', label: t('totp.again'), look: 'quiet' }),
])}`;
}

function ready(context: AuthenticatorAppContext, { since }: Extract<AuthenticatorAppState, { at: 'ready' }>): Html {
  const t = translate(context.language);
  return html`<p class="intro">${t('account.totp-since', { date: formatDay(context.language, since, context.timeZone) })}</p>
<p class="hint" id="remove-hint">${t('totp.remove-hint')}</p>
${form(context, button({ id: 'remove', value: 'remove', label: t('totp.remove'), look: 'stop', describedBy: 'remove-hint' }))}`;
}

const none: AuthenticatorAppContext = { ...sampleFrame, state: { at: 'none' } };

const setUpSample: AuthenticatorAppContext = {
  ...none,
  state: {
    at: 'set-up',
    uri: 'otpauth://totp/Lawang:siti%40contoh.id?issuer=Lawang&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&algorithm=SHA1&digits=6&period=30',
    secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  },
};

const readySample: AuthenticatorAppContext = {
  ...none,
  state: { at: 'ready', since: new Date('2026-09-03T02:00:00Z') },
};

export const authenticatorAppSamples: Record<string, AuthenticatorAppContext> = {
  none,
  'set-up': setUpSample,
  wrong: { ...setUpSample, problems: [{ kind: 'code-wrong' }] },
  'clock-off': { ...setUpSample, problems: [{ kind: 'said', text: sayClockOff('id', -180), field: 'code' }] },
  'set-up-over': { ...none, problems: [{ kind: 'set-up-over' }] },
  throttled: { ...setUpSample, problems: [{ kind: 'throttled', seconds: 840 }] },
  ready: readySample,
  'on-trial': { ...readySample, problems: [{ kind: 'on-trial' }] },
  hostile: { ...none, state: { at: 'set-up', uri: `otpauth://totp/${hostileText}`, secret: hostileText } },
};
