/**
 * Many rows at once, by PostgreSQL's COPY: what loads a sandbox with millions of people.
 *
 * The form is its "Text Format" (https://www.postgresql.org/docs/current/sql-copy.html): a line for each row, columns
 * apart by tabs, `\N` for null.
 */

/** A value of a column, as it would be given to a prepared statement. Undefined is null. */
export type ColumnValue = string | number | boolean | Date | Buffer | readonly string[] | null | undefined;

/** The values of one row, in the order of its statement's columns. */
export type Row = readonly ColumnValue[];

/** So many characters are handed on at once. */
const CHUNK = 65_536;

/** Rows as text for `copy … from stdin`, in pieces, made only as fast as they are taken. */
export function* toCopyText(rows: Iterable<Row>): Generator<string> {
  let text = '';
  for (const row of rows) {
    text += `${row.map(toField).join('\t')}\n`;
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  if (text) yield text;
}

function toField(value: ColumnValue): string {
  if (value === null || value === undefined) return '\\N';
  if (typeof value === 'string') return escapeField(value);
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `\\\\x${value.toString('hex')}`;
  return escapeField(toArrayText(value));
}

/** An array of texts as PostgreSQL writes one: every element quoted, so that `null`, commas and braces are text. */
function toArrayText(elements: readonly string[]): string {
  return `{${elements.map((element) => `"${element.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeField(text: string): string {
  return text.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character);
}
