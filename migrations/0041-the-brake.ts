/**
 * What stands between a new app and its registration: likely duplicates that have to be justified, agencies and sectors that
 * are closed, and exceptions from that. What was not built because of it is kept, so that it can be counted.
 *
 * An app whose case is open can be built and tried, not go live. An exception is used up by one conditional statement.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table registration_cases (
      id text primary key,
      agency_id text not null references agencies (id),
      agencies text[] not null,
      sectors text[] not null default '{}',
      client_id text references clients (id) on delete set null,
      name text not null,
      name_en text not null,
      grounds text[] not null constraint "grounds are known" check (grounds <@ array['duplicate', 'agency-closed', 'sector-closed']),
      duplicates jsonb not null,
      justification text not null,
      status text not null constraint "case status is known" check (status in ('open', 'allowed', 'refused', 'withdrawn')),
      instead text,
      via text not null,
      actor text not null,
      created_at timestamptz not null,
      due_at timestamptz not null,
      told_at timestamptz,
      decided_at timestamptz,
      decided_by text,
      note text,
      constraint "a decided case says when" check ((status = 'open') = (decided_at is null))
    );
    create index "cases that wait" on registration_cases (created_at, id) where status = 'open';
    create unique index "one open case per client" on registration_cases (client_id) where status = 'open';
    create index on registration_cases (client_id, created_at desc);
    create index "cases decided" on registration_cases (status, decided_at desc, id);
    create index on registration_cases (agency_id); create index on registration_cases using gin (agencies); create index on registration_cases using gin (sectors);
    comment on column registration_cases.id is 'not personal';
    comment on column registration_cases.agency_id is 'not personal';
    comment on column registration_cases.agencies is 'not personal';
    comment on column registration_cases.sectors is 'not personal';
    comment on column registration_cases.client_id is 'not personal';
    comment on column registration_cases.name is 'not personal';
    comment on column registration_cases.name_en is 'not personal';
    comment on column registration_cases.grounds is 'not personal';
    comment on column registration_cases.duplicates is 'not personal';
    comment on column registration_cases.justification is 'not personal';
    comment on column registration_cases.status is 'not personal';
    comment on column registration_cases.instead is 'not personal';
    comment on column registration_cases.via is 'not personal';
    comment on column registration_cases.actor is 'personal: who did it, so that someone answers for it';
    comment on column registration_cases.created_at is 'not personal';
    comment on column registration_cases.due_at is 'not personal';
    comment on column registration_cases.told_at is 'not personal';
    comment on column registration_cases.decided_at is 'not personal';
    comment on column registration_cases.decided_by is 'personal: who did it, so that someone answers for it';
    comment on column registration_cases.note is 'not personal';

    create table registration_closures (
      id text primary key,
      agency_id text references agencies (id),
      sector_id text references sectors (id),
      reason text not null,
      open_again_on date,
      closed_by text not null,
      closed_at timestamptz not null,
      opened_by text,
      opened_at timestamptz,
      constraint "either an agency or a sector is closed" check ((agency_id is null) <> (sector_id is null))
    );
    create index on registration_closures (agency_id); create index on registration_closures (sector_id);
    create unique index "an agency is closed once" on registration_closures (agency_id) where opened_at is null;
    create unique index "a sector is closed once" on registration_closures (sector_id) where opened_at is null;
    comment on column registration_closures.id is 'not personal';
    comment on column registration_closures.agency_id is 'not personal';
    comment on column registration_closures.sector_id is 'not personal';
    comment on column registration_closures.reason is 'not personal';
    comment on column registration_closures.open_again_on is 'not personal';
    comment on column registration_closures.closed_by is 'personal: who did it, so that someone answers for it';
    comment on column registration_closures.closed_at is 'not personal';
    comment on column registration_closures.opened_by is 'personal: who did it, so that someone answers for it';
    comment on column registration_closures.opened_at is 'not personal';

    create table registration_exceptions (
      id text primary key,
      closure_id text not null references registration_closures (id),
      agency_id text not null references agencies (id),
      apps integer not null constraint "an exception is for some apps" check (apps > 0),
      used integer not null default 0,
      reason text not null,
      given_by text not null,
      given_at timestamptz not null,
      expires_at timestamptz not null,
      revoked_at timestamptz,
      revoked_by text,
      constraint "an exception is used no more than it allows" check (used >= 0 and used <= apps)
    );
    create index on registration_exceptions (closure_id, agency_id); create index on registration_exceptions (agency_id);
    comment on column registration_exceptions.id is 'not personal';
    comment on column registration_exceptions.closure_id is 'not personal';
    comment on column registration_exceptions.agency_id is 'not personal';
    comment on column registration_exceptions.apps is 'not personal';
    comment on column registration_exceptions.used is 'not personal';
    comment on column registration_exceptions.reason is 'not personal';
    comment on column registration_exceptions.given_by is 'personal: who did it, so that someone answers for it';
    comment on column registration_exceptions.given_at is 'not personal';
    comment on column registration_exceptions.expires_at is 'not personal';
    comment on column registration_exceptions.revoked_at is 'not personal';
    comment on column registration_exceptions.revoked_by is 'personal: who did it, so that someone answers for it';

    create table registrations_not_made (
      id uuid primary key,
      agency_id text not null references agencies (id),
      agencies text[] not null,
      sectors text[] not null default '{}',
      why text not null constraint "why is known" check (why in ('chose-existing', 'closed', 'refused', 'withdrawn')),
      name text not null,
      instead text,
      case_id text unique references registration_cases (id),
      actor text not null,
      at timestamptz not null
    );
    create index on registrations_not_made (at desc, id); create index on registrations_not_made (agency_id); create index on registrations_not_made using gin (agencies); create index on registrations_not_made using gin (sectors);
    comment on column registrations_not_made.id is 'not personal';
    comment on column registrations_not_made.agency_id is 'not personal';
    comment on column registrations_not_made.agencies is 'not personal';
    comment on column registrations_not_made.sectors is 'not personal';
    comment on column registrations_not_made.why is 'not personal';
    comment on column registrations_not_made.name is 'not personal';
    comment on column registrations_not_made.instead is 'not personal';
    comment on column registrations_not_made.case_id is 'not personal';
    comment on column registrations_not_made.actor is 'personal: who did it, so that someone answers for it';
    comment on column registrations_not_made.at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table registrations_not_made; drop table registration_exceptions; drop table registration_closures; drop table registration_cases;
  `);
}
