/** Lists as files for spreadsheets (RFC 4180), sent row by row, so that 27,000 of them cost no memory. */
import { pipeline, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { stringify } from 'csv-stringify';
import type { Context } from 'koa';
import { begun } from './begun.ts';

/** How many rows are read at a time. */
export const CSV_BATCH = 500;

/**
 * Answers with a file. The rows are read while it is sent, when the request's own transaction is over. A cell that a
 * spreadsheet would take for a formula is made a text.
 */
export async function sendCsv(
  ctx: Context,
  name: string,
  columns: readonly string[],
  rows: AsyncIterable<readonly unknown[]>,
): Promise<void> {
  const readable = Readable.from(await begun(rows));
  ctx.attachment(`${name}.csv`);
  ctx.type = 'text/csv; charset=utf-8';
  ctx.set('Cache-Control', 'no-store');
  const sheet = newSheet(columns);
  // What goes wrong on the way ends the answer, and koa says so in the log.
  pipeline(readable, sheet, () => undefined);
  ctx.body = sheet;
}

/** The whole of a file that is kept: of rows that are few enough. */
export function csvText(columns: readonly string[], rows: readonly (readonly unknown[])[]): Promise<string> {
  return text(Readable.from(rows).pipe(newSheet(columns)));
}

function newSheet(columns: readonly string[]) {
  return stringify({ header: true, columns: [...columns], escape_formulas: true, record_delimiter: 'windows' });
}
