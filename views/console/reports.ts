import { type ReleaseWay, sayClaims, sayWay } from '../account/release-rows.ts';
import { type Html, html } from '../html.ts';
import { formatMoment, translate } from '../locale.ts';
import { button, form, hidden, radio } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import type { ReportAnswer, ReportReason } from '../report-messages.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appLink, appPage, sampleAppHead, tabName } from './app-page.ts';
import { facets } from './parts/facets.ts';
import { type Pages, pager } from './parts/pager.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

/** A report as the agency reads it: whom it is from is said by the `sub` that the app knows. */
export type AgencyReport = {
  id: string;
  reason: ReportReason;
  sub: string;
  at: Date;
  dueAt: Date;
  isOverdue: boolean;
  /** What was read; left out once its record is gone. */
  release?: { at: Date; way: ReleaseWay; claims: readonly string[]; reads: number } | undefined;
  answered?: { at: Date; answer: ReportAnswer } | undefined;
};

/** Posts `action` = `answer` with `report` and `answer`. */
export type ReportsContext = ConsoleFrame & {
  head: AppHead;
  which: 'open' | 'answered';
  reports: readonly AgencyReport[];
  /** Whether the reader may answer. */
  mayAnswer: boolean;
  pages: Pages;
  /** The answer that stood before another one was sent: the first one stays. */
  answered?: { at: Date; answer: ReportAnswer } | undefined;
  /** The report of which an answer was sent that says nothing. */
  unfinished?: string | undefined;
  notice?: Notice | undefined;
  problems?: readonly Problem<never>[] | undefined;
};

const answers = ['rightful', 'mistake', 'misuse'] as const satisfies readonly ReportAnswer[];

/** `GET /console/apps/:client/reports`: what citizens do not recognise, and what the agency found. */
export function reportsPage(context: ReportsContext): Html {
  const t = translate(context.language);
  const { language, head, which, reports } = context;
  const link = appLink(head.id, 'reports');
  const wrong = reports.findIndex(({ id }) => id === context.unfinished);
  const field = wrong === -1 ? undefined : choiceId(wrong, answers[0]);
  const said = sayProblems(language, context.problems, {}).map(({ text }) => ({ text, field }));
  return appPage(context, head, 'reports', {
    title: tabName(language, 'reports'),
    intro: t('reports.intro'),
    notice: context.answered ? sayAnsweredBefore(context, context.answered) : context.notice,
    problems: said,
    content: html`${facets(t('reports.which'), [
      { label: t('reports.open'), link, isChosen: which === 'open' },
      { label: t('reports.answered'), link: `${link}?which=answered`, isChosen: which === 'answered' },
    ])}
${reports.length > 0 ? reportList(context, said) : html`<div class="empty" id="no-reports"><p>${t(which === 'open' ? 'reports.none-open' : 'reports.none-answered')}</p></div>`}`,
  });
}

function sayAnsweredBefore(
  { language, timeZone }: ReportsContext,
  { at, answer }: NonNullable<ReportsContext['answered']>,
): Notice {
  const t = translate(language);
  const moment = formatMoment(language, at, timeZone);
  return { tone: 'info', text: t('reports.answered-before', { at: moment, answer: t(`report.answer-${answer}`) }) };
}

function reportList(context: ReportsContext, problems: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const { language, timeZone } = context;
  return html`${table<AgencyReport>({
    caption: t('reports.list'),
    hook: { name: 'data-report', value: ({ id }) => id },
    columns: [
      {
        head: t('reports.what'),
        kind: 'main',
        cell: ({ reason, at }) =>
          html`“${t(`report.reason-${reason}`)}”<span class="below">${t('reports.said-at', { at: formatMoment(language, at, timeZone) })}</span>`,
      },
      { head: t('reports.release'), cell: (report) => releaseCell(context, report) },
      { head: t('reports.person'), cell: ({ sub }) => html`<code>${sub}</code>` },
      { head: t('reports.answer'), cell: (report) => answerCell(context, report, problems) },
    ],
    rows: context.reports,
  })}${pager(language, context.pages)}`;
}

function releaseCell({ language, timeZone }: ReportsContext, { release }: AgencyReport): Html | string {
  const t = translate(language);
  if (!release) return t('reports.gone');
  const { at, claims, way, reads } = release;
  const times = reads > 1 && ` · ${reads}×`;
  return html`${formatMoment(language, at, timeZone)}<span class="below">${sayClaims(language, claims)} · ${sayWay(language, way, 'theirs')}${times}</span>`;
}

function answerCell(context: ReportsContext, report: AgencyReport, problems: readonly SaidProblem[]): Html {
  const { id, answered, dueAt, isOverdue } = report;
  const t = translate(context.language);
  const { language, timeZone } = context;
  if (answered) {
    const at = formatMoment(language, answered.at, timeZone);
    return html`${dot('good', t(`report.answer-${answered.answer}`))}<span class="below">${t('reports.answered-at', { at })}</span>`;
  }
  const due = formatMoment(language, dueAt, timeZone);
  const state = isOverdue
    ? dot('stopped', t('reports.overdue', { due }))
    : dot('waiting', t('reports.due-by', { due }));
  if (!context.mayAnswer) return state;
  const index = context.reports.indexOf(report);
  const problem = id === context.unfinished && problems[0];
  return html`${state}<details class="answer-report"${problem && html` open`}><summary>${t('reports.answer-to')}</summary>${form(
    context,
    [
      hidden('report', id),
      html`<fieldset><legend>${t('reports.choose')}</legend>${problem && html`<p class="wrong">${problem.text}</p>`}${answers.map((value) => radioOf(index, value, t(`report.answer-${value}`)))}</fieldset>`,
      button({ value: 'answer', label: t('reports.send'), look: 'main' }),
    ],
  )}</details>`;
}

/** Several forms of the page have the same choices, so each has ids of its own. */
function radioOf(index: number, value: ReportAnswer, label: string): Html {
  return radio({ name: 'answer', value, label, id: choiceId(index, value) });
}

function choiceId(index: number, value: ReportAnswer): string {
  return `answer-${index}-${value}`;
}

const at = new Date('2026-11-21T03:12:00Z');

const full: ReportsContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  which: 'open',
  mayAnswer: true,
  reports: [
    {
      id: '0a4b1c2d-0000-4000-8000-000000000001',
      reason: 'not-then',
      sub: 'q7dJ2kPz8sVb3mNt',
      at,
      dueAt: new Date('2026-11-24T03:12:00Z'),
      isOverdue: false,
      release: { at, way: 'code', claims: ['name', 'email', 'birthdate'], reads: 1 },
    },
    {
      id: '0a4b1c2d-0000-4000-8000-000000000002',
      reason: 'too-much',
      sub: 'x1fR9wLc4tYh6gKe',
      at: new Date('2026-11-17T03:12:00Z'),
      dueAt: new Date('2026-11-20T03:12:00Z'),
      isOverdue: true,
      release: { at: new Date('2026-11-16T01:00:00Z'), way: 'userinfo', claims: ['address'], reads: 12 },
    },
  ],
  pages: { next: '/console/apps/antrean-rsud/reports?after=x' },
};

export const reportsSamples: Record<string, ReportsContext> = {
  full,
  answered: {
    ...full,
    which: 'answered',
    notice: { tone: 'done', text: 'Jawaban terkirim.' },
    pages: {},
    reports: full.reports.map((report, i) => ({
      ...report,
      isOverdue: false,
      ...(i === 1 && { release: undefined }),
      answered: { at, answer: i === 0 ? 'rightful' : 'misuse' },
    })),
  },
  'read-only': { ...full, mayAnswer: false, pages: {} },
  refused: {
    ...full,
    problems: [{ kind: 'said', text: 'Belum dipilih apa yang Anda temukan.' }],
    unfinished: '0a4b1c2d-0000-4000-8000-000000000002',
  },
  'answered before': { ...full, reports: full.reports.slice(0, 1), answered: { at, answer: 'mistake' }, pages: {} },
  empty: { ...full, reports: [], pages: {} },
  'none-answered': { ...full, which: 'answered', reports: [], pages: {} },
  hostile: {
    ...full,
    head: { ...sampleAppHead, name: hostileText },
    reports: full.reports.slice(0, 1).map((report) => ({
      ...report,
      id: hostileText,
      sub: hostileText,
      release: { at, way: 'code', claims: [hostileText], reads: 1 },
    })),
    pages: { first: 'javascript:1', next: 'javascript:1' },
  },
};
