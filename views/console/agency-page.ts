import { type Html, html } from '../html.ts';
import { type MessageKey, translate } from '../locale.ts';
import { tile } from '../parts/tile.ts';
import { type Crumb, crumbs } from './parts/crumbs.ts';
import { tabs } from './parts/tabs.ts';
import { type ConsoleFrame, type ConsoleParts, consolePage } from './shell.ts';

/** The pages about one agency, in the order of their tabs. */
export const agencyTabs = ['overview', 'team', 'tokens'] as const;
export type AgencyTab = (typeof agencyTabs)[number];

/** An agency as all of its pages name it. */
export type AgencyHead = {
  id: string;
  name: string;
  domain: string;
  /** The agencies above it that the person may see, from the top. */
  above: readonly { id: string; name: string }[];
  /** The pages that the person may see. */
  tabs: readonly AgencyTab[];
};

const labels: Record<AgencyTab, MessageKey> = {
  overview: 'console.tab-overview',
  team: 'console.tab-team',
  tokens: 'console.tab-tokens',
};

/** Where a page about an agency is. */
export function agencyLink(agencyId: string, tab: AgencyTab = 'overview'): `/${string}` {
  const base = `/console/agencies/${encodeURIComponent(agencyId)}` as const;
  return tab === 'overview' ? base : `${base}/${tab}`;
}

/** A page about one agency: where it stands in the tree, the tabs, and below them the work. */
export function agencyPage(
  frame: ConsoleFrame,
  head: AgencyHead,
  tab: AgencyTab,
  parts: Omit<ConsoleParts, 'lead' | 'of'>,
): Html {
  const t = translate(frame.language);
  const way: Crumb[] = [
    { link: '/console/agencies', label: t('console.agencies') },
    ...head.above.map(({ id, name }) => ({ link: agencyLink(id), label: name })),
  ];
  const all = head.tabs.map((one) => ({ link: agencyLink(head.id, one), label: t(labels[one]), isHere: one === tab }));
  return consolePage(frame, {
    ...parts,
    of: head.name,
    lead: html`${crumbs(frame.language, way)}
<div class="head">${tile(head.name, undefined)}<div><p class="head-name">${head.name}</p>
<p class="head-facts"><span class="domain">${head.domain}</span></p></div></div>
${tabs(t('console.pages-of', { name: head.name }), all)}`,
  });
}

/** The agency that the samples of its pages share. */
export const sampleAgencyHead: AgencyHead = {
  id: 'dinkes-contoh',
  name: 'Dinas Kesehatan Kabupaten Contoh',
  domain: 'dinkes.contoh.go.id',
  above: [
    { id: 'provinsi-contoh', name: 'Provinsi Contoh' },
    { id: 'kabupaten-contoh', name: 'Kabupaten Contoh' },
  ],
  tabs: agencyTabs,
};
