/**
 * What apps are compared by, and the pairs that are likely the same.
 *
 * A profile holds what is left of an app's names and descriptions without the words that every administration uses, and what
 * else tells two apps apart. `agencies` are all ids from the root to the app's agency (of a pair: of both), so that a role at a
 * node finds what is below it by one indexed comparison.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table app_profiles (
      ref text primary key constraint "an app is a client or of the inventory" check (ref ~ '^(client|inventory):'),
      client_id text unique references clients (id) on delete cascade,
      inventory_id text unique references inventory (id) on delete cascade,
      agency_id text not null references agencies (id),
      agencies text[] not null,
      name text not null,
      name_en text not null,
      name_words text not null,
      name_en_words text not null,
      description_words text not null,
      description_en_words text not null,
      host text,
      domain text,
      service_code text,
      sectors text[] not null,
      audience text[] not null,
      claims text[] not null,
      state text not null constraint "profile state is known" check (state in ('unconnected', 'draft', 'sandbox', 'review', 'live', 'suspended', 'retired')),
      digest bytea not null,
      changed_at timestamptz not null
    );
    create index on app_profiles using gin (name_words gin_trgm_ops);
    create index on app_profiles using gin (name_en_words gin_trgm_ops);
    create index on app_profiles (host); create index on app_profiles (domain); create index on app_profiles (service_code);
    create index on app_profiles (agency_id);
    create index on app_profiles using gin (agencies); create index on app_profiles using gin (sectors);
    comment on column app_profiles.ref is 'not personal';
    comment on column app_profiles.client_id is 'not personal';
    comment on column app_profiles.inventory_id is 'not personal';
    comment on column app_profiles.agency_id is 'not personal';
    comment on column app_profiles.agencies is 'not personal';
    comment on column app_profiles.name is 'not personal';
    comment on column app_profiles.name_en is 'not personal';
    comment on column app_profiles.name_words is 'not personal';
    comment on column app_profiles.name_en_words is 'not personal';
    comment on column app_profiles.description_words is 'not personal';
    comment on column app_profiles.description_en_words is 'not personal';
    comment on column app_profiles.host is 'not personal';
    comment on column app_profiles.domain is 'not personal';
    comment on column app_profiles.service_code is 'not personal';
    comment on column app_profiles.sectors is 'not personal';
    comment on column app_profiles.audience is 'not personal';
    comment on column app_profiles.claims is 'not personal';
    comment on column app_profiles.state is 'not personal';
    comment on column app_profiles.digest is 'not personal';
    comment on column app_profiles.changed_at is 'not personal';

    create table app_pairs (
      low text not null references app_profiles (ref) on delete cascade,
      high text not null references app_profiles (ref) on delete cascade,
      score real not null,
      is_strong boolean not null,
      reasons jsonb not null,
      agencies text[] not null,
      sectors text[] not null,
      status text not null constraint "pair status is known" check (status in ('open', 'dismissed', 'settled')),
      found_at timestamptz not null,
      scored_at timestamptz not null,
      decided_at timestamptz,
      decided_by text,
      note text,
      primary key (low, high),
      constraint "a pair has one order" check (low < high),
      constraint "a decided pair says when" check ((status = 'open') = (decided_at is null))
    );
    create index on app_pairs (high);
    create index "pairs by score" on app_pairs (status, score desc, low, high);
    create index on app_pairs using gin (agencies); create index on app_pairs using gin (sectors);
    comment on column app_pairs.low is 'not personal';
    comment on column app_pairs.high is 'not personal';
    comment on column app_pairs.score is 'not personal';
    comment on column app_pairs.is_strong is 'not personal';
    comment on column app_pairs.reasons is 'not personal';
    comment on column app_pairs.agencies is 'not personal';
    comment on column app_pairs.sectors is 'not personal';
    comment on column app_pairs.status is 'not personal';
    comment on column app_pairs.found_at is 'not personal';
    comment on column app_pairs.scored_at is 'not personal';
    comment on column app_pairs.decided_at is 'not personal';
    comment on column app_pairs.decided_by is 'personal: who did it, so that someone answers for it';
    comment on column app_pairs.note is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table app_pairs; drop table app_profiles;
  `);
}
