/**
 * How an account ends, and what stays when two of one person become one.
 *
 * `closes_at`: until then its owner may change their mind; the daily work (`jobs/closings.ts`) asks for those that are due.
 * `subject_aliases` keeps the names under which apps knew a merged account.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table accounts add column closes_at timestamptz, add column state_since timestamptz, add column state_reason text;
    update accounts set closes_at = updated_at + interval '14 days' where state = 'closing';
    create index on accounts (shard, closes_at) where closes_at is not null;
    comment on column accounts.closes_at is 'personal: until then its owner may change their mind';
    comment on column accounts.state_since is 'personal: since when it is frozen, disabled, closing or merged';
    comment on column accounts.state_reason is 'personal: why it is frozen or disabled, in a word';

    create table subject_aliases (
      shard smallint not null,
      account_id uuid not null,
      capacity text not null constraint "capacity of an alias is known" check (capacity in ('self')),
      group_id text not null,
      sub text not null,
      merged_from uuid not null,
      created_at timestamptz not null,
      primary key (shard, account_id, group_id, sub),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    alter table subject_aliases alter column shard set (n_distinct = 16);
    comment on column subject_aliases.shard is 'not personal';
    comment on column subject_aliases.account_id is 'personal: the account that goes on';
    comment on column subject_aliases.capacity is 'not personal';
    comment on column subject_aliases.group_id is 'personal: which apps knew the other account by this name';
    comment on column subject_aliases.sub is 'personal: the name those apps know';
    comment on column subject_aliases.merged_from is 'personal: the account that was merged';
    comment on column subject_aliases.created_at is 'personal: when the two became one';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table subject_aliases;
    alter table accounts drop column closes_at, drop column state_since, drop column state_reason;
  `);
}
