import { type Html, html, safeAddress } from './html.ts';
import { formatDuration, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, field, form } from './parts/form.ts';
import { envelope } from './parts/icons.ts';
import { type PasskeyOptions, passkeyData, passkeyFields, usePasskeyButton } from './parts/passkey.ts';
import { type Problem, problemSummary, type SaidProblem, type Saying, sayProblems } from './parts/problem.ts';
import { hostileText, sampleRequestOptions, sampleService, serviceFrame } from './samples.ts';

type Kind = 'passkey-wrong' | 'passkey-needs-script';

export type SecondFactorProblem = Problem<Kind>;

/**
 * Posts `action` = `continue` (with `code`), `resend`, `use-app`, `send-to-first`, `-second`, `-third`, `passkey` (with
 * `credential`), `sign-in-again`, `skip-second-factor` or `cancel`.
 */
export type SecondFactorContext = Frame & {
  /** Who wants it: the app, or the person who has set up an authenticator app. */
  reason: 'service' | 'account';
  /** What is typed here; without it there are only the other ways. */
  question?:
    | { by: 'app' }
    | { by: 'message'; sentTo: string; secondsLeft: number; resendInSeconds: number }
    | undefined;
  hasApp: boolean;
  /** Masked, as their owner recognises them; three at most. */
  contacts: readonly string[];
  /** Without them there is no passkey to use. */
  passkeyOptions?: PasskeyOptions | undefined;
  mayUsePassword: boolean;
  recoverLink: string;
  maySkip: boolean;
  problems?: readonly SecondFactorProblem[] | undefined;
};

const places = ['first', 'second', 'third'] as const;

const sayings: Record<Kind, Saying> = {
  'passkey-wrong': { key: 'sign-in.passkey-wrong' },
  'passkey-needs-script': { key: 'passkey.needs-script' },
};

/** Asks for one more proof: a code of the authenticator app, of a message to another contact, or a passkey. */
export function secondFactorPage(context: SecondFactorContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  return page(context, {
    title: t('second-factor.title'),
    hasProblem: said.length > 0,
    scripts: [...(context.question?.by === 'message' ? (['code.js'] as const) : []), ...passkeyScript(context)],
    content: html`${problemSummary(context.language, said)}
<p class="intro">${explain(context)}</p>
${form(context, [question(context, said), ...otherWays(context), waysOut(context)])}
${passkeyData(context.passkeyOptions)}`,
  });
}

function passkeyScript({ passkeyOptions }: SecondFactorContext) {
  return passkeyOptions ? (['passkey.js'] as const) : [];
}

function explain(context: SecondFactorContext): string {
  const t = translate(context.language);
  if (context.reason === 'account') return t('second-factor.account');
  return t('second-factor.service', { service: context.service?.name ?? context.brand });
}

function question(context: SecondFactorContext, said: readonly SaidProblem[]): Html | false {
  const t = translate(context.language);
  if (!context.question) return false;
  const isApp = context.question.by === 'app';
  return html`${isApp ? false : sentTo(context)}${field({
    name: 'code',
    label: t(isApp ? 'second-factor.app-label' : 'code.label'),
    hint: isApp ? t('second-factor.app-hint') : timeLeft(context),
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    maxlength: 12,
    hook: 'code',
    problems: said,
  })}${button({ id: 'continue', value: 'continue', label: t('form.continue'), look: 'main' })}${isApp ? false : resend(context)}`;
}

function sentTo({ language, question: asked }: SecondFactorContext): Html | false {
  if (asked?.by !== 'message') return false;
  return html`<p>${translate(language)('code.sent-to')} <strong class="address">${asked.sentTo}</strong></p>`;
}

function timeLeft({ language, question: asked }: SecondFactorContext): Html | undefined {
  const t = translate(language);
  if (asked?.by !== 'message') return undefined;
  const time = formatDuration(language, asked.secondsLeft);
  return html`<span id="time-left" data-seconds="${asked.secondsLeft}" data-gone="${t('code.expired')}" data-minutes="${t('code.minutes-left')}">${t('code.time-left', { time })}</span>`;
}

function resend({ language, question: asked }: SecondFactorContext): Html | false {
  const t = translate(language);
  if (asked?.by !== 'message') return false;
  return html`<div class="resend" data-resend-in="${asked.resendInSeconds}" data-wait="${t('code.resend-wait')}">
${button({ id: 'resend', value: 'resend', label: t('code.resend'), look: 'other' })}</div>`;
}

/** The first of them is the main one where nothing is typed. */
function otherWays(context: SecondFactorContext): (Html | false)[] {
  const t = translate(context.language);
  const { question: asked, contacts, passkeyOptions } = context;
  const hasOther = contacts.length > 0 || passkeyOptions !== undefined || context.mayUsePassword;
  const first = asked ? 'other' : 'main';
  const toApp = asked?.by === 'message' && context.hasApp;
  return [
    asked !== undefined && (hasOther || toApp) && html`<p class="or"><span>${t('second-factor.other')}</span></p>`,
    toApp && button({ id: 'use-app', value: 'use-app', label: t('second-factor.use-app'), look: 'other' }),
    passkeyOptions !== undefined &&
      html`${usePasskeyButton(context.language, first)}${passkeyFields(context.language)}`,
    ...contacts.map((address, index) => sendButton(context, address, index, passkeyOptions ? 'other' : first)),
    context.mayUsePassword &&
      button({ id: 'sign-in-again', value: 'sign-in-again', label: t('second-factor.password'), look: 'other' }),
  ];
}

function sendButton({ language }: SecondFactorContext, address: string, index: number, look: 'main' | 'other'): Html {
  const id = `send-to-${places[index]}`;
  const label = translate(language)('second-factor.send', { address });
  return button({ id, value: id, label, look: index === 0 ? look : 'other', hook: 'way', icon: envelope });
}

function waysOut(context: SecondFactorContext): Html {
  const t = translate(context.language);
  const back = context.service ? t('form.cancel-to', { service: context.service.name }) : t('form.cancel');
  const recover = safeAddress(context.recoverLink);
  return html`<div class="ways-out">${recover && html`<p><a id="recover" href="${recover}">${t('second-factor.recover')}</a></p>`}${context.maySkip && button({ id: 'skip-second-factor', value: 'skip-second-factor', label: t('second-factor.skip'), look: 'other' })}${button({ id: 'cancel', value: 'cancel', label: back, look: 'quiet' })}</div>`;
}

const first: SecondFactorContext = {
  ...serviceFrame,
  reason: 'account',
  question: { by: 'app' },
  hasApp: true,
  contacts: [],
  mayUsePassword: false,
  recoverLink: '?recover',
  maySkip: false,
};

const byMessage: SecondFactorContext = {
  ...first,
  reason: 'service',
  question: { by: 'message', sentTo: 's•••@c•••.id', secondsLeft: 540, resendInSeconds: 0 },
  contacts: ['•••• 7890'],
  hasApp: false,
};

export const secondFactorSamples: Record<string, SecondFactorContext> = {
  first,
  'every-way': { ...first, contacts: ['s•••@c•••.id', '•••• 7890'], passkeyOptions: sampleRequestOptions },
  'choose-contact': { ...byMessage, question: undefined },
  'by-message': byMessage,
  'by-message-instead': { ...byMessage, hasApp: true },
  'in-session': {
    ...first,
    reason: 'service',
    passkeyOptions: sampleRequestOptions,
    mayUsePassword: true,
    maySkip: true,
  },
  'passkey-only': {
    ...first,
    reason: 'service',
    question: undefined,
    hasApp: false,
    passkeyOptions: sampleRequestOptions,
    maySkip: true,
  },
  wrong: { ...first, problems: [{ kind: 'said', text: 'Kode ini tidak cocok atau sudah dipakai.', field: 'code' }] },
  throttled: { ...first, problems: [{ kind: 'throttled', seconds: 840 }] },
  hostile: {
    ...byMessage,
    question: { by: 'message', sentTo: hostileText, secondsLeft: 10, resendInSeconds: 10 },
    contacts: [hostileText],
    service: { ...sampleService, name: hostileText },
    problems: [{ kind: 'said', text: hostileText, field: 'code' }],
  },
};
