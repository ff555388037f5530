/** A consent says nothing of why there is none; the rule of 0060 refused every consent instead. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table permissions drop constraint "reason not to ask for consent is known";
    alter table permissions add constraint "reason not to ask for consent is known"
      check (withheld is null or (withheld in ('minor', 'unknown') and basis <> 'consent'));
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table permissions drop constraint "reason not to ask for consent is known";
    alter table permissions add constraint "reason not to ask for consent is known"
      check (withheld in ('minor', 'unknown') and basis <> 'consent');
  `);
}
