/**
 * The tree of organisations, and the policy areas that cut across it.
 *
 * `path` holds the ids from the root to the agency itself, so that a role at a node reaches everything below it by one
 * indexed comparison (`path @> array[node]`); a row that older code wrote has an empty one and stands at the top. `search`
 * serves the search box of the console by trigrams. `sectors` is data: who runs the deployment declares them.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create extension if not exists pg_trgm;

    create table sectors (
      id text primary key constraint "sector id is a short word" check (id ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
      name text not null,
      name_en text not null,
      is_priority boolean not null default false,
      coordinator_id text references agencies (id),
      position integer not null default 0,
      updated_at timestamptz not null
    );
    create index on sectors (coordinator_id);
    comment on column sectors.id is 'not personal';
    comment on column sectors.name is 'not personal';
    comment on column sectors.name_en is 'not personal';
    comment on column sectors.is_priority is 'not personal';
    comment on column sectors.coordinator_id is 'not personal';
    comment on column sectors.position is 'not personal';
    comment on column sectors.updated_at is 'not personal';

    alter table agencies
      add column parent_id text references agencies (id),
      add column kind text not null default 'agency' constraint "agency kind is known"
        check (kind in ('state', 'ministry', 'agency', 'province', 'regency', 'city', 'unit')),
      add column path text[] not null default '{}',
      add column email_domain text,
      add column sectors text[] not null default '{}',
      add column search text generated always as (lower(id || ' ' || name || ' ' || name_en || ' ' || legal_name)) stored;
    update agencies set path = array[id];
    alter table agencies add constraint "an agency is not its own parent" check (parent_id <> id);
    create index on agencies (parent_id, id);
    create index on agencies using gin (path);
    create index on agencies using gin (sectors);
    create index on agencies using gin (search gin_trgm_ops);
    comment on column agencies.parent_id is 'not personal';
    comment on column agencies.kind is 'not personal';
    comment on column agencies.path is 'not personal';
    comment on column agencies.email_domain is 'not personal';
    comment on column agencies.sectors is 'not personal';
    comment on column agencies.search is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table agencies drop column search, drop column sectors, drop column email_domain, drop column path, drop column kind, drop column parent_id;
    drop table sectors;
  `);
}
