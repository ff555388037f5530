/**
 * Roles at agencies, and the sheets that a service desk hands out.
 *
 * `memberships` is read by the account with each page of the console, and by the agency over all shards for its team page.
 * A suspended one counts for nothing until another admin restores it. `desk_sheets`: found by the account and, when its
 * code is typed, by the keyed hash in the shard that the code carries; each step is one conditional statement.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table memberships
      add column suspended_at timestamptz,
      add column suspended_reason text,
      add column granted_by text;
    create index on memberships (shard, agency_id);
    comment on column memberships.suspended_at is 'personal: since when the role rests';
    comment on column memberships.suspended_reason is 'personal: why the role rests';
    comment on column memberships.granted_by is 'personal: who gave the role';

    create table desk_sheets (
      shard smallint not null,
      account_id uuid not null,
      id uuid not null,
      token_hash bytea not null,
      kind text not null constraint "sheet kind is known" check (kind in ('first', 'recovery')),
      state text not null constraint "sheet state is known"
        check (state in ('second-officer', 'waiting', 'used', 'cancelled', 'expired')),
      agency_id text not null,
      officer text not null,
      second_officer text,
      case_number text not null,
      document text not null,
      issued_at timestamptz not null,
      ready_at timestamptz not null,
      expires_at timestamptz not null,
      confirmed_at timestamptz,
      ended_at timestamptz,
      primary key (shard, account_id, id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade,
      constraint "two officers are two" check (second_officer <> officer)
    );
    create unique index on desk_sheets (shard, token_hash);
    create unique index "one sheet at a time per account" on desk_sheets (shard, account_id) where state in ('second-officer', 'waiting');
    create index on desk_sheets (shard, expires_at);
    alter table desk_sheets alter column shard set (n_distinct = 16);
    comment on column desk_sheets.shard is 'not personal';
    comment on column desk_sheets.account_id is 'personal: whose account it opens';
    comment on column desk_sheets.id is 'not personal';
    comment on column desk_sheets.token_hash is 'not personal';
    comment on column desk_sheets.kind is 'personal: what it is for';
    comment on column desk_sheets.state is 'personal: how far it has come';
    comment on column desk_sheets.agency_id is 'personal: at which desk';
    comment on column desk_sheets.officer is 'personal: which officer saw the document';
    comment on column desk_sheets.second_officer is 'personal: which officer agreed';
    comment on column desk_sheets.case_number is 'personal: the case of the desk';
    comment on column desk_sheets.document is 'personal: what kind of document was seen; not its number';
    comment on column desk_sheets.issued_at is 'personal: when it was issued';
    comment on column desk_sheets.ready_at is 'personal: from when it opens the account';
    comment on column desk_sheets.expires_at is 'personal: until when';
    comment on column desk_sheets.confirmed_at is 'personal: when an old contact confirmed it';
    comment on column desk_sheets.ended_at is 'personal: when it ended';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table desk_sheets;
    drop index memberships_shard_agency_id_idx;
    alter table memberships drop column granted_by, drop column suspended_reason, drop column suspended_at;
  `);
}
