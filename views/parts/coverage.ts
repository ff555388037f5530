/** Figures of how far the country has come, as the public page and the console show them alike. */
import { type Content, type Html, html, safeAddress } from '../html.ts';
import { formatNumber, type Language, translate } from '../locale.ts';
import { barChart, figures, lineChart } from './chart.ts';

/** The figures of a group; what may not be told of people is undefined. */
export type ShownFigures = {
  known: number;
  connected: number;
  live: number;
  retired: number;
  /** How many a decision holds for. */
  decided: number;
  pairsFound: number;
  pairsSettled: number;
  notBuilt: number;
  signIns: number | undefined;
  people: number | undefined;
};

/** A sector or an agency with its figures. */
export type ShownGroup = { id: string; name: string; link?: string | undefined; figures: ShownFigures };

/** A group on one day. */
export type ShownDay = { day: Date; figures: ShownFigures };

/** The figures that say most, large. */
export function tally(language: Language, shown: ShownFigures): Html {
  const t = translate(language);
  const all: [string, number | undefined, Content?][] = [
    [t('coverage.known'), shown.known],
    [t('coverage.connected'), shown.connected, shareOf(language, shown.connected, shown.known)],
    [t('coverage.live'), shown.live, shareOf(language, shown.live, shown.known)],
    [t('coverage.retired'), shown.retired],
    [
      t('coverage.pairs'),
      shown.pairsFound,
      shown.pairsFound > 0 && t('coverage.settled', { count: formatNumber(language, shown.pairsSettled) }),
    ],
    [t('coverage.not-built'), shown.notBuilt],
    [t('coverage.people'), shown.people],
    [t('coverage.sign-ins'), shown.signIns, t('coverage.thirty-days')],
  ];
  return html`<dl class="tally">${all.map(
    ([name, value, more]) =>
      html`<div><dt>${name}</dt><dd>${value === undefined ? untold(language) : formatNumber(language, value)}${more && html` <small>${more}</small>`}</dd></div>`,
  )}</dl>`;
}

function shareOf(language: Language, part: number, whole: number): Content {
  return whole > 0 && translate(language)('coverage.share', { percent: Math.floor((100 * part) / whole) });
}

/** A dash that says why there is no figure. */
function untold(language: Language): Html {
  return html`–<span class="chart-unseen"> ${translate(language)('coverage.untold')}</span>`;
}

/** How it went, week by week; nothing before there are two of them. */
export function coverageTrend(language: Language, days: readonly ShownDay[]): Html | false {
  const t = translate(language);
  const line = (name: string, of: (shown: ShownFigures) => number) => ({
    name,
    values: days.map((each) => of(each.figures)),
  });
  return (
    days.length > 1 &&
    lineChart(language, {
      id: 'trend',
      caption: t('coverage.trend'),
      days: days.map(({ day }) => day),
      lines: [
        line(t('coverage.known'), ({ known }) => known),
        line(t('coverage.connected'), ({ connected }) => connected),
        line(t('coverage.live'), ({ live }) => live),
        line(t('coverage.retired'), ({ retired }) => retired),
      ],
    })
  );
}

/** So many bars are still one picture. */
const MOST_BARS = 12;

/** Groups side by side: drawn, the largest first, and as a table. */
export function coverageGroups(
  language: Language,
  { id, caption, groups }: { id: string; caption: string; groups: readonly ShownGroup[] },
): Html {
  const t = translate(language);
  const largest = groups
    .filter(({ figures: { known } }) => known > 0)
    .sort((one, other) => other.figures.known - one.figures.known)
    .slice(0, MOST_BARS);
  return html`${
    largest.length > 1 &&
    barChart(language, {
      id,
      caption,
      parts: [t('coverage.known'), t('coverage.connected'), t('coverage.live')],
      bars: largest.map(({ name, figures: { known, connected, live } }) => ({ name, parts: [known, connected, live] })),
    })
  }
${coverageTable(language, { id, caption, groups })}`;
}

/** The table of groups. */
export function coverageTable(
  language: Language,
  { id, caption, groups }: { id: string; caption: string; groups: readonly ShownGroup[] },
): Html {
  const t = translate(language);
  return figures(language, {
    id,
    caption,
    untold: untold(language),
    heads: [
      t('coverage.group'),
      t('coverage.known'),
      t('coverage.connected'),
      t('coverage.live'),
      t('coverage.retired'),
      t('coverage.pairs'),
      t('coverage.pairs-settled'),
      t('coverage.not-built'),
      t('coverage.people'),
      t('coverage.sign-ins'),
    ],
    rows: groups.map(({ name, link, figures: shown }) => ({
      name: link ? html`<a href="${safeAddress(link)}">${name}</a>` : name,
      values: [
        ...[shown.known, shown.connected, shown.live, shown.retired, shown.pairsFound, shown.pairsSettled],
        ...[shown.notBuilt, shown.people, shown.signIns],
      ],
    })),
  });
}

export const sampleFigures: ShownFigures = {
  known: 27_012,
  connected: 1204,
  live: 911,
  retired: 318,
  decided: 9120,
  pairsFound: 4120,
  pairsSettled: 1033,
  notBuilt: 77,
  signIns: 48_211_903,
  people: 61_204_110,
};

/** What nothing may be told of. */
export const sampleSmall: ShownFigures = {
  ...{ known: 3, connected: 1, live: 1, retired: 0, decided: 0, pairsFound: 0, pairsSettled: 0, notBuilt: 0 },
  ...{ signIns: undefined, people: undefined },
};

export const sampleDays: readonly ShownDay[] = Array.from({ length: 12 }, (_, week) => ({
  day: new Date(Date.UTC(2026, 8, 10 + 7 * week)),
  figures: {
    ...sampleFigures,
    known: 26_400 + 51 * week,
    connected: 300 + 82 * week,
    live: 120 + 72 * week,
    retired: 20 + 27 * week,
  },
}));
