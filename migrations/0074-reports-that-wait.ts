/**
 * Reports that wait for an answer are counted by app, as withdrawals are (0054). The index that there was left out those of which
 * the agency above had been told; nobody asks or notes that any more.
 */
import type { Knex } from 'knex';

/** Without a transaction: the index is built while the table is in use. Killed half-way, it is built anew. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  await knex.raw('drop index concurrently if exists "reports that wait for an agency"');
  await knex.raw(
    `create index concurrently "reports that wait for an agency" on release_reports (shard, client_id, due_at) where answered_at is null`,
  );
  await knex.raw('drop index concurrently if exists "reports that nobody has answered"');
  await knex.raw(
    `comment on column release_reports.told_above_at is 'personal: when the agency above was told that nobody had answered; not noted any more'`,
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    `create index concurrently if not exists "reports that nobody has answered" on release_reports (shard, due_at)
     where answered_at is null and told_above_at is null`,
  );
  await knex.raw('drop index concurrently if exists "reports that wait for an agency"');
  await knex.raw(
    `comment on column release_reports.told_above_at is 'personal: when the agency above was told that nobody has answered'`,
  );
}
