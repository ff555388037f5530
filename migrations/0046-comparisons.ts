/**
 * Which apps are to be compared with the others, and which names are everybody's.
 *
 * What waits stands in a table of its own: marking it in the profile would write each of its trigram indexes anew. An app that is
 * asked for again while somebody compares it loses its lease, and so is compared once more.
 *
 * Texts that are like another are found by their rarest words (`app_terms`: each different name and description once, whoever
 * bears it), and words that are nearly the same by their trigrams (`app_words`). Trigram indexes over descriptions took fifty times
 * as long: the trigrams of one are in most others. The indexes on a text's digest lead from it to the apps that bear it, in one
 * order, whose first stands for all where they are many: those are a family, one line of a list instead of a pair for each two.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table app_comparisons (
      ref text primary key,
      asked_at timestamptz not null,
      lease_until timestamptz
    );
    create index "comparisons by age" on app_comparisons (asked_at, ref);
    comment on column app_comparisons.ref is 'not personal';
    comment on column app_comparisons.asked_at is 'not personal';
    comment on column app_comparisons.lease_until is 'not personal';

    insert into app_comparisons (ref, asked_at)
    select 'client:' || id, created_at from clients
    union all select 'inventory:' || id, created_at from inventory where removed_at is null and client_id is null;

    alter table app_profiles drop column compared_at;
    drop index app_profiles_description_words_idx; drop index app_profiles_description_en_words_idx;
    create index "profiles of a name" on app_profiles (name_words, agency_id, ref) where state <> 'retired';
    create index "profiles by name" on app_profiles ((md5(name_words)::uuid), agency_id, ref) where state <> 'retired';
    create index "profiles by English name" on app_profiles ((md5(name_en_words)::uuid), agency_id, ref)
      where state <> 'retired' and name_en_words <> '';
    create index "profiles by description" on app_profiles ((md5(description_words)::uuid), agency_id, ref) where state <> 'retired';
    create index "profiles by English description" on app_profiles ((md5(description_en_words)::uuid), agency_id, ref)
      where state <> 'retired' and description_en_words <> '';

    create table app_terms (
      kind text not null constraint "a term is of a name or a description" check (kind in ('name', 'description')),
      word text not null,
      text uuid not null,
      words smallint not null,
      primary key (kind, word, text)
    );
    create index on app_terms (kind, text);
    comment on column app_terms.kind is 'not personal';
    comment on column app_terms.word is 'not personal';
    comment on column app_terms.text is 'not personal';
    comment on column app_terms.words is 'not personal';

    create table app_words (
      word text primary key
    );
    create index "words by their letters" on app_words using gin (word gin_trgm_ops) with (fastupdate = off);
    comment on column app_words.word is 'not personal';

    create table app_families (
      words text primary key,
      name text not null,
      apps integer not null,
      agencies text[] not null,
      sectors text[] not null,
      counted_at timestamptz not null
    );
    create index "families by size" on app_families (apps desc, words);
    create index on app_families using gin (agencies); create index on app_families using gin (sectors);
    comment on column app_families.words is 'not personal';
    comment on column app_families.name is 'not personal';
    comment on column app_families.apps is 'not personal';
    comment on column app_families.agencies is 'not personal';
    comment on column app_families.sectors is 'not personal';
    comment on column app_families.counted_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table app_families; drop table app_words; drop table app_terms; drop table app_comparisons;
    drop index "profiles by English description"; drop index "profiles by description"; drop index "profiles by English name";
    drop index "profiles by name"; drop index "profiles of a name";
    create index on app_profiles using gin (description_words gin_trgm_ops);
    create index on app_profiles using gin (description_en_words gin_trgm_ops);
    alter table app_profiles add column compared_at timestamptz;
    create index "profiles to compare" on app_profiles (changed_at, ref) where compared_at is null;
    comment on column app_profiles.compared_at is 'not personal';
  `);
}
