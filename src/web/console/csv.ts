/** Lists as files for spreadsheets, sent row by row, so that 27,000 of them cost no memory. */
import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import type { Context } from 'koa';
import type { Found } from '#src/registry/search.ts';

/** How many rows are read at a time. */
export const CSV_BATCH = 500;

/**
 * Answers with a file. The rows are read while it is sent, a page at a time, when the request's own transaction is over;
 * `next` is given the last row of the page before.
 *
 * A cell that a spreadsheet would take for a formula is made a text.
 */
export function sendCsv<Line>(
  ctx: Context,
  name: string,
  {
    columns,
    next,
  }: {
    readonly columns: Readonly<Record<string, (line: Line) => string | undefined>>;
    readonly next: (last: Line | undefined) => Promise<Found<Line>>;
  },
): void {
  ctx.attachment(`${name}.csv`);
  ctx.type = 'text/csv; charset=utf-8';
  ctx.set('Cache-Control', 'no-store');
  const rows = Readable.from(rowsOf(Object.values(columns), next));
  const sheet = stringify({
    header: true,
    columns: Object.keys(columns),
    escape_formulas: true,
    record_delimiter: 'windows',
  });
  rows.on('error', (error) => sheet.destroy(error));
  ctx.body = rows.pipe(sheet);
}

async function* rowsOf<Line>(
  cells: readonly ((line: Line) => string | undefined)[],
  next: (last: Line | undefined) => Promise<Found<Line>>,
): AsyncGenerator<(string | undefined)[]> {
  let last: Line | undefined;
  for (;;) {
    const { lines, hasMore } = await next(last);
    for (const line of lines) yield cells.map((cell) => cell(line));
    last = lines.at(-1);
    if (!hasMore || last === undefined) return;
  }
}
