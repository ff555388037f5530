/**
 * Which app each exception from a closure let in, and that those who decide were told once more of a case that is overdue.
 *
 * An app is let into a closed place once: the row here and the exception's count are written together.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table registration_exception_uses (
      exception_id text not null references registration_exceptions (id),
      client_id text not null references clients (id) on delete cascade,
      used_at timestamptz not null,
      primary key (exception_id, client_id)
    );
    create index on registration_exception_uses (client_id);
    comment on column registration_exception_uses.exception_id is 'not personal';
    comment on column registration_exception_uses.client_id is 'not personal';
    comment on column registration_exception_uses.used_at is 'not personal';

    alter table registration_cases
      add column reminded_at timestamptz;
    comment on column registration_cases.reminded_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table registration_cases drop column reminded_at;
    drop table registration_exception_uses;
  `);
}
