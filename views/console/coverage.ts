import { type Html, html, safeAddress } from '../html.ts';
import { formatDay, formatNumber, type MessageKey, translate } from '../locale.ts';
import {
  coverageTrend,
  type ShownDay,
  type ShownFigures,
  type ShownGroup,
  sampleDays,
  sampleFigures,
  sampleSmall,
  tally,
} from '../parts/coverage.ts';
import { noticeBox } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { crumbs } from './parts/crumbs.ts';
import { type Pages, pager } from './parts/pager.ts';
import { dot, type Tone } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** What waits for somebody, the most urgent first. */
const coverageSteps = ['overdue', 'cases', 'pairs', 'undecided', 'unconnected', 'migrating'] as const;
export type CoverageStep = (typeof coverageSteps)[number];

/** A group with the ways to act on it. */
export type CoverageRow = ShownGroup & { pairsLink: string; undecidedLink: string };

export type ConsoleCoverageContext = ConsoleFrame & {
  /** The agency or sector that is looked at. */
  group: { name: string; figures: ShownFigures; isChosen: boolean } | undefined;
  /** Up from there, as far as the reader's roles reach. */
  above: readonly { name: string; link: string }[];
  /** The day of the figures; none before the first count. */
  day: Date | undefined;
  steps: readonly { step: CoverageStep; count: number; link: string }[];
  trend: readonly ShownDay[];
  /** What the reader coordinates, where it is several; else what is below it. */
  rows: readonly CoverageRow[];
  pages: Pages;
  /** Every app of theirs, for the national architecture. */
  csvLink: string;
  jsonLink: string;
};

/** `GET /console/coverage`: how far one's own part of the country has come, and what to do next. */
export function consoleCoveragePage(context: ConsoleCoverageContext): Html {
  const t = translate(context.language);
  const { language, group, day, above, rows } = context;
  return consolePage(context, {
    title: group?.name ?? t('console.coverage'),
    ...(group && { of: t('console.coverage') }),
    styles: ['chart.css'],
    lead:
      group?.isChosen &&
      crumbs(language, [
        { label: t('console.coverage'), link: '/console/coverage' },
        ...above.map(({ name, link }) => ({ label: name, link })),
      ]),
    intro: day ? t('coverage.counted-on', { day: formatDay(language, day, 'UTC') }) : undefined,
    actions: html`<a class="button other" id="architecture-csv" href="${safeAddress(context.csvLink)}" download><span>${t('coverage.architecture-csv')}</span></a>`,
    content: html`${!day && noticeBox({ tone: 'info', text: html`<span id="not-counted">${t('coverage.not-counted')}</span>` })}
<section aria-labelledby="next"><h2 id="next">${t('coverage.next')}</h2>${nextSteps(context)}</section>
${group && day && html`<section aria-labelledby="now"><h2 id="now">${t('coverage.now')}</h2>${tally(language, group.figures)}</section>`}
${context.trend.length > 1 && html`<section aria-labelledby="way"><h2 id="way">${t('coverage.way')}</h2>${coverageTrend(language, context.trend)}</section>`}
${day && rows.length > 0 && html`<section aria-labelledby="rows"><h2 id="rows">${t(group ? 'coverage.below' : 'coverage.yours')}</h2>${rowTable(context)}${pager(language, context.pages)}</section>`}
<section aria-labelledby="files"><h2 id="files">${t('coverage.architecture')}</h2><p class="hint">${t('coverage.architecture-about')}</p>
<p><a id="architecture-json" href="${safeAddress(context.jsonLink)}" download>${t('coverage.architecture-json')}</a> · <a id="public-figures" href="/coverage">${t('coverage.title')}</a></p></section>`,
  });
}

const steps: Record<CoverageStep, { said: MessageKey; act: MessageKey; tone: Tone }> = {
  overdue: { said: 'coverage.step-overdue', act: 'coverage.act-cases', tone: 'stopped' },
  cases: { said: 'coverage.step-cases', act: 'coverage.act-cases', tone: 'waiting' },
  pairs: { said: 'coverage.step-pairs', act: 'coverage.act-pairs', tone: 'waiting' },
  undecided: { said: 'coverage.step-undecided', act: 'coverage.act-undecided', tone: 'open' },
  unconnected: { said: 'coverage.step-unconnected', act: 'coverage.act-unconnected', tone: 'open' },
  migrating: { said: 'coverage.step-migrating', act: 'coverage.act-migrating', tone: 'trial' },
};

function nextSteps(context: ConsoleCoverageContext): Html {
  const t = translate(context.language);
  if (context.steps.length === 0) return html`<p class="hint" id="nothing-waits">${t('coverage.nothing-waits')}</p>`;
  const items = context.steps.map(({ step, count, link }) => {
    const { said, act, tone } = steps[step];
    return html`<li data-step="${step}">${dot(tone, t(said, { count }))}<br><a href="${safeAddress(link)}">${t(act)}</a></li>`;
  });
  return html`<ul class="dots todo">${items}</ul>`;
}

function rowTable(context: ConsoleCoverageContext): Html {
  const t = translate(context.language);
  const { language } = context;
  const number = (value: number) => formatNumber(language, value);
  const linked = (count: number, link: string, label: string, name: string) =>
    count > 0
      ? html`<a href="${safeAddress(link)}" aria-label="${label}, ${name}: ${number(count)}">${number(count)}</a>`
      : number(0);
  return table<CoverageRow>({
    caption: t('console.coverage'),
    hook: { name: 'data-group', value: ({ id }) => id },
    columns: [
      {
        head: t('coverage.group'),
        kind: 'main',
        cell: ({ name, link }) => (link ? html`<a href="${safeAddress(link)}">${name}</a>` : name),
      },
      { head: t('coverage.known'), kind: 'number', cell: ({ figures }) => number(figures.known) },
      { head: t('coverage.connected'), kind: 'number', cell: ({ figures }) => number(figures.connected) },
      { head: t('coverage.live'), kind: 'number', cell: ({ figures }) => number(figures.live) },
      {
        head: t('coverage.pairs-open'),
        kind: 'number',
        cell: ({ figures, pairsLink, name }) =>
          linked(figures.pairsFound - figures.pairsSettled, pairsLink, t('coverage.pairs-open'), name),
      },
      {
        head: t('coverage.undecided'),
        kind: 'number',
        cell: ({ figures, undecidedLink, name }) =>
          linked(Math.max(0, figures.known - figures.decided), undecidedLink, t('coverage.undecided'), name),
      },
      {
        head: t('coverage.people'),
        kind: 'number',
        cell: ({ figures }) =>
          figures.people === undefined
            ? html`–<span class="unseen"> ${t('coverage.untold')}</span>`
            : number(figures.people),
      },
    ],
    rows: context.rows,
  });
}

const row = (id: string, name: string, figures: ShownFigures): CoverageRow => ({
  ...{ id, name, figures, link: `/console/coverage?agency=${id}` },
  ...{
    pairsLink: `/console/duplicates?agency=${id}`,
    undecidedLink: `/console/inventory?agency=${id}&decision=undecided`,
  },
});

const full: ConsoleCoverageContext = {
  ...sampleConsoleFrame,
  section: 'coverage',
  group: { name: 'Kementerian Kesehatan', figures: sampleFigures, isChosen: true },
  above: [{ name: 'Negara Contoh', link: '/console/coverage?agency=negara' }],
  day: new Date('2026-11-26T00:00:00Z'),
  steps: [
    { step: 'overdue', count: 1, link: '/console/cases' },
    { step: 'cases', count: 3, link: '/console/cases' },
    { step: 'pairs', count: 3087, link: '/console/duplicates?agency=kemenkes' },
    { step: 'undecided', count: 17_892, link: '/console/inventory?agency=kemenkes&decision=undecided' },
    { step: 'unconnected', count: 25_490, link: '/console/inventory?agency=kemenkes&connection=unconnected' },
    { step: 'migrating', count: 212, link: '/console/apps?agency=kemenkes&state=live' },
  ],
  trend: sampleDays,
  rows: [row('ditjen', 'Direktorat Jenderal Kesehatan Lanjutan', sampleFigures), row('balai', 'Balai', sampleSmall)],
  pages: { next: '/console/coverage?agency=kemenkes&after=WyJ' },
  csvLink: '/console/coverage/architecture.csv',
  jsonLink: '/console/coverage/architecture.json',
};

export const consoleCoverageSamples: Record<string, ConsoleCoverageContext> = {
  agency: full,
  several: { ...full, group: undefined, above: [], trend: [], pages: {} },
  quiet: {
    ...full,
    steps: [],
    rows: [],
    trend: [],
    group: { name: 'Balai', figures: sampleSmall, isChosen: false },
    pages: {},
  },
  'not-counted': { ...full, group: undefined, day: undefined, steps: [], trend: [], rows: [], pages: {} },
  hostile: {
    ...full,
    group: { name: hostileText, figures: sampleSmall, isChosen: true },
    above: [{ name: hostileText, link: 'javascript:1' }],
    rows: [{ ...row(hostileText, hostileText, sampleFigures), link: 'javascript:1', pairsLink: 'javascript:1' }],
  },
};
