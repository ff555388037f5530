/** Charts say in words and in a table what their lines show. */
import { expect, test } from 'vitest';
import { barChart, figures, type Line, lineChart } from '#views/parts/chart.ts';
import { hostileText } from '#views/samples.ts';

const day = (number: number) => new Date(Date.UTC(2026, 10, number));
const chart = (lines: readonly Line[], days = [day(1), day(2), day(3)]) =>
  String(lineChart('id', { id: 'trend', caption: 'Aplikasi', days, lines }));

test('every line is named where it ends, with its last value, and the table has all of them', () => {
  const markup = chart([
    { name: 'Dikenal', values: [26_900, 27_000, 27_012] },
    { name: 'Aktif', values: [10, 20, 31] },
  ]);
  expect(markup).toContain('>Dikenal</tspan>');
  expect(markup).toContain('>27.012</tspan>');
  expect(markup).toContain('>31</tspan>');
  const rows = [...markup.matchAll(/<tr><th scope="row">([^<]+)<\/th>(.*?)<\/tr>/g)];
  expect(rows.map(([, name]) => name)).toEqual(['3 November 2026', '2 November 2026', '1 November 2026']);
  expect(rows[0]?.[2]).toContain('27.012');
});

test('names of lines that end together stand apart and within the drawing', () => {
  for (const last of [
    [0, 0, 0, 0],
    [5, 5, 5, 5],
    [100, 99, 98, 0],
    [7, 0, 0, 0],
  ]) {
    const markup = chart(
      last.map((value, index) => ({ name: `garis ${index}`, values: [value] })),
      [day(1)],
    );
    const tops = [...markup.matchAll(/class="chart-name"[^>]* y="([\d.]+)"/g)].map((match) => Number(match[1]));
    expect(tops).toHaveLength(4);
    for (const [index, top] of tops.entries()) {
      expect(top).toBeGreaterThanOrEqual(10);
      expect(top + 15).toBeLessThanOrEqual(220);
      if (index > 0) expect(top - (tops[index - 1] ?? 0)).toBeGreaterThanOrEqual(30);
    }
  }
});

test('a day without a value is a gap and a dash, never a zero', () => {
  const markup = chart([{ name: 'Orang', values: [10, undefined, 30] }]);
  expect(markup.match(/class="chart-line chart-line-0" d="([^"]*)"/)?.[1]?.match(/M/g)).toHaveLength(2);
  expect(markup).toContain('<td class="figure">–</td>');
  expect(chart([{ name: 'Orang', values: [undefined, undefined, undefined] }])).not.toMatch(/NaN|undefined|Infinity/);
});

test('a chart of nothing, of one day and of hostile names is still a drawing', () => {
  for (const markup of [
    chart([], []),
    chart([{ name: hostileText, values: [0] }], [day(1)]),
    String(
      barChart('en', {
        id: 'bars',
        caption: hostileText,
        parts: [hostileText],
        bars: [{ name: hostileText, parts: [0] }],
      }),
    ),
    String(figures('en', { id: 'f', caption: 'f', heads: ['a'], rows: [{ name: hostileText, values: [undefined] }] })),
  ])
    expect(markup).not.toMatch(/NaN|undefined|Infinity|<script>|<img| style=/);
});

test('the longest bar is as wide as the drawing, and each part lies within the one before', () => {
  const markup = String(
    barChart('en', {
      id: 'bars',
      caption: 'Apps by sector',
      parts: ['Known', 'Connected', 'Live'],
      bars: [
        { name: 'Health', parts: [2000, 1000, 500] },
        { name: 'Tax', parts: [1000, 10, 0] },
      ],
    }),
  );
  const widths = [...markup.matchAll(/<rect[^>]* width="([\d.]+)"/g)].map((match) => Number(match[1]));
  expect(widths).toEqual([404, 202, 101, 202, 2, 0]);
  expect(markup).toContain('2,000 · 1,000 · 500');
});
