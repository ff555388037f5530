/**
 * What this deployment is, and the keys it works with.
 *
 * `instance` has one row, written at the first start and compared at every later one (`base/instance.ts`).
 * `keys` is read whole at start and polled for changes (`base/keys.ts`, `oidc/keys.ts`); a handful of rows.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table instance (
      only_row boolean primary key default true constraint "there is one instance row" check (only_row),
      environment text not null constraint "environment is sandbox or production" check (environment in ('sandbox', 'production')),
      issuer text not null,
      rp_id text not null,
      key_check bytea not null,
      epoch integer not null default 1,
      created_at timestamptz not null
    );
    comment on column instance.only_row is 'not personal';
    comment on column instance.environment is 'not personal';
    comment on column instance.issuer is 'not personal';
    comment on column instance.rp_id is 'not personal';
    comment on column instance.key_check is 'not personal';
    comment on column instance.epoch is 'not personal';
    comment on column instance.created_at is 'not personal';

    create table keys (
      id text primary key,
      purpose text not null constraint "purpose is known" check (purpose in ('signing', 'cookie', 'token', 'index')),
      algorithm text not null,
      state text not null constraint "key state is known" check (state in ('published', 'active', 'retired')),
      public_jwk jsonb,
      sealed bytea not null,
      created_at timestamptz not null,
      constraint "a signing key has a public part" check ((purpose = 'signing') = (public_jwk is not null))
    );
    create unique index "one active key per purpose and algorithm" on keys (purpose, algorithm) where state = 'active';
    comment on column keys.id is 'not personal';
    comment on column keys.purpose is 'not personal';
    comment on column keys.algorithm is 'not personal';
    comment on column keys.state is 'not personal';
    comment on column keys.public_jwk is 'not personal';
    comment on column keys.sealed is 'not personal';
    comment on column keys.created_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table keys; drop table instance');
}
