/**
 * When the logo of an app is to be fetched, and what came of the last time. A change of its address makes it due at once; it
 * is claimed by moving `due_at` (`jobs/logos.ts`), so that two processes do not fetch it together. `logo_digest` is looked up
 * to forget a logo that no app shows any more.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table client_logo_fetches (
      client_id text primary key references clients (id) on delete cascade,
      uri text not null,
      due_at timestamptz not null,
      failures integer not null default 0,
      problem text
    );
    create index on client_logo_fetches (due_at);
    create index on clients (logo_digest) where logo_digest is not null;
    comment on column client_logo_fetches.client_id is 'not personal';
    comment on column client_logo_fetches.uri is 'not personal';
    comment on column client_logo_fetches.due_at is 'not personal';
    comment on column client_logo_fetches.failures is 'not personal';
    comment on column client_logo_fetches.problem is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop index clients_logo_digest_idx;
    drop table client_logo_fetches;
  `);
}
