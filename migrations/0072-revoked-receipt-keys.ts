/**
 * What a revoked key for receipts had signed was answered like what an unknown key had. The public half stays, with the moment
 * at which the key was revoked, so that `/receipts/keys.json` and whoever verifies can tell the two apart. A table of its own: a
 * process that does not know it must never take such a key for one that verifies.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table revoked_keys (
      id text primary key,
      purpose text not null,
      public_jwk jsonb not null,
      revoked_at timestamptz not null
    );
    comment on table revoked_keys is 'keys whose signatures do not count any more, for those who still meet one';
    comment on column revoked_keys.id is 'not personal';
    comment on column revoked_keys.purpose is 'not personal';
    comment on column revoked_keys.public_jwk is 'not personal';
    comment on column revoked_keys.revoked_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table revoked_keys');
}
