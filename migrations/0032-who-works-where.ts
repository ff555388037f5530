/**
 * Operators are told of what breaks the glass, wherever they are one: found over all shards by this small index.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`create index "memberships of operators" on memberships (shard, account_id) where role = 'operator'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index "memberships of operators"');
}
