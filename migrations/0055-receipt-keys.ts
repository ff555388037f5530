/**
 * Keys that sign receipts. A retired one stays for as long as somebody may hold a receipt, so that old receipts stay verifiable.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table keys drop constraint "purpose is known";
    alter table keys add constraint "purpose is known" check (purpose in ('signing', 'cookie', 'token', 'index', 'receipt'));
    alter table keys drop constraint "a signing key has a public part";
    alter table keys add constraint "a signing key has a public part"
      check ((purpose in ('signing', 'receipt')) = (public_jwk is not null));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from keys where purpose = 'receipt';
    alter table keys drop constraint "purpose is known";
    alter table keys add constraint "purpose is known" check (purpose in ('signing', 'cookie', 'token', 'index'));
    alter table keys drop constraint "a signing key has a public part";
    alter table keys add constraint "a signing key has a public part" check ((purpose = 'signing') = (public_jwk is not null));
  `);
}
