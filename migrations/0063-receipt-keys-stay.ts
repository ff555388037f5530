/** A retired key that signed receipts does not go: whoever holds a receipt may show it in ten years. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table keys drop constraint "a retired key says when it goes";
    alter table keys add constraint "a retired key says when it goes"
      check (state <> 'retired' or purpose = 'receipt' or ends_at is not null);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    delete from keys where state = 'retired' and ends_at is null;
    alter table keys drop constraint "a retired key says when it goes";
    alter table keys add constraint "a retired key says when it goes" check (state <> 'retired' or ends_at is not null);
  `);
}
