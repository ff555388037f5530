/** Files that somebody could send instead of a list of apps: each is refused as a whole, or row by row, and nothing breaks. */

/** A file, and what becomes of it. */
export interface HostileFile {
  readonly what: string;
  readonly content: Buffer;
  /** The code by which the whole file is refused, or each of its bad rows. */
  readonly refusedBy: string;
  /** How many rows are right nevertheless. */
  readonly fit: number;
}

const head = 'key,name,host,description,users\n';
const good = 'A-1,Baik,baik.contoh.go.id,Uraian,12\n';

const file = (what: string, content: string | Buffer, refusedBy: string, fit = 0): HostileFile => ({
  ...{ what, refusedBy, fit },
  content: Buffer.from(content as string),
});

export const hostileFiles: readonly HostileFile[] = [
  file('nothing', '', 'file_empty'),
  file('its first row alone', head, 'file_empty'),
  file('a NUL', `${head}A-2,Buruk\0,b.contoh.go.id,,\n${good}`, 'text_unfit', 1),
  file('UTF-16', Buffer.from(`\ufeff${head}${good}`, 'utf16le'), 'file_not_text'),
  file('Latin-1', Buffer.from(`${head}A-2,Caf\u00e9,b.contoh.go.id,,\n`, 'latin1'), 'file_not_text'),
  file('a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'file_not_text'),
  file('a zip, as a spreadsheet is', Buffer.from('504b0304140006000800000021', 'hex'), 'file_not_text'),
  file('a quotation mark that is never closed', `${head}A-2,"Buruk,b.contoh.go.id,,\n${good}`.repeat(3), 'file_broken'),
  file('a field of a megabyte', `${head}A-2,${'x'.repeat(1_000_000)},b.contoh.go.id,,\n`, 'file_broken'),
  file('a million commas', `${head}A-2${','.repeat(1_000_000)}\n`, 'row_uneven'),
  file('a column that nobody knows', `key,name,__proto__\nA-2,Buruk,1\n`, 'column_unknown'),
  file('a column twice', `key,name,name\nA-2,Buruk,Buruk\n`, 'column_twice'),
  file('no column of keys', `name\nBuruk\n`, 'column_missing'),
  file('a field too long', `${head}A-2,${'x'.repeat(201)},b.contoh.go.id,,\n${good}`, 'too_long', 1),
  file('text that turns around', `${head}A-2,Si\u202empus,b.contoh.go.id,,\n${good}`, 'text_unfit', 1),
  file('a host that is an address', `${head}A-2,Buruk,javascript:alert(1),,\n${good}`, 'host_unfit', 1),
  file('a number without end', `${head}A-2,Buruk,b.contoh.go.id,,${'9'.repeat(400)}\n${good}`, 'number_unfit', 1),
  file('a row too short', `${head}A-2,Buruk\n${good}`, 'row_uneven', 1),
  file('the same key twice', `${head}${good}${good}`, 'key_twice', 1),
  file('an agency of somebody else', `agency,${head}dinas-kesehatan,${good},${good}`, 'agency_elsewhere', 1),
];

/** What a spreadsheet would take for a formula, were it written as it is. */
export const formulas: readonly string[] = [
  ...['=cmd|calc', '+1+cmd', '-2+3', '@SUM(1)', '=HYPERLINK("https://x.id")', '\t=1', "'=1"],
];
