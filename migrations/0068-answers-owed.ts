/**
 * What agencies still have to answer, counted by app: withdrawals and reports that wait, and those that wait for too long.
 * `answers_owed_told`: until which due date an agency has been told. `answers_owed_counts`: the one row by which a single process
 * counts at a time.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table answers_owed (
      client_id text primary key references clients (id) on delete cascade,
      agency_id text not null references agencies (id) on delete cascade,
      agencies text[] not null,
      withdrawals integer not null,
      withdrawals_overdue integer not null,
      reports integer not null,
      reports_overdue integer not null,
      oldest_due_at timestamptz not null,
      latest_overdue_at timestamptz,
      latest_soon_at timestamptz,
      counted_at timestamptz not null
    );
    create index on answers_owed (oldest_due_at, client_id);
    create index on answers_owed (agency_id);
    comment on column answers_owed.client_id is 'not personal';
    comment on column answers_owed.agency_id is 'not personal';
    comment on column answers_owed.agencies is 'not personal';
    comment on column answers_owed.withdrawals is 'not personal';
    comment on column answers_owed.withdrawals_overdue is 'not personal';
    comment on column answers_owed.reports is 'not personal';
    comment on column answers_owed.reports_overdue is 'not personal';
    comment on column answers_owed.oldest_due_at is 'not personal';
    comment on column answers_owed.latest_overdue_at is 'not personal';
    comment on column answers_owed.latest_soon_at is 'not personal';
    comment on column answers_owed.counted_at is 'not personal';

    create table answers_owed_told (
      agency_id text not null references agencies (id) on delete cascade,
      occasion text not null constraint "occasion of a telling is known" check (occasion in ('soon', 'overdue', 'below')),
      told_at timestamptz not null,
      told_until timestamptz not null,
      primary key (agency_id, occasion)
    );
    comment on column answers_owed_told.agency_id is 'not personal';
    comment on column answers_owed_told.occasion is 'not personal';
    comment on column answers_owed_told.told_at is 'not personal';
    comment on column answers_owed_told.told_until is 'not personal';

    create table answers_owed_counts (
      id smallint primary key constraint "there is one count" check (id = 1),
      lease_until timestamptz not null,
      finished_at timestamptz
    );
    comment on column answers_owed_counts.id is 'not personal';
    comment on column answers_owed_counts.lease_until is 'not personal';
    comment on column answers_owed_counts.finished_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table answers_owed_counts;
    drop table answers_owed_told;
    drop table answers_owed;
  `);
}
