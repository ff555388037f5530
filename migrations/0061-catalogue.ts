/**
 * The catalogue of services on citizens' pages: those that are offered, by name, and by the words of their names and purposes.
 * Its conditions are those of `registry/catalogue.ts`.
 */
import type { Knex } from 'knex';

const offered = `type <> 'machine' and state in ('live', 'sandbox') and audience && array['citizens', 'businesses']
  and migration_stage <> 'shadow' and (migration_stage <> 'optional' or migration_percentage = 100)`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index "services by name" on clients ((lower(name) collate "C"), (id collate "C")) where ${offered};
    create index "services by their words" on clients
      using gin ((lower(name || ' ' || name_en || ' ' || purpose || ' ' || purpose_en)) gin_trgm_ops) where ${offered};
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop index "services by name"; drop index "services by their words";');
}
