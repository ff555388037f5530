/** A release is reported once, and whoever stands above the agency is told once that nobody answered. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table release_reports add column told_above_at timestamptz;
    comment on column release_reports.told_above_at is 'personal: when the agency above was told that nobody has answered';
    create unique index "a release is reported once" on release_reports (shard, account_id, release_id);
    create index "reports that nobody has answered" on release_reports (shard, due_at) where answered_at is null and told_above_at is null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index "reports that nobody has answered";
    drop index "a release is reported once";
    alter table release_reports drop column told_above_at;
  `);
}
