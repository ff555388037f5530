/**
 * The releases of an account to one app, the latest first: for the list of that app and for when each app read last. Without it
 * both would look through everything that the account holds.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw('create index "releases to an app" on releases (shard, account_id, app, at)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index "releases to an app"');
}
