import { type Html, html, safeAddress } from '../html.ts';
import { formatList, formatNumber, formatRupiah, translate } from '../locale.ts';
import { noticeBox } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { agencyLink } from './agency-page.ts';
import { sayCount } from './apps.ts';
import { facets } from './parts/facets.ts';
import { type Pages, pager } from './parts/pager.ts';
import { decideTable, type PickedApps, type Picks } from './parts/picks.ts';
import { searchBox } from './parts/search-box.ts';
import { type AppState, dot, stateDot } from './parts/state.ts';
import type { Column } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** A record as the list shows it. */
export type ListedRecord = {
  id: string;
  key: string;
  name: string;
  agency: { id: string; name: string };
  host?: string | undefined;
  /** Names of policy areas. */
  sectors: readonly string[];
  users?: number | undefined;
  /** Rupiah. */
  yearlyCost?: number | undefined;
  /** The connected app that is the same. */
  client?: { id: string; state: AppState } | undefined;
};

/** The name of a record among all apps, as decisions take it. */
function recordRef(record: Pick<ListedRecord, 'id' | 'client'>): string {
  return record.client ? `client:${record.client.id}` : `inventory:${record.id}`;
}

/** Where a page about a record is. */
export function recordLink(id: string): `/${string}` {
  return `/console/inventory/${encodeURIComponent(id)}`;
}

const connections = ['unconnected', 'connected'] as const;
export type Connection = (typeof connections)[number];

const decidedness = ['undecided', 'decided'] as const;

export type InventoryContext = ConsoleFrame & {
  records: readonly ListedRecord[];
  words?: string | undefined;
  sector?: string | undefined;
  connection?: Connection | undefined;
  decision?: (typeof decidedness)[number] | undefined;
  agency?: { id: string; name: string; withoutLink: string } | undefined;
  sectors: readonly { id: string; name: string }[];
  counts: readonly { connection: Connection; count: number; link: string }[];
  all: { link: string };
  mostCounted: number;
  pages: Pages;
  csvLink: string;
  /** Whether the person may add to it somewhere. */
  mayWrite: boolean;
  /** Whether matches wait for somebody to decide. */
  hasMatches: boolean;
  /** For whoever decides about apps. */
  picks: Picks | undefined;
};

/**
 * `GET /console/inventory`: what exists, connected or not, as far as one may see it. Posts `action` = `decide` with an `app` for each
 * box that is ticked.
 */
export function inventoryPage(context: InventoryContext): Html {
  const { language } = context;
  const t = translate(language);
  return consolePage(context, {
    title: t('console.inventory'),
    intro: t('inventory.intro'),
    actions: html`${
      context.mayWrite &&
      html`<a class="button other" id="new-record" href="/console/inventory/new"><span>${t('inventory.add')}</span></a>
<a class="button other" id="imports" href="/console/inventory/imports"><span>${t('inventory.imports')}</span></a>`
    }
<a class="button other" id="csv" href="${safeAddress(context.csvLink)}" download="inventaris.csv"><span>${t('console.csv')}</span></a>`,
    content: html`${
      context.hasMatches &&
      noticeBox({
        tone: 'info',
        text: html`<p>${t('inventory.matches-wait')} <a id="matches" href="/console/inventory/matches">${t('inventory.matches-look')}</a></p>`,
      })
    }
${searchBox(language, {
  action: '/console/inventory',
  label: t('inventory.search'),
  value: context.words,
  narrowings: [
    {
      ...{ name: 'sector', label: t('console.sector'), all: t('console.every-sector'), value: context.sector },
      options: context.sectors.map(({ id, name }) => ({ value: id, label: name })),
    },
    {
      ...{
        name: 'decision',
        label: t('inventory.decision'),
        all: t('inventory.every-decision'),
        value: context.decision,
      },
      options: decidedness.map((value) => ({ value, label: t(`inventory.is-${value}`) })),
    },
  ],
  kept: { connection: context.connection, agency: context.agency?.id },
})}
${facets(t('inventory.connection'), connectionFacets(context))}
${context.records.length > 0 ? records(context) : html`<p class="empty" id="none-found">${context.words || context.sector || context.decision || context.agency ? t('console.none-found') : t('inventory.none')}</p>`}${pager(language, context.pages)}`,
  });
}

function connectionFacets({ language, agency, all, counts, connection, mostCounted }: InventoryContext) {
  const t = translate(language);
  const only = agency && { label: t('console.only-agency', { name: agency.name }), link: agency.withoutLink };
  return [
    ...(only ? [{ ...only, isChosen: true }] : []),
    { label: t('console.every-state'), link: all.link, isChosen: !connection },
    ...counts.map((one) => ({
      label: t(`inventory.is-${one.connection}`),
      link: one.link,
      count: sayCount(language, one.count, mostCounted),
      isChosen: one.connection === connection,
    })),
  ];
}

function records(context: InventoryContext): Html {
  const picked: PickedApps<ListedRecord> = {
    ...{ picks: context.picks, value: recordRef, name: ({ name }) => name },
    action: '/console/inventory',
  };
  return decideTable<ListedRecord>(context, picked, {
    caption: translate(context.language)('console.inventory'),
    hook: { name: 'data-record', value: ({ id }) => id },
    columns: columns(context),
    rows: context.records,
  });
}

function columns({ language }: InventoryContext): Column<ListedRecord>[] {
  const t = translate(language);
  return [
    {
      head: t('console.app'),
      kind: 'main',
      cell: ({ id, name, key, host }) =>
        html`<a href="${recordLink(id)}">${name}</a> <small>${key}</small>${host && html` <small>${host}</small>`}`,
    },
    {
      head: t('console.agency'),
      cell: ({ agency }) => html`<a class="calm" href="${agencyLink(agency.id)}">${agency.name}</a>`,
    },
    {
      head: t('inventory.connection'),
      kind: 'short',
      cell: ({ client }) =>
        client
          ? html`<a class="calm" href="/console/apps/${encodeURIComponent(client.id)}">${stateDot(language, client.state)}</a>`
          : dot('open', t('inventory.is-unconnected')),
    },
    { head: t('console.sector'), cell: ({ sectors }) => formatList(language, sectors) || '–' },
    {
      head: t('inventory.field-users'),
      kind: 'number',
      cell: ({ users }) => (users === undefined ? '–' : formatNumber(language, users)),
    },
    {
      head: t('inventory.field-yearly_cost'),
      kind: 'number',
      cell: ({ yearlyCost }) => (yearlyCost === undefined ? '–' : formatRupiah(language, yearlyCost)),
    },
  ];
}

const sampleRecords: readonly ListedRecord[] = [
  {
    ...{ id: 'a1b2c3d4e5', key: 'DK-001', name: 'Antrean Puskesmas', host: 'antrean.dinkes.contoh.go.id' },
    agency: { id: 'dinas-kesehatan', name: 'Dinas Kesehatan' },
    ...{ sectors: ['Kesehatan'], users: 48_200, yearlyCost: 385_000_000 },
  },
  {
    ...{ id: 'f6g7h8i9j0', key: 'DK-002', name: 'Puskesmas Online', host: 'puskesmas.dinkes.contoh.go.id' },
    agency: { id: 'dinas-kesehatan', name: 'Dinas Kesehatan' },
    ...{ sectors: ['Kesehatan', 'Portal pelayanan publik'], users: 112_000, yearlyCost: 1_250_000_000 },
    client: { id: 'puskesmas-online', state: 'live' },
  },
  {
    ...{ id: 'k1l2m3n4o5', key: '17', name: 'Sistem Informasi Arsip Daerah' },
    agency: { id: 'kabupaten-contoh', name: 'Kabupaten Contoh' },
    sectors: [],
  },
];

const full: InventoryContext = {
  ...sampleConsoleFrame,
  section: 'inventory',
  records: sampleRecords,
  sectors: [
    { id: 'kesehatan', name: 'Kesehatan' },
    { id: 'perizinan', name: 'Perizinan' },
  ],
  counts: [
    { connection: 'unconnected', count: 501, link: '/console/inventory?connection=unconnected' },
    { connection: 'connected', count: 27, link: '/console/inventory?connection=connected' },
  ],
  all: { link: '/console/inventory' },
  mostCounted: 500,
  pages: { next: '/console/inventory?after=WyJ' },
  csvLink: '/console/inventory.csv',
  mayWrite: true,
  hasMatches: true,
  picks: { isAll: false, links: { all: '/console/inventory?pick=all', none: '/console/inventory' } },
};

export const inventorySamples: Record<string, InventoryContext> = {
  full,
  narrowed: {
    ...full,
    ...{ words: 'antrean', sector: 'kesehatan', connection: 'unconnected', mayWrite: false, hasMatches: false },
    agency: { id: 'dinas-kesehatan', name: 'Dinas Kesehatan', withoutLink: '/console/inventory?q=antrean' },
    records: sampleRecords.slice(0, 1),
    picks: undefined,
    pages: { first: '/console/inventory' },
  },
  none: {
    ...full,
    records: [],
    pages: {},
    hasMatches: false,
    counts: full.counts.map((one) => ({ ...one, count: 0 })),
  },
  hostile: {
    ...full,
    words: hostileText,
    agency: { id: hostileText, name: hostileText, withoutLink: 'javascript:1' },
    records: sampleRecords.map((record) => ({
      ...record,
      ...{ key: hostileText, name: hostileText, host: hostileText, sectors: [hostileText] },
      agency: { id: hostileText, name: hostileText },
    })),
    sectors: [{ id: hostileText, name: hostileText }],
  },
};
