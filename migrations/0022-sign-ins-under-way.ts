/**
 * When everything of an account was ended last: a sign-in that was under way then does not get in either
 * (`oidc/sign-ins-under-way.ts`). Read by the primary key at the end of a sign-in.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table accounts add column ended_at timestamptz;
    comment on column accounts.ended_at is 'personal: what was shown to sign in before does not count any more';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table accounts drop column ended_at');
}
