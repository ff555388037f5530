import { describe, expect, it } from 'vitest';
import { type CsvRow, readInventoryCsv, UnreadableFile } from '#src/registry/inventory-csv.ts';
import { recordMistakes } from '#src/registry/inventory-mistakes.ts';
import { inventoryFile } from '#test/support/inventory-file.ts';

const sectors = [
  { id: 'kesehatan', name: 'Kesehatan', nameEn: 'Health' },
  { id: 'bantuan-sosial', name: 'Bantuan sosial', nameEn: 'Social assistance' },
].map((sector, position) => ({ ...sector, isPriority: true, coordinatorId: undefined, position }));

async function read(content: string | Buffer): Promise<CsvRow[]> {
  const rows: CsvRow[] = [];
  for await (const row of readInventoryCsv(Buffer.from(content), sectors)) rows.push(row);
  return rows;
}

const said = async (columns: string, row: string) => (await read(`key,name,${columns}\nA-1,Antrean,${row}\n`))[0]?.said;
const fault = (content: string | Buffer) =>
  read(content).then(
    () => 'none',
    (error: unknown) => (error instanceof UnreadableFile ? `${error.row} ${error.mistake.code}` : String(error)),
  );

describe('a file of the inventory', () => {
  it.each([
    ['commas', 'key,name,users\nA-1,Antrean,5\n'],
    ['semicolons, as spreadsheets here write', 'key;name;users\r\nA-1;Antrean;5\r\n'],
    ['tabs', 'key\tname\tusers\nA-1\tAntrean\t5'],
    ['a byte-order mark', '\ufeffkey,name,users\nA-1,Antrean,5\n'],
    ['quotation marks', '"key","name","users"\n"A-1","Antrean","5"\n'],
    ['columns in Bahasa Indonesia', 'Kunci,Nama,Jumlah Pengguna\nA-1,Antrean,5\n'],
    ['empty rows', 'key,name,users\n\n,,\nA-1,Antrean,5\n\n'],
  ])('is read with %s', async (_, content) => {
    expect(await read(content)).toMatchObject([{ key: 'A-1', said: { name: 'Antrean', users: 5 }, mistakes: [] }]);
  });

  it('says on which line each row is, also behind a cell of two lines', async () => {
    const rows = await read('key,name,description\nA-1,Satu,"dua\nbaris"\nA-2,Dua,\nA-3,Tiga,x\n');
    expect(rows.map(({ row, key }) => [row, key])).toEqual([
      [2, 'A-1'],
      [4, 'A-2'],
      [5, 'A-3'],
    ]);
    expect(rows[0]?.said.description).toBe('dua baris');
  });

  it.each([
    ['12500', 12500],
    ['12.500', 12500],
    ['"12,500"', 12500],
    ['Rp 1.250.000.000', 1250000000],
    ['"Rp1.250.000,00"', 1250000],
    ['"1,250,000.00"', 1250000],
    ['1.000', 1000],
    ['0', 0],
  ])('reads %s as a number', async (cell, number) => {
    expect(await said('users', cell)).toMatchObject({ users: number });
  });

  it.each(['1.5', '12 juta', '-5', '1.25E+09', '1.2.3', '0x10'])('takes %s for no number', async (cell) => {
    const [row] = await read(`key,name,users\nA-1,Antrean,${cell}\n`);
    expect(row?.mistakes).toMatchObject([{ field: 'users', code: 'number_unfit', given: cell }]);
  });

  it('takes sectors by name or id, audiences in both languages, and hosts from addresses', async () => {
    expect(
      await said(
        'sectors,audience,host',
        '"Kesehatan | Social assistance","warga, pelaku usaha",HTTPS://Simpus.Contoh.go.id/masuk?a=1',
      ),
    ).toMatchObject({
      sectors: ['kesehatan', 'bantuan-sosial'],
      audience: ['citizens', 'businesses'],
      host: 'simpus.contoh.go.id',
    });
  });

  it('takes off what an export has put before a formula', async () => {
    expect(await said('description', "'=1+1")).toMatchObject({ description: '=1+1' });
  });

  it.each([
    ['a spreadsheet', Buffer.from('PK\x03\x04xl/worksheets'), '1 file_not_text'],
    ['UTF-16', Buffer.from('\ufeffkey,name\nA,B', 'utf16le'), '1 file_not_text'],
    ['Windows-1252', Buffer.from('key,name\nA,Caf\xe9', 'latin1'), '1 file_not_text'],
    ['nothing', '', '1 file_empty'],
    ['column names alone', 'key,name\n', '1 file_empty'],
    ['an unknown column', 'key,name,warna\nA,B,C\n', '1 column_unknown'],
    ['no key', 'name\nA\n', '1 column_missing'],
    ['a column twice', 'key,name,nama\nA,B,C\n', '1 column_twice'],
    ['a quotation mark that is not closed', 'key,name\nA-1,Satu\nA-2,"Dua\nA-3,Tiga\n', '3 file_broken'],
    ['a row without end', `key,name\nA-1,${'x'.repeat(70_000)}\n`, '2 file_broken'],
  ])('that is %s is refused as a whole, with the row', async (_, content, expected) => {
    expect(await fault(content)).toBe(expected);
  });

  it('says what is wrong in a row and reads on', async () => {
    const rows = await read(
      'agency,key,name,sectors\nTidak Sah,,Satu,kesehatan\nxx,A-2,Dua\nxx,A-3,Tiga,sihir\nxx,A\0-4,Empat,kesehatan\nxx,A-5,Lima,kesehatan\n',
    );
    expect(rows.map(({ mistakes }) => mistakes.map(({ field, code }) => `${field} ${code}`))).toEqual([
      ['agency agency_unknown', 'key missing'],
      [' row_uneven'],
      ['sectors sector_unknown'],
      ['key text_unfit'],
      [],
    ]);
  });

  it('of a whole country is read to its end', async () => {
    const rows = await read(inventoryFile(27_000, { agency: 'dinas', sectorIds: ['kesehatan'] }));
    expect(rows).toHaveLength(27_000);
    expect(rows.every(({ mistakes }) => mistakes.length === 0)).toBe(true);
    expect(rows.at(-1)).toMatchObject({
      row: 27_001,
      said: { host: 'app-27000.contoh.go.id', yearly_cost: 100_000_000 },
    });
  });
});

it('every mistake says in both languages what to do', () => {
  for (const [code, said] of Object.entries(recordMistakes))
    for (const sentence of [said.id, said.en]) expect(sentence.split(/[.;,:]\s/).length, code).toBeGreaterThan(1);
});
