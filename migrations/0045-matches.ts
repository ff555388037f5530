/**
 * Which profiles are still to be matched: records of the inventory with the clients that may be the same app. One is matched again
 * when what it is compared by has changed. Clients are looked for by name among clients alone, of which there are fewer.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table app_profiles add column matched_at timestamptz;
    create index "profiles to match" on app_profiles (changed_at, ref) where matched_at is null or matched_at < changed_at;
    create index "clients by the words of their names" on app_profiles using gin (name_words gin_trgm_ops) where client_id is not null;
    create index "clients by the words of their English names" on app_profiles using gin (name_en_words gin_trgm_ops)
      where client_id is not null;
    comment on column app_profiles.matched_at is 'not personal';
    create index "imports by time" on inventory_imports (created_at desc);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index "imports by time";
    alter table app_profiles drop column matched_at;
    drop index if exists "clients by the words of their names";
    drop index if exists "clients by the words of their English names";
  `);
}
