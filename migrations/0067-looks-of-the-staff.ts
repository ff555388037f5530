/** Who of the staff looked at a person is found without reading all that happened to the account. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(
    `create index "looks of the staff" on account_events (shard, account_id, at) where kind = 'account.read-by-staff'`,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index "looks of the staff"');
}
