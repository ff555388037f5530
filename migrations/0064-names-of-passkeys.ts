/**
 * What an owner calls a passkey was the one thing people write that was not sealed: it stood in the pages of the database after
 * its account was gone, until PostgreSQL wrote them anew. It is sealed from now on, in a column of its own; `label` says what
 * the make is called, and keeps what was written before until it is written again. Nothing is looked up by it, so PostgreSQL
 * keeps no samples of it, which would outlive the rows as well.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table passkeys add column own_name bytea;
    alter table passkeys alter column label set statistics 0;
    comment on column passkeys.own_name is 'personal: the name its owner gave it; sealed with the data key';
    comment on column passkeys.label is 'personal: what its make is called';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    comment on column passkeys.label is 'personal: the name its owner sees';
    alter table passkeys alter column label set statistics -1;
    alter table passkeys drop column own_name;
  `);
}
