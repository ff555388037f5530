import { type Html, html } from '../html.ts';
import { formatDay, formatMoment, type MessageKey, translate } from '../locale.ts';
import { plus } from '../parts/icons.ts';
import { type Notice, noticeBox } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { appLink } from './app-page.ts';
import { appName } from './parts/app-name.ts';
import { type Pages, pager } from './parts/pager.ts';
import { type AppState, dot, stateDot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** An app of one's own agency, with what needs attention. */
export type MyApp = {
  id: string;
  name: string;
  agency: string;
  logo?: string | undefined;
  state: AppState;
  lastSignIn?: Date | undefined;
  /** When the last of its secrets ends. */
  secretEnds?: Date | undefined;
  /** Since when a change of it waits for somebody to agree. */
  waitsSince?: Date | undefined;
  failingChecks: number;
  /** What people wait for an answer to. */
  owed?: { withdrawals: number; reports: number; dueAt: Date; isOverdue: boolean } | undefined;
  /** Whether it has ever been tried with everything that production asks for. */
  isTried: boolean;
};

export type MineContext = ConsoleFrame & {
  apps: readonly MyApp[];
  pages: Pages;
  /** Whether the person may register an app somewhere. */
  mayRegister: boolean;
  /** Whoever has no role yet may found an agency of their own where that can do no harm. */
  mayFound: boolean;
  /** Whether the person coordinates: what waits for them is elsewhere. */
  coordinates: boolean;
  /** Whether the person has any role at all. */
  hasRole: boolean;
  notice?: Notice | undefined;
};

/** `GET /console`: the apps of the agencies that one works for. */
export function minePage(context: MineContext): Html {
  const t = translate(context.language);
  return consolePage(context, {
    title: t('console.mine'),
    notice: context.notice,
    actions: context.mayRegister && newButton(context),
    content: html`${context.coordinates && coordination(context)}${context.apps.length > 0 ? appList(context) : emptyList(context)}`,
  });
}

function newButton(context: MineContext): Html {
  return html`<a class="button main" id="new-app" href="/console/apps/new">${plus}<span>${translate(context.language)('console.new-app')}</span></a>`;
}

function coordination({ language }: MineContext): Html | false {
  const t = translate(language);
  const text = html`<p>${t('console.coordinates')} <a id="to-coverage" href="/console/coverage">${t('console.coordinates-look')}</a></p>`;
  return noticeBox({ tone: 'info', text });
}

function emptyList(context: MineContext): Html {
  const t = translate(context.language);
  const said = context.hasRole ? 'console.no-apps' : context.mayFound ? 'console.no-role-trial' : 'console.no-role';
  return html`<div class="empty"><p>${t(said)}</p>${context.mayFound && html`<p><a class="button main" id="found-agency" href="/console/agencies/new">${plus}<span>${t('console.found-agency')}</span></a></p>`}</div>`;
}

function appList(context: MineContext): Html {
  const t = translate(context.language);
  const { language, timeZone } = context;
  const day = (date: Date | undefined): string | undefined => date && formatDay(language, date, timeZone);
  return html`${table<MyApp>({
    caption: t('console.mine'),
    hook: { name: 'data-client', value: ({ id }) => id },
    columns: [
      { head: t('console.app'), kind: 'main', cell: (app) => appName({ ...app, below: app.agency }) },
      { head: t('console.state'), kind: 'short', cell: ({ state }) => stateDot(language, state) },
      { head: t('console.last-sign-in'), kind: 'short', cell: (app) => day(app.lastSignIn) ?? t('console.never') },
      { head: t('console.attention'), cell: (app) => attention(context, app) },
    ],
    rows: context.apps,
  })}${pager(language, context.pages)}`;
}

/** What expires and what is missing, the most urgent first. */
function attention(context: MineContext, app: MyApp): Html {
  const t = translate(context.language);
  const day = (date: Date): string => formatDay(context.language, date, context.timeZone);
  const said = [
    ...owedLinks(context, app),
    app.failingChecks > 0 && dot('stopped', t('console.failing-checks', { count: app.failingChecks })),
    app.secretEnds && dot('waiting', t('console.secret-ends', { date: day(app.secretEnds) })),
    app.waitsSince && dot('waiting', t('console.waits-since', { date: day(app.waitsSince) })),
    !app.isTried && ['draft', 'sandbox'].includes(app.state) && dot('open', t('console.untried')),
  ].filter((one) => one !== false && one !== undefined);
  if (said.length === 0) return html`<span class="hint">${t('console.nothing-to-do')}</span>`;
  return html`<ul class="dots">${said.map((one) => html`<li>${one}</li>`)}</ul>`;
}

/** People wait for answers: each kind is answered on a page of its own. */
function owedLinks({ language, timeZone }: MineContext, { id, owed }: MyApp): Html[] {
  if (!owed) return [];
  const t = translate(language);
  const date = formatMoment(language, owed.dueAt, timeZone);
  const link = (tab: 'deliveries' | 'reports', key: MessageKey, count: number) =>
    count > 0 ? html`<a href="${appLink(id, tab)}">${t(key, { count })}</a>` : [];
  const links = [
    link('deliveries', 'console.owed-withdrawals', owed.withdrawals),
    link('reports', 'console.owed-reports', owed.reports),
  ].flat();
  const due = owed.isOverdue
    ? dot('stopped', t('console.owed-overdue', { date }))
    : dot('waiting', t('console.owed-due', { date }));
  return [html`${due}${links.map((one) => html` <br>${one}`)}`];
}

const apps: readonly MyApp[] = [
  {
    id: 'puskesmas-online',
    name: 'Puskesmas Online',
    agency: 'Kementerian Kesehatan',
    state: 'live',
    lastSignIn: new Date('2026-11-21T03:12:00Z'),
    failingChecks: 0,
    isTried: true,
    owed: { withdrawals: 2, reports: 1, dueAt: new Date('2026-11-20T03:12:00Z'), isOverdue: true },
  },
  {
    id: 'antrean-rsud',
    name: 'Antrean RSUD',
    agency: 'Kementerian Kesehatan',
    state: 'sandbox',
    lastSignIn: new Date('2026-11-20T03:12:00Z'),
    secretEnds: new Date('2026-12-04T03:12:00Z'),
    failingChecks: 2,
    isTried: false,
  },
  {
    id: 'imunisasi',
    name: 'Catatan Imunisasi',
    agency: 'Dinas Kesehatan Kabupaten Contoh',
    state: 'review',
    waitsSince: new Date('2026-11-19T03:12:00Z'),
    failingChecks: 0,
    isTried: true,
    owed: { withdrawals: 1, reports: 0, dueAt: new Date('2026-11-22T03:12:00Z'), isOverdue: false },
  },
  {
    id: 'rujukan-lama',
    name: 'Rujukan (lama)',
    agency: 'Kementerian Kesehatan',
    state: 'suspended',
    lastSignIn: new Date('2026-08-02T03:12:00Z'),
    failingChecks: 1,
    isTried: true,
  },
];

const full: MineContext = {
  ...sampleConsoleFrame,
  apps,
  pages: { next: '/console?after=cnVqdWthbg' },
  mayRegister: true,
  mayFound: false,
  coordinates: true,
  hasRole: true,
};

export const mineSamples: Record<string, MineContext> = {
  full,
  empty: { ...full, apps: [], pages: {} },
  newcomer: {
    ...full,
    sections: ['mine'],
    apps: [],
    pages: {},
    mayRegister: false,
    mayFound: true,
    coordinates: false,
    hasRole: false,
  },
  hostile: {
    ...full,
    person: hostileText,
    apps: apps.map((app) => ({
      ...app,
      id: hostileText,
      name: hostileText,
      agency: hostileText,
      logo: 'javascript:1',
    })),
    pages: { first: 'javascript:1', next: 'javascript:1' },
  },
};
