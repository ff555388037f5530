import { type Html, html } from '../html.ts';
import { type Language, translate } from '../locale.ts';
import { hostileText } from '../samples.ts';
import { crumbs } from './parts/crumbs.ts';
import { likelyState } from './parts/likely.ts';
import { type Pages, pager } from './parts/pager.ts';
import {
  hiddenSampleSide,
  hostileSampleSide,
  linkToSide,
  nameOfSide,
  otherSampleSide,
  type PairSide,
  sampleSide,
} from './parts/pair-side.ts';
import { decideTable, type Picks } from './parts/picks.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** A name that many apps bear. */
export type ShownFamily = { words: string; name: string; apps: number };

/** Families as rows, each the way to its apps. */
export function familyTable(language: Language, families: readonly ShownFamily[]): Html {
  const t = translate(language);
  return table<ShownFamily>({
    caption: t('duplicates.families'),
    hook: { name: 'data-family', value: ({ words }) => words },
    columns: [
      {
        head: t('duplicates.name'),
        kind: 'main',
        cell: ({ name, words }) => html`<a href="${familyLink(words)}">${name}</a>`,
      },
      { head: t('duplicates.apps'), kind: 'number', cell: ({ apps }) => t('duplicates.count', { count: apps }) },
    ],
    rows: families,
  });
}

/** Where the apps of one name are. */
function familyLink(words: string): `/${string}` {
  return `/console/duplicates/families?name=${encodeURIComponent(words)}`;
}

export type FamiliesContext = ConsoleFrame & { families: readonly ShownFamily[]; pages: Pages };

/** `GET /console/duplicates/families`: the names that many apps bear, the most borne first. */
export function familiesPage(context: FamiliesContext): Html {
  const { language, families, pages } = context;
  const t = translate(language);
  return consolePage(context, {
    title: t('duplicates.families'),
    intro: t('duplicates.families-hint'),
    lead: crumbs(language, [{ link: '/console/duplicates', label: t('console.duplicates') }]),
    content:
      families.length > 0
        ? html`${familyTable(language, families)}${pager(language, pages)}`
        : html`<p class="empty" id="no-families">${t('duplicates.no-families')}</p>`,
  });
}

export type FamilyContext = ConsoleFrame & {
  family: ShownFamily;
  members: readonly PairSide[];
  /** For whoever decides about apps. */
  picks: Picks | undefined;
  pages: Pages;
};

/** The apps of one name, to decide about some of them at once. Posts `action` = `decide` with `app` for each that is ticked. */
export function familyPage(context: FamilyContext): Html {
  const { language, family, members, pages } = context;
  const t = translate(language);
  return consolePage(context, {
    title: family.name,
    of: t('duplicates.families'),
    intro: t('duplicates.family-intro', { count: family.apps }),
    lead: crumbs(language, [
      { link: '/console/duplicates', label: t('console.duplicates') },
      { link: '/console/duplicates/families', label: t('duplicates.families') },
    ]),
    content: html`${decideTable<PairSide>(
      context,
      {
        ...{ picks: context.picks, action: '/console/duplicates/families' },
        ...{ value: ({ ref }) => ref, name: (side) => `${nameOfSide(language, side)}, ${side.agency}` },
      },
      {
        caption: family.name,
        hook: { name: 'data-member', value: ({ ref }) => ref },
        columns: [
          { head: t('duplicates.name'), kind: 'main', cell: (side) => linkToSide(language, side) },
          { head: t('console.agency'), cell: ({ agency }) => agency },
          { head: t('duplicates.host'), cell: ({ host }) => host ?? '–' },
          { head: t('console.state'), kind: 'short', cell: ({ state }) => likelyState(language, state) },
        ],
        rows: members,
      },
    )}
${pager(language, pages)}`,
  });
}

export const sampleFamilies: readonly ShownFamily[] = [
  { words: 'pegawai', name: 'SIMPEG', apps: 514 },
  { words: 'kinerja', name: 'e-Kinerja', apps: 61 },
];
export const hostileSampleFamily: ShownFamily = { words: hostileText, name: hostileText, apps: 9 };
const frame: ConsoleFrame = { ...sampleConsoleFrame, section: 'duplicates' };
export const familiesSamples: Record<string, FamiliesContext> = {
  first: { ...frame, families: sampleFamilies, pages: { next: '/console/duplicates/families?after=x' } },
  empty: { ...frame, families: [], pages: {} },
  hostile: { ...frame, families: [hostileSampleFamily], pages: {} },
};

const familyContext: FamilyContext = {
  ...frame,
  family: { words: 'pegawai', name: 'SIMPEG', apps: 514 },
  members: [sampleSide, otherSampleSide, hiddenSampleSide],
  picks: { isAll: false, links: { all: '?pick=all', none: '?' } },
  pages: { next: '/console/duplicates/families?name=pegawai&after=x' },
};

export const familySamples: Record<string, FamilyContext> = {
  first: familyContext,
  all: { ...familyContext, picks: { links: { all: '?pick=all', none: '?' }, isAll: true } },
  hostile: { ...familyContext, family: hostileSampleFamily, members: [hostileSampleSide] },
};
