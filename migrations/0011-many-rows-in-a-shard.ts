/**
 * A shard is no key: it holds a part of everybody's rows. PostgreSQL counts 4,096 shards in a table that is still small, so
 * few rows in each, and plans to read a shard whole; the plan stays when the table has grown. It is told once for all that
 * there are few shards, and so many rows in each, and looks rows up by their whole key.
 */
import type { Knex } from 'knex';

const SHARDS_IT_IS_TOLD = 16;

export async function up(knex: Knex): Promise<void> {
  for (const table of await shardedTables(knex))
    await knex.raw(`alter table ${table} alter column shard set (n_distinct = ${SHARDS_IT_IS_TOLD})`);
}

export async function down(knex: Knex): Promise<void> {
  for (const table of await shardedTables(knex))
    await knex.raw(`alter table ${table} alter column shard reset (n_distinct)`);
}

async function shardedTables(knex: Knex): Promise<string[]> {
  const { rows } = await knex.raw<{ rows: { name: string }[] }>(
    `select table_name as name from information_schema.columns
     where table_schema = current_schema() and column_name = 'shard' order by 1`,
  );
  return rows.map(({ name }) => name);
}
