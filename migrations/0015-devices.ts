/**
 * Browsers that an account has been used with, and what a session's list says about each.
 *
 * `devices`: known by a long-lived signed cookie; such a browser is not slowed by what its neighbours do
 * (`people/throttles.ts`), and one that is not among them is told to the owner. What a person reads about a session's browser is
 * sealed in the session's row, and goes with it.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table devices (
      shard smallint not null,
      account_id uuid not null,
      device_hash bytea not null,
      first_seen_at timestamptz not null,
      last_seen_at timestamptz not null,
      expires_at timestamptz not null,
      primary key (shard, account_id, device_hash),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    alter table devices alter column shard set (n_distinct = 16);
    create index on devices (shard, expires_at);
    comment on column devices.shard is 'not personal';
    comment on column devices.account_id is 'personal: whose account was used';
    comment on column devices.device_hash is 'personal: recognises the browser by its cookie; keyed hash';
    comment on column devices.first_seen_at is 'personal: tells an old acquaintance from a new one';
    comment on column devices.last_seen_at is 'personal: a browser that is not used any more is forgotten';
    comment on column devices.expires_at is 'not personal';

    alter table sessions add column device_hash bytea, add column about bytea,
      add column is_shared boolean not null default false, add column idle_seconds integer not null default 3600;
    comment on column sessions.device_hash is 'personal: tells which browser a session is in; keyed hash';
    comment on column sessions.about is 'personal: browser, system and coarse network, for the owner''s list; sealed';
    comment on column sessions.is_shared is 'personal: whether other people use the device too';
    comment on column sessions.idle_seconds is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table sessions drop column device_hash, drop column about, drop column is_shared, drop column idle_seconds;
    drop table devices;
  `);
}
