import { type Html, html } from '../html.ts';
import { type Language, type MessageKey, translate } from '../locale.ts';
import { tile } from '../parts/tile.ts';
import { crumbs } from './parts/crumbs.ts';
import { type AppState, stateDot } from './parts/state.ts';
import { tabs } from './parts/tabs.ts';
import { type ConsoleFrame, type ConsoleParts, consolePage } from './shell.ts';

/** The pages about one app, in the order of their tabs. */
export const appTabs = [
  'overview',
  'production',
  'migration',
  'attempts',
  'deliveries',
  'figures',
  'edit',
  'keys',
  'versions',
  'testers',
  'reports',
  'bundle',
] as const;
export type AppTab = (typeof appTabs)[number];

/** An app as all of its pages name it. */
export type AppHead = {
  id: string;
  name: string;
  logo?: string | undefined;
  state: AppState;
  agency: { id: string; name: string };
  /** The pages that the person may see. */
  tabs: readonly AppTab[];
};

const labels: Record<AppTab, MessageKey> = {
  overview: 'console.tab-overview',
  production: 'console.tab-production',
  migration: 'console.tab-migration',
  attempts: 'console.tab-attempts',
  deliveries: 'console.tab-deliveries',
  figures: 'console.tab-figures',
  edit: 'console.tab-edit',
  keys: 'console.tab-keys',
  versions: 'console.tab-versions',
  testers: 'console.tab-testers',
  reports: 'console.tab-reports',
  bundle: 'console.tab-bundle',
};

/** Where a page about an app is. */
export function appLink(clientId: string, tab: AppTab = 'overview'): `/${string}` {
  const base = `/console/apps/${encodeURIComponent(clientId)}` as const;
  return tab === 'overview' ? base : `${base}/${tab}`;
}

/** What a page about an app is called in its tabs. */
export function tabName(language: Language, tab: AppTab): string {
  return translate(language)(labels[tab]);
}

/** A page about one app: which app it is and what state it is in, the tabs, and below them the work. */
export function appPage(
  frame: ConsoleFrame,
  head: AppHead,
  tab: AppTab,
  parts: Omit<ConsoleParts, 'lead' | 'of'>,
): Html {
  const { language } = frame;
  const t = translate(language);
  const way = [
    { link: '/console/apps', label: t('console.apps') },
    { link: `/console/agencies/${encodeURIComponent(head.agency.id)}`, label: head.agency.name },
  ];
  const all = head.tabs.map((one) => ({
    link: appLink(head.id, one),
    label: tabName(language, one),
    isHere: one === tab,
  }));
  return consolePage(frame, {
    ...parts,
    of: head.name,
    lead: html`${crumbs(language, way)}
<div class="head">${tile(head.name, head.logo)}<div><p class="head-name">${head.name}</p>
<p class="head-facts">${stateDot(language, head.state)}<code>${head.id}</code></p></div></div>
${tabs(t('console.pages-of', { name: head.name }), all)}`,
  });
}

/** The app that the samples of its pages share. */
export const sampleAppHead: AppHead = {
  id: 'antrean-rsud',
  name: 'Antrean RSUD',
  state: 'sandbox',
  agency: { id: 'kemenkes', name: 'Kementerian Kesehatan' },
  tabs: appTabs,
};
