/**
 * The life of a client: which state may follow which, every change as a numbered version, and who agreed to it.
 *
 * A version that moves a client refers to `client_transitions`, so an illegal move cannot be written. At most one version
 * of a client waits; editing it again supersedes it, and with it every approval. Read by the pages of one client, by the
 * queue of reviews (oldest first), and in order of time for an agency.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table client_transitions (
      from_state text not null,
      to_state text not null,
      primary key (from_state, to_state)
    );
    insert into client_transitions (from_state, to_state) values
      ('draft', 'draft'), ('draft', 'sandbox'), ('draft', 'review'), ('draft', 'live'), ('draft', 'retired'),
      ('sandbox', 'sandbox'), ('sandbox', 'draft'), ('sandbox', 'review'), ('sandbox', 'live'), ('sandbox', 'suspended'), ('sandbox', 'retired'),
      ('review', 'review'), ('review', 'draft'), ('review', 'sandbox'), ('review', 'live'), ('review', 'retired'),
      ('live', 'live'), ('live', 'suspended'), ('live', 'retired'),
      ('suspended', 'suspended'), ('suspended', 'draft'), ('suspended', 'sandbox'), ('suspended', 'live'), ('suspended', 'retired'),
      ('retired', 'retired');
    comment on column client_transitions.from_state is 'not personal';
    comment on column client_transitions.to_state is 'not personal';

    create table client_versions (
      client_id text not null references clients (id) on delete cascade,
      number integer not null,
      status text not null constraint "version status is known" check (status in ('pending', 'applied', 'rejected', 'superseded')),
      content jsonb not null,
      changed text[] not null,
      is_risky boolean not null,
      from_state text not null,
      to_state text not null,
      via text not null constraint "way in is known" check (via in ('page', 'api', 'file', 'command', 'registration', 'bundle', 'job', 'start')),
      actor text not null,
      reason text,
      break_glass text,
      created_at timestamptz not null,
      due_at timestamptz,
      decided_at timestamptz,
      decided_by text,
      primary key (client_id, number),
      foreign key (from_state, to_state) references client_transitions (from_state, to_state),
      constraint "a decided version says when" check ((status = 'pending') = (decided_at is null))
    );
    create unique index "one version of a client waits" on client_versions (client_id) where status = 'pending';
    create index "versions that wait" on client_versions (created_at, client_id) where status = 'pending';
    create index on client_versions (from_state, to_state);
    comment on column client_versions.client_id is 'not personal';
    comment on column client_versions.number is 'not personal';
    comment on column client_versions.status is 'not personal';
    comment on column client_versions.content is 'personal: what was declared; the addresses of its contacts are in it';
    comment on column client_versions.changed is 'not personal';
    comment on column client_versions.is_risky is 'not personal';
    comment on column client_versions.from_state is 'not personal';
    comment on column client_versions.to_state is 'not personal';
    comment on column client_versions.via is 'not personal';
    comment on column client_versions.actor is 'personal: who changed it, so that someone answers for it';
    comment on column client_versions.reason is 'not personal';
    comment on column client_versions.break_glass is 'not personal';
    comment on column client_versions.created_at is 'not personal';
    comment on column client_versions.due_at is 'not personal';
    comment on column client_versions.decided_at is 'not personal';
    comment on column client_versions.decided_by is 'personal: who decided last';

    create table client_approvals (
      client_id text not null,
      number integer not null,
      approver text not null,
      verdict text not null constraint "verdict is known" check (verdict in ('approved', 'rejected')),
      note text,
      at timestamptz not null,
      primary key (client_id, number, approver),
      foreign key (client_id, number) references client_versions (client_id, number) on delete cascade
    );
    comment on column client_approvals.client_id is 'not personal';
    comment on column client_approvals.number is 'not personal';
    comment on column client_approvals.approver is 'personal: who agreed or refused, so that someone answers for it';
    comment on column client_approvals.verdict is 'not personal';
    comment on column client_approvals.note is 'not personal';
    comment on column client_approvals.at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table client_approvals; drop table client_versions; drop table client_transitions;
  `);
}
