/**
 * A name for each secret of a client, so that its page, the API and the command line can end one and say when it was last
 * used, without showing its hash. And an index on the contacts to which no link has gone yet.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table client_secrets
      add column id text not null generated always as (left(encode(sha256(hash), 'hex'), 16)) stored;
    create index on client_contacts (client_id, role, email) where sent_at is null and confirmed_at is null;
    comment on column client_secrets.id is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index client_contacts_client_id_role_email_idx; alter table client_secrets drop column id');
}
