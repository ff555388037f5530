import { type Html, html } from '../html.ts';
import { formatDay, formatMoment, formatTime, type MessageKey, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { type TimePages, timePager } from './pager.ts';
import { type ShownLook, sayLookReason } from './release-rows.ts';
import { personalPage } from './shell.ts';

type KindOf<Key> = Key extends `history.was-${infer Kind}` ? Kind : never;

/** What can have happened: whatever there is a sentence for. */
export type HistoryKind = KindOf<MessageKey>;

export type HistoryEvent = {
  id: string;
  at: Date;
  kind: HistoryKind;
  /** The app it concerned. */
  app?: string | undefined;
  /** The agency whose staff did it. */
  agency?: string | undefined;
  /** In which role and why somebody of the staff looked at the account. */
  look?: { role: 'desk'; reason: 'asked-at-desk' | 'second-officer' } | undefined;
  /** The same of who looked at what was released. */
  releasesLook?: Pick<ShownLook, 'role' | 'reason'> | undefined;
  caseNumber?: string | undefined;
};

export type HistoryContext = Frame &
  TimePages & {
    /** The latest first. */
    events: readonly HistoryEvent[];
    /** Since when there is something to read, where what was before is closed. */
    closedBefore?: Date | undefined;
  };

/** A person's own history: what happened to the account, and who of the staff looked at it. */
export function historyPage(context: HistoryContext): Html {
  const t = translate(context.language);
  const { language, timeZone, events, closedBefore } = context;
  return personalPage(context, {
    title: t('history.title'),
    section: 'history',
    intro: t('history.intro'),
    content: html`${closedBefore && html`<p class="hint" id="closed-before">${t('history.closed-before', { date: formatMoment(language, closedBefore, timeZone) })}</p>`}
${events.length === 0 ? html`<p id="no-events">${t('history.none')}</p>` : daysOf(context).map((day) => dayPart(context, day))}
${timePager(language, context)}
<section class="part" id="not-you" aria-labelledby="not-you-title"><h2 id="not-you-title">${t('history.not-you')}</h2><p>${t('history.not-you-staff')}</p>
<ul class="links"><li><a href="/account#sessions">${t('account.end-other-sessions')}</a></li><li><a href="/account#passkeys">${t('history.change-ways')}</a></li><li><a href="/account/end#freeze">${t('release.freeze-title')}</a></li></ul></section>`,
  });
}

type Day = { name: string; events: HistoryEvent[] };

function daysOf({ language, timeZone, events }: HistoryContext): Day[] {
  const days: Day[] = [];
  for (const event of events) {
    const name = formatDay(language, event.at, timeZone);
    const last = days.at(-1);
    if (last?.name === name) last.events.push(event);
    else days.push({ name, events: [event] });
  }
  return days;
}

function dayPart(context: HistoryContext, { name, events }: Day): Html {
  return html`<section class="part day"><h2>${name}</h2><ul class="rows">${events.map((event) => eventRow(context, event))}</ul></section>`;
}

/** Everything in the catalogue that is about an app or the staff says which. */
function eventRow(context: HistoryContext, event: HistoryEvent): Html {
  const t = translate(context.language);
  const { language, timeZone } = context;
  const {
    kind,
    app = t('history.some-app'),
    agency = t('history.some-agency'),
    look,
    releasesLook,
    caseNumber,
  } = event;
  const key: MessageKey = `history.was-${kind}`;
  const why = look
    ? t(`history.look-${look.reason}`, { role: t(`history.role-${look.role}`) })
    : releasesLook && sayLookReason(language, releasesLook);
  const more = [why, caseNumber && t('history.case', { case: caseNumber })].filter(Boolean).join(' · ');
  const isOfStaff = ['account.read-by-staff', 'releases-looked-at'].includes(kind) || kind.startsWith('sheet.');
  return html`<li class="row${isOfStaff && ' of-staff'}" data-kind="${kind}"><p class="when">${formatTime(language, event.at, timeZone)}</p><div class="row-words"><p>${t(key, { app, agency })}</p>${more && html`<p class="hint">${more}</p>`}</div></li>`;
}

const at = (time: string): Date => new Date(`2026-11-${time}:00Z`);

const full: HistoryContext = {
  ...sampleFrame,
  events: [
    { id: '1', at: at('21T03:12'), kind: 'sign-in.succeeded', app: 'Puskesmas Online' },
    {
      id: '2',
      at: at('21T03:11'),
      kind: 'sheet.used',
      agency: 'Dinas Dukcapil Kota Contoh',
      caseNumber: 'LKT/2026/0042',
    },
    {
      id: '3',
      at: at('20T03:10'),
      kind: 'account.read-by-staff',
      agency: 'Dinas Dukcapil Kota Contoh',
      look: { role: 'desk', reason: 'asked-at-desk' },
      caseNumber: 'LKT/2026/0042',
    },
    {
      id: '6',
      at: at('20T02:10'),
      kind: 'releases-looked-at',
      agency: 'Pengelola Contoh',
      releasesLook: { role: 'operator', reason: 'report-checked' },
      caseNumber: 'ADU/2026/0007',
    },
    { id: '4', at: at('19T10:00'), kind: 'consent.given', app: 'Pajak Daerah' },
    { id: '5', at: at('19T09:58'), kind: 'passkey.added' },
  ],
  older: '/account/history?before=abc',
};

export const historySamples: Record<string, HistoryContext> = {
  full,
  older: { ...full, older: undefined, latest: '/account/history' },
  restricted: { ...full, closedBefore: new Date('2026-11-19T00:00:00Z') },
  none: { ...full, events: [], older: undefined },
  hostile: {
    ...full,
    events: full.events.map((event) => ({
      ...event,
      id: hostileText,
      app: hostileText,
      agency: hostileText,
      caseNumber: hostileText,
    })),
    older: 'javascript:1',
  },
};
