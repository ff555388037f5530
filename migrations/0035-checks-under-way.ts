/**
 * Who is running the checks of a client right now: the daily job of one process, or a page that somebody has asked. Claimed by
 * one conditional statement, so that no client's servers are asked by several at once.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table client_check_runs add column leased_until timestamptz;
    comment on column client_check_runs.leased_until is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table client_check_runs drop column leased_until');
}
