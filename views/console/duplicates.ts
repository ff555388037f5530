import { type Html, html } from '../html.ts';
import { formatPercentage, type Language, translate } from '../locale.ts';
import { familyTable, hostileSampleFamily, type ShownFamily, sampleFamilies } from './families.ts';
import { hostileSamplePair, pairLink, type ShownPair, type ShownStatus, samplePair } from './pair.ts';
import { type Facet, facets } from './parts/facets.ts';
import { reasonsOf } from './parts/likely.ts';
import { type Pages, pager } from './parts/pager.ts';
import { hiddenSampleSide, nameOfSide, type PairSide } from './parts/pair-side.ts';
import { searchBox } from './parts/search-box.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

export type DuplicatesContext = ConsoleFrame & {
  pairs: readonly ShownPair[];
  /** The largest, on the first page of what is open. */
  families: readonly ShownFamily[];
  /** Whether there are more of them than are shown. */
  hasMoreFamilies: boolean;
  statuses: readonly (Omit<Facet, 'label' | 'count'> & { status: ShownStatus })[];
  strengths: readonly (Omit<Facet, 'label' | 'count'> & { strength: 'all' | 'strong' })[];
  sectors: readonly { id: string; name: string }[];
  sector: string | undefined;
  agencies: readonly { id: string; name: string }[];
  agency: string | undefined;
  /** How many apps wait to be compared. */
  waiting: number;
  pages: Pages;
  csvLink: string;
};

/** `GET /console/duplicates`: what is likely the same, the likeliest first. */
export function duplicatesPage(context: DuplicatesContext): Html {
  const { language, pairs, pages, waiting } = context;
  const t = translate(language);
  return consolePage(context, {
    title: t('console.duplicates'),
    intro: t('duplicates.intro'),
    actions: html`<a class="button other" href="${context.csvLink}" id="csv"><span>${t('console.csv')}</span></a>`,
    content: html`${facets(
      t('duplicates.by-status'),
      context.statuses.map(({ status, ...one }) => ({ ...one, label: t(`duplicates.status-${status}`) })),
    )}
${facets(
  t('duplicates.by-strength'),
  context.strengths.map(({ strength, ...one }) => ({ ...one, label: t(`duplicates.strength-${strength}`) })),
)}
${narrowing(context)}
${waiting > 0 && html`<p class="hint" id="waiting">${t('duplicates.waiting', { count: waiting })}</p>`}
${familiesOf(context)}
${
  pairs.length > 0
    ? html`<h2>${t('duplicates.pairs')}</h2>${pairTable(language, pairs)}${pager(language, pages)}`
    : html`<p class="empty" id="no-pairs">${t('duplicates.none')}</p>`
}`,
  });
}

function narrowing({ language, sectors, sector, agencies, agency, statuses, strengths }: DuplicatesContext): Html {
  const t = translate(language);
  const status = statuses.find(({ isChosen }) => isChosen)?.status;
  const isStrong = strengths.some(({ strength, isChosen }) => strength === 'strong' && isChosen);
  const options = (all: readonly { id: string; name: string }[]) =>
    all.map(({ id, name }) => ({ value: id, label: name }));
  return searchBox(language, {
    action: '/console/duplicates',
    kept: { status: status === 'open' ? undefined : status, strong: isStrong ? 'yes' : undefined },
    narrowings: [
      {
        name: 'sector',
        label: t('console.sector'),
        all: t('duplicates.all-sectors'),
        options: options(sectors),
        value: sector,
      },
      {
        name: 'agency',
        label: t('console.agency'),
        all: t('duplicates.all-agencies'),
        options: options(agencies),
        value: agency,
      },
    ],
  });
}

function familiesOf({ language, families, hasMoreFamilies }: DuplicatesContext): Html | false {
  const t = translate(language);
  if (families.length === 0) return false;
  return html`<h2>${t('duplicates.families')}</h2><p class="hint">${t('duplicates.families-hint')}</p>${familyTable(language, families)}
${hasMoreFamilies && html`<p><a class="calm" href="/console/duplicates/families" id="all-families">${t('duplicates.all-families')}</a></p>`}`;
}

function pairTable(language: Language, pairs: readonly ShownPair[]): Html {
  const t = translate(language);
  return table<ShownPair>({
    caption: t('duplicates.pairs'),
    hook: { name: 'data-pair', value: ({ low, high }) => `${low.ref} ${high.ref}` },
    columns: [
      {
        head: t('duplicates.two-apps'),
        kind: 'main',
        cell: ({ low, high }) => html`${sideOf(language, low)}<br>${sideOf(language, high)}`,
      },
      { head: t('duplicates.score'), cell: (pair) => scoreOf(language, pair) },
      { head: t('duplicates.reasons'), cell: (pair) => reasonsOf(language, pair) },
      {
        head: t('duplicates.to-pair'),
        kind: 'end',
        cell: ({ low, high }) =>
          html`<a class="button other" href="${pairLink(low.ref, high.ref)}"><span>${t('console.look')}</span></a>`,
      },
    ],
    rows: pairs,
  });
}

function sideOf(language: Language, side: PairSide): Html {
  return html`<strong>${nameOfSide(language, side)}</strong> <small>${side.agency}${side.host && ` · ${side.host}`}</small>`;
}

function scoreOf(language: Language, { score, isStrong }: Pick<ShownPair, 'score' | 'isStrong'>): Html {
  const t = translate(language);
  return html`${formatPercentage(language, Math.round(score * 100))}${isStrong && html` <span class="strongly">${t('duplicates.strong')}</span>`}`;
}

const frame: ConsoleFrame = { ...sampleConsoleFrame, section: 'duplicates' };
const list: DuplicatesContext = {
  ...frame,
  pairs: [samplePair, { ...samplePair, high: hiddenSampleSide, score: 0.61, isStrong: false }],
  families: sampleFamilies,
  hasMoreFamilies: true,
  statuses: [
    { status: 'open', link: '/console/duplicates', isChosen: true },
    { status: 'dismissed', link: '/console/duplicates?status=dismissed', isChosen: false },
    { status: 'settled', link: '/console/duplicates?status=settled', isChosen: false },
  ],
  strengths: [
    { strength: 'all', link: '/console/duplicates', isChosen: true },
    { strength: 'strong', link: '/console/duplicates?strong=yes', isChosen: false },
  ],
  sectors: [{ id: 'kesehatan', name: 'Kesehatan' }],
  sector: undefined,
  agencies: [{ id: 'dinas-kesehatan', name: 'Dinas Kesehatan' }],
  agency: undefined,
  waiting: 12,
  pages: { next: '/console/duplicates?after=x' },
  csvLink: '/console/duplicates.csv',
};

export const duplicatesSamples: Record<string, DuplicatesContext> = {
  first: list,
  empty: { ...list, pairs: [], families: [], hasMoreFamilies: false, waiting: 0, pages: {} },
  hostile: { ...list, pairs: [hostileSamplePair], families: [hostileSampleFamily] },
};
