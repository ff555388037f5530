/**
 * When those concerned were told of a decision, again before its day, and of its being undone; and why one whose day has come
 * was not carried out. `clients.ends_on` is read with the client, so that its people are told beforehand without a statement.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table app_decisions
      add column reminded_days smallint,
      add column undo_told_at timestamptz,
      add column held_at timestamptz;
    create index "decisions to announce" on app_decisions (decided_at)
      where announced_at is null and replaced_at is null and undone_at is null;
    create index "undone decisions to tell of" on app_decisions (undone_at)
      where undone_at is not null and announced_at is not null and undo_told_at is null;
    create index "evidence by time" on evidence_files (added_at);
    comment on column app_decisions.reminded_days is 'not personal';
    comment on column app_decisions.undo_told_at is 'not personal';
    comment on column app_decisions.held_at is 'not personal';

    alter table clients
      add column ends_on date;
    comment on column clients.ends_on is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table clients drop column ends_on;
    drop index "evidence by time"; drop index "undone decisions to tell of"; drop index "decisions to announce";
    alter table app_decisions drop column held_at, drop column undo_told_at, drop column reminded_days;
  `);
}
