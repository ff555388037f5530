/**
 * When a frozen account was opened last: the links of notices from before freeze it no more. Whoever holds one, from a mailbox
 * that was taken off the account, could otherwise freeze it again and again for a month.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table accounts add column unfrozen_at timestamptz;
    comment on column accounts.unfrozen_at is 'personal: when it was opened again, so that older notices freeze it no more';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table accounts drop column unfrozen_at');
}
