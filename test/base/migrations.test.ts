import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import knex from 'knex';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { listMigrations, MigrationError, migrate } from '#src/base/migrations.ts';
import { createDatabase, type TestDatabase } from '#test/support/postgres.ts';

const OURS = fileURLToPath(new URL('../../migrations', import.meta.url));

let database: TestDatabase;
let directory: string;

beforeEach(async () => {
  database = await createDatabase(inject('adminUrl'));
  directory = await mkdtemp(join(tmpdir(), 'lawang-migrations-'));
});

afterEach(async () => {
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function query<Row>(sql: string, url = database.url): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows as Row[];
  } finally {
    await client.end();
  }
}

async function writeMigration(name: string, up: string, down = 'select 1'): Promise<void> {
  const text = (sql: string) => `(knex: { raw(sql: string): Promise<unknown> }) => knex.raw(${JSON.stringify(sql)})`;
  await writeFile(join(directory, name), `export const up = ${text(up)};\nexport const down = ${text(down)};\n`);
}

/** All that a schema consists of, as the catalogue tells it. */
async function describeSchema(): Promise<string[]> {
  const rows = await query<{ line: string }>(`
    select format('column %s.%s %s %s %s %s', table_name, column_name, data_type, is_nullable, column_default,
      col_description(format('%I', table_name)::regclass, ordinal_position)) as line
      from information_schema.columns where table_schema = 'public'
    union all select format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) from pg_constraint
      where connamespace = 'public'::regnamespace
    union all select indexdef from pg_indexes where schemaname = 'public'
    order by 1`);
  return rows.map((row) => row.line).filter((line) => !line.includes('schema_migrations'));
}

test('an empty database gets every migration, and a second run finds nothing to do', async () => {
  const files = (await readdir(OURS)).sort();
  expect(await listMigrations(database.url)).toEqual(files.map((name) => ({ name, done: false })));
  expect(await migrate(database.url)).toEqual(files);
  expect(await migrate(database.url)).toEqual([]);
  expect(await listMigrations(database.url)).toEqual(files.map((name) => ({ name, done: true })));
});

test('up, down and up again gives the same schema, and down leaves nothing', async () => {
  const files = await migrate(database.url);
  const schema = await describeSchema();
  expect(schema.length).toBeGreaterThan(100);

  const db = knex({ client: 'pg', connection: database.url });
  try {
    for (const file of files.toReversed()) {
      const { down, config } = await import(join(OURS, file));
      if (config?.transaction === false) await down(db);
      else await db.transaction((transaction) => down(transaction));
    }
    expect(await describeSchema()).toEqual([]);
    await db.raw('delete from schema_migrations');
  } finally {
    await db.destroy();
  }

  await migrate(database.url);
  expect(await describeSchema()).toEqual(schema);
});

test('of six processes that start at once each returns, and each migration runs once', async () => {
  await writeMigration('0001-one.ts', 'create table one (a int); select pg_sleep(0.3)');
  await writeMigration('0002-two.ts', 'create table two (a int)');
  const ran = await Promise.all(Array.from({ length: 6 }, () => migrate(database.url, { directory })));
  expect(ran.flat().sort()).toEqual(['0001-one.ts', '0002-two.ts']);
});

test('a process killed in the middle leaves nothing stuck', async () => {
  await writeMigration('0001-one.ts', 'create table one (a int)');
  await writeMigration('0002-slow.ts', 'create table slow (a int); select pg_sleep(60)');
  const script = `import { migrate } from ${JSON.stringify(new URL('../../src/base/migrations.ts', import.meta.url).href)};
    await migrate(${JSON.stringify(database.url)}, { directory: ${JSON.stringify(directory)} });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
  const sleeping = "select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()";
  await expect.poll(() => query(sleeping)).not.toEqual([]);
  child.kill('SIGKILL');
  await once(child, 'exit');

  await writeMigration('0002-slow.ts', 'create table slow (a int)');
  expect(await migrate(database.url, { directory })).toEqual(['0002-slow.ts']);
});

test("a lock that knex's own bookkeeping left behind does not stop the next run", async () => {
  await writeMigration('0001-one.ts', 'create table one (a int)');
  await migrate(database.url, { directory });
  await query('update schema_migrations_lock set is_locked = 1');
  await writeMigration('0002-two.ts', 'create table two (a int)');
  expect(await migrate(database.url, { directory })).toEqual(['0002-two.ts']);
});

test('a failing migration is undone, named, and stops the ones after it; those before it stay', async () => {
  await writeMigration('0001-one.ts', 'create table one (a int)');
  await writeMigration('0002-two.ts', 'create table two (a int); select 1 / 0');
  await writeMigration('0003-three.ts', 'create table three (a int)');
  const failing = migrate(database.url, { directory });
  await expect(failing).rejects.toThrow(MigrationError);
  await expect(failing).rejects.toThrow(/Migration 0002-two\.ts failed and was undone/);
  const tables = await query("select tablename from pg_tables where tablename in ('one', 'two', 'three')");
  expect(tables).toEqual([{ tablename: 'one' }]);

  await writeMigration('0004-two.ts', 'create table two (a int)');
  await rm(join(directory, '0002-two.ts'));
  expect(await migrate(database.url, { directory })).toEqual(['0003-three.ts', '0004-two.ts']);
});

test('a migration gives up on a table that another transaction holds, and says so', async () => {
  await writeMigration('0001-one.ts', 'create table one (a int)');
  await migrate(database.url, { directory });
  await writeMigration('0002-two.ts', 'alter table one add b int');
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  await holder.query('begin; lock table one');
  await expect(migrate(database.url, { directory })).rejects.toThrow(/0002-two\.ts waited five seconds/);
  await holder.end();
  expect(await migrate(database.url, { directory })).toEqual(['0002-two.ts']);
});

test('a database that is newer than the code is refused by name', async () => {
  await writeMigration('0001-one.ts', 'create table one (a int)');
  await writeMigration('0002-two.ts', 'create table two (a int)');
  await migrate(database.url, { directory });
  await rm(join(directory, '0002-two.ts'));
  await expect(migrate(database.url, { directory })).rejects.toThrow(/newer than this code \(it has 0002-two\.ts\)/);
});

test('a migration that ran and whose file is gone is refused by name', async () => {
  await writeMigration('0001-one.ts', 'create table one (a int)');
  await writeMigration('0002-two.ts', 'create table two (a int)');
  await migrate(database.url, { directory });
  await copyFile(join(directory, '0001-one.ts'), join(directory, '0001-renamed.ts'));
  await rm(join(directory, '0001-one.ts'));
  await expect(migrate(database.url, { directory })).rejects.toThrow(
    /has run 0001-one\.ts, which is not among the files/,
  );
});

test('the role of the server may insert and read events, but not change or remove them', async () => {
  const role = `server_${Date.now()}`;
  await query(`create role ${role} login password 'x'`);
  try {
    await migrate(database.url, { serverRole: role });
    const url = new URL(database.url);
    url.username = role;
    url.password = 'x';
    const insert = `insert into admin_events (id, at, kind, actor, subject, details)
      values (gen_random_uuid(), now(), 'k', 'a', 's', '{}') returning kind`;
    expect(await query(insert, url.href)).toEqual([{ kind: 'k' }]);
    for (const statement of [
      "update admin_events set kind = 'other'",
      'delete from admin_events',
      'truncate account_events',
      'delete from account_events where shard = 0',
      'delete from account_events_other where shard = 0',
      'insert into account_events_other select * from account_events_other',
      'delete from schema_migrations',
      'create table mine (a int)',
    ]) {
      await expect(query(statement, url.href), statement).rejects.toMatchObject({ code: '42501' });
    }
  } finally {
    await query(`drop owned by ${role}; drop role ${role}`);
  }
});
