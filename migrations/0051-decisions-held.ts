/** When a decision whose day has come, but which could not be carried out, was last looked at; so that it is left alone for a while. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table app_decisions add column looked_at timestamptz;
    comment on column app_decisions.looked_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table app_decisions drop column looked_at');
}
