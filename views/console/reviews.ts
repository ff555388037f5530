import { type Html, html } from '../html.ts';
import { formatDay, formatDuration, formatMoment, translate } from '../locale.ts';
import { button, field, form } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { appLink } from './app-page.ts';
import { appName } from './parts/app-name.ts';
import { crumbs } from './parts/crumbs.ts';
import { type Declared, declaredChanges } from './parts/declared.ts';
import { diff } from './parts/diff.ts';
import { type Pages, pager } from './parts/pager.ts';
import { productionTimes, type ShownTimes } from './parts/production-times.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';
import { aboutVersion, sampleDeclared, sampleVersion, sayKeys, type VersionLine } from './versions.ts';

/** One change that waits, as the queue names it. */
export type WaitingLine = {
  clientId: string;
  number: number;
  name: string;
  agency: string;
  risk: 'low' | 'medium' | 'high';
  /** Whether the app would go live for the first time. */
  goesLive: boolean;
  changed: readonly string[];
  actor: string;
  createdAt: Date;
  /** How long it has waited, in seconds. */
  age: number;
  dueAt: Date | undefined;
  isLate: boolean;
  approvals: number;
  approvalsNeeded: number;
};

export type ReviewsContext = ConsoleFrame & {
  waiting: readonly WaitingLine[];
  pages: Pages;
  /** How long it takes to go live. */
  times?: ShownTimes | undefined;
  notice?: Notice | undefined;
};

/** `GET /console/reviews`: what waits for somebody to agree, the longest first. */
export function reviewsPage(context: ReviewsContext): Html {
  const t = translate(context.language);
  return consolePage(context, {
    title: t('console.reviews'),
    intro: t('console.reviews-intro'),
    notice: context.notice,
    content: html`${
      context.waiting.length > 0
        ? html`${queue(context)}${pager(context.language, context.pages)}`
        : html`<p class="empty" id="none-waiting">${t('console.no-reviews')}</p>`
    }${productionTimes(context.language, context.times)}`,
  });
}

function queue(context: ReviewsContext): Html {
  const t = translate(context.language);
  return table<WaitingLine>({
    caption: t('console.reviews'),
    hook: { name: 'data-review', value: ({ clientId, number }) => `${clientId}/${number}` },
    columns: [
      {
        head: t('console.app'),
        kind: 'main',
        cell: (line) => appName({ id: line.clientId, name: line.name, below: line.agency }),
      },
      {
        head: t('console.review-what'),
        cell: (line) => (line.goesLive ? t('console.goes-live') : sayKeys(context, line.changed)),
      },
      { head: t('console.risk'), kind: 'short', cell: ({ risk }) => t(`console.risk-${risk}`) },
      { head: t('console.version-who'), cell: ({ actor }) => actor },
      { head: t('console.review-age'), kind: 'short', cell: (line) => ageOf(context, line) },
      { head: t('console.review-agreed'), kind: 'short', cell: (line) => agreedOf(context, line) },
      {
        head: t('console.to-review'),
        kind: 'end',
        cell: (line) =>
          html`<a class="button other" href="${reviewLink(line.clientId, line.number)}"><span>${t('console.look')}</span></a>`,
      },
    ],
    rows: context.waiting,
  });
}

/** Where one decides about a version. */
export function reviewLink(clientId: string, number: number): `/${string}` {
  return `/console/reviews/${encodeURIComponent(clientId)}/${number}`;
}

function ageOf(
  { language, timeZone }: ConsoleFrame,
  { age, dueAt, isLate }: Pick<WaitingLine, 'age' | 'dueAt' | 'isLate'>,
): Html {
  const t = translate(language);
  const promised = dueAt && t('console.review-due', { date: formatMoment(language, dueAt, timeZone) });
  return html`${isLate ? dot('stopped', sayAge(language, age)) : sayAge(language, age)}${promised && html` <small>${promised}</small>`}`;
}

/** Hours while it is less than two days, then days. */
function sayAge(language: ConsoleFrame['language'], seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  return days < 2 ? formatDuration(language, seconds) : translate(language)('console.days', { count: days });
}

function agreedOf(
  { language }: ConsoleFrame,
  { approvals, approvalsNeeded }: Pick<WaitingLine, 'approvals' | 'approvalsNeeded'>,
): string {
  return translate(language)('console.agreed-of', { count: approvals, needed: approvalsNeeded });
}

type Kind = 'reason-missing';
export type ReviewProblem = Problem<Kind>;
const sayings: Record<Kind, Saying> = { 'reason-missing': { key: 'console.rejection-reason-missing', field: 'note' } };

/** What one person decided. */
export type Decided = { who: string; verdict: 'approved' | 'rejected'; note?: string | undefined; at: Date };

export type ReviewContext = ConsoleFrame & {
  line: WaitingLine;
  version: VersionLine;
  before: Declared | undefined;
  after: Declared;
  risky: readonly string[];
  decided: readonly Decided[];
  /** Why the person who looks does not decide; undefined when they do. */
  closed?: 'own' | 'no-role' | 'over' | undefined;
  /** Whether the person may take it back, as one of those who change the app. */
  mayWithdraw: boolean;
  problems?: readonly ReviewProblem[] | undefined;
  notice?: Notice | undefined;
};

/** Posts `action` = `approve` or `reject` with `note`, or `withdraw`. */
export function reviewPage(context: ReviewContext): Html {
  const { language, line, version, before } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, sayings);
  const changes = declaredChanges(language, before, context.after, context.risky);
  const title = t(line.goesLive ? 'console.review-live' : 'console.review-change', { name: line.name });
  return consolePage(context, {
    title,
    problems,
    notice: context.notice,
    lead: crumbs(language, [{ link: '/console/reviews', label: t('console.reviews') }]),
    content: html`${aboutVersion(context, version)}
<p class="facts">${[line.agency, t('console.risk-of', { risk: t(`console.risk-${line.risk}`) }), line.dueAt && t('console.review-due', { date: formatMoment(language, line.dueAt, context.timeZone) }), agreedOf(context, line)].filter(Boolean).join(' · ')}</p>
<h2>${before && !line.goesLive ? t('console.version-changes') : t('console.version-says')}</h2>
${changes.length > 0 ? diff(language, changes) : html`<p class="empty">${t('console.nothing-changed')}</p>`}
${decisions(context)}
${decisionForm(context)}
<p><a class="calm" href="${appLink(line.clientId, 'versions')}">${t('console.all-versions')}</a></p>`,
  });
}

function decisions({ language, timeZone, decided }: ReviewContext): Html | false {
  const t = translate(language);
  if (decided.length === 0) return false;
  const items = decided.map(({ who, verdict, note, at }) => {
    const tone = verdict === 'approved' ? 'good' : 'stopped';
    return html`<li>${dot(tone, t(`console.verdict-${verdict}`))} · ${who}, ${formatDay(language, at, timeZone)}${note && html`<br><small>${note}</small>`}</li>`;
  });
  return html`<h2>${t('console.decided')}</h2><ul class="dots">${items}</ul>`;
}

function decisionForm(context: ReviewContext): Html {
  const { language, closed, mayWithdraw } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, sayings);
  const withdraw =
    mayWithdraw && button({ id: 'withdraw', value: 'withdraw', label: t('console.withdraw'), look: 'quiet' });
  if (closed) return html`<p class="closed">${t(`console.closed-${closed}`)}</p>${withdraw && form(context, withdraw)}`;
  return html`<h2>${t('console.your-decision')}</h2>
${form(context, [
  field({
    name: 'note',
    label: t('console.note'),
    hint: t('console.note-hint'),
    autocomplete: 'off',
    maxlength: 300,
    problems,
  }),
  html`<div class="choices">${button({ id: 'approve', value: 'approve', label: t('console.approve'), look: 'main' })}
${button({ id: 'reject', value: 'reject', label: t('console.reject'), look: 'stop' })}${withdraw}</div>`,
])}`;
}

const line: WaitingLine = {
  clientId: 'antrean-rsud',
  number: 8,
  name: 'Antrean RSUD',
  agency: 'Kementerian Kesehatan',
  risk: 'high',
  goesLive: false,
  changed: ['redirect_uris', 'claims', 'purpose', 'consent_days', 'contacts'],
  actor: 'Siti Rahayu',
  createdAt: new Date('2026-11-19T03:12:00Z'),
  age: 3 * 86_400,
  dueAt: new Date('2026-11-23T03:12:00Z'),
  isLate: true,
  approvals: 1,
  approvalsNeeded: 2,
};

const full: ReviewsContext = {
  ...sampleConsoleFrame,
  section: 'reviews',
  waiting: [
    line,
    {
      ...line,
      clientId: 'imunisasi',
      name: 'Catatan Imunisasi',
      goesLive: true,
      age: 5 * 3600,
      isLate: false,
      approvals: 0,
    },
    {
      ...line,
      clientId: 'pajak-daerah',
      name: 'Pajak Daerah',
      agency: 'Badan Pendapatan Daerah',
      risk: 'low',
      changed: ['redirect_uris'],
      age: 2400,
      isLate: false,
      approvals: 0,
      approvalsNeeded: 1,
    },
  ],
  pages: {},
  times: { apps: 41, medianSeconds: 240, slowestSeconds: 93_600 },
};

export const reviewsSamples: Record<string, ReviewsContext> = {
  full,
  none: { ...full, waiting: [], notice: { tone: 'done', text: 'Keputusan Anda sudah dicatat.' } },
  hostile: {
    ...full,
    waiting: full.waiting.map((one) => ({
      ...one,
      clientId: hostileText,
      name: hostileText,
      agency: hostileText,
      actor: hostileText,
      changed: [hostileText],
    })),
  },
};

const one: ReviewContext = {
  ...sampleConsoleFrame,
  section: 'reviews',
  line,
  version: { ...sampleVersion, number: 8, status: 'pending', isInForce: false },
  ...sampleDeclared,
  risky: ['redirect_uris', 'claims'],
  decided: [
    {
      who: 'Budi Santoso',
      verdict: 'approved',
      note: 'Domain baru sudah saya periksa.',
      at: new Date('2026-11-20T03:12:00Z'),
    },
  ],
  mayWithdraw: false,
};

export const reviewSamples: Record<string, ReviewContext> = {
  full: one,
  own: { ...one, closed: 'own', mayWithdraw: true, decided: [] },
  live: { ...one, line: { ...line, goesLive: true }, before: undefined, risky: [] },
  over: { ...one, closed: 'over', version: { ...sampleVersion, isInForce: false, status: 'superseded' } },
  unexplained: { ...one, problems: [{ kind: 'reason-missing' }] },
  hostile: {
    ...one,
    line: { ...line, clientId: hostileText, name: hostileText, agency: hostileText },
    decided: [{ who: hostileText, verdict: 'rejected', note: hostileText, at: new Date('2026-11-20T03:12:00Z') }],
    after: { client_name: hostileText, redirect_uris: [hostileText] },
  },
};
