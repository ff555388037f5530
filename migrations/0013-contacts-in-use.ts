/**
 * When a contact was last shown to be its owner's, and on which browser first.
 *
 * Numbers are given out again: one that nobody has proven for 90 days does not count until it is proven anew
 * (`people/contacts.ts`). In a recovery two contacts that one browser has brought along count as one
 * (`people/recoveries.ts`). Both are read with an account's contacts, by the primary key's beginning.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table contacts add column proven_at timestamptz, add column first_device bytea;
    update contacts set proven_at = confirmed_at;
    comment on column contacts.proven_at is 'personal: a number that nobody has proven for long may have been given to somebody else';
    comment on column contacts.first_device is 'personal: tells whether two contacts came from one browser; keyed hash';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table contacts drop column proven_at, drop column first_device');
}
