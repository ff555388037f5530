/**
 * Sheets of a desk by their own id, which carries its shard, for the page of one sheet; by the desk while they are open, for
 * the list that a second officer finds them in; and by their end while they are open, for the purge.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create unique index "a sheet by its id" on desk_sheets (shard, id);
    create index "open sheets of a desk" on desk_sheets (shard, agency_id) where state in ('second-officer', 'waiting');
    create index "open sheets by their end" on desk_sheets (shard, expires_at) where state in ('second-officer', 'waiting');
    drop index desk_sheets_shard_expires_at_idx;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    create index on desk_sheets (shard, expires_at);
    drop index "open sheets by their end"; drop index "open sheets of a desk"; drop index "a sheet by its id";
  `);
}
