/** That the owner of an account was told of its near end: once for each time that it is closing. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table accounts add column reminded_at timestamptz;
    comment on column accounts.reminded_at is 'personal: when its owner was told that it ends soon, so that they are told once';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table accounts drop column reminded_at');
}
