/**
 * Apps are told what ends: a notice in the outbox says to which app it goes, why, and what the last attempt was answered, so that
 * the agency sees each delivery and can have it sent again. `withdrawals`: what an agency answers for, with its due date.
 * `release_reports`: what a person says was not theirs.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table outbox drop constraint "channel is known";
    alter table outbox add constraint "channel is known" check (channel in ('email', 'message', 'logout', 'event'));
    alter table outbox
      add column client_id text,
      add column reason text constraint "reason of a notice is known"
        check (reason in ('signed-out', 'withdrawn', 'left', 'narrowed', 'expired', 'account-held', 'account-ended', 'reported', 'test')),
      add column last_attempt_at timestamptz,
      add column answer text;
    create index "notices to an app" on outbox (shard, client_id, created_at) where client_id is not null;
    comment on column outbox.client_id is 'personal: to which app a notice goes';
    comment on column outbox.reason is 'personal: why the app is told';
    comment on column outbox.last_attempt_at is 'not personal';
    comment on column outbox.answer is 'not personal';

    create table withdrawals (
      shard smallint not null,
      account_id uuid not null,
      id uuid not null,
      client_id text not null,
      permission_id uuid not null,
      cause text not null constraint "cause of a withdrawal is known" check (cause in ('withdrawn', 'left', 'narrowed', 'expired', 'reported')),
      at timestamptz not null,
      due_at timestamptz not null,
      acknowledged_at timestamptz,
      outcome text constraint "outcome of a withdrawal is known" check (outcome in ('deleted', 'kept', 'partly-kept')),
      law text,
      expires_at timestamptz not null,
      primary key (shard, account_id, id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade,
      constraint "an acknowledged withdrawal says what became of the data" check ((acknowledged_at is null) = (outcome is null))
    );
    create index "withdrawals that wait for an agency" on withdrawals (shard, client_id, due_at) where acknowledged_at is null;
    create index "withdrawals from an app" on withdrawals (shard, client_id, at);
    create index on withdrawals (shard, expires_at);
    alter table withdrawals alter column shard set (n_distinct = 16);
    comment on column withdrawals.shard is 'not personal';
    comment on column withdrawals.account_id is 'personal: who withdrew';
    comment on column withdrawals.id is 'not personal';
    comment on column withdrawals.client_id is 'personal: from which app';
    comment on column withdrawals.permission_id is 'personal: which permission ended';
    comment on column withdrawals.cause is 'personal: how it ended';
    comment on column withdrawals.at is 'personal: when it ended';
    comment on column withdrawals.due_at is 'personal: until when the agency answers';
    comment on column withdrawals.acknowledged_at is 'personal: when the agency answered';
    comment on column withdrawals.outcome is 'personal: what became of what the app had read';
    comment on column withdrawals.law is 'personal: by which law it keeps what it keeps';
    comment on column withdrawals.expires_at is 'not personal';

    create table release_reports (
      shard smallint not null,
      account_id uuid not null,
      id uuid not null,
      client_id text not null,
      release_at timestamptz not null,
      release_id uuid not null,
      reason text not null constraint "reason of a report is known" check (reason in ('unknown-app', 'not-then', 'too-much')),
      at timestamptz not null,
      due_at timestamptz not null,
      answered_at timestamptz,
      answer text constraint "answer of a report is known" check (answer in ('rightful', 'mistake', 'misuse')),
      answered_by text,
      expires_at timestamptz not null,
      primary key (shard, account_id, id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade,
      constraint "an answered report says what was found" check ((answered_at is null) = (answer is null))
    );
    create index "reports about an app" on release_reports (shard, client_id, at);
    create index on release_reports (shard, expires_at);
    alter table release_reports alter column shard set (n_distinct = 16);
    comment on column release_reports.shard is 'not personal';
    comment on column release_reports.account_id is 'personal: who reports';
    comment on column release_reports.id is 'not personal';
    comment on column release_reports.client_id is 'personal: which app is reported';
    comment on column release_reports.release_at is 'personal: which release is reported';
    comment on column release_reports.release_id is 'personal: which release is reported';
    comment on column release_reports.reason is 'personal: what the person says of it';
    comment on column release_reports.at is 'personal: when it was reported';
    comment on column release_reports.due_at is 'personal: until when the agency answers';
    comment on column release_reports.answered_at is 'personal: when the agency answered';
    comment on column release_reports.answer is 'personal: what the agency found';
    comment on column release_reports.answered_by is 'personal: who of the agency answered, so that someone answers for it';
    comment on column release_reports.expires_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table release_reports;
    drop table withdrawals;
    drop index "notices to an app";
    delete from outbox where channel = 'event';
    alter table outbox drop column client_id, drop column reason, drop column last_attempt_at, drop column answer;
    alter table outbox drop constraint "channel is known";
    alter table outbox add constraint "channel is known" check (channel in ('email', 'message', 'logout'));
  `);
}
