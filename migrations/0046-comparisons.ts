/**
 * Which apps are to be compared with the others, and which names are everybody's.
 *
 * What waits stands in a table of its own: marking it in the profile would write each of its trigram indexes anew. An app that is
 * asked for again while somebody compares it loses its lease, and so is compared once more. A name that many apps bear is a
 * family: one line of a list instead of a pair for each two of them.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table app_comparisons (
      ref text primary key,
      asked_at timestamptz not null,
      lease_until timestamptz
    );
    create index "comparisons by age" on app_comparisons (asked_at, ref);
    comment on column app_comparisons.ref is 'not personal';
    comment on column app_comparisons.asked_at is 'not personal';
    comment on column app_comparisons.lease_until is 'not personal';

    insert into app_comparisons (ref, asked_at)
    select 'client:' || id, created_at from clients
    union all select 'inventory:' || id, created_at from inventory where removed_at is null and client_id is null;

    create table app_families (
      words text primary key,
      name text not null,
      apps integer not null,
      agencies text[] not null,
      sectors text[] not null,
      counted_at timestamptz not null
    );
    create index "families by size" on app_families (apps desc, words);
    create index on app_families using gin (agencies); create index on app_families using gin (sectors);
    comment on column app_families.words is 'not personal';
    comment on column app_families.name is 'not personal';
    comment on column app_families.apps is 'not personal';
    comment on column app_families.agencies is 'not personal';
    comment on column app_families.sectors is 'not personal';
    comment on column app_families.counted_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table app_families; drop table app_comparisons;
  `);
}
