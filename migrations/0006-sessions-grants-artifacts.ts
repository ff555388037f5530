/**
 * What the protocol engine stores (`oidc/storage.ts`): sessions, grants, and artifacts (codes, tokens, interactions,
 * pushed requests). Ids that an outsider holds are here only as keyed hashes.
 *
 * A session is one row, and one row per client of it, so that ten parallel first visits do not overwrite each other.
 * Artifacts hang on their grant: deleting the grant ends them.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table sessions (
      shard smallint not null,
      uid text not null,
      id_hash bytea not null,
      account_id uuid,
      payload jsonb not null,
      epoch integer not null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      ends_at timestamptz not null,
      primary key (shard, uid),
      unique (shard, id_hash),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    create index on sessions (shard, account_id);
    create index on sessions (shard, expires_at);
    create index on sessions (shard, ends_at);
    comment on column sessions.shard is 'not personal';
    comment on column sessions.uid is 'not personal';
    comment on column sessions.id_hash is 'not personal';
    comment on column sessions.account_id is 'personal: who is signed in';
    comment on column sessions.payload is 'personal: how and when the person signed in';
    comment on column sessions.epoch is 'not personal';
    comment on column sessions.created_at is 'personal: when the person signed in';
    comment on column sessions.expires_at is 'not personal';
    comment on column sessions.ends_at is 'not personal';

    create table session_clients (
      shard smallint not null,
      session_uid text not null,
      client_id text not null,
      payload jsonb not null,
      primary key (shard, session_uid, client_id),
      foreign key (shard, session_uid) references sessions (shard, uid) on delete cascade
    );
    comment on column session_clients.shard is 'not personal';
    comment on column session_clients.session_uid is 'not personal';
    comment on column session_clients.client_id is 'personal: which apps the person opened in this session';
    comment on column session_clients.payload is 'not personal';

    create table grants (
      shard smallint not null,
      id text not null,
      account_id uuid not null,
      client_id text not null,
      payload jsonb not null,
      expires_at timestamptz not null,
      primary key (shard, id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    create index on grants (shard, account_id, client_id);
    create index on grants (shard, expires_at);
    comment on column grants.shard is 'not personal';
    comment on column grants.id is 'not personal';
    comment on column grants.account_id is 'personal: whose data it opens';
    comment on column grants.client_id is 'personal: which app it was given to';
    comment on column grants.payload is 'personal: which scopes and claims it opens';
    comment on column grants.expires_at is 'not personal';

    create table artifacts (
      shard smallint not null,
      kind text not null,
      id_hash bytea not null,
      grant_id text,
      payload jsonb not null,
      epoch integer not null,
      consumed_at timestamptz,
      expires_at timestamptz not null,
      primary key (shard, kind, id_hash),
      foreign key (shard, grant_id) references grants (shard, id) on delete cascade
    );
    create index on artifacts (shard, grant_id) where grant_id is not null;
    create index on artifacts (shard, expires_at);
    comment on column artifacts.shard is 'not personal';
    comment on column artifacts.kind is 'not personal';
    comment on column artifacts.id_hash is 'not personal';
    comment on column artifacts.grant_id is 'not personal';
    comment on column artifacts.payload is 'personal: whose code or token it is and what it opens; interactions and pushed requests are sealed';
    comment on column artifacts.epoch is 'not personal';
    comment on column artifacts.consumed_at is 'not personal';
    comment on column artifacts.expires_at is 'not personal';

    create table replay_markers (
      shard smallint not null,
      hash bytea not null,
      expires_at timestamptz not null,
      primary key (shard, hash)
    );
    create index on replay_markers (shard, expires_at);
    comment on column replay_markers.shard is 'not personal';
    comment on column replay_markers.hash is 'not personal';
    comment on column replay_markers.expires_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'drop table replay_markers; drop table artifacts; drop table grants; drop table session_clients; drop table sessions',
  );
}
