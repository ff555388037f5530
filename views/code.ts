import { type Html, html, safeAddress } from './html.ts';
import { formatDuration, type MessageKey, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, cancelButton, field, form } from './parts/form.ts';
import { type Notice, noticeBox } from './parts/notice.ts';
import { type Problem, problemSummary, type Saying, sayProblems } from './parts/problem.ts';
import { hostileText, sampleFrame, serviceFrame } from './samples.ts';

type Kind = 'code-missing' | 'code-wrong' | 'code-expired' | 'too-many-tries';

export type CodeProblem = Problem<Kind>;

/** How a message travels. */
export type Channel = 'email' | 'sms' | 'whatsapp';

/** Posts `action` = `continue`, `resend`, `resend-other` or `cancel`. */
export type CodeContext = Frame & {
  /** Exactly what the person typed, never what we know; for a national number leave it out. */
  sentTo?: string | undefined;
  /** Until the code ends. */
  secondsLeft: number;
  /** Until another code may be asked for; 0 when it may be now. */
  resendInSeconds: number;
  /** A second channel to send it by (`resend-other`). */
  otherChannel?: Channel | undefined;
  /** For who recovers an account and has lost this contact too. */
  lostContactLink?: string | undefined;
  mayCancel: boolean;
  /** Where one goes who does not want to any more, on a page outside an interaction. */
  backLink?: string | undefined;
  notice?: Notice | undefined;
  problems?: readonly CodeProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  'code-missing': { key: 'code.missing', field: 'code' },
  'code-wrong': { key: 'code.wrong', field: 'code' },
  'code-expired': { key: 'code.expired', field: 'code' },
  'too-many-tries': { key: 'code.too-many-tries', field: 'code' },
};

const otherChannels: Record<Channel, MessageKey> = {
  email: 'code.resend-email',
  sms: 'code.resend-sms',
  whatsapp: 'code.resend-whatsapp',
};

/** Asks for the one-time code that was sent. */
export function codePage(context: CodeContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  return page(context, {
    title: t('code.title'),
    hasProblem: said.length > 0,
    scripts: ['code.js'],
    content: html`${noticeBox(context.notice)}${problemSummary(context.language, said)}
<p class="intro">${context.sentTo === undefined ? t('code.sent') : sentTo(context, context.sentTo)}</p>
${form(context, [
  field({
    name: 'code',
    label: t('code.label'),
    hint: html`<span id="time-left" data-seconds="${context.secondsLeft}" data-gone="${t('code.expired')}" data-minutes="${t('code.minutes-left')}">${t('code.time-left', { time: formatDuration(context.language, context.secondsLeft) })}</span>`,
    autocomplete: 'one-time-code',
    inputmode: 'numeric',
    maxlength: 12,
    hook: 'code',
    problems: said,
  }),
  button({ id: 'continue', value: 'continue', label: t('form.continue'), look: 'main' }),
  resendChoices(context),
])}`,
  });
}

function sentTo(context: CodeContext, address: string): Html {
  const t = translate(context.language);
  return html`${t('code.sent-to')} <strong class="address">${address}</strong>`;
}

function resendChoices(context: CodeContext): Html {
  const t = translate(context.language);
  const back = safeAddress(context.backLink);
  const { otherChannel } = context;
  const lostContact = safeAddress(context.lostContactLink);
  return html`<div class="ways-out"><p class="hint" id="resend-hint">${t('code.resend-hint')}</p>
<div class="resend" data-resend-in="${context.resendInSeconds}" data-wait="${t('code.resend-wait')}">
${button({ id: 'resend', value: 'resend', label: t('code.resend'), look: 'other', describedBy: 'resend-hint' })}
${otherChannel && button({ id: 'resend-other', value: 'resend-other', label: t(otherChannels[otherChannel]), look: 'other' })}</div>
${lostContact && html`<p><a id="lost-contact" href="${lostContact}">${t('code.lost-contact')}</a></p>`}
${cancelButton(context)}
${back && html`<p><a id="back" href="${back}">${t('form.back')}</a></p>`}</div>`;
}

const first: CodeContext = {
  ...serviceFrame,
  sentTo: 'siti@contoh.id',
  secondsLeft: 600,
  resendInSeconds: 30,
  mayCancel: true,
};

export const codeSamples: Record<string, CodeContext> = {
  first,
  'to-phone': { ...first, sentTo: '0812 3456 7890', otherChannel: 'whatsapp', resendInSeconds: 0, secondsLeft: 75 },
  'to-mail-instead': { ...first, sentTo: '0812 3456 7890', otherChannel: 'email' },
  'to-message-instead': { ...first, otherChannel: 'sms' },
  'registered-contact': { ...first, sentTo: undefined },
  'in-a-recovery': { ...first, lostContactLink: '?lost-contact' },
  resent: { ...first, notice: { tone: 'done', text: 'Kode baru sudah dikirim.' } },
  missing: { ...first, problems: [{ kind: 'code-missing' }] },
  wrong: { ...first, problems: [{ kind: 'code-wrong' }] },
  expired: { ...first, secondsLeft: 0, resendInSeconds: 0, problems: [{ kind: 'code-expired' }] },
  'too-many-tries': { ...first, resendInSeconds: 0, problems: [{ kind: 'too-many-tries' }] },
  'for-a-contact': { ...first, ...sampleFrame, service: undefined, mayCancel: false, backLink: '/account/contacts' },
  hostile: { ...first, sentTo: hostileText },
};
