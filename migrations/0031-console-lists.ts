/**
 * The order in which the console lists apps and agencies: by name, as people look for them, and by id where names are equal.
 * Names are compared byte by byte, so that every server agrees where a page begins.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index "apps by name" on clients ((lower(name) collate "C"), (id collate "C"));
    create index "apps of an agency by name" on clients (agency_id, (lower(name) collate "C"), (id collate "C"));
    create index "apps of an agency by state" on clients (agency_id, state);
    create index "apps of a state by name" on clients (state, (lower(name) collate "C"), (id collate "C"));
    create index "agencies by name" on agencies ((lower(name) collate "C"), (id collate "C"));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index "apps by name"; drop index "apps of an agency by name"; drop index "apps of an agency by state"; drop index "apps of a state by name"; drop index "agencies by name";
  `);
}
