/**
 * Since when the next one may pass where a limit has been reached (`people/throttles.ts`).
 *
 * Read and written by the statement that counts, by the primary key. Empty as long as the limit is not reached.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table throttles add column open_at timestamptz;
    comment on column throttles.open_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table throttles drop column open_at');
}
