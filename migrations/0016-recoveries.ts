/**
 * The way back into an account by two contacts and a waiting time, and what is proven about its owner.
 *
 * `recoveries`: one waits per account at most; each step moves on by one conditional statement. `identity_evidence`: the
 * only source of identity assurance (`ial1`, `ial2`, `ial3`); what was recorded before `accounts.restricted_at` is closed
 * until somebody proves anew who the person is. Both are found by the account.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table recoveries (
      shard smallint not null,
      account_id uuid not null,
      id uuid not null,
      state text not null constraint "recovery state is known" check (state in ('waiting', 'cancelled', 'completed', 'expired')),
      contacts bytea[] not null constraint "two contacts are proven" check (array_length(contacts, 1) = 2),
      started_at timestamptz not null,
      ready_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz,
      primary key (shard, account_id, id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade,
      constraint "an ended recovery says when" check ((state = 'waiting') = (ended_at is null))
    );
    create unique index "one recovery waits per account" on recoveries (shard, account_id) where state = 'waiting';
    create index on recoveries (shard, expires_at) where state = 'waiting';
    alter table recoveries alter column shard set (n_distinct = 16);
    comment on column recoveries.shard is 'not personal';
    comment on column recoveries.account_id is 'personal: which account is to be opened again';
    comment on column recoveries.id is 'not personal';
    comment on column recoveries.state is 'personal: how far the recovery has come';
    comment on column recoveries.contacts is 'personal: which two contacts were proven; keyed hashes';
    comment on column recoveries.started_at is 'personal: when it was asked for';
    comment on column recoveries.ready_at is 'personal: until then every contact may cancel it';
    comment on column recoveries.expires_at is 'personal: after this it has to begin again';
    comment on column recoveries.ended_at is 'personal: when it ended';

    alter table accounts add column restricted_at timestamptz;
    comment on column accounts.restricted_at is 'personal: recovered by contacts alone, so what is verified stays closed until proven anew';

    create table identity_evidence (
      shard smallint not null,
      account_id uuid not null,
      id uuid not null,
      level text not null constraint "identity assurance is known" check (level in ('ial1', 'ial2', 'ial3')),
      method text not null,
      recorded_by text not null,
      recorded_at timestamptz not null,
      ended_at timestamptz,
      primary key (shard, account_id, id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    alter table identity_evidence alter column shard set (n_distinct = 16);
    comment on column identity_evidence.shard is 'not personal';
    comment on column identity_evidence.account_id is 'personal: about whom something is proven';
    comment on column identity_evidence.id is 'not personal';
    comment on column identity_evidence.level is 'personal: how well it is proven who the person is';
    comment on column identity_evidence.method is 'personal: how it was proven';
    comment on column identity_evidence.recorded_by is 'personal: who vouches for it';
    comment on column identity_evidence.recorded_at is 'personal: when it was proven';
    comment on column identity_evidence.ended_at is 'personal: since when it does not count any more';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table identity_evidence;
    alter table accounts drop column restricted_at;
    drop table recoveries;
  `);
}
