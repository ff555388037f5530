import { type Html, html } from '../html.ts';
import { formatDay, formatMoment, formatNumber, formatRupiah, translate } from '../locale.ts';
import { button, form, hidden } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { appLink } from './app-page.ts';
import { crumbs } from './parts/crumbs.ts';
import { type Facet, facets } from './parts/facets.ts';
import { facts } from './parts/facts.ts';
import { linesField } from './parts/fields.ts';
import { hostileLikely, likelyList, type ShownLikely, sampleLikely } from './parts/likely.ts';
import { type Pages, pager } from './parts/pager.ts';
import { dot, type Tone } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

const caseStatuses = ['open', 'allowed', 'refused', 'withdrawn'] as const;
export type CaseStatus = (typeof caseStatuses)[number];

/** One case, as the list names it. */
export type CaseLine = {
  id: string;
  name: string;
  agency: string;
  status: CaseStatus;
  grounds: readonly ('duplicate' | 'agency-closed' | 'sector-closed')[];
  justification: string;
  actor: string;
  createdAt: Date;
  dueAt: Date;
  isLate: boolean;
  decidedAt: Date | undefined;
};

/** What was not built, in numbers. */
export type NotMadeShown = {
  total: number;
  byReason: Readonly<Record<'chose-existing' | 'closed' | 'refused' | 'withdrawn', number>>;
  bySector: readonly { name: string; count: number }[];
  byAgency: readonly { name: string; count: number }[];
  byMonth: readonly { month: string; count: number }[];
  /** Yearly cost of what is used instead: of so many, where it is known. */
  saving: { apps: number; rupiah: number };
};

export type CasesContext = ConsoleFrame & {
  cases: readonly CaseLine[];
  status: CaseStatus;
  /** This list with each status. */
  links: Readonly<Record<CaseStatus, string>>;
  pages: Pages;
  /** Whether the person coordinates, and so sees what is closed. */
  seesClosures: boolean;
  notMade: NotMadeShown | undefined;
  notice?: Notice | undefined;
};

/** Where one reads and decides a case. */
export function caseLink(id: string): `/${string}` {
  return `/console/cases/${encodeURIComponent(id)}`;
}

/** Where one says why an app is needed. */
export function newCaseLink(clientId: string): `/${string}` {
  return `/console/cases/new?app=${encodeURIComponent(clientId)}`;
}

const tones: Record<CaseStatus, Tone> = { open: 'waiting', allowed: 'good', refused: 'stopped', withdrawn: 'over' };

/** `GET /console/cases`: new apps of which somebody has to decide whether they are needed. */
export function casesPage(context: CasesContext): Html {
  const { language, cases, status } = context;
  const t = translate(language);
  const states: Facet[] = caseStatuses.map((one) => ({
    label: t(`cases.outcome-${one}`),
    link: context.links[one],
    isChosen: one === status,
  }));
  return consolePage(context, {
    title: t('console.cases'),
    intro: t('cases.intro'),
    notice: context.notice,
    actions:
      context.seesClosures &&
      html`<a class="button other" id="to-closures" href="/console/closures"><span>${t('closures.title')}</span></a>`,
    content: html`${facets(t('cases.status'), states)}${
      cases.length > 0
        ? html`${caseTable(context)}${pager(language, context.pages)}`
        : html`<p class="empty" id="no-cases">${t('cases.none')}</p>`
    }${notMadeBlock(context)}`,
  });
}

function caseTable({ language, timeZone, cases }: CasesContext): Html {
  const t = translate(language);
  return table<CaseLine>({
    caption: t('console.cases'),
    hook: { name: 'data-case', value: ({ id }) => id },
    columns: [
      {
        head: t('console.app'),
        kind: 'main',
        cell: ({ id, name, agency }) => html`<a href="${caseLink(id)}">${name}</a> <small>${agency}</small>`,
      },
      { head: t('cases.why'), cell: ({ grounds }) => grounds.map((one) => t(`cases.ground-${one}`)).join(', ') },
      { head: t('cases.justification'), cell: ({ justification }) => shorten(justification) },
      { head: t('console.version-who'), cell: ({ actor }) => actor },
      {
        head: t('cases.when'),
        cell: ({ dueAt, isLate, decidedAt }) =>
          decidedAt
            ? formatDay(language, decidedAt, timeZone)
            : isLate
              ? dot('stopped', t('cases.late', { date: formatDay(language, dueAt, timeZone) }))
              : t('cases.due', { date: formatDay(language, dueAt, timeZone) }),
      },
    ],
    rows: cases,
  });
}

const MOST_SHOWN = 140;

function shorten(text: string): string {
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN - 1)}…`;
}

function notMadeBlock({ language, notMade }: CasesContext): Html | false {
  if (!notMade) return false;
  const t = translate(language);
  const number = (count: number): string => formatNumber(language, count);
  const { saving, byReason } = notMade;
  const reasons = (['chose-existing', 'closed', 'refused', 'withdrawn'] as const).map((why) => ({
    name: t(`cases.not-made-${why}`),
    count: byReason[why],
  }));
  const months = notMade.byMonth.map(({ month, count }) => ({ name: month, count }));
  return html`<section class="block" id="not-made" aria-labelledby="not-made-title"><h2 id="not-made-title">${t('cases.not-made', { count: notMade.total })}</h2>
<p class="hint">${t('cases.not-made-hint')}</p>
${notMade.total > 0 && html`<p id="saving">${saving.apps > 0 ? t('cases.saving', { apps: saving.apps, amount: formatRupiah(language, saving.rupiah) }) : t('cases.saving-unknown')}</p>`}
${
  notMade.total > 0 &&
  html`<div class="columns">${countTable(t('cases.by-reason'), reasons, number)}${countTable(t('cases.by-sector'), notMade.bySector, number)}${countTable(t('cases.by-agency'), notMade.byAgency, number)}${countTable(t('cases.by-month'), months, number)}</div>`
}</section>`;
}

function countTable(
  caption: string,
  rows: readonly { name: string; count: number }[],
  number: (count: number) => string,
): Html | false {
  if (rows.length === 0) return false;
  return table({
    caption,
    columns: [
      { head: caption, kind: 'main', cell: ({ name }) => name },
      { head: '#', kind: 'number', cell: ({ count }) => number(count) },
    ],
    rows,
  });
}

type Kind = 'reason-missing' | 'justification-missing';
export type CaseProblem = Problem<Kind>;
const sayings: Record<Kind, Saying> = {
  'reason-missing': { key: 'cases.reason-missing', field: 'note' },
  'justification-missing': { key: 'brake.justification-missing', field: 'justification' },
};

export type CaseContext = ConsoleFrame & {
  line: CaseLine;
  /** The page of the app, for those who may see it. */
  app: { id: string; stateWord: string } | undefined;
  sectors: readonly string[];
  likely: readonly ShownLikely[];
  decided: { who: string; note: string | undefined; instead: string | undefined } | undefined;
  /** Why the person who looks does not decide; undefined when they do. */
  closed?: 'own' | 'no-role' | 'over' | undefined;
  /** Asked for is an exception where it is closed; there is no app yet. */
  isException?: boolean | undefined;
  mayWithdraw: boolean;
  /** Whether a new reason may be given. */
  mayAskAgain: boolean;
  chosen: string;
  problems?: readonly CaseProblem[] | undefined;
  notice?: Notice | undefined;
};

/** Posts `action` = `allow` or `refuse` with `note` and `instead`, or `withdraw`. */
export function casePage(context: CaseContext): Html {
  const { language, timeZone, line, app } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, sayings);
  return consolePage(context, {
    title: t('cases.one', { name: line.name }),
    problems,
    notice: context.notice,
    lead: crumbs(language, [{ link: '/console/cases', label: t('console.cases') }]),
    content: html`${facts([
      { name: t('cases.status'), value: dot(tones[line.status], t(`cases.status-${line.status}`)) },
      { name: t('console.agency'), value: line.agency },
      context.sectors.length > 0 && { name: t('cases.sectors'), value: context.sectors.join(', ') },
      { name: t('cases.why'), value: line.grounds.map((one) => t(`cases.ground-${one}`)).join(', ') },
      { name: t('cases.asked'), value: `${line.actor}, ${formatMoment(language, line.createdAt, timeZone)}` },
      line.status === 'open' && {
        name: t('cases.promised'),
        value: line.isLate
          ? dot('stopped', t('cases.late', { date: formatMoment(language, line.dueAt, timeZone) }))
          : formatMoment(language, line.dueAt, timeZone),
      },
      app && {
        name: t('console.app'),
        value: html`<a href="${appLink(app.id)}">${line.name}</a> · ${app.stateWord}`,
      },
    ])}
<h2>${t('cases.justification')}</h2><blockquote class="reason" id="said">${line.justification}</blockquote>
${outcome(context)}${decisionPart(context, problems)}${
  context.mayAskAgain &&
  app &&
  html`<p><a class="button other" id="ask-again" href="${newCaseLink(app.id)}"><span>${t('cases.ask-again')}</span></a></p>`
}`,
  });
}

function outcome({ language, timeZone, line, decided }: CaseContext): Html | false {
  if (!decided || !line.decidedAt) return false;
  const t = translate(language);
  const who = t('cases.decided-by', { who: decided.who, date: formatMoment(language, line.decidedAt, timeZone) });
  return html`<section class="block" id="outcome"><h2>${t(`cases.outcome-${line.status}`)}</h2><p>${who}</p>${decided.note && html`<blockquote class="reason">${decided.note}</blockquote>`}${decided.instead && html`<p>${t('message.case-instead', { instead: decided.instead })}</p>`}</section>`;
}

/** What is like it, in the form in which the coordinator may name one of them instead. */
function decisionPart(context: CaseContext, problems: readonly SaidProblem[]): Html {
  const { language, closed, likely, mayWithdraw, chosen } = context;
  const t = translate(language);
  const heading = likely.length > 0 && html`<h2>${t('cases.like-it')}</h2>`;
  const withdraw =
    mayWithdraw && button({ id: 'withdraw', value: 'withdraw', label: t('cases.withdraw'), look: 'quiet' });
  if (closed)
    return html`${heading}${likelyList(language, likely)}<p class="closed">${t(`cases.closed-${closed}`)}</p>${withdraw && form(context, html`<p class="hint">${t('cases.withdraw-hint')}</p>${withdraw}`)}`;
  const none = html`<p class="hint">${t('cases.instead-hint')}</p>`;
  return form(
    context,
    html`${heading}${likely.length > 0 && none}${likelyList(language, likely, { chosen })}
<h2>${t('console.your-decision')}</h2>
${context.isException && html`<p class="hint" id="gives-exception">${t('cases.exception-hint')}</p>`}
${linesField({ name: 'note', label: t('cases.note'), hint: t('cases.note-hint'), rows: 3, problems })}
<p class="hint">${t('cases.verdict-hint')}</p>
<div class="choices">${button({ id: 'allow', value: 'allow', label: t('cases.allow'), look: 'main' })}
${button({ id: 'refuse', value: 'refuse', label: t('cases.refuse'), look: 'stop' })}</div>${withdraw && html`<p class="hint">${t('cases.withdraw-hint')}</p>${withdraw}`}`,
  );
}

export type NewCaseContext = ConsoleFrame & {
  app: { id: string; name: string };
  likely: readonly ShownLikely[];
  /** What the coordinator said before. */
  refused: { id: string; note: string | undefined } | undefined;
  justification: string;
  problems?: readonly CaseProblem[] | undefined;
};

/** `/console/cases/new?app=`: saying why an app is needed. Posts `action` = `justify` with `justification`. */
export function newCasePage(context: NewCaseContext): Html {
  const { language, app, likely, refused } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, sayings);
  return consolePage(context, {
    title: t('cases.new', { name: app.name }),
    intro: t('cases.new-intro'),
    problems,
    lead: crumbs(language, [
      { link: appLink(app.id), label: app.name },
      { link: appLink(app.id, 'production'), label: t('console.tab-production') },
    ]),
    content: html`<div class="narrow">${likely.length > 0 && html`<h2>${t('cases.like-it')}</h2>${likelyList(language, likely)}`}
${refused && html`<section class="block"><h2>${t('cases.outcome-refused')}</h2>${refused.note && html`<blockquote class="reason">${refused.note}</blockquote>`}<p><a href="${caseLink(refused.id)}">${t('checks.fix-case')}</a></p></section>`}
${form(context, [
  hidden('app', app.id),
  linesField({
    name: 'justification',
    label: t('brake.justification'),
    hint: t('brake.justification-hint'),
    value: context.justification,
    rows: 4,
    problems,
  }),
  button({ id: 'justify', value: 'justify', label: t('cases.send'), look: 'main' }),
])}</div>`,
  });
}

const line: CaseLine = {
  id: '00000000-0000-4000-8000-000000000001',
  name: 'Antrean Puskesmas Kota',
  agency: 'Dinas Kesehatan',
  status: 'open',
  grounds: ['duplicate'],
  justification: 'Layanan yang ada tidak melayani puskesmas pembantu, dan tidak bisa dipakai tanpa ponsel pintar.',
  actor: 'Siti Rahayu',
  createdAt: new Date('2026-11-19T03:12:00Z'),
  dueAt: new Date('2026-11-23T03:12:00Z'),
  isLate: true,
  decidedAt: undefined,
};

const full: CasesContext = {
  ...sampleConsoleFrame,
  section: 'cases',
  status: 'open',
  cases: [
    line,
    { ...line, id: '00000000-0000-4000-8000-000000000002', name: 'Cek Bansos', agency: 'Dinas Sosial', isLate: false },
  ],
  links: {
    open: '/console/cases',
    allowed: '/console/cases?status=allowed',
    refused: '/console/cases?status=refused',
    withdrawn: '/console/cases?status=withdrawn',
  },
  pages: {},
  seesClosures: true,
  notMade: {
    total: 27,
    byReason: { 'chose-existing': 14, closed: 6, refused: 5, withdrawn: 2 },
    bySector: [
      { name: 'Kesehatan', count: 12 },
      { name: 'Pajak dan pendapatan', count: 4 },
    ],
    byAgency: [{ name: 'Dinas Kesehatan', count: 9 }],
    byMonth: [
      { month: '2026-10', count: 11 },
      { month: '2026-11', count: 16 },
    ],
    saving: { apps: 9, rupiah: 4_350_000_000 },
  },
};

export const casesSamples: Record<string, CasesContext> = {
  full,
  none: {
    ...full,
    cases: [],
    seesClosures: false,
    notMade: undefined,
    notice: { tone: 'done', text: 'Keputusan Anda sudah dicatat.' },
  },
  'nothing-prevented': {
    ...full,
    notMade: {
      total: 0,
      byReason: { 'chose-existing': 0, closed: 0, refused: 0, withdrawn: 0 },
      ...{ bySector: [], byAgency: [], byMonth: [], saving: { apps: 0, rupiah: 0 } },
    },
  },
  decided: {
    ...full,
    status: 'refused',
    cases: [{ ...line, status: 'refused', isLate: false, decidedAt: new Date('2026-11-21T03:12:00Z') }],
  },
  hostile: {
    ...full,
    cases: [{ ...line, name: hostileText, agency: hostileText, actor: hostileText, justification: hostileText }],
    notMade: full.notMade && {
      ...full.notMade,
      bySector: [{ name: hostileText, count: 1 }],
      byAgency: [{ name: hostileText, count: 1 }],
    },
  },
};

const one: CaseContext = {
  ...sampleConsoleFrame,
  section: 'cases',
  line,
  app: { id: 'antrean-puskesmas-kota', stateWord: 'uji coba' },
  sectors: ['Kesehatan'],
  likely: sampleLikely,
  decided: undefined,
  mayWithdraw: false,
  mayAskAgain: false,
  chosen: '',
};

export const caseSamples: Record<string, CaseContext> = {
  full: one,
  own: { ...one, closed: 'own', mayWithdraw: true },
  refused: {
    ...one,
    line: { ...line, status: 'refused', isLate: false, decidedAt: new Date('2026-11-21T03:12:00Z') },
    closed: 'over',
    decided: { who: 'Putri Lestari', note: 'Puskesmas Online sudah melayani ini.', instead: 'Puskesmas Online' },
    mayAskAgain: true,
  },
  unexplained: { ...one, problems: [{ kind: 'reason-missing' }], chosen: 'client:puskesmas-online' },
  hostile: {
    ...one,
    line: { ...line, name: hostileText, agency: hostileText, actor: hostileText, justification: hostileText },
    sectors: [hostileText],
    likely: hostileLikely,
  },
};

const asking: NewCaseContext = {
  ...sampleConsoleFrame,
  section: 'cases',
  app: { id: 'antrean-puskesmas-kota', name: 'Antrean Puskesmas Kota' },
  likely: sampleLikely.slice(0, 1),
  refused: undefined,
  justification: '',
};

export const newCaseSamples: Record<string, NewCaseContext> = {
  fresh: asking,
  again: {
    ...asking,
    refused: { id: line.id, note: 'Puskesmas Online sudah melayani ini.' },
    problems: [{ kind: 'justification-missing' }],
  },
  hostile: {
    ...asking,
    app: { id: 'x', name: hostileText },
    likely: hostileLikely,
    refused: { id: line.id, note: hostileText },
    justification: hostileText,
  },
};
