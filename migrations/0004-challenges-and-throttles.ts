/**
 * What lives for minutes: WebAuthn challenges, one-time codes and counters of failed guesses.
 *
 * Rows are found by the keyed hash of a value, so that hash's first 12 bits are the shard. Challenges and codes are
 * claimed once, by one statement. The purge (`jobs/purge.ts`) walks `expires_at`.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
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

    create table one_time_codes (
      shard smallint not null,
      slot bytea not null,
      code_hash bytea not null,
      attempts_left smallint not null,
      sent_at timestamptz not null,
      expires_at timestamptz not null,
      primary key (shard, slot)
    );
    create index on one_time_codes (shard, expires_at);
    comment on column one_time_codes.shard is 'not personal';
    comment on column one_time_codes.slot is 'personal: which code was asked for which address in which browser; keyed hash';
    comment on column one_time_codes.code_hash is 'not personal';
    comment on column one_time_codes.attempts_left is 'not personal';
    comment on column one_time_codes.sent_at is 'not personal';
    comment on column one_time_codes.expires_at is 'not personal';

    create table throttles (
      shard smallint not null,
      key bytea not null,
      points integer not null,
      expires_at timestamptz not null,
      primary key (shard, key)
    );
    create index on throttles (shard, expires_at);
    comment on column throttles.shard is 'not personal';
    comment on column throttles.key is 'personal: counts guesses per account or network; keyed hash';
    comment on column throttles.points is 'not personal';
    comment on column throttles.expires_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table throttles; drop table one_time_codes; drop table challenges');
}
