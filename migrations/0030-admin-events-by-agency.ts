/**
 * What admins did, listed by the console: all of it, of one agency and what is below it, of one subject; always the latest
 * first, by an index.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table admin_events
      add column agency_id text;
    create index on admin_events (at desc, id);
    create index on admin_events (agency_id, at desc, id);
    create index on admin_events (actor, at desc, id);
    comment on column admin_events.agency_id is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table admin_events drop column agency_id;
  `);
}
