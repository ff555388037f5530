/**
 * How far the country has come: per sector, per agency with all below it, and in all; one row a day, made by a job.
 *
 * `client_days` counts sign-ins, spread over slots so that no row is everybody's; `client_groups` says which groups an app counts in,
 * and is made anew by each run. No figure here says who.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table client_days (
      client_id text not null references clients (id) on delete cascade,
      day date not null,
      slot smallint not null,
      sign_ins bigint not null,
      primary key (client_id, day, slot)
    );
    create index on client_days (day);
    comment on column client_days.client_id is 'not personal';
    comment on column client_days.day is 'not personal';
    comment on column client_days.slot is 'not personal';
    comment on column client_days.sign_ins is 'not personal';

    create table client_groups (
      client_id text not null references clients (id) on delete cascade,
      kind text not null constraint "group kind is known" check (kind in ('all', 'sector', 'agency')),
      id text not null,
      primary key (client_id, kind, id)
    );
    comment on column client_groups.client_id is 'not personal';
    comment on column client_groups.kind is 'not personal';
    comment on column client_groups.id is 'not personal';

    create table coverage (
      kind text not null constraint "coverage is of a known kind" check (kind in ('all', 'sector', 'agency')),
      id text not null,
      day date not null,
      known integer not null,
      connected integer not null,
      live integer not null,
      retired integer not null,
      decided jsonb not null default '{}',
      stages jsonb not null default '{}',
      pairs_found integer not null,
      pairs_settled integer not null,
      not_built integer not null,
      sign_ins bigint not null,
      people bigint,
      primary key (kind, id, day)
    );
    create index on coverage (day);
    comment on column coverage.kind is 'not personal';
    comment on column coverage.id is 'not personal';
    comment on column coverage.day is 'not personal';
    comment on column coverage.known is 'not personal';
    comment on column coverage.connected is 'not personal';
    comment on column coverage.live is 'not personal';
    comment on column coverage.retired is 'not personal';
    comment on column coverage.decided is 'not personal';
    comment on column coverage.stages is 'not personal';
    comment on column coverage.pairs_found is 'not personal';
    comment on column coverage.pairs_settled is 'not personal';
    comment on column coverage.not_built is 'not personal';
    comment on column coverage.sign_ins is 'not personal';
    comment on column coverage.people is 'not personal';

    create table coverage_runs (
      day date primary key,
      lease_until timestamptz not null,
      finished_at timestamptz
    );
    comment on column coverage_runs.day is 'not personal';
    comment on column coverage_runs.lease_until is 'not personal';
    comment on column coverage_runs.finished_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table coverage_runs; drop table coverage; drop table client_groups; drop table client_days;
  `);
}
