/** What has expired is ended by a job, which finds it by this index. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('create index "permissions that expire" on permissions (shard, expires_at) where ended_at is null');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index "permissions that expire"');
}
