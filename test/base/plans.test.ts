/** A plan that was made for an empty table does not stay while the table fills (`src/base/plans.ts`). */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readOf } from '#src/base/coalescing.ts';
import { Database } from '#src/base/database.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

let home: TestDatabase;
let database: Database;

beforeAll(async () => {
  home = await createDatabase(inject('adminUrl'));
  database = new Database(home.url, PATIENCE);
  await database.execute('create table books (shard smallint, title text, due date, primary key (shard, title))');
  await database.execute('create index on books (shard, due)');
  await database.execute('alter table books set (autovacuum_enabled = off)');
  await database.execute('vacuum (analyze) books');
});
afterAll(async () => {
  await database?.close();
  await home?.drop();
});

const findBook = readOf<{ title: string }>(
  ['smallint', 'text'],
  'select b.title from books b where b.shard = $1 and b.title = $2',
);

interface Explained {
  readonly 'QUERY PLAN': [{ readonly Plan: { readonly 'Index Cond'?: string } }];
}

/** By what the connection that requests share finds a book by now, asked of itself. */
async function wayToBook(): Promise<string | undefined> {
  const findName = readOf<{ name: string }>(
    ['text'],
    'select p.name from pg_prepared_statements p where p.statement = $1',
  );
  const statement = await database.read(findName, [findBook.text]);
  const explain = readOf<Explained>([], `explain (format json) execute ${statement?.name}(1::smallint, 'a')`);
  const plan = await database.read(explain, []);
  return plan?.['QUERY PLAN'][0].Plan['Index Cond'];
}

test('it is made anew when the connection has sent a hundred statements', async () => {
  await database.read(findBook, [1, 'a']);
  await database.execute(`insert into books select 1, n::text from generate_series(1, 5000) as n`);
  expect(await wayToBook(), 'through a whole shard').toBe('(shard = $1)');
  for (let n = 0; n < 100; n += 1)
    expect((await database.read(findBook, [1, String(n + 1)]))?.title).toBe(String(n + 1));
  expect(await wayToBook()).toBe('((shard = $1) AND (title = $2))');
});
