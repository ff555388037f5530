import { type Html, html, safeAddress } from '../html.ts';
import { formatList, formatNumber, type Language, type MessageKey, translate } from '../locale.ts';
import { hostileText } from '../samples.ts';
import { agencyLink } from './agency-page.ts';
import { appName } from './parts/app-name.ts';
import { type Facet, facets } from './parts/facets.ts';
import { type Pages, pager } from './parts/pager.ts';
import { decideTable, type PickedApps, type Picks } from './parts/picks.ts';
import { searchBox } from './parts/search-box.ts';
import { type AppState, appStates, sayState, stateDot } from './parts/state.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

export type AppRisk = 'low' | 'medium' | 'high';

export type ListedApp = {
  id: string;
  name: string;
  logo?: string | undefined;
  agency: { id: string; name: string };
  state: AppState;
  /** Names of policy areas. */
  sectors: readonly string[];
  risk: AppRisk;
};

export type AppsContext = ConsoleFrame & {
  apps: readonly ListedApp[];
  /** What is looked for. */
  words?: string | undefined;
  sector?: string | undefined;
  state?: AppState | undefined;
  agency?: { id: string; name: string; withoutLink: string } | undefined;
  sectors: readonly { id: string; name: string }[];
  /** How many there are of each state, where they are few enough to be counted, and the list of them alone; `all` is the list without a state. */
  states: readonly { state: AppState; count?: number | undefined; link: string }[];
  all: { link: string };
  /** Counts beyond this are not counted on. */
  mostCounted: number;
  pages: Pages;
  csvLink: string;
  /** For whoever decides about apps. */
  picks: Picks | undefined;
};

/**
 * `GET /console/apps`: the registry, as far as one may see it. Posts `action` = `decide` with an `app` for each box that is ticked.
 */
export function appsPage(context: AppsContext): Html {
  const t = translate(context.language);
  const { language } = context;
  return consolePage(context, {
    title: t('console.apps'),
    actions: html`<a class="button other" id="csv" href="${safeAddress(context.csvLink)}" download="layanan.csv"><span>${t('console.csv')}</span></a>`,
    content: html`${searchBox(language, {
      action: '/console/apps',
      label: t('console.search-apps'),
      value: context.words,
      narrowings: [
        {
          name: 'sector',
          label: t('console.sector'),
          all: t('console.every-sector'),
          options: context.sectors.map(({ id, name }) => ({ value: id, label: name })),
          value: context.sector,
        },
      ],
      kept: { state: context.state, agency: context.agency?.id },
    })}
${facets(t('console.state'), stateFacets(context))}
${context.apps.length > 0 ? appTable(context) : html`<p class="empty" id="none-found">${t('console.none-found')}</p>`}${pager(language, context.pages)}`,
  });
}

/** The chosen ones, then what could be chosen; states without an app only where they are chosen. */
function stateFacets(context: AppsContext): Facet[] {
  const { language, state, states, mostCounted, agency } = context;
  const t = translate(language);
  const found = states.filter((one) => one.count !== 0 || one.state === state);
  const counts = states.map(({ count }) => count ?? Number.POSITIVE_INFINITY);
  const isMore = counts.some((count) => count > mostCounted);
  const sum = counts.reduce((total, count) => total + count, 0);
  return [
    ...(agency
      ? [{ label: t('console.only-agency', { name: agency.name }), link: agency.withoutLink, isChosen: true }]
      : []),
    {
      label: t('console.every-state'),
      link: context.all.link,
      count: isMore ? undefined : formatNumber(language, sum),
      isChosen: !state,
    },
    ...found.map((one) => ({
      label: sayState(language, one.state),
      link: one.link,
      count: one.count === undefined ? undefined : sayCount(language, one.count, mostCounted),
      isChosen: one.state === state,
    })),
  ];
}

/** "27" or "1.000+". */
export function sayCount(language: Language, count: number, most: number): string {
  return count > most ? `${formatNumber(language, most)}+` : formatNumber(language, count);
}

const riskNames: Record<AppRisk, MessageKey> = {
  low: 'console.risk-low',
  medium: 'console.risk-medium',
  high: 'console.risk-high',
};

/** How much harm an app could do, in a word. */
function sayRisk(language: Language, risk: AppRisk): string {
  return translate(language)(riskNames[risk]);
}

function appTable(context: AppsContext): Html {
  const { language } = context;
  const t = translate(language);
  const picked: PickedApps<ListedApp> = {
    ...{ picks: context.picks, value: ({ id }) => `client:${id}`, name: ({ name }) => name },
    action: '/console/apps',
  };
  return decideTable<ListedApp>(context, picked, {
    caption: t('console.apps'),
    hook: { name: 'data-client', value: ({ id }) => id },
    columns: [
      { head: t('console.app'), kind: 'main', cell: (app) => appName({ ...app, below: app.id }) },
      {
        head: t('console.agency'),
        cell: ({ agency }) => html`<a class="calm" href="${agencyLink(agency.id)}">${agency.name}</a>`,
      },
      { head: t('console.state'), kind: 'short', cell: ({ state }) => stateDot(language, state) },
      { head: t('console.sector'), cell: ({ sectors }) => formatList(language, sectors) || '–' },
      { head: t('console.risk'), kind: 'short', cell: ({ risk }) => sayRisk(language, risk) },
    ],
    rows: context.apps,
  });
}

const apps: readonly ListedApp[] = [
  {
    id: 'antrean-rsud',
    name: 'Antrean RSUD',
    agency: { id: 'kemenkes', name: 'Kementerian Kesehatan' },
    state: 'sandbox',
    sectors: ['Kesehatan'],
    risk: 'medium',
  },
  {
    id: 'kartu-tani',
    name: 'Kartu Tani Digital',
    agency: { id: 'kementan', name: 'Kementerian Pertanian' },
    state: 'draft',
    sectors: ['Pertanian', 'Bantuan sosial'],
    risk: 'low',
  },
  {
    id: 'pajak-daerah',
    name: 'Pajak Daerah',
    agency: { id: 'bapenda-contoh', name: 'Badan Pendapatan Daerah Provinsi Contoh' },
    state: 'live',
    sectors: ['Pajak dan retribusi'],
    risk: 'high',
  },
  {
    id: 'puskesmas-online',
    name: 'Puskesmas Online',
    agency: { id: 'kemenkes', name: 'Kementerian Kesehatan' },
    state: 'live',
    sectors: ['Kesehatan'],
    risk: 'low',
  },
  {
    id: 'rujukan-lama',
    name: 'Rujukan (lama)',
    agency: { id: 'kemenkes', name: 'Kementerian Kesehatan' },
    state: 'suspended',
    sectors: [],
    risk: 'low',
  },
];

const counts: Record<AppState, number> = {
  draft: 311,
  sandbox: 1001,
  review: 12,
  live: 1001,
  suspended: 3,
  retired: 0,
};

const full: AppsContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  apps,
  sectors: [
    { id: 'kesehatan', name: 'Kesehatan' },
    { id: 'pertanian', name: 'Pertanian' },
  ],
  states: appStates.map((state) => ({ state, count: counts[state], link: `/console/apps?state=${state}` })),
  all: { link: '/console/apps' },
  mostCounted: 1000,
  pages: { next: '/console/apps?after=WyJ' },
  csvLink: '/console/apps.csv',
  picks: undefined,
};

export const appsSamples: Record<string, AppsContext> = {
  full,
  narrowed: {
    ...full,
    words: 'antrean',
    state: 'sandbox',
    sector: 'kesehatan',
    agency: { id: 'kemenkes', name: 'Kementerian Kesehatan', withoutLink: '/console/apps?q=antrean' },
    apps: apps.slice(0, 1),
    states: full.states.map((one) => ({ ...one, count: one.state === 'sandbox' ? 1 : 0 })),
    pages: { first: '/console/apps' },
  },
  coordinator: { ...full, picks: { isAll: true, links: { all: '/console/apps?pick=all', none: '/console/apps' } } },
  many: { ...full, words: 'layanan', states: full.states.map(({ state, link }) => ({ state, link })) },
  none: { ...full, words: 'tidak ada', apps: [], pages: {}, states: full.states.map((one) => ({ ...one, count: 0 })) },
  hostile: {
    ...full,
    words: hostileText,
    apps: apps.map((app) => ({
      ...app,
      id: hostileText,
      name: hostileText,
      agency: { id: hostileText, name: hostileText },
      sectors: [hostileText],
    })),
    agency: { id: hostileText, name: hostileText, withoutLink: 'javascript:1' },
    sectors: [{ id: hostileText, name: hostileText }],
  },
};
