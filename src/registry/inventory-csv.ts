/**
 * The inventory as a file of rows (RFC 4180), read as spreadsheets write it: with commas or semicolons, with or without a byte-order
 * mark, numbers with dots or commas, lists and sectors as people write them. What the file leaves out stays as it is; an empty
 * cell means that there is nothing.
 */
import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { MistakeCode, RecordMistake } from './inventory-mistakes.ts';
import { keySchema, type RecordField, recordFields, showGiven } from './inventory-schema.ts';
import { word } from './registration-schema.ts';
import type { Sector } from './sectors.ts';

/** The largest file that is taken, in bytes; 27,000 rows are about a third of it. */
export const MAX_FILE = 32 * 1024 * 1024;
const MAX_ROWS = 100_000;
/** Characters of one row; the texts of a record are at most a tenth of it. */
const MAX_ROW = 60_000;

/** A column that a file may have. */
type Column = 'agency' | 'key' | RecordField;

/** Every column, in the order of an export, with the other names by which it is known. */
export const columnNames: Readonly<Record<Column, readonly string[]>> = {
  agency: ['instansi', 'agency_id', 'kode_instansi'],
  key: ['kunci', 'kode', 'nomor', 'no'],
  name: ['nama', 'nama_aplikasi', 'name#id'],
  name_en: ['nama_en', 'name#en'],
  description: ['uraian', 'deskripsi'],
  description_en: ['uraian_en', 'deskripsi_en', 'description#en'],
  host: ['alamat', 'url', 'situs'],
  sectors: ['sektor', 'sector'],
  audience: ['sasaran', 'pengguna_layanan'],
  service_code: ['kode_layanan', 'kode_spbe'],
  claims: ['data', 'data_pribadi'],
  users: ['pengguna', 'jumlah_pengguna'],
  yearly_cost: ['biaya', 'biaya_tahunan'],
  technology: ['teknologi'],
  contact: ['kontak'],
};

/** What an export says besides, for whoever reads it; a file that is sent back may have them. */
export const toldColumns = ['id', 'agency_name', 'client_id', 'client_state', 'updated_at'] as const;

/** A file that cannot be read at all, or not from one row on. */
export class UnreadableFile extends Error {
  override name = 'UnreadableFile';
  readonly mistake: RecordMistake;
  /** The line of the file, where it is one. */
  readonly row: number;

  constructor(
    code: MistakeCode,
    { row = 1, field = '', given }: { row?: number; field?: string; given?: unknown } = {},
  ) {
    super(code);
    this.row = row;
    this.mistake = { field, code, given: showGiven(field, given) };
  }
}

/** A row as it was read. */
export interface CsvRow {
  /** The line of the file on which it begins. */
  readonly row: number;
  /** The id of its agency; undefined where the file does not say. */
  readonly agencyId: string | undefined;
  readonly key: string;
  /** What it says of each field that the file has; undefined: nothing. */
  readonly said: Readonly<Partial<Record<RecordField, unknown>>>;
  readonly mistakes: readonly RecordMistake[];
}

/**
 * The rows of a file, one after another.
 *
 * @throws {UnreadableFile} before the first row for what is wrong with the whole, later where it cannot be read on
 */
export async function* readInventoryCsv(content: Buffer, sectors: readonly Sector[]): AsyncGenerator<CsvRow> {
  if (!isText(content)) throw new UnreadableFile('file_not_text');
  let wholeTo = 0;
  const parser = parse({
    ...{ bom: true, delimiter: delimiterOf(content), relax_column_count: true, skip_empty_lines: true },
    ...{ skip_records_with_empty_values: true, max_record_size: MAX_ROW, info: true },
    // What comes before a row that cannot be read may never arrive: where that row begins is told by the last one that was whole.
    on_record: (record, { lines }) => {
      wholeTo = lines;
      return record;
    },
  });
  Readable.from(slicesOf(content)).pipe(parser);
  const known = sectorNames(sectors);
  let columns: (Column | undefined)[] | undefined;
  let count = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      if (!columns) {
        columns = readColumns(record);
        continue;
      }
      const row = info.lines - countBreaks(record);
      count += 1;
      if (count > MAX_ROWS) throw new UnreadableFile('file_too_long', { row });
      yield readRow(row, record, columns, known);
    }
  } catch (error) {
    throw error instanceof CsvError ? new UnreadableFile('file_broken', { row: wholeTo + 1 }) : error;
  }
  if (count === 0) throw new UnreadableFile('file_empty');
}

const isText = (content: Buffer) => isUtf8(content) && !content.subarray(0, 4).equals(Buffer.from('PK\x03\x04'));

const countBreaks = (record: readonly string[]) => record.join('').match(/\r\n|\r|\n/g)?.length ?? 0;

function* slicesOf(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += 65_536) yield content.subarray(at, at + 65_536);
}

/** Whichever the first line has most of. */
function delimiterOf(content: Buffer): string {
  const [first = ''] = content
    .subarray(0, 10_000)
    .toString()
    .split(/\r\n|\r|\n/, 1);
  const count = (mark: string) => first.split(mark).length;
  return [',', ';', '\t'].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

function readColumns(header: readonly string[]): (Column | undefined)[] {
  const names = Object.entries(columnNames) as [Column, readonly string[]][];
  const columns = header.map((cell) => {
    const name = tidy(cell).toLowerCase().replaceAll(' ', '_');
    if ((toldColumns as readonly string[]).includes(name)) return undefined;
    const column = names.find(([own, others]) => own === name || others.includes(name))?.[0];
    if (!column) throw new UnreadableFile('column_unknown', { field: showGiven('', cell) ?? '', given: cell });
    return column;
  });
  for (const column of ['key', 'name'] as const)
    if (!columns.includes(column)) throw new UnreadableFile('column_missing', { field: column });
  const twice = columns.find((column, index) => column && columns.indexOf(column) !== index);
  if (twice) throw new UnreadableFile('column_twice', { field: twice });
  return columns;
}

/** One line of plain text; the mark with which an export keeps a spreadsheet from taking it for a formula is taken off. */
export function tidy(cell: string): string {
  return cell
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/^'(?=[=+\-@])/, '');
}

function readRow(
  row: number,
  record: readonly string[],
  columns: readonly (Column | undefined)[],
  sectors: ReadonlyMap<string, string>,
): CsvRow {
  const mistakes: RecordMistake[] = [];
  if (record.length !== columns.length) mistakes.push({ field: '', code: 'row_uneven', given: undefined });
  const cells = new Map(columns.map((column, index) => [column, tidy(record[index] ?? '')]));
  const fail = (field: string, code: MistakeCode, given: unknown) =>
    mistakes.push({ field, code, given: showGiven(field, given) });
  const agency = cells.get('agency') || undefined;
  if (agency !== undefined && !word.safeParse(agency).success) fail('agency', 'agency_unknown', agency);
  const key = cells.get('key') ?? '';
  const { error } = keySchema.safeParse(key);
  if (error) fail('key', key === '' ? 'missing' : key.length > 60 ? 'too_long' : 'text_unfit', key);
  const fields = readFields(cells, sectors);
  return { row, agencyId: agency, key, said: fields.said, mistakes: [...mistakes, ...fields.mistakes] };
}

/** What some cells say, by the names of their fields; a form is read by it too. An empty one says that there is nothing. */
export function readFields(
  cells: ReadonlyMap<string | undefined, string>,
  sectors: ReadonlyMap<string, string>,
): Pick<CsvRow, 'said' | 'mistakes'> {
  const mistakes: RecordMistake[] = [];
  const said: Partial<Record<RecordField, unknown>> = {};
  for (const field of recordFields) {
    const cell = cells.get(field);
    if (cell === undefined) continue;
    const value = cell === '' ? undefined : (readers[field]?.(cell, sectors) ?? cell);
    said[field] = value instanceof Unreadable ? undefined : value;
    if (value instanceof Unreadable) mistakes.push({ field, code: value.code, given: showGiven(field, value.given) });
  }
  return { said, mistakes };
}

/** What a cell has in it that means nothing. */
class Unreadable {
  readonly code: MistakeCode;
  readonly given: string;

  constructor(code: MistakeCode, given: string) {
    this.code = code;
    this.given = given;
  }
}

type Reader = (cell: string, sectors: ReadonlyMap<string, string>) => unknown;

/** How a cell is read where it is not plain text. */
const readers: Partial<Record<RecordField, Reader>> = {
  host: readHost,
  sectors: (cell, sectors) => readList(cell, (name) => sectors.get(name), 'sector_unknown'),
  audience: (cell) => readList(cell, (name) => audienceNames.get(name), 'audience_unknown'),
  claims: (cell) => cell.split(/[\s|;,]+/).filter(Boolean),
  users: readWhole,
  yearly_cost: readWhole,
  service_code: (cell) => cell.toUpperCase(),
};

/** The host of an address, or what was meant to be one. */
function readHost(cell: string): string {
  const address = /^https?:\/\//i.test(cell) ? cell : `http://${cell}`;
  const host = URL.parse(address)?.hostname ?? cell;
  return host.replace(/\.$/, '').toLowerCase();
}

const wholes = [
  /^(\d{1,3}(?:\.\d{3})+)(?:,0{1,2})?$/,
  /^(\d{1,3}(?:,\d{3})+)(?:\.0{1,2})?$/,
  /^(\d+)(?:[.,]0{1,2})?$/,
] as const;

/** A whole number as people write it: `12500`, `12.500`, `12,500`, `Rp 12.500,00`. */
function readWhole(cell: string): number | Unreadable {
  const digits = cell.replace(/^(rp|idr)\.?(?=[\d\s])/i, '').replace(/\s/g, '');
  const [whole] = wholes.flatMap((form) => form.exec(digits)?.[1] ?? []);
  return whole === undefined ? new Unreadable('number_unfit', cell) : Number(whole.replace(/[.,]/g, ''));
}

const audienceNames: ReadonlyMap<string, string> = new Map([
  ...['citizens', 'citizen', 'warga', 'masyarakat', 'publik', 'public'].map((name) => [name, 'citizens'] as const),
  ...['businesses', 'business', 'usaha', 'pelaku usaha', 'badan usaha'].map((name) => [name, 'businesses'] as const),
  ...['officials', 'official', 'asn', 'pegawai', 'aparatur'].map((name) => [name, 'officials'] as const),
]);

/** Ids of sectors by themselves and by their names in both languages. */
export function sectorNames(sectors: readonly Sector[]): ReadonlyMap<string, string> {
  return new Map(
    sectors.flatMap(({ id, name, nameEn }) => [name, nameEn, id].map((one) => [one.toLowerCase(), id] as const)),
  );
}

/** Words with marks between, or with spaces where none of them has any. */
function readList(cell: string, find: (name: string) => string | undefined, code: MistakeCode): string[] | Unreadable {
  const parts = cell
    .toLowerCase()
    .split(/[|;,]/)
    .map((part) => part.trim())
    .filter(Boolean);
  const found: string[] = [];
  for (const part of parts) {
    const whole = find(part);
    for (const name of whole === undefined ? part.split(' ') : [part]) {
      const one = find(name);
      if (one === undefined) return new Unreadable(code, part);
      found.push(one);
    }
  }
  return found;
}
