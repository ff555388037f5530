import { type Content, type Html, html } from './html.ts';
import { formatDuration, formatMoment, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { contactHint } from './parts/contact-hint.ts';
import { button, cancelButton, form, radio } from './parts/form.ts';
import { noticeBox } from './parts/notice.ts';
import { type Problem, problemSummary, type SaidProblem, sayProblems } from './parts/problem.ts';
import { recoveryCodeField } from './parts/recovery-code.ts';
import { hostileText, serviceFrame } from './samples.ts';

export type RecoveryWaysProblem = Problem<never>;

/** A contact that a second code may go to; `choice` stands for it in the form. */
export type SecondContact = { choice: string; kind: 'email' | 'phone'; value: string };

/**
 * How the way by two contacts stands: it may begin; it waits; its wait is over; it waits, but was asked for with other
 * contacts than the one just proven; there is no second contact that counts; it was cancelled too often.
 */
export type ContactsWay =
  | { state: 'open'; contacts: readonly SecondContact[]; waitSeconds: number }
  | { state: 'waiting'; readyAt: Date; expiresAt: Date }
  | { state: 'ready'; contacts: readonly SecondContact[]; expiresAt: Date }
  | { state: 'of-others'; readyAt: Date }
  | { state: 'none' }
  | { state: 'closed' };

/**
 * Posts `action` = `use-recovery-code` (with `recovery-code`), `send-second-code` (with `contact`), `cancel-recovery` or
 * `cancel`.
 */
export type RecoveryWaysContext = Frame & {
  contacts: ContactsWay;
  mayCancel: boolean;
  problems?: readonly RecoveryWaysProblem[] | undefined;
  timeZone?: string | undefined;
};

/** After the first contact is proven: what else the person may have. */
export function recoveryWaysPage(context: RecoveryWaysContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, {});
  return page(context, {
    title: t(isUnderWay(context) ? 'recovery-ways.title-under-way' : 'recovery-ways.title'),
    hasProblem: said.length > 0,
    content: html`${problemSummary(context.language, said)}
<p class="intro">${t(isUnderWay(context) ? 'recovery-ways.intro-under-way' : 'recovery-ways.intro')}</p>
${form(context, [
  ...(isUnderWay(context)
    ? [byContacts(context), byCode(context, said)]
    : [byCode(context, said), byContacts(context)]),
  html`<div class="ways-out">${cancelButton(context)}</div>`,
])}`,
  });
}

function isUnderWay({ contacts }: RecoveryWaysContext): boolean {
  return ['waiting', 'ready', 'of-others'].includes(contacts.state);
}

function byCode(context: RecoveryWaysContext, said: readonly SaidProblem[]): Content {
  const t = translate(context.language);
  return [
    html`<h2>${t('recovery-ways.code-title')}</h2><p>${t('recovery-ways.code-text')}</p>`,
    recoveryCodeField(context, said),
    button({
      id: 'use-recovery-code',
      value: 'use-recovery-code',
      label: t('recovery-ways.use-code'),
      look: isUnderWay(context) ? 'other' : 'main',
    }),
  ];
}

function byContacts(context: RecoveryWaysContext): Content {
  const t = translate(context.language);
  return [html`<h2>${t('recovery-ways.contacts-title')}</h2>`, contactsText(context)];
}

function contactsText(context: RecoveryWaysContext): Content {
  const { language, contacts, timeZone } = context;
  const t = translate(language);
  const moment = (date: Date) => formatMoment(language, date, timeZone);
  switch (contacts.state) {
    case 'none':
      return html`<p id="no-second-contact">${t('recovery-ways.none')}</p>`;
    case 'closed':
      return html`<p id="contacts-closed">${t('recovery-ways.closed')}</p>`;
    case 'open': {
      const wait = formatDuration(language, contacts.waitSeconds);
      return [html`<p>${t('recovery-ways.open', { wait })}</p>`, choices(context, contacts.contacts)];
    }
    case 'waiting': {
      const times = { ready: moment(contacts.readyAt), end: moment(contacts.expiresAt) };
      const text = html`<span id="recovery-waiting">${t('recovery-ways.waiting', times)}</span>`;
      return [noticeBox({ tone: 'info', text }), cancelling(context)];
    }
    case 'of-others': {
      const text = t('recovery-ways.of-others', { ready: moment(contacts.readyAt) });
      return [noticeBox({ tone: 'info', text }), cancelling(context)];
    }
    case 'ready': {
      const text = t('recovery-ways.ready', { end: moment(contacts.expiresAt) });
      return [noticeBox({ tone: 'info', text }), choices(context, contacts.contacts), cancelling(context)];
    }
  }
}

function choices(context: RecoveryWaysContext, contacts: readonly SecondContact[]): Content {
  const t = translate(context.language);
  return [
    html`<fieldset><legend>${t('recovery-ways.where')}</legend>${contacts.map((contact) =>
      radio({ name: 'contact', value: contact.choice, label: contactHint(contact), chosen: contacts.length === 1 }),
    )}</fieldset>`,
    button({
      id: 'send-second-code',
      value: 'send-second-code',
      label: t('recovery-ways.send'),
      look: context.contacts.state === 'ready' ? 'main' : 'other',
    }),
  ];
}

function cancelling(context: RecoveryWaysContext): Content {
  const t = translate(context.language);
  return [
    html`<p>${t('recovery-ways.not-you')}</p>`,
    button({ id: 'cancel-recovery', value: 'cancel-recovery', label: t('recovery-cancel.submit'), look: 'stop' }),
  ];
}

const phone: SecondContact = { choice: '1', kind: 'phone', value: '+6281234561234' };
const mail: SecondContact = { choice: '2', kind: 'email', value: 'siti@contoh.id' };
const readyAt = new Date('2026-11-22T03:30:00Z');
const expiresAt = new Date('2026-11-29T03:30:00Z');

const open: RecoveryWaysContext = {
  ...serviceFrame,
  contacts: { state: 'open', contacts: [phone], waitSeconds: 86_400 },
  mayCancel: true,
};

export const recoveryWaysSamples: Record<string, RecoveryWaysContext> = {
  open,
  'two-to-choose': { ...open, contacts: { state: 'open', contacts: [phone, mail], waitSeconds: 86_400 } },
  'contact-missing': {
    ...open,
    contacts: { state: 'open', contacts: [phone, mail], waitSeconds: 86_400 },
    problems: [{ kind: 'said', text: 'Kontak untuk kode kedua belum dipilih. Pilih salah satu kontak di bawah.' }],
  },
  waiting: { ...open, contacts: { state: 'waiting', readyAt, expiresAt } },
  ready: { ...open, contacts: { state: 'ready', contacts: [phone], expiresAt } },
  'of-others': { ...open, contacts: { state: 'of-others', readyAt } },
  none: { ...open, contacts: { state: 'none' } },
  closed: { ...open, contacts: { state: 'closed' } },
  hostile: {
    ...open,
    contacts: { state: 'open', contacts: [{ choice: '1', kind: 'email', value: hostileText }], waitSeconds: 86_400 },
    problems: [{ kind: 'said', text: hostileText, field: 'recovery-code' }],
  },
};
