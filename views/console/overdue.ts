import { type Html, html } from '../html.ts';
import { formatMoment, formatNumber, type Language, translate } from '../locale.ts';
import { noticeBox } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { appLink } from './app-page.ts';
import { appName } from './parts/app-name.ts';
import { type Pages, pager } from './parts/pager.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** An app of which something waits beyond its day. */
export type OverdueApp = {
  id: string;
  name: string;
  logo?: string | undefined;
  agency: string;
  /** Those that wait for too long. */
  withdrawals: number;
  reports: number;
  /** All that wait, those in time too. */
  waiting: number;
  /** By when the oldest was to be answered, and how many whole days ago that was. */
  dueAt: Date;
  days: number;
};

export type OverdueContext = ConsoleFrame & {
  /** The one agency that is looked at, with those below it; otherwise all of one's own. */
  agency?: { id: string; name: string } | undefined;
  /** When it was counted last; never yet, where it is left out. */
  countedAt: Date | undefined;
  totals: { agencies: number; apps: number; withdrawals: number; reports: number; waiting: number };
  apps: readonly OverdueApp[];
  pages: Pages;
};

/** `GET /console/overdue`: which apps have not answered in time to people who withdrew or reported; never who they are. */
export function overduePage(context: OverdueContext): Html {
  const { language, timeZone, agency, countedAt, totals, apps, pages } = context;
  const t = translate(language);
  return consolePage(context, {
    title: t('console.overdue'),
    intro: t('overdue.intro'),
    styles: ['chart.css'],
    content: html`${agency && chosenBox(context, agency)}${totalsList(context)}
${countedAt && html`<p class="hint" id="counted">${t('overdue.counted', { at: formatMoment(language, countedAt, timeZone) })}</p>`}
${apps.length > 0 ? html`${appTable(context)}${pager(language, pages)}` : html`<div class="empty" id="none"><p>${t(countedAt ? 'overdue.none' : 'overdue.uncounted')}</p>${totals.waiting > 0 && html`<p>${t('overdue.waiting-in-time', { count: totals.waiting })}</p>`}</div>`}`,
  });
}

function chosenBox({ language }: OverdueContext, agency: { id: string; name: string }): Html | false {
  const t = translate(language);
  const text = html`<p>${t('overdue.of', { agency: agency.name })} <a id="all-agencies" href="/console/overdue">${t('overdue.all')}</a></p>`;
  return noticeBox({ tone: 'info', text });
}

function totalsList({ language, totals }: OverdueContext): Html {
  const t = translate(language);
  const { agencies, apps, withdrawals, reports, waiting } = totals;
  const each = Object.entries({ agencies, apps, withdrawals, reports, waiting } as const);
  const shown = each.map(
    ([name, count]) =>
      html`<div><dt>${t(`overdue.total-${name as keyof typeof totals}`)}</dt><dd id="total-${name}">${formatNumber(language, count)}</dd></div>`,
  );
  return html`<dl class="tally few">${shown}</dl>`;
}

function appTable(context: OverdueContext): Html {
  const { language, timeZone, apps } = context;
  const t = translate(language);
  return table<OverdueApp>({
    caption: t('console.overdue'),
    hook: { name: 'data-client', value: ({ id }) => id },
    columns: [
      { head: t('console.app'), kind: 'main', cell: (app) => appName({ ...app, below: app.agency }) },
      {
        head: t('overdue.late'),
        cell: ({ days, dueAt }) =>
          html`${dot('stopped', t('overdue.days', { count: days }))} <small>${t('overdue.since', { due: formatMoment(language, dueAt, timeZone) })}</small>`,
      },
      { head: t('overdue.withdrawals'), kind: 'number', cell: (app) => formatNumber(language, app.withdrawals) },
      { head: t('overdue.reports'), kind: 'number', cell: (app) => formatNumber(language, app.reports) },
      {
        head: t('overdue.look'),
        kind: 'end',
        cell: (app) => lookLinks(language, app),
      },
    ],
    rows: apps,
  });
}

/** Where the agency answers what is late. */
function lookLinks(language: Language, { id, name, withdrawals, reports }: OverdueApp): Html {
  const t = translate(language);
  const links = [
    withdrawals > 0 &&
      html`<a href="${appLink(id, 'deliveries')}">${t('overdue.open-withdrawals', { service: name })}</a>`,
    reports > 0 && html`<a href="${appLink(id, 'reports')}">${t('overdue.open-reports', { service: name })}</a>`,
  ];
  return html`${links.filter(Boolean).map((link) => html`<p>${link}</p>`)}`;
}

const apps: readonly OverdueApp[] = [
  {
    ...{ id: 'rujukan-lama', name: 'Rujukan (lama)', agency: 'Dinas Kesehatan' },
    ...{ withdrawals: 14, reports: 1, waiting: 20, dueAt: new Date('2026-11-18T02:00:00Z'), days: 8 },
  },
  {
    ...{
      id: 'imunisasi',
      name: 'Catatan Imunisasi',
      agency: 'Dinas Kesehatan Kota Contoh',
    },
    ...{ withdrawals: 1, reports: 0, waiting: 1, dueAt: new Date('2026-11-26T01:00:00Z'), days: 0 },
  },
];

const full: OverdueContext = {
  ...sampleConsoleFrame,
  section: 'overdue',
  countedAt: new Date('2026-11-26T02:10:00Z'),
  totals: { agencies: 2, apps: 2, withdrawals: 15, reports: 1, waiting: 132 },
  apps,
  pages: { next: '/console/overdue?after=cnVqdWthbg' },
};

const nothing = { agencies: 0, apps: 0, withdrawals: 0, reports: 0, waiting: 0 };

export const overdueSamples: Record<string, OverdueContext> = {
  full,
  one: { ...full, agency: { id: 'dinas-kesehatan', name: 'Dinas Kesehatan' }, apps: apps.slice(0, 1), pages: {} },
  'in-time': { ...full, totals: { ...nothing, waiting: 12 }, apps: [], pages: {} },
  uncounted: { ...full, countedAt: undefined, totals: nothing, apps: [], pages: {} },
  hostile: {
    ...full,
    agency: { id: hostileText, name: hostileText },
    apps: apps.map((app) => ({
      ...{ ...app, id: hostileText, name: hostileText, agency: hostileText, logo: 'javascript:1' },
    })),
    pages: { first: 'javascript:1', next: 'javascript:1' },
  },
};
