/**
 * A challenge is stored when it is used, not when a page is looked at (`people/challenges.ts`). The purge walks
 * `expires_at`.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table challenges;
    create table used_challenges (
      shard smallint not null,
      hash bytea not null,
      expires_at timestamptz not null,
      primary key (shard, hash)
    );
    create index on used_challenges (shard, expires_at);
    comment on column used_challenges.shard is 'not personal';
    comment on column used_challenges.hash is 'not personal';
    comment on column used_challenges.expires_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table used_challenges;
    create table challenges (
      shard smallint not null,
      hash bytea not null,
      bound_to bytea not null,
      expires_at timestamptz not null,
      primary key (shard, hash)
    );
    create index on challenges (shard, expires_at);
    comment on column challenges.shard is 'not personal';
    comment on column challenges.hash is 'not personal';
    comment on column challenges.bound_to is 'not personal';
    comment on column challenges.expires_at is 'not personal';
  `);
}
