/**
 * Why a notice stands where there might have been a consent beside it: who is under age, or of unknown age, gives none. A person of
 * whom that is no longer so is asked when they next open the app.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table permissions add column withheld text constraint "reason not to ask for consent is known"
      check (withheld is null or (withheld in ('minor', 'unknown') and basis <> 'consent'));
    comment on column permissions.withheld is 'personal: why the app was given nothing that rests on consent: the age, or that nobody knows it';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table permissions drop column withheld');
}
