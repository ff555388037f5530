/**
 * Keys come and go while the server runs (`oidc/key-rotation.ts`).
 *
 * `activates_at` and `ends_at` say when the next step of a key is due. `keys_version` is what every process asks about
 * once a second, and whose row lock lets changes of keys happen one after another (`base/keys.ts`).
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table keys_version (
      only_row boolean primary key default true constraint "there is one keys version" check (only_row),
      version bigint not null
    );
    insert into keys_version (version) values (1);
    comment on column keys_version.only_row is 'not personal';
    comment on column keys_version.version is 'not personal';

    alter table keys add column activates_at timestamptz;
    alter table keys add column ends_at timestamptz;
    comment on column keys.activates_at is 'not personal';
    comment on column keys.ends_at is 'not personal';
    alter table keys add constraint "a published key says when it signs"
      check (state <> 'published' or activates_at is not null);
    alter table keys add constraint "a retired key says when it goes"
      check (state <> 'retired' or ends_at is not null);
    create unique index "one published key per purpose and algorithm" on keys (purpose, algorithm)
      where state = 'published';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table keys_version;
    drop index "one published key per purpose and algorithm";
    alter table keys drop column activates_at, drop column ends_at;
  `);
}
