/** Lists as files for spreadsheets (RFC 4180), sent row by row, so that 27,000 of them cost no memory. */
import { pipeline, Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import type { Context } from 'koa';

/** How many rows are read at a time. */
export const CSV_BATCH = 500;

/**
 * Answers with a file. The rows are read while it is sent, when the request's own transaction is over. A cell that a
 * spreadsheet would take for a formula is made a text.
 */
export function sendCsv(
  ctx: Context,
  name: string,
  columns: readonly string[],
  rows: AsyncIterable<readonly unknown[]>,
): void {
  ctx.attachment(`${name}.csv`);
  ctx.type = 'text/csv; charset=utf-8';
  ctx.set('Cache-Control', 'no-store');
  const sheet = stringify({
    header: true,
    columns: [...columns],
    escape_formulas: true,
    record_delimiter: 'windows',
  });
  // What goes wrong on the way ends the answer, and koa says so in the log.
  pipeline(Readable.from(rows), sheet, () => undefined);
  ctx.body = sheet;
}
