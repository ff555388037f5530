/**
 * What apps that are alike are found by.
 *
 * Texts that are like another are found by their rarest words (`app_terms`: each different name and description once, whoever
 * bears it), and words that are nearly the same by their trigrams (`app_words`). Trigram indexes over descriptions took fifty times
 * as long: the trigrams of one are in most others. The indexes on a text's digest lead from it to the apps that bear it, in one
 * order, whose first stands for all where they are many. An app that has ended is among none of them.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
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
    comment on column app_terms.kind is 'not personal';
    comment on column app_terms.word is 'not personal';
    comment on column app_terms.text is 'not personal';
    comment on column app_terms.words is 'not personal';

    create table app_words (
      word text primary key
    );
    create index "words by their letters" on app_words using gin (word gin_trgm_ops) with (fastupdate = off);
    comment on column app_words.word is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table app_words; drop table app_terms;
    drop index "profiles by English description"; drop index "profiles by description"; drop index "profiles by English name";
    drop index "profiles by name"; drop index "profiles of a name";
  `);
}
