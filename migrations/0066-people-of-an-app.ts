/**
 * How many people each claim of an app is open to, counted once a day: what its agency may know of its people. Full tens alone are
 * kept, and nothing of fewer than ten. `claim` is empty for the app as a whole.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table client_people_days (
      client_id text not null references clients (id) on delete cascade,
      day date not null,
      claim text not null,
      people bigint not null constraint "people are told in full tens" check (people >= 10 and people % 10 = 0),
      primary key (client_id, day, claim)
    );
    create index on client_people_days (day);
    create index on client_release_days (day);
    create index on client_permission_days (day);
    comment on column client_people_days.client_id is 'not personal';
    comment on column client_people_days.day is 'not personal';
    comment on column client_people_days.claim is 'not personal';
    comment on column client_people_days.people is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table client_people_days;
    drop index client_release_days_day_idx;
    drop index client_permission_days_day_idx;
  `);
}
