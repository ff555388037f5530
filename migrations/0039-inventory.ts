/**
 * Apps that exist, whether they are connected or not.
 *
 * A row is found by its agency and the key that the agency gives it, so that the same file imported again changes nothing.
 * Once it is linked to a client the two are one app. An import is checked and applied row by row by whichever process holds its
 * lease; its file is kept until then. Read by the list of what exists (by name, by words, by sector and agency) and by the page
 * of one app.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table inventory (
      id text primary key constraint "inventory id is ten letters and digits" check (id ~ '^[a-z0-9]{10}$'),
      agency_id text not null references agencies (id),
      key text not null,
      name text not null,
      name_en text,
      description text,
      description_en text,
      host text,
      domain text,
      sectors text[] not null default '{}',
      audience text[] not null default '{}' constraint "inventory audience is known"
        check (audience <@ array['citizens', 'businesses', 'officials']),
      service_code text,
      claims text[] not null default '{}',
      users bigint constraint "users are not negative" check (users >= 0),
      yearly_cost bigint constraint "a cost is not negative" check (yearly_cost >= 0),
      technology text,
      contact text,
      client_id text references clients (id) on delete set null,
      linked_at timestamptz,
      linked_by text,
      number integer not null default 1,
      search text generated always as (lower(key || ' ' || name || ' ' || coalesce(name_en, '') || ' ' || coalesce(host, ''))) stored,
      created_at timestamptz not null,
      created_by text not null,
      updated_at timestamptz not null,
      updated_by text not null,
      removed_at timestamptz,
      unique (agency_id, key)
    );
    create unique index "one record of what exists per client" on inventory (client_id) where removed_at is null;
    create index "inventory by name" on inventory ((lower(name) collate "C"), id) where removed_at is null;
    create index "inventory of an agency by name" on inventory (agency_id, (lower(name) collate "C"), id) where removed_at is null;
    create index on inventory (host) where removed_at is null;
    create index on inventory using gin (sectors);
    create index on inventory using gin (search gin_trgm_ops);
    comment on column inventory.id is 'not personal';
    comment on column inventory.agency_id is 'not personal';
    comment on column inventory.key is 'not personal';
    comment on column inventory.name is 'not personal';
    comment on column inventory.name_en is 'not personal';
    comment on column inventory.description is 'not personal';
    comment on column inventory.description_en is 'not personal';
    comment on column inventory.host is 'not personal';
    comment on column inventory.domain is 'not personal';
    comment on column inventory.sectors is 'not personal';
    comment on column inventory.audience is 'not personal';
    comment on column inventory.service_code is 'not personal';
    comment on column inventory.claims is 'not personal';
    comment on column inventory.users is 'not personal';
    comment on column inventory.yearly_cost is 'not personal';
    comment on column inventory.technology is 'not personal';
    comment on column inventory.contact is 'personal: an office address: whom to ask about the app';
    comment on column inventory.client_id is 'not personal';
    comment on column inventory.linked_at is 'not personal';
    comment on column inventory.linked_by is 'personal: who did it, so that someone answers for it';
    comment on column inventory.number is 'not personal';
    comment on column inventory.search is 'not personal';
    comment on column inventory.created_at is 'not personal';
    comment on column inventory.created_by is 'personal: who did it, so that someone answers for it';
    comment on column inventory.updated_at is 'not personal';
    comment on column inventory.updated_by is 'personal: who did it, so that someone answers for it';
    comment on column inventory.removed_at is 'not personal';

    create table inventory_versions (
      inventory_id text not null references inventory (id) on delete cascade,
      number integer not null,
      content jsonb not null,
      changed text[] not null,
      via text not null constraint "way into the inventory is known" check (via in ('page', 'api', 'file', 'command', 'job', 'start')),
      actor text not null,
      reason text,
      at timestamptz not null,
      primary key (inventory_id, number)
    );
    comment on column inventory_versions.inventory_id is 'not personal';
    comment on column inventory_versions.number is 'not personal';
    comment on column inventory_versions.content is 'personal: what was declared; the office address of its contact is in it';
    comment on column inventory_versions.changed is 'not personal';
    comment on column inventory_versions.via is 'not personal';
    comment on column inventory_versions.actor is 'personal: who did it, so that someone answers for it';
    comment on column inventory_versions.reason is 'not personal';
    comment on column inventory_versions.at is 'not personal';

    create table inventory_imports (
      id uuid primary key,
      agency_id text not null references agencies (id),
      actor text not null,
      via text not null,
      file_name text not null,
      content bytea,
      status text not null constraint "import status is known"
        check (status in ('waiting', 'checking', 'checked', 'applying', 'applied', 'failed', 'given-up')),
      rows_total integer not null default 0,
      rows_done integer not null default 0,
      created integer not null default 0,
      updated integer not null default 0,
      unchanged integer not null default 0,
      refused integer not null default 0,
      lease_until timestamptz,
      created_at timestamptz not null,
      finished_at timestamptz,
      expires_at timestamptz not null
    );
    create index on inventory_imports (agency_id, created_at desc);
    create index "imports to work on" on inventory_imports (created_at) where status in ('waiting', 'checking', 'applying');
    create index on inventory_imports (expires_at);
    comment on column inventory_imports.id is 'not personal';
    comment on column inventory_imports.agency_id is 'not personal';
    comment on column inventory_imports.actor is 'personal: who did it, so that someone answers for it';
    comment on column inventory_imports.via is 'not personal';
    comment on column inventory_imports.file_name is 'not personal';
    comment on column inventory_imports.content is 'personal: the file as it was sent, until it is applied or given up; office addresses of contacts are in it';
    comment on column inventory_imports.status is 'not personal';
    comment on column inventory_imports.rows_total is 'not personal';
    comment on column inventory_imports.rows_done is 'not personal';
    comment on column inventory_imports.created is 'not personal';
    comment on column inventory_imports.updated is 'not personal';
    comment on column inventory_imports.unchanged is 'not personal';
    comment on column inventory_imports.refused is 'not personal';
    comment on column inventory_imports.lease_until is 'not personal';
    comment on column inventory_imports.created_at is 'not personal';
    comment on column inventory_imports.finished_at is 'not personal';
    comment on column inventory_imports.expires_at is 'not personal';

    create table inventory_import_errors (
      import_id uuid not null references inventory_imports (id) on delete cascade,
      row integer not null,
      position integer not null,
      field text not null,
      code text not null,
      given text,
      primary key (import_id, row, position)
    );
    comment on column inventory_import_errors.import_id is 'not personal';
    comment on column inventory_import_errors.row is 'not personal';
    comment on column inventory_import_errors.position is 'not personal';
    comment on column inventory_import_errors.field is 'not personal';
    comment on column inventory_import_errors.code is 'not personal';
    comment on column inventory_import_errors.given is 'not personal';

    create table inventory_matches (
      inventory_id text not null references inventory (id) on delete cascade,
      client_id text not null references clients (id) on delete cascade,
      score real not null,
      reasons text[] not null,
      status text not null constraint "match status is known" check (status in ('proposed', 'confirmed', 'refused')),
      found_at timestamptz not null,
      decided_at timestamptz,
      decided_by text,
      primary key (inventory_id, client_id)
    );
    create index on inventory_matches (client_id);
    create index "matches to decide" on inventory_matches (score desc, inventory_id, client_id) where status = 'proposed';
    comment on column inventory_matches.inventory_id is 'not personal';
    comment on column inventory_matches.client_id is 'not personal';
    comment on column inventory_matches.score is 'not personal';
    comment on column inventory_matches.reasons is 'not personal';
    comment on column inventory_matches.status is 'not personal';
    comment on column inventory_matches.found_at is 'not personal';
    comment on column inventory_matches.decided_at is 'not personal';
    comment on column inventory_matches.decided_by is 'personal: who did it, so that someone answers for it';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table inventory_matches; drop table inventory_import_errors; drop table inventory_imports; drop table inventory_versions; drop table inventory;
  `);
}
