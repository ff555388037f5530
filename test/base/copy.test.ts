import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Row, toCopyText } from '#src/base/copy.ts';
import { Database, DatabaseUnavailable } from '#src/base/database.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

let home: TestDatabase;
let database: Database;

beforeAll(async () => {
  home = await createDatabase(inject('adminUrl'));
  database = new Database(home.url, { max: 4, ...PATIENCE });
  await database.execute('create table texts (id int primary key, value text)');
  await database.execute('create table lists (id int primary key, value text[] not null)');
  await database.execute(
    'create table kinds (id int primary key, yes boolean, bytes bytea, at timestamptz, facts jsonb, small smallint)',
  );
});

afterAll(async () => {
  await database.close();
  await home.drop();
});

function copy(text: string, rows: Iterable<Row>): Promise<number> {
  return database.transaction((tx) => tx.copy(text, rows));
}

/** What the form of COPY, or that of an array in it, could take for something else. */
const hostile = [
  '',
  ' ',
  'plain',
  '\\N',
  '\\.',
  '\\',
  '\\\\',
  'a\tb',
  'a\nb',
  'a\r\nb',
  '\b\f\v',
  '\\t',
  'null',
  'NULL',
  '{a,b}',
  '"quoted"',
  'it\\"s',
  "O'Brien",
  'koma, titik; $1 %s',
  'Nyi Rorò 𝔘𝔫𝔦 😀',
  '\u2028\u202e\ufeff',
  'x'.repeat(200_000),
];

test('every text arrives as it is', async () => {
  const rows = hostile.map((value, id) => [id, value]);
  expect(await copy('copy texts (id, value) from stdin', rows)).toBe(hostile.length);
  const stored = await database.query<{ value: string }>('select value from texts order by id');
  expect(stored.map(({ value }) => value)).toEqual(hostile);
});

test('every list of texts arrives as it is', async () => {
  const lists = [[], ...hostile.map((value) => [value]), hostile, ['', '']];
  await copy(
    'copy lists (id, value) from stdin',
    lists.map((value, id) => [id, value]),
  );
  const stored = await database.query<{ value: string[] }>('select value from lists order by id');
  expect(stored.map(({ value }) => value)).toEqual(lists);
});

test('every other kind of value arrives as by a prepared statement', async () => {
  const columns = 'id, yes, bytes, at, facts, small';
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const rows: Row[] = [
    [1, true, all, new Date('2026-01-02T03:04:05.678Z'), JSON.stringify({ say: 'a\\"b\n' }), -7],
    [2, false, Buffer.alloc(0), new Date(0), '{}', 4095],
    [3, null, undefined, null, null, undefined],
  ];
  await copy(`copy kinds (${columns}) from stdin`, rows);
  for (const [id, ...values] of rows) {
    await database.execute(`insert into kinds (${columns}) values ($1, $2, $3, $4, $5, $6)`, [
      Number(id) + 10,
      ...values,
    ]);
  }
  const columnsBut = 'yes, bytes, at, facts, small';
  const copied = await database.query(`select ${columnsBut} from kinds where id < 10 order by id`);
  const inserted = await database.query(`select ${columnsBut} from kinds where id > 10 order by id`);
  expect(copied).toEqual(inserted);
  expect(copied[0]).toMatchObject({ bytes: all, yes: true, facts: { say: 'a\\"b\n' } });
});

test('NUL has no place in a text: PostgreSQL refuses it, and nothing is added', async () => {
  await expect(
    copy('copy texts (id, value) from stdin', [
      [900, 'ok'],
      [901, 'a\0b'],
    ]),
  ).rejects.toThrow('0x00');
  expect(await database.first('select id from texts where id >= 900')).toBeUndefined();
});

test('text is handed on in pieces, made only as they are taken', () => {
  let made = 0;
  const rows = (function* (): Generator<Row> {
    for (;;) yield [made++, 'x'.repeat(1_000)];
  })();
  const pieces = toCopyText(rows);
  for (let taken = 0; taken < 3; taken += 1) expect(pieces.next().value?.length).toBeGreaterThan(60_000);
  expect(made).toBeLessThan(250);
});

test('no rows are no rows', async () => {
  expect(await copy('copy texts (id, value) from stdin', [])).toBe(0);
});

test('one row too many fails the whole transaction, and its connection is as good as before', async () => {
  const twice = database.transaction(async (tx) => {
    await tx.execute('insert into texts (id, value) values ($1, $2)', [500, 'before']);
    await tx.copy('copy texts (id, value) from stdin', [
      [501, 'a'],
      [501, 'b'],
    ]);
  });
  await expect(twice).rejects.toMatchObject({ code: '23505' });
  await expect(copy('copy nowhere (id) from stdin', [[1]])).rejects.toMatchObject({ code: '42P01' });
  expect(await database.first('select id from texts where id >= 500')).toBeUndefined();
  for (let id = 600; id < 610; id += 1) expect(await copy('copy texts (id) from stdin', [[id]])).toBe(1);
});

test('a fault while rows are made ends it, and nothing is added', async () => {
  const rows = (function* (): Generator<Row> {
    yield [700, 'x'.repeat(100_000)];
    throw new Error('no more');
  })();
  await expect(copy('copy texts (id, value) from stdin', rows)).rejects.toThrow('no more');
  expect(await database.first('select id from texts where id >= 700')).toBeUndefined();
});

test('a connection that is cut meanwhile is an unavailable database', async () => {
  const cut = database.transaction(async (tx) => {
    const self = await tx.first<{ pid: number }>('select pg_backend_pid() as pid for update');
    const rows = (function* (): Generator<Row> {
      for (let id = 1_000; id < 100_000; id += 1) yield [id, 'x'.repeat(100)];
    })();
    const copied = tx.copy('copy texts (id, value) from stdin', rows);
    await database.execute('select pg_terminate_backend($1)', [self?.pid]);
    await copied;
  });
  await expect(cut).rejects.toBeInstanceOf(DatabaseUnavailable);
  expect(await database.first('select id from texts where id >= 1000')).toBeUndefined();
});

test('a batch that meets what another has added meanwhile finds it on its second try', async () => {
  let tries = 0;
  const added = await database.batch(async (tx) => {
    tries += 1;
    const there = await tx.first('select id from texts where id = $1', [800]);
    if (there) return 0;
    await database.execute('insert into texts (id, value) values ($1, $2)', [800, 'first']);
    return tx.copy('copy texts (id, value) from stdin', [[800, 'second']]);
  });
  expect({ tries, added }).toEqual({ tries: 2, added: 0 });
  const stubborn = database.batch((tx) => tx.copy('copy texts (id, value) from stdin', [[800, 'third']]));
  await expect(stubborn).rejects.toMatchObject({ code: '23505' });
});
