/**
 * What a version that waits needs before it takes effect: how many have to agree, and for which agency it was declared.
 *
 * Clients that are live already count as having been live, so that their risky changes wait as those of new ones do.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table client_versions
      add column agency_id text,
      add column approvals_needed smallint not null default 0;
    comment on column client_versions.agency_id is 'not personal';
    comment on column client_versions.approvals_needed is 'not personal';

    update clients set live_since = created_at where state in ('live', 'suspended') and live_since is null;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table client_versions drop column approvals_needed, drop column agency_id;
  `);
}
