/**
 * Which app an event of an account concerned is sealed by the account's key: a history tells of clinics and courts as much as the
 * list of releases does, is kept for longer, and stays when the account is erased. Rows of before keep `client_id` until their
 * month is dropped: nobody may change them.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table account_events add column sealed bytea;
    comment on column account_events.sealed is 'personal: which app it concerned; sealed by the key of the account';
    comment on column account_events.client_id is 'personal: which app it concerned, in events of before it was sealed';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table account_events drop column sealed;
    comment on column account_events.client_id is 'personal: which app it concerned';
  `);
}
