/**
 * What happened to accounts stands in months, as releases do, so that what is too old goes by dropping a month.
 *
 * No row is copied: the table with what happened until now becomes the part for all months before the next one, and its rows
 * stay where they are. What takes time on a large table is its new primary key and a look at each `at`; whoever has many millions
 * of rows does both before, while the server runs (`docs/operate.md`, "Months"): this migration uses what it finds.
 */
import type { Knex } from 'knex';

/** A constraint that says until when the rows that are there reach, made before. */
const UNTIL = 'events before the months';

export async function up(knex: Knex): Promise<void> {
  const until = await findUntil(knex);
  await knex.raw(`
    alter table account_events rename to account_events_early;
    alter table account_events_early drop constraint account_events_pkey;
    create table account_events (
      shard smallint not null,
      account_id uuid not null,
      id uuid not null,
      at timestamptz not null,
      kind text not null,
      client_id text,
      details jsonb not null,
      primary key (shard, account_id, at, id)
    ) partition by range (at);
    create table account_events_other partition of account_events default;
    comment on column account_events.shard is 'not personal';
    comment on column account_events.account_id is 'personal: whose account it happened to';
    comment on column account_events.id is 'not personal';
    comment on column account_events.at is 'personal: when it happened';
    comment on column account_events.kind is 'personal: what happened';
    comment on column account_events.client_id is 'personal: which app it concerned';
    comment on column account_events.details is 'personal: how it happened; codes and counts, no values';
  `);
  if (until) await keepAsPart(knex, until);
  else await knex.raw('drop table account_events_early');
}

/** Until when the rows reach that are there; undefined where there are none. */
async function findUntil(knex: Knex): Promise<string | undefined> {
  const { rows } = await knex.raw(
    `select substring(pg_get_constraintdef(oid) from '''([^'']+)''')::timestamptz as until from pg_constraint
     where conrelid = 'account_events'::regclass and conname = ? and convalidated`,
    [UNTIL],
  );
  const { rows: some } = await knex.raw('select at from account_events limit 1');
  if (rows[0]) return rows[0].until.toISOString();
  const now = new Date();
  return some[0] && new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString();
}

async function keepAsPart(knex: Knex, until: string): Promise<void> {
  const { rows } = await knex.raw(
    `select to_regclass('account_events_early_key') is not null as key, to_regclass('account_events_early_at') is not null as at`,
  );
  const key = 'alter table account_events_early add constraint account_events_early_pkey primary key';
  await knex.raw(rows[0].key ? `${key} using index account_events_early_key` : `${key} (shard, account_id, at, id)`);
  if (!rows[0].at) await knex.raw('create index account_events_early_at on account_events_early using brin (at)');
  await knex.raw(`
    drop index if exists account_events_shard_account_id_at_idx;
    alter table account_events attach partition account_events_early for values from (minvalue) to ('${until}');
    alter table account_events_early drop constraint if exists "${UNTIL}"
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table account_events rename to account_events_months;
    create table account_events (
      shard smallint not null,
      account_id uuid not null,
      id uuid not null,
      at timestamptz not null,
      kind text not null,
      client_id text,
      details jsonb not null
    );
    insert into account_events (shard, account_id, id, at, kind, client_id, details)
      select shard, account_id, id, at, kind, client_id, details from account_events_months;
    drop table account_events_months;
    alter table account_events add primary key (shard, account_id, id);
    create index on account_events (shard, account_id, at);
    comment on column account_events.shard is 'not personal';
    comment on column account_events.account_id is 'personal: whose account it happened to';
    comment on column account_events.id is 'not personal';
    comment on column account_events.at is 'personal: when it happened';
    comment on column account_events.kind is 'personal: what happened';
    comment on column account_events.client_id is 'personal: which app it concerned';
    comment on column account_events.details is 'personal: how it happened; codes and counts, no values';
  `);
}
