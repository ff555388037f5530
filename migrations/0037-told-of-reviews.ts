/**
 * Whether the people who decide have been told that a version waits for them: of several processes that look, one tells.
 *
 * Needs no index: versions that wait are few, and those have one.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table client_versions add column told_at timestamptz;
    comment on column client_versions.told_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table client_versions drop column told_at;');
}
