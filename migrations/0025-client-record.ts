/**
 * All that a registry of apps keeps about one: read with the client itself into the memory of every process.
 *
 * `number` is the version that is in force (`client_versions`). `live_since` and `review_asked_at` give the time to production
 * that the console shows. `search` serves the console's search box by trigrams; the other indexes its lists by agency, state
 * and sector.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table clients
      add column description text,
      add column description_en text,
      add column sectors text[] not null default '{}',
      add column audience text[] not null default '{citizens}' constraint "audience is known"
        check (audience <@ array['citizens', 'businesses', 'officials']),
      add column service_code text,
      add column event_uri text,
      add column security_profile text not null default 'baseline' constraint "security profile is known"
        check (security_profile in ('baseline', 'fapi2')),
      add column min_identity text constraint "minimum of identity is known" check (min_identity in ('ial1', 'ial2', 'ial3')),
      add column retention_days integer,
      add column rate_tier text not null default 'standard' constraint "rate tier is known" check (rate_tier in ('low', 'standard', 'high')),
      add column migration_stage text not null default 'optional' constraint "migration stage is known"
        check (migration_stage in ('shadow', 'optional', 'default', 'required', 'off')),
      add column launch_on date,
      add column sunset_on date,
      add column risk text not null default 'low' constraint "risk is known" check (risk in ('low', 'medium', 'high')),
      add column logo_digest text,
      add column number integer not null default 0,
      add column state_since timestamptz,
      add column state_reason text,
      add column live_since timestamptz,
      add column review_asked_at timestamptz,
      add column registration_token_hash bytea,
      add column search text generated always as (lower(id || ' ' || name || ' ' || name_en)) stored;
    create index on clients using gin (search gin_trgm_ops);
    create index on clients using gin (sectors);
    create index on clients (state, id);
    create index on clients (live_since) where live_since is not null;
    comment on column clients.description is 'not personal';
    comment on column clients.description_en is 'not personal';
    comment on column clients.sectors is 'not personal';
    comment on column clients.audience is 'not personal';
    comment on column clients.service_code is 'not personal';
    comment on column clients.event_uri is 'not personal';
    comment on column clients.security_profile is 'not personal';
    comment on column clients.min_identity is 'not personal';
    comment on column clients.retention_days is 'not personal';
    comment on column clients.rate_tier is 'not personal';
    comment on column clients.migration_stage is 'not personal';
    comment on column clients.launch_on is 'not personal';
    comment on column clients.sunset_on is 'not personal';
    comment on column clients.risk is 'not personal';
    comment on column clients.logo_digest is 'not personal';
    comment on column clients.number is 'not personal';
    comment on column clients.state_since is 'not personal';
    comment on column clients.state_reason is 'not personal';
    comment on column clients.live_since is 'not personal';
    comment on column clients.review_asked_at is 'not personal';
    comment on column clients.registration_token_hash is 'not personal';
    comment on column clients.search is 'not personal';

    create table client_contacts (
      client_id text not null references clients (id) on delete cascade,
      role text not null constraint "contact role is known" check (role in ('technical', 'security', 'privacy', 'support')),
      email text not null,
      confirmed_at timestamptz,
      token_hash bytea,
      sent_at timestamptz,
      primary key (client_id, role, email)
    );
    create unique index on client_contacts (token_hash) where token_hash is not null;
    comment on column client_contacts.client_id is 'not personal';
    comment on column client_contacts.role is 'not personal';
    comment on column client_contacts.email is 'personal: whom to tell about the app; an office address that its agency declares';
    comment on column client_contacts.confirmed_at is 'not personal';
    comment on column client_contacts.token_hash is 'not personal';
    comment on column client_contacts.sent_at is 'not personal';

    create table client_logos (
      digest text primary key,
      media_type text not null constraint "logos are pictures" check (media_type in ('image/png', 'image/jpeg', 'image/webp', 'image/svg+xml')),
      bytes bytea not null,
      created_at timestamptz not null
    );
    comment on column client_logos.digest is 'not personal';
    comment on column client_logos.media_type is 'not personal';
    comment on column client_logos.bytes is 'not personal';
    comment on column client_logos.created_at is 'not personal';

    create table client_testers (
      client_id text not null references clients (id) on delete cascade,
      tester_id uuid not null,
      invited_by text not null,
      since timestamptz not null,
      primary key (client_id, tester_id)
    );
    create index on client_testers (tester_id);
    comment on column client_testers.client_id is 'not personal';
    comment on column client_testers.tester_id is 'personal: whose account may open the app before it is live';
    comment on column client_testers.invited_by is 'personal: who invited them';
    comment on column client_testers.since is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table client_testers; drop table client_logos; drop table client_contacts;
    alter table clients drop column search, drop column registration_token_hash, drop column review_asked_at, drop column live_since, drop column state_reason, drop column state_since, drop column number, drop column logo_digest, drop column risk, drop column sunset_on, drop column launch_on, drop column migration_stage, drop column rate_tier, drop column retention_days, drop column min_identity, drop column security_profile, drop column event_uri, drop column service_code, drop column audience, drop column sectors, drop column description_en, drop column description;
  `);
}
