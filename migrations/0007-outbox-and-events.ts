/**
 * What happens later and what happened.
 *
 * `outbox`: messages written in the transaction of their cause; workers claim due rows per shard range with
 * FOR UPDATE SKIP LOCKED (`jobs/outbox.ts`). `account_events` and `admin_events` are append-only: the server's role may
 * only insert and read them (`base/migrations.ts`).
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table outbox (
      shard smallint not null,
      id uuid not null,
      channel text not null constraint "channel is known" check (channel in ('email', 'message')),
      sealed bytea not null,
      attempts smallint not null default 0,
      next_attempt_at timestamptz,
      created_at timestamptz not null,
      delivered_at timestamptz,
      expires_at timestamptz not null,
      primary key (shard, id)
    );
    create index "outbox rows due" on outbox (shard, next_attempt_at) where next_attempt_at is not null;
    create index on outbox (shard, expires_at);
    comment on column outbox.shard is 'not personal';
    comment on column outbox.id is 'not personal';
    comment on column outbox.channel is 'not personal';
    comment on column outbox.sealed is 'personal: address and text of a message until it is delivered; sealed';
    comment on column outbox.attempts is 'not personal';
    comment on column outbox.next_attempt_at is 'not personal';
    comment on column outbox.created_at is 'not personal';
    comment on column outbox.delivered_at is 'not personal';
    comment on column outbox.expires_at is 'not personal';

    create table account_events (
      shard smallint not null,
      account_id uuid not null,
      id uuid not null,
      at timestamptz not null,
      kind text not null,
      client_id text,
      details jsonb not null,
      primary key (shard, account_id, id)
    );
    create index on account_events (shard, account_id, at);
    comment on column account_events.shard is 'not personal';
    comment on column account_events.account_id is 'personal: whose account it happened to';
    comment on column account_events.id is 'not personal';
    comment on column account_events.at is 'personal: when it happened';
    comment on column account_events.kind is 'personal: what happened';
    comment on column account_events.client_id is 'personal: which app it concerned';
    comment on column account_events.details is 'personal: how it happened; codes and counts, no values';

    create table admin_events (
      id uuid primary key,
      at timestamptz not null,
      kind text not null,
      actor text not null,
      subject text not null,
      details jsonb not null
    );
    create index on admin_events (subject, at);
    comment on column admin_events.id is 'not personal';
    comment on column admin_events.at is 'not personal';
    comment on column admin_events.kind is 'not personal';
    comment on column admin_events.actor is 'personal: which account or command did it, so that someone answers for it';
    comment on column admin_events.subject is 'not personal';
    comment on column admin_events.details is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table admin_events; drop table account_events; drop table outbox');
}
