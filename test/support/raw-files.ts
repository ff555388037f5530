/** A database as whoever takes its disk sees it: the files of its tables and indexes, with what was deleted from them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Db } from '#src/base/database.ts';

/** Every file of the database `db` is of, once all that it holds in memory has been written there. The role is a superuser. */
export async function* rawFiles(db: Db): AsyncGenerator<{ readonly name: string; readonly bytes: Buffer }> {
  await db.execute('checkpoint');
  const where = await db.first<{ directory: string; oid: number }>(
    `select current_setting('data_directory') as directory, oid::integer from pg_database where datname = current_database()`,
  );
  if (!where) throw new Error('the database has no directory');
  const directory = join(where.directory, 'base', String(where.oid));
  const names = await namesByFile(db);
  // A copy of the catalogue for starting connections comes and goes while somebody connects.
  const files = (await readdir(directory)).filter((file) => !file.startsWith('pg_internal.init'));
  for (const file of files) {
    const [relation = file] = file.split(/[._]/);
    yield { name: names.get(relation) ?? file, bytes: await readFile(join(directory, file)) };
  }
}

/** What each file is of, but for the few that PostgreSQL finds by a map of its own. */
async function namesByFile(db: Db): Promise<ReadonlyMap<string, string>> {
  const rows = await db.query<{ file: string; name: string }>(
    `select pg_relation_filenode(oid)::text as file, oid::regclass::text as name from pg_class
     where pg_relation_filenode(oid) is not null`,
  );
  return new Map(rows.map(({ file, name }) => [file, name]));
}

/** Every row of every table of ours as text, as a dump has it; those of a partition are of its table. */
export async function everyRow(db: Db): Promise<{ readonly table: string; readonly text: string }[]> {
  const tables = await db.query<{ name: string; table: string }>(
    `select oid::regclass::text as name, coalesce(pg_partition_root(oid), oid)::regclass::text as table from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`,
  );
  const dumped = [];
  for (const { name, table } of tables) {
    const rows = await db.query<{ text: string }>(`select t::text as text from ${name} t`);
    dumped.push(...rows.map(({ text }) => ({ table, text })));
  }
  return dumped;
}
