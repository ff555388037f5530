import { findClaimLabel } from '../claims.ts';
import { type Html, html } from '../html.ts';
import { formatDay, formatList, type MessageKey, translate } from '../locale.ts';
import { button, field, form } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { crumbs } from './parts/crumbs.ts';
import { type LikelyReason, likelyState, reasonsOf } from './parts/likely.ts';
import {
  hostileSampleSide,
  linkToSide,
  nameOfSide,
  otherSampleSide,
  type PairSide,
  sampleSide,
} from './parts/pair-side.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

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

/** Where one decides about a pair. */
export function pairLink(low: string, high: string): `/${string}` {
  return `/console/duplicates/${encodeURIComponent(low)}/${encodeURIComponent(high)}`;
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
    intro: html`${nameOfSide(language, pair.low)} · ${nameOfSide(language, pair.high)}`,
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
    both('duplicates.name', (side) => linkToSide(language, side)),
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
  const [one, other] = [nameOfSide(language, pair.low), nameOfSide(language, pair.high)];
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
      html`<a class="button other" href="${decisionLink(one.ref, other.name === undefined ? undefined : other.ref)}"><span>${t('duplicates.decide-about', { name: nameOfSide(language, one) })}</span></a> `,
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

export const samplePair: ShownPair = {
  ...{ low: sampleSide, high: otherSampleSide, score: 0.91, isStrong: true, status: 'open' },
  reasons: [
    { code: 'name', value: 92 },
    { code: 'host', value: 2, what: 'puskesmas.contoh.go.id' },
    { code: 'claims', value: 4 },
  ],
};
export const hostileSamplePair: ShownPair = {
  ...samplePair,
  ...{ low: hostileSampleSide, high: { ...hostileSampleSide, ref: `${hostileText}2` } },
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
    pair: { ...hostileSamplePair, status: 'settled' },
    details: { low: hostileDetails, high: hostileDetails },
    decided: { who: hostileText, at: new Date('2026-11-20T03:00:00Z'), note: hostileText },
  },
};
