/**
 * What is observed about a client: checks of its addresses and keys, its test sign-ins, its failed attempts, and when its
 * credentials were last used.
 *
 * None of it is written on the path of a citizen's sign-in by that request itself: it is noted and written later, at most once
 * an hour for a client and a credential, and attempts are capped. `client_check_runs` is claimed by one process through its
 * lease (`due_at`).
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table client_checks (
      client_id text not null references clients (id) on delete cascade,
      name text not null,
      outcome text not null constraint "outcome is known" check (outcome in ('passed', 'failed', 'skipped')),
      code text not null,
      details jsonb not null,
      checked_at timestamptz not null,
      failing_since timestamptz,
      told_at timestamptz,
      primary key (client_id, name)
    );
    comment on column client_checks.client_id is 'not personal';
    comment on column client_checks.name is 'not personal';
    comment on column client_checks.outcome is 'not personal';
    comment on column client_checks.code is 'not personal';
    comment on column client_checks.details is 'not personal';
    comment on column client_checks.checked_at is 'not personal';
    comment on column client_checks.failing_since is 'not personal';
    comment on column client_checks.told_at is 'not personal';

    create table client_check_runs (
      client_id text primary key references clients (id) on delete cascade,
      due_at timestamptz not null,
      finished_at timestamptz
    );
    create index on client_check_runs (due_at);
    comment on column client_check_runs.client_id is 'not personal';
    comment on column client_check_runs.due_at is 'not personal';
    comment on column client_check_runs.finished_at is 'not personal';

    create table client_test_sign_ins (
      client_id text primary key references clients (id) on delete cascade,
      at timestamptz not null,
      with_state boolean not null,
      with_nonce boolean not null,
      with_pkce boolean not null,
      redeemed_at timestamptz,
      complete_at timestamptz
    );
    comment on column client_test_sign_ins.client_id is 'not personal';
    comment on column client_test_sign_ins.at is 'not personal';
    comment on column client_test_sign_ins.with_state is 'not personal';
    comment on column client_test_sign_ins.with_nonce is 'not personal';
    comment on column client_test_sign_ins.with_pkce is 'not personal';
    comment on column client_test_sign_ins.redeemed_at is 'not personal';
    comment on column client_test_sign_ins.complete_at is 'not personal';

    create table client_attempts (
      client_id text not null references clients (id) on delete cascade,
      id uuid not null,
      at timestamptz not null,
      reference text not null,
      code text not null,
      details jsonb not null,
      expires_at timestamptz not null,
      primary key (client_id, id)
    );
    create index on client_attempts (client_id, at desc, id);
    create index on client_attempts (expires_at);
    create index on client_attempts (reference);
    comment on column client_attempts.client_id is 'not personal';
    comment on column client_attempts.id is 'not personal';
    comment on column client_attempts.at is 'not personal';
    comment on column client_attempts.reference is 'not personal';
    comment on column client_attempts.code is 'not personal';
    comment on column client_attempts.details is 'not personal';
    comment on column client_attempts.expires_at is 'not personal';

    create table client_uses (
      client_id text primary key references clients (id) on delete cascade,
      last_sign_in_at timestamptz not null
    );
    comment on column client_uses.client_id is 'not personal';
    comment on column client_uses.last_sign_in_at is 'not personal';

    create table client_credential_uses (
      client_id text not null references clients (id) on delete cascade,
      credential text not null,
      last_used_at timestamptz not null,
      network text,
      primary key (client_id, credential)
    );
    comment on column client_credential_uses.client_id is 'not personal';
    comment on column client_credential_uses.credential is 'not personal';
    comment on column client_credential_uses.last_used_at is 'not personal';
    comment on column client_credential_uses.network is 'not personal';

    alter table client_secrets
      add column hint text,
      add column created_by text,
      add column warned_days integer;
    create index on client_secrets (expires_at) where expires_at is not null;
    comment on column client_secrets.hint is 'not personal';
    comment on column client_secrets.created_by is 'personal: who made it, so that someone answers for it';
    comment on column client_secrets.warned_days is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table client_secrets drop column warned_days, drop column created_by, drop column hint;
    drop table client_credential_uses; drop table client_uses; drop table client_attempts;
    drop table client_test_sign_ins; drop table client_check_runs; drop table client_checks;
  `);
}
