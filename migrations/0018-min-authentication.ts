/**
 * How sure an app wants to be that it is the person: read with the client itself, and checked before each answer
 * (`oidc/prompts.ts`).
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table clients add column min_authentication text not null default 'aal1'
      constraint "minimum of authentication is known" check (min_authentication in ('aal1', 'aal2', 'aal3', 'phr', 'phrh'));
    comment on column clients.min_authentication is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table clients drop column min_authentication');
}
