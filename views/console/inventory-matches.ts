import { type Html, html } from '../html.ts';
import { formatList, formatPercentage, type Language, translate } from '../locale.ts';
import { button, form, hidden } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { recordLink } from './inventory.ts';
import { crumbs } from './parts/crumbs.ts';
import { type Pages, pager } from './parts/pager.ts';
import { type AppState, stateDot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** What speaks for a match. */
const matchReasons = ['host', 'domain', 'name', 'name-en', 'agency', 'tree'] as const;
export type MatchReason = (typeof matchReasons)[number];

/** A record and a connected app that may be the same. */
export type ShownMatch = {
  recordId: string;
  recordName: string;
  clientId: string;
  clientName: string;
  clientAgency: string;
  state: AppState;
  /** From 0 to 100. */
  score: number;
  reasons: readonly MatchReason[];
  /** Whether the person may say that they are the same, or are not. */
  mayDecide: boolean;
  /** Whoever says that the two are one looks after both. */
  mayConfirm: boolean;
};

/** What speaks for a match, in words. */
function sayReasons(language: Language, reasons: readonly MatchReason[]): string {
  const t = translate(language);
  return formatList(
    language,
    reasons.map((reason) => t(`inventory.match-${reason}`)),
  );
}

/** How alike, and why. */
export function likeness(language: Language, { score, reasons }: Pick<ShownMatch, 'score' | 'reasons'>): Html {
  return html`${formatPercentage(language, score)} <small>${sayReasons(language, reasons)}</small>`;
}

/** The two answers to a match, in a form of their own. Posts `action` = `confirm` or `refuse`, with `record` and `client`. */
export function matchAnswers(frame: ConsoleFrame, match: ShownMatch, action: `/${string}`): Html | false {
  const t = translate(frame.language);
  const id = `${match.recordId}-${match.clientId}`;
  return (
    match.mayDecide &&
    form(
      frame,
      html`${hidden('record', match.recordId)}${hidden('client', match.clientId)}<p class="choices">
${match.mayConfirm && button({ value: 'confirm', label: t('inventory.match-confirm'), look: 'other', hook: 'confirm-match', describedBy: id })}
${button({ value: 'refuse', label: t('inventory.match-refuse'), look: 'quiet', hook: 'refuse-match', describedBy: id })}</p>`,
      action,
    )
  );
}

export type MatchesContext = ConsoleFrame & {
  matches: readonly ShownMatch[];
  /** How many of those shown are as good as certain, and of one agency. */
  sure: readonly { recordId: string; clientId: string }[];
  pages: Pages;
  notice?: Notice | undefined;
};

/** `GET /console/inventory/matches`. Posts the answers to one match, or `confirm-sure` with `app` = `record client` for each. */
export function matchesPage(context: MatchesContext): Html {
  const { language, sure } = context;
  const t = translate(language);
  const together =
    sure.length > 0 &&
    form(
      context,
      html`${sure.map(({ recordId, clientId }) => hidden('app', `${recordId} ${clientId}`))}
<p class="hint">${t('inventory.match-sure-hint')}</p>
${button({ id: 'confirm-sure', value: 'confirm-sure', label: t('inventory.match-sure', { count: sure.length }), look: 'main' })}`,
    );
  return consolePage(context, {
    title: t('inventory.matches'),
    intro: t('inventory.matches-intro'),
    notice: context.notice,
    lead: crumbs(language, [{ link: '/console/inventory', label: t('console.inventory') }]),
    content: html`${together}${
      context.matches.length > 0
        ? matchTable(context)
        : html`<p class="empty" id="none-waiting">${t('inventory.no-matches')}</p>`
    }${pager(language, context.pages)}`,
  });
}

function matchTable(context: MatchesContext): Html {
  const { language } = context;
  const t = translate(language);
  return table<ShownMatch>({
    caption: t('inventory.matches'),
    hook: { name: 'data-match', value: ({ recordId, clientId }) => `${recordId} ${clientId}` },
    columns: [
      {
        head: t('inventory.match-record'),
        kind: 'main',
        cell: ({ recordId, clientId, recordName }) =>
          html`<a id="${recordId}-${clientId}" href="${recordLink(recordId)}">${recordName}</a>`,
      },
      {
        head: t('inventory.match-client'),
        cell: ({ clientId, clientName, clientAgency }) =>
          html`<a class="calm" href="/console/apps/${encodeURIComponent(clientId)}">${clientName}</a> <small>${clientAgency}</small>`,
      },
      { head: t('console.state'), kind: 'short', cell: ({ state }) => stateDot(language, state) },
      { head: t('inventory.match-score'), cell: (match) => likeness(language, match) },
      {
        head: t('inventory.match-answer'),
        kind: 'end',
        cell: (match) => matchAnswers(context, match, '/console/inventory/matches') || '–',
      },
    ],
    rows: context.matches,
  });
}

/** Two matches that the samples of pages share. */
export const sampleMatches: readonly ShownMatch[] = [
  {
    ...{ recordId: 'a1b2c3d4e5', recordName: 'Puskesmas Daring', clientId: 'puskesmas-online' },
    ...{ clientName: 'Puskesmas Online', clientAgency: 'Dinas Kesehatan', state: 'live', score: 94 },
    ...{ reasons: ['host', 'name', 'agency'], mayDecide: true, mayConfirm: true },
  },
  {
    ...{ recordId: 'f6g7h8i9j0', recordName: 'Pajak Kendaraan', clientId: 'pajak-daerah' },
    ...{ clientName: 'Pajak Daerah', clientAgency: 'Badan Pendapatan Daerah', state: 'sandbox', score: 61 },
    ...{ reasons: ['name-en', 'tree', 'domain'], mayDecide: true, mayConfirm: false },
  },
];

const full: MatchesContext = {
  ...sampleConsoleFrame,
  section: 'inventory',
  matches: sampleMatches,
  sure: [{ recordId: 'a1b2c3d4e5', clientId: 'puskesmas-online' }],
  pages: { next: '/console/inventory/matches?after=WyJ' },
};

export const matchesSamples: Record<string, MatchesContext> = {
  full,
  none: { ...full, matches: [], sure: [], pages: {}, notice: { tone: 'done', text: '12 pasangan dikonfirmasi.' } },
  hostile: {
    ...full,
    matches: sampleMatches.map((match) => ({
      ...match,
      ...{ recordName: hostileText, clientName: hostileText, clientAgency: hostileText },
    })),
  },
};
