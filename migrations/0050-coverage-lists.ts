/**
 * Figures of agencies are listed by their level (ministries, provinces) and below the agency above, the largest first; files and
 * the API go through all of a day page by page; and which slots of past days are still to be put together is found without reading
 * all of them.
 *
 * `level` and `parent_id` are as they were on the day: the tree changes, and figures of before stay true.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table coverage
      add column level text,
      add column parent_id text;
    create index "coverage by level" on coverage (day, level, known desc, id) where kind = 'agency';
    create index "coverage below an agency" on coverage (day, parent_id, known desc, id) where kind = 'agency';
    create index "coverage of a day" on coverage (day, kind, id);
    comment on column coverage.level is 'not personal';
    comment on column coverage.parent_id is 'not personal';

    create index "days to put together" on client_days (day) where slot <> 0;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index "days to put together";
    drop index "coverage of a day";
    alter table coverage drop column parent_id, drop column level;
  `);
}
