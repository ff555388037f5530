/**
 * Sessions are cleared away by their idle end alone, which comes within an hour of the absolute one: nothing asks for the
 * absolute end by an index any more, and each session written had to keep it up to date.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('drop index sessions_shard_ends_at_idx');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('create index sessions_shard_ends_at_idx on sessions (shard, ends_at)');
}
