import { findClaimLabel } from '../claims.ts';
import { type Html, html } from '../html.ts';
import { formatDay, formatList, formatPercentage, type Language, type MessageKey, translate } from '../locale.ts';
import { button, field, form } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { crumbs } from './parts/crumbs.ts';
import { type Facet, facets } from './parts/facets.ts';
import { type LikelyReason, likelyState, reasonsOf, type ShownLikely } from './parts/likely.ts';
import { type Pages, pager } from './parts/pager.ts';
import { decideTable, type Picks } from './parts/picks.ts';
import { searchBox } from './parts/search-box.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** One of two apps, as far as the reader may know it. */
export type PairSide = {
  /** Its name among all apps; of one whose name the reader may not know what stands for it. */
  ref: string;
  /** Undefined for one that another agency is still making. */
  name: string | undefined;
  agency: string;
  host: string | undefined;
  state: ShownLikely['state'];
  /** Its own page, where the reader may open it. */
  link: string | undefined;
};

/** What has become of a pair. */
export type ShownStatus = 'open' | 'dismissed' | 'settled';

/** Two apps that are likely the same. */
export type ShownPair = {
  low: PairSide;
  high: PairSide;
  /** From 0 to 1. */
  score: number;
  isStrong: boolean;
  reasons: readonly LikelyReason[];
  status: ShownStatus;
};

/** A name that many apps bear. */
export type ShownFamily = { words: string; name: string; apps: number };

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

function familyTable(language: Language, families: readonly ShownFamily[]): Html {
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
export function familyLink(words: string): `/${string}` {
  return `/console/duplicates/families?name=${encodeURIComponent(words)}`;
}

/** Where one decides about a pair. */
export function pairLink(low: string, high: string): `/${string}` {
  return `/console/duplicates/${encodeURIComponent(low)}/${encodeURIComponent(high)}`;
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
  return html`<strong>${nameOf(language, side)}</strong> <small>${side.agency}${side.host && ` · ${side.host}`}</small>`;
}

function nameOf(language: Language, { name, agency }: PairSide): string {
  return name ?? translate(language)('duplicates.in-the-making', { agency });
}

function scoreOf(language: Language, { score, isStrong }: Pick<ShownPair, 'score' | 'isStrong'>): Html {
  const t = translate(language);
  return html`${formatPercentage(language, Math.round(score * 100))}${isStrong && html` <span class="strongly">${t('duplicates.strong')}</span>`}`;
}

/** What else is declared of one of the two; only for whoever may see all of it. */
export type SideDetails = {
  description: string | undefined;
  sectors: readonly string[];
  audience: readonly ('citizens' | 'businesses' | 'officials')[];
  serviceCode: string | undefined;
  claims: readonly string[];
  users: string | undefined;
  yearlyCost: string | undefined;
  technology: string | undefined;
};

type Kind = 'reason-missing';
export type PairProblem = Problem<Kind>;
const sayings: Record<Kind, Saying> = { 'reason-missing': { key: 'duplicates.reason-missing', field: 'reason' } };

export type PairContext = ConsoleFrame & {
  pair: ShownPair;
  /** Undefined where the reader may see the face of the app only. */
  details: { low: SideDetails | undefined; high: SideDetails | undefined };
  decided: { who: string; at: Date; note: string | undefined } | undefined;
  /** Whether the reader decides about it. */
  mayDecide: boolean;
  problems?: readonly PairProblem[] | undefined;
  notice?: Notice | undefined;
};

/** Two apps side by side. Posts `action` = `dismiss` with `reason`, or `reopen`. */
export function pairPage(context: PairContext): Html {
  const { language, pair } = context;
  const t = translate(language);
  return consolePage(context, {
    title: t('duplicates.pair-title'),
    problems: sayProblems(language, context.problems, sayings),
    notice: context.notice,
    lead: crumbs(language, [{ link: '/console/duplicates', label: t('console.duplicates') }]),
    intro: html`${nameOf(language, pair.low)} · ${nameOf(language, pair.high)}`,
    content: html`<p class="facts" id="score">${t('duplicates.alike', { value: Math.round(pair.score * 100) })}${pair.isStrong && html` <span class="strongly">${t('duplicates.strong')}</span>`}</p>
${reasonsOf(language, pair)}
<h2>${t('duplicates.side-by-side')}</h2>
${sideBySide(context)}
${decidedOf(context)}
${context.mayDecide && decisionForm(context)}`,
  });
}

type Row = { head: string; low: Html | string; high: Html | string };

function sideBySide({ language, pair, details }: PairContext): Html {
  const t = translate(language);
  const both = (key: MessageKey, of: (side: PairSide) => Html | string | undefined): Row => ({
    head: t(key),
    low: of(pair.low) ?? '–',
    high: of(pair.high) ?? '–',
  });
  const more = (key: MessageKey, of: (side: SideDetails) => string | undefined): Row => ({
    head: t(key),
    low: details.low ? of(details.low) || '–' : t('duplicates.not-yours'),
    high: details.high ? of(details.high) || '–' : t('duplicates.not-yours'),
  });
  const rows = [
    both('duplicates.name', (side) => nameLink(language, side)),
    both('console.agency', ({ agency }) => agency),
    both('duplicates.host', ({ host }) => host),
    both('console.state', ({ state }) => likelyState(language, state)),
    more('duplicates.description', ({ description }) => description),
    more('console.sector', ({ sectors }) => sectors.join(', ')),
    more('duplicates.audience', ({ audience }) => audience.map((one) => t(`duplicates.for-${one}`)).join(', ')),
    more('duplicates.service-code', ({ serviceCode }) => serviceCode),
    more('duplicates.claims', ({ claims }) =>
      formatList(
        language,
        claims.map((one) => findClaimLabel(language, one) ?? one),
      ),
    ),
    more('duplicates.users', ({ users }) => users),
    more('duplicates.cost', ({ yearlyCost }) => yearlyCost),
    more('duplicates.technology', ({ technology }) => technology),
  ];
  const [one, other] = [nameOf(language, pair.low), nameOf(language, pair.high)];
  return table<Row>({
    caption: t('duplicates.side-by-side'),
    columns: [
      { head: t('duplicates.what'), kind: 'main', cell: ({ head }) => head },
      { head: one, cell: ({ low }) => low },
      { head: other, cell: ({ high }) => high },
    ],
    rows,
  });
}

function nameLink(language: Language, side: PairSide): Html | string {
  const name = nameOf(language, side);
  return side.link ? html`<a href="${side.link}">${name}</a>` : name;
}

function decidedOf({ language, timeZone, pair, decided }: PairContext): Html | false {
  const t = translate(language);
  if (!decided || pair.status === 'open') return false;
  const tone = pair.status === 'settled' ? 'good' : 'over';
  return html`<h2>${t('console.decided')}</h2><p id="decided">${dot(tone, t(`duplicates.status-${pair.status}`))} · ${decided.who}, ${formatDay(language, decided.at, timeZone)}${decided.note && html`<br><span class="reason">${decided.note}</span>`}</p>`;
}

function decisionForm(context: PairContext): Html {
  const { language, pair } = context;
  const t = translate(language);
  if (pair.status !== 'open')
    return form(
      context,
      html`<p class="hint">${t('duplicates.reopen-hint')}</p>${button({ id: 'reopen', value: 'reopen', label: t('duplicates.reopen'), look: 'other' })}`,
    );
  const ends = [
    [pair.low, pair.high],
    [pair.high, pair.low],
  ] as const;
  // Who may not know an app does not decide about it, nor lead people to it.
  const decidable = ends.filter(([one]) => one.name !== undefined);
  return html`<h2>${t('duplicates.same')}</h2><p>${t('duplicates.same-hint')}</p>
<p class="choices">${decidable.map(
    ([one, other]) =>
      html`<a class="button other" href="${decisionLink(one.ref, other.name === undefined ? undefined : other.ref)}"><span>${t('duplicates.decide-about', { name: nameOf(language, one) })}</span></a> `,
  )}</p>
<h2>${t('duplicates.not-same')}</h2>
${form(context, [
  field({
    name: 'reason',
    label: t('duplicates.reason'),
    hint: t('duplicates.reason-hint'),
    autocomplete: 'off',
    maxlength: 300,
    problems: sayProblems(language, context.problems, sayings),
  }),
  button({ id: 'dismiss', value: 'dismiss', label: t('duplicates.dismiss'), look: 'other' }),
])}`;
}

function decisionLink(ref: string, successor: string | undefined): string {
  const led = successor === undefined ? '' : `&successor=${encodeURIComponent(successor)}`;
  return `/console/decisions/new?app=${encodeURIComponent(ref)}${led}`;
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
        ...{ value: ({ ref }) => ref, name: (side) => `${nameOf(language, side)}, ${side.agency}` },
      },
      {
        caption: family.name,
        hook: { name: 'data-member', value: ({ ref }) => ref },
        columns: [
          { head: t('duplicates.name'), kind: 'main', cell: (side) => nameLink(language, side) },
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

const one: PairSide = {
  ref: 'client:puskesmas-online',
  name: 'Puskesmas Online',
  agency: 'Dinas Kesehatan',
  host: 'puskesmas.contoh.go.id',
  state: 'live',
  link: '/console/apps/puskesmas-online',
};
const other: PairSide = {
  ref: 'inventory:abcdefghij',
  name: 'Antrean Puskesmas',
  agency: 'Kementerian Kesehatan',
  host: undefined,
  state: 'unconnected',
  link: undefined,
};
const hidden: PairSide = { ...other, ref: 'hidden:kXv3nQ8pLr2tYw6uZa1bCd', name: undefined, state: 'draft' };
const hostile: PairSide = {
  ...{ ref: hostileText, name: hostileText, agency: hostileText, host: hostileText, state: 'live' },
  link: hostileText,
};
const samplePair: ShownPair = {
  ...{ low: one, high: other, score: 0.91, isStrong: true, status: 'open' },
  reasons: [
    { code: 'name', value: 92 },
    { code: 'host', value: 2, what: 'puskesmas.contoh.go.id' },
    { code: 'claims', value: 4 },
  ],
};
const hostilePair: ShownPair = {
  ...samplePair,
  ...{ low: hostile, high: { ...hostile, ref: `${hostileText}2` } },
  reasons: [{ code: 'service-code', value: 2, what: hostileText }],
};
const details: SideDetails = {
  description: 'Mengambil nomor antrean dari rumah.',
  sectors: ['Kesehatan'],
  audience: ['citizens', 'officials'],
  serviceCode: 'RAL.04.01',
  claims: ['name', 'birthdate'],
  users: '12.000',
  yearlyCost: 'Rp 350.000.000',
  technology: 'PHP, MySQL',
};
const hostileDetails: SideDetails = {
  ...details,
  ...{ description: hostileText, sectors: [hostileText], serviceCode: hostileText, claims: [hostileText] },
  technology: hostileText,
};
const frame: ConsoleFrame = { ...sampleConsoleFrame, section: 'duplicates' };
const list: DuplicatesContext = {
  ...frame,
  pairs: [samplePair, { ...samplePair, high: hidden, score: 0.61, isStrong: false }],
  families: [
    { words: 'pegawai', name: 'SIMPEG', apps: 514 },
    { words: 'kinerja', name: 'e-Kinerja', apps: 61 },
  ],
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
  hostile: { ...list, pairs: [hostilePair], families: [{ words: hostileText, name: hostileText, apps: 9 }] },
};

const pairContext: PairContext = {
  ...{ ...frame, pair: samplePair, details: { low: details, high: undefined }, decided: undefined },
  mayDecide: true,
};

export const pairSamples: Record<string, PairContext> = {
  first: pairContext,
  problem: { ...pairContext, problems: [{ kind: 'reason-missing' }] },
  dismissed: {
    ...pairContext,
    pair: { ...samplePair, status: 'dismissed' },
    decided: {
      who: 'Putri Ayu',
      at: new Date('2026-11-20T03:00:00Z'),
      note: 'Yang satu untuk pasien, yang satu untuk dokter.',
    },
    notice: { tone: 'done', text: 'Dicatat.' },
  },
  hostile: {
    ...pairContext,
    pair: { ...hostilePair, status: 'settled' },
    details: { low: hostileDetails, high: hostileDetails },
    decided: { who: hostileText, at: new Date('2026-11-20T03:00:00Z'), note: hostileText },
  },
};

export const familiesSamples: Record<string, FamiliesContext> = {
  first: { ...frame, families: list.families, pages: { next: '/console/duplicates/families?after=x' } },
  empty: { ...frame, families: [], pages: {} },
  hostile: { ...frame, families: [{ words: hostileText, name: hostileText, apps: 9 }], pages: {} },
};

const familyContext: FamilyContext = {
  ...frame,
  family: { words: 'pegawai', name: 'SIMPEG', apps: 514 },
  members: [one, other, hidden],
  picks: { isAll: false, links: { all: '?pick=all', none: '?' } },
  pages: { next: '/console/duplicates/families?name=pegawai&after=x' },
};

export const familySamples: Record<string, FamilyContext> = {
  first: familyContext,
  all: { ...familyContext, picks: { links: { all: '?pick=all', none: '?' }, isAll: true } },
  hostile: { ...familyContext, family: { words: hostileText, name: hostileText, apps: 9 }, members: [hostile] },
};
