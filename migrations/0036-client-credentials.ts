/**
 * A name for each secret of a client, so that its page, the API and the command line can end one and say when it was last
 * used, without showing its hash.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table client_secrets
      add column id text not null generated always as (left(encode(sha256(hash), 'hex'), 16)) stored;
    comment on column client_secrets.id is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table client_secrets drop column id');
}
