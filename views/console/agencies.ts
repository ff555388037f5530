import { type Html, html } from '../html.ts';
import { type Language, type MessageKey, translate } from '../locale.ts';
import { tile } from '../parts/tile.ts';
import { hostileText } from '../samples.ts';
import { agencyLink } from './agency-page.ts';
import { sayCount } from './apps.ts';
import { type Pages, pager } from './parts/pager.ts';
import { searchBox } from './parts/search-box.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** What an agency can be; see the registry. */
export const agencyKinds = ['state', 'ministry', 'agency', 'province', 'regency', 'city', 'unit'] as const;
export type AgencyKind = (typeof agencyKinds)[number];

export type ListedAgency = {
  id: string;
  name: string;
  kind: AgencyKind;
  domain: string;
  /** The one above. */
  parent?: string | undefined;
  apps: number;
};

export type AgenciesContext = ConsoleFrame & {
  agencies: readonly ListedAgency[];
  words?: string | undefined;
  kind?: AgencyKind | undefined;
  /** More apps than this are not counted. */
  mostCounted: number;
  pages: Pages;
};

const kindNames: Record<AgencyKind, MessageKey> = {
  state: 'console.kind-state',
  ministry: 'console.kind-ministry',
  agency: 'console.kind-agency',
  province: 'console.kind-province',
  regency: 'console.kind-regency',
  city: 'console.kind-city',
  unit: 'console.kind-unit',
};

/** What a kind of agency is called. */
export function sayKind(language: Language, kind: AgencyKind): string {
  return translate(language)(kindNames[kind]);
}

/** `GET /console/agencies`: the tree as a list by name, as far as one may see it. */
export function agenciesPage(context: AgenciesContext): Html {
  const { language } = context;
  const t = translate(language);
  return consolePage(context, {
    title: t('console.agencies'),
    content: html`${searchBox(language, {
      action: '/console/agencies',
      label: t('console.search-agencies'),
      value: context.words,
      narrowings: [
        {
          name: 'kind',
          label: t('console.kind'),
          all: t('console.every-kind'),
          options: agencyKinds.map((kind) => ({ value: kind, label: sayKind(language, kind) })),
          value: context.kind,
        },
      ],
    })}
${context.agencies.length > 0 ? agencyTable(context) : html`<p class="empty" id="none-found">${t('console.none-found')}</p>`}${pager(language, context.pages)}`,
  });
}

function agencyTable(context: AgenciesContext): Html {
  const { language } = context;
  const t = translate(language);
  return table<ListedAgency>({
    caption: t('console.agencies'),
    hook: { name: 'data-agency', value: ({ id }) => id },
    columns: [
      { head: t('console.agency'), kind: 'main', cell: agencyName },
      { head: t('console.kind'), kind: 'short', cell: ({ kind }) => sayKind(language, kind) },
      { head: t('console.above'), cell: ({ parent }) => parent ?? '–' },
      {
        head: t('console.app'),
        kind: 'number',
        cell: ({ id, apps }) =>
          html`<a class="calm" href="/console/apps?agency=${encodeURIComponent(id)}">${sayCount(language, apps, context.mostCounted)}</a>`,
      },
    ],
    rows: context.agencies,
  });
}

function agencyName({ id, name, domain }: ListedAgency): Html {
  return html`<div class="app-name">${tile(name, undefined)}<div><a href="${agencyLink(id)}">${name}</a> <small class="domain">${domain}</small></div></div>`;
}

const agencies: readonly ListedAgency[] = [
  {
    id: 'bapenda-contoh',
    name: 'Badan Pendapatan Daerah',
    kind: 'unit',
    domain: 'pajak.contoh.go.id',
    parent: 'Provinsi Contoh',
    apps: 4,
  },
  {
    id: 'kemenkes',
    name: 'Kementerian Kesehatan',
    kind: 'ministry',
    domain: 'kemkes.contoh.go.id',
    parent: 'Negara',
    apps: 1001,
  },
  {
    id: 'kota-contoh',
    name: 'Kota Contoh',
    kind: 'city',
    domain: 'kota.contoh.go.id',
    parent: 'Provinsi Contoh',
    apps: 37,
  },
  { id: 'negara', name: 'Negara', kind: 'state', domain: 'contoh.go.id', apps: 0 },
];

const full: AgenciesContext = {
  ...sampleConsoleFrame,
  section: 'agencies',
  agencies,
  mostCounted: 1000,
  pages: { next: '/console/agencies?after=WyJ' },
};

export const agenciesSamples: Record<string, AgenciesContext> = {
  full,
  none: { ...full, words: 'tidak ada', kind: 'city', agencies: [], pages: { first: '/console/agencies' } },
  hostile: {
    ...full,
    words: hostileText,
    agencies: agencies.map((one) => ({
      ...one,
      id: hostileText,
      name: hostileText,
      domain: hostileText,
      parent: hostileText,
    })),
  },
};
