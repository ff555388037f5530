/**
 * Room in the months of releases for rows that count: how often and when last changes in place then, and neither index hears of it.
 * Months that are made from now on have it from the start (`base/partitions.ts`).
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  for (const name of await listParts(knex)) await knex.raw('alter table ?? set (fillfactor = 90)', [name]);
}

export async function down(knex: Knex): Promise<void> {
  for (const name of await listParts(knex)) await knex.raw('alter table ?? reset (fillfactor)', [name]);
}

async function listParts(knex: Knex): Promise<string[]> {
  const { rows } = await knex.raw(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'releases'::regclass order by c.relname`,
  );
  return rows.map(({ name }: { name: string }) => name);
}
