import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Database } from '#src/base/database.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

interface Column {
  table: string;
  column: string;
  position: number;
  type: string;
  nullable: boolean;
  comment: string | null;
}

/** A primary key, unique constraint, foreign key or index, by its columns in order. */
interface Key {
  table: string;
  name: string;
  kind: string;
  columns: string[];
  target: string | null;
}

let home: TestDatabase;
let database: Database;
let columns: Column[];
let keys: Key[];
let sharded: Set<string>;

const ours = `c.relnamespace = 'public'::regnamespace and c.relname not like 'schema\\_migrations%' and not c.relispartition`;

beforeAll(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
  columns = await database.query<Column>(`
    select c.relname as table, a.attname as column, a.attnum::int as position, format_type(a.atttypid, null) as type,
      not a.attnotnull as nullable, col_description(c.oid, a.attnum) as comment
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where ${ours} and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped order by c.relname, a.attnum`);
  keys = await database.query<Key>(`
    select c.relname as table, i.relname as name, 'index' as kind, null as target,
      array(select a.attname::text from unnest(x.indkey) with ordinality k (attnum, place)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum order by k.place) as columns
    from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid where ${ours}
    union all
    select c.relname, o.conname, 'foreign key', o.confrelid::regclass::text,
      array(select a.attname::text from unnest(o.conkey) with ordinality k (attnum, place)
        join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum order by k.place)
    from pg_constraint o join pg_class c on c.oid = o.conrelid where ${ours} and o.contype = 'f'`);
  sharded = new Set(columns.filter(({ column }) => column === 'shard').map(({ table }) => table));
});

afterAll(async () => {
  await database.close();
  await home.drop();
});

test('every column says whether it is personal, and then why it is kept', () => {
  expect(columns.length).toBeGreaterThan(150);
  for (const { table, column, comment } of columns)
    expect(comment, `${table}.${column}`).toMatch(/^(not personal|personal: \S.{8,})$/);
});

test('every table that names an account grows with citizens, and so has a shard', () => {
  expect(sharded.size).toBeGreaterThan(15);
  const naming = columns.filter(({ column }) => column === 'account_id').map(({ table }) => table);
  for (const table of naming) expect(sharded, table).toContain(table);
});

test('a shard is the first column: a small number that is always there', () => {
  for (const { table, column, position, type, nullable } of columns.filter(({ column }) => column === 'shard')) {
    expect({ table, column, position, type, nullable }).toEqual({
      ...{ table, column: 'shard', position: 1, type: 'smallint', nullable: false },
    });
  }
});

test('every key, unique constraint, index and foreign key of a sharded table begins with the shard', () => {
  const own = keys.filter(({ table }) => sharded.has(table));
  expect(own.length).toBeGreaterThan(40);
  for (const { table, name, columns: names } of own) expect(names[0], `${table}: ${name}`).toBe('shard');
});

test('no foreign key leads from a sharded table to one without a shard, or back', () => {
  for (const { table, name, target } of keys.filter(({ kind }) => kind === 'foreign key'))
    expect(sharded.has(target ?? ''), `${table}: ${name}`).toBe(sharded.has(table));
});

test('every foreign key has an index that begins with its columns, so that a deletion does not search', () => {
  for (const key of keys.filter(({ kind }) => kind === 'foreign key')) {
    const served = keys.some(({ kind, table, columns: names }) => {
      return kind === 'index' && table === key.table && key.columns.every((column, i) => names[i] === column);
    });
    expect(served, `${key.table}: ${key.name} (${key.columns})`).toBe(true);
  }
});

test('every table has a primary key', async () => {
  const without = await database.query(`
    select c.relname from pg_class c where ${ours} and c.relkind in ('r', 'p')
      and not exists (select from pg_index x where x.indrelid = c.oid and x.indisprimary)`);
  expect(without).toEqual([]);
});

test('a check is named by what it says, so that its error is a sentence', async () => {
  const checks = await database.query<{ table: string; name: string }>(`
    select c.relname as table, o.conname as name from pg_constraint o join pg_class c on c.oid = o.conrelid
    where ${ours} and o.contype = 'c'`);
  expect(checks.length).toBeGreaterThan(10);
  for (const { table, name } of checks) expect(name, table).toMatch(/^[a-z].* .*[^_]$/);
});

test('what expires can be found by when, with its shard', () => {
  const expiring = columns.filter(({ column, table }) => column === 'expires_at' && sharded.has(table));
  expect(expiring.length).toBeGreaterThan(5);
  const unswept = ['consents', 'permissions'];
  for (const { table } of expiring.filter((column) => !unswept.includes(column.table))) {
    const served = keys.some((key) => key.table === table && key.columns.join() === 'shard,expires_at');
    expect(served, table).toBe(true);
  }
});

test('nothing rests on sequences, triggers, defaults by function, or unlogged tables', async () => {
  const found = await database.query(`
    select 'sequence' as kind, c.relname as name from pg_class c where ${ours} and c.relkind = 'S'
    union all select 'trigger', t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where ${ours} and not t.tgisinternal
    union all select 'unlogged', c.relname from pg_class c where ${ours} and c.relkind = 'r' and c.relpersistence <> 'p'
    union all select 'default', c.relname || '.' || a.attname from pg_attrdef d join pg_class c on c.oid = d.adrelid
      join pg_attribute a on a.attrelid = c.oid and a.attnum = d.adnum
      where ${ours} and a.attgenerated = '' and pg_get_expr(d.adbin, d.adrelid) like '%(%'`);
  expect(found).toEqual([]);
});

test('times are all of one kind', () => {
  const times = columns.filter(({ column }) => column.endsWith('_at') || ['at', 'since', 'until'].includes(column));
  expect(times.length).toBeGreaterThan(30);
  for (const { table, column, type } of times) expect(type, `${table}.${column}`).toBe('timestamp with time zone');
});
