/**
 * Figures as thin lines, each named where it ends, with the table of the same figures beside it.
 *
 * Lines differ in their dashes as well as in their colours. A chart loads `chart.css`. Its words are as wide as on a phone, and
 * grow with it.
 */
import { type Content, type Html, html } from '../html.ts';
import { formatDay, formatMonth, formatNumber, type Language, translate } from '../locale.ts';

/** How one figure went, a value for each of the chart's days; where there is none, the line has a gap. */
export type Line = { name: string; values: readonly (number | undefined)[] };

export type LineChartParts = {
  /** Names the page's charts apart: the beginning of every id in it. */
  id: string;
  caption: string;
  days: readonly Date[];
  /** Each of the days stands for its month. */
  areMonths?: boolean;
  lines: readonly Line[];
};

/** One thing and how much of it there is; each part is of the one before (known, of these connected, of these live). */
export type Bar = { name: string; parts: readonly number[] };

export type BarChartParts = {
  id: string;
  caption: string;
  /** What the parts of every bar are called. */
  parts: readonly string[];
  bars: readonly Bar[];
};

const WIDTH = 420;
const HEIGHT = 220;
const PLOT = { left: 8, right: 292, top: 18, bottom: 188 };
/** How far apart the names of two lines stand at least. */
const NAME_HEIGHT = 34;

/** Up to four figures over time; the table comes after it, folded. */
export function lineChart(language: Language, chart: LineChartParts): Html {
  const { id, caption, days, lines } = chart;
  const sayDay = chart.areMonths ? formatMonth : formatDay;
  const top = niceTop(lines.flatMap(({ values }) => values.filter((value) => value !== undefined)));
  const x = (index: number) =>
    days.length < 2 ? PLOT.right : PLOT.left + (index / (days.length - 1)) * (PLOT.right - PLOT.left);
  const y = (value: number) => PLOT.bottom - (value / top) * (PLOT.bottom - PLOT.top);
  const [first, last] = [days[0], days.at(-1)];
  return figure(
    { id, caption },
    html`<svg class="chart-lines" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-caption">
${grid(language, top, y)}
${lines.map((line, index) => path(line, index, x, y))}
${names(language, lines, y)}
${first && html`<text class="chart-day" x="${PLOT.left}" y="${HEIGHT - 8}">${sayDay(language, first, 'UTC')}</text>`}${last && days.length > 1 && html`<text class="chart-day chart-end" x="${PLOT.right}" y="${HEIGHT - 8}">${sayDay(language, last, 'UTC')}</text>`}
</svg>`,
    html`<details><summary>${translate(language)('chart.figures')}</summary>${lineTable(language, chart)}</details>`,
  );
}

function figure({ id, caption }: { id: string; caption: string }, drawing: Html, beside: Html): Html {
  return html`<figure class="chart" id="${id}"><figcaption id="${id}-caption">${caption}</figcaption>
${drawing}
${beside}</figure>`;
}

/** Three thin rules with what they stand for. */
function grid(language: Language, top: number, y: (value: number) => number): Html[] {
  return [0, top / 2, top].map((value) => {
    const at = round(y(value));
    return html`<path class="chart-rule" d="M${PLOT.left} ${at}H${PLOT.right}"/>${value > 0 && html`<text class="chart-rule-name" x="${PLOT.left}" y="${at - 4}">${formatNumber(language, value)}</text>`}`;
  });
}

function path({ values }: Line, index: number, x: (index: number) => number, y: (value: number) => number): Html {
  let steps = '';
  let isDrawing = false;
  for (const [at, value] of values.entries()) {
    if (value !== undefined) steps += `${isDrawing ? 'L' : 'M'}${round(x(at))} ${round(y(value))}`;
    isDrawing = value !== undefined;
  }
  const lastAt = values.findLastIndex((value) => value !== undefined);
  const lastValue = values[lastAt];
  return html`<path class="chart-line chart-line-${index}" d="${steps}"/>${lastValue !== undefined && html`<circle class="chart-point chart-line-${index}" cx="${round(x(lastAt))}" cy="${round(y(lastValue))}" r="3"/>`}`;
}

/** Each line's name and last value at its end, pushed apart where they would meet. */
function names(language: Language, lines: readonly Line[], y: (value: number) => number): Html[] {
  const placed = lines
    .map((line, index) => ({ ...line, index, last: line.values.findLast((value) => value !== undefined) }))
    .filter(({ last }) => last !== undefined)
    .sort((one, other) => (other.last ?? 0) - (one.last ?? 0))
    .map((line) => ({ ...line, at: y(line.last ?? 0) }));
  const tops = spread(placed.map(({ at }) => at));
  return placed.map(
    ({ name, index, last = 0 }, place) =>
      html`<text class="chart-name" x="${PLOT.right + 10}" y="${round(tops[place] ?? 0)}"><tspan class="chart-name-${index}">${name}</tspan><tspan class="chart-value" x="${PLOT.right + 10}" dy="15">${formatNumber(language, last)}</tspan></text>`,
  );
}

/** Places from top to bottom, at least {@link NAME_HEIGHT} apart and within the drawing. */
function spread(wanted: readonly number[]): number[] {
  const places: number[] = [];
  for (const [index, place] of wanted.entries())
    places.push(index === 0 ? Math.max(place, 14) : Math.max(place, (places[index - 1] ?? 0) + NAME_HEIGHT));
  const below = Math.max(0, (places.at(-1) ?? 0) + 16 - HEIGHT);
  return places.map((place, index) => Math.max(14 + index * NAME_HEIGHT, place - below));
}

/** The newest first. */
function lineTable(language: Language, { id, caption, days, lines, areMonths = false }: LineChartParts): Html {
  const rows = days.map((day, index) => ({ day, index })).reverse();
  return figures(language, {
    id,
    caption,
    heads: [translate(language)(areMonths ? 'chart.month' : 'chart.day'), ...lines.map(({ name }) => name)],
    rows: rows.map(({ day, index }) => ({
      name: (areMonths ? formatMonth : formatDay)(language, day, 'UTC'),
      values: lines.map(({ values }) => values[index]),
    })),
  });
}

/** A row of figures under the name of what they are about; where one is not told, a dash stands. */
export type FigureRow = { name: Content; values: readonly (number | undefined)[] };

export type FiguresParts = {
  id: string;
  caption: string;
  /** The first is over the names. */
  heads: readonly string[];
  rows: readonly FigureRow[];
  /** What stands in place of a figure that is not told. */
  untold?: Content;
};

/** A table of figures, which one moves sideways where it is too wide. */
export function figures(language: Language, { id, caption, heads, rows, untold = '–' }: FiguresParts): Html {
  const head = heads.map((name, index) => html`<th scope="col"${index > 0 && html` class="figure"`}>${name}</th>`);
  const body = rows.map(
    ({ name, values }) =>
      html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td class="figure">${value === undefined ? untold : formatNumber(language, value)}</td>`)}</tr>\n`,
  );
  return html`<div class="figures" role="region" tabindex="0" aria-labelledby="${id}-figures"><table><caption id="${id}-figures" class="chart-unseen">${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>${body}</tbody></table></div>`;
}

const BAR_HEIGHT = 42;
const BAR_RIGHT = WIDTH - 8;

/** Things side by side, each as one bar within the other; the longest is as wide as the drawing. The table is the caller's. */
export function barChart(language: Language, { id, caption, parts, bars }: BarChartParts): Html {
  const most = Math.max(1, ...bars.flatMap((bar) => bar.parts));
  const height = bars.length * BAR_HEIGHT + 4;
  const width = (value: number) => round((value / most) * (BAR_RIGHT - PLOT.left));
  const drawn = bars.map((bar, row) => {
    const top = row * BAR_HEIGHT;
    const said = bar.parts.map((value) => formatNumber(language, value)).join(' · ');
    return html`<text class="chart-bar-name" x="${PLOT.left}" y="${top + 18}">${bar.name}</text><text class="chart-value chart-end" x="${BAR_RIGHT}" y="${top + 18}">${said}</text>
${bar.parts.map((value, part) => html`<rect class="chart-bar chart-bar-${part}" x="${PLOT.left}" y="${top + 26 + part}" width="${width(value)}" height="${Math.max(2, 8 - 2 * part)}"/>`)}`;
  });
  const key = parts.map((name, part) => html`<li class="chart-key-${part}">${name}</li>`);
  return figure(
    { id, caption },
    html`<ul class="chart-key">${key}</ul><svg class="chart-bars" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-caption">
${drawn}</svg>`,
    html``,
  );
}

/** The least round number that is not below any of them, with a round half. */
function niceTop(values: readonly number[]): number {
  const most = Math.max(2, ...values);
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((top) => top >= most) ?? most;
}

const round = (number: number): number => Math.round(number * 10) / 10;
