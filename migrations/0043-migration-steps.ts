/**
 * How far each app has come from accounts of its own: for which share of its people a stage holds, which steps are planned
 * for which day, and each step that was taken, so that one can go back.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table clients
      add column migration_percentage smallint not null default 100 constraint "a cohort is a percentage"
        check (migration_percentage between 0 and 100),
      add column migration_plan jsonb not null default '[]';
    create index "apps with a step ahead" on clients (id) where migration_plan <> '[]';
    comment on column clients.migration_percentage is 'not personal';
    comment on column clients.migration_plan is 'not personal';

    create table client_migration_steps (
      client_id text not null references clients (id) on delete cascade,
      number integer not null,
      stage text not null constraint "step is of a known stage" check (stage in ('shadow', 'optional', 'default', 'required', 'off')),
      percentage smallint not null,
      is_back boolean not null default false,
      back_to integer,
      via text not null,
      actor text not null,
      reason text,
      at timestamptz not null,
      primary key (client_id, number)
    );
    create index on client_migration_steps (at);
    comment on column client_migration_steps.client_id is 'not personal';
    comment on column client_migration_steps.number is 'not personal';
    comment on column client_migration_steps.stage is 'not personal';
    comment on column client_migration_steps.percentage is 'not personal';
    comment on column client_migration_steps.is_back is 'not personal';
    comment on column client_migration_steps.back_to is 'not personal';
    comment on column client_migration_steps.via is 'not personal';
    comment on column client_migration_steps.actor is 'personal: who did it, so that someone answers for it';
    comment on column client_migration_steps.reason is 'not personal';
    comment on column client_migration_steps.at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table client_migration_steps;
    alter table clients drop column migration_plan, drop column migration_percentage;
  `);
}
