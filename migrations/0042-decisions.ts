/**
 * What coordinators decide about each app: keep, merge into another, retire, or leave as legacy; why, from when on, and by which evidence.
 *
 * One decision about an app holds at a time; the ones before stay. Several made at once are a batch, which is shown before it
 * is applied and can be undone. `clients.successor` is where the people of an app that ended are led: read with the client.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table evidence_files (
      digest text primary key,
      name text not null,
      media_type text not null,
      size integer not null,
      content bytea not null,
      agencies text[] not null,
      added_by text not null,
      added_at timestamptz not null
    );
    comment on column evidence_files.digest is 'not personal';
    comment on column evidence_files.name is 'not personal';
    comment on column evidence_files.media_type is 'not personal';
    comment on column evidence_files.size is 'not personal';
    comment on column evidence_files.content is 'personal: what a coordinator put beside a decision; what is in it is theirs to see to';
    comment on column evidence_files.agencies is 'not personal';
    comment on column evidence_files.added_by is 'personal: who did it, so that someone answers for it';
    comment on column evidence_files.added_at is 'not personal';

    create table decision_batches (
      id text primary key,
      status text not null constraint "batch status is known" check (status in ('preview', 'applied', 'undone', 'discarded')),
      decision jsonb not null,
      lines jsonb not null,
      via text not null,
      actor text not null,
      created_at timestamptz not null,
      applied_at timestamptz,
      undone_at timestamptz,
      undone_by text,
      expires_at timestamptz
    );
    create index on decision_batches (actor, created_at desc); create index on decision_batches (expires_at);
    comment on column decision_batches.id is 'not personal';
    comment on column decision_batches.status is 'not personal';
    comment on column decision_batches.decision is 'not personal';
    comment on column decision_batches.lines is 'not personal';
    comment on column decision_batches.via is 'not personal';
    comment on column decision_batches.actor is 'personal: who did it, so that someone answers for it';
    comment on column decision_batches.created_at is 'not personal';
    comment on column decision_batches.applied_at is 'not personal';
    comment on column decision_batches.undone_at is 'not personal';
    comment on column decision_batches.undone_by is 'personal: who did it, so that someone answers for it';
    comment on column decision_batches.expires_at is 'not personal';

    create table app_decisions (
      id text primary key,
      ref text not null,
      agency_id text not null references agencies (id),
      agencies text[] not null,
      sectors text[] not null,
      kind text not null constraint "decision is known" check (kind in ('keep', 'merge', 'retire', 'legacy')),
      successor text,
      effective_on date,
      reason text not null,
      evidence_uri text,
      evidence_digest text references evidence_files (digest),
      batch_id text references decision_batches (id),
      via text not null,
      decided_by text not null,
      decided_at timestamptz not null,
      replaced_at timestamptz,
      replaced_by text,
      undone_at timestamptz,
      undone_by text,
      announced_at timestamptz,
      carried_out_at timestamptz,
      constraint "merging names what into" check (kind <> 'merge' or successor is not null),
      constraint "an end has a day" check (kind not in ('merge', 'retire') or effective_on is not null),
      constraint "an app is not its own successor" check (successor <> ref)
    );
    create unique index "one decision about an app holds" on app_decisions (ref) where replaced_at is null and undone_at is null;
    create index on app_decisions (ref, decided_at desc);
    create index on app_decisions (successor) where replaced_at is null and undone_at is null;
    create index "decisions to carry out" on app_decisions (effective_on, id)
      where carried_out_at is null and replaced_at is null and undone_at is null and kind in ('merge', 'retire');
    create index "decisions by time" on app_decisions (decided_at desc, id);
    create index on app_decisions (batch_id);
    create index on app_decisions (agency_id);
    create index on app_decisions (evidence_digest);
    create index on app_decisions using gin (agencies); create index on app_decisions using gin (sectors);
    comment on column app_decisions.id is 'not personal';
    comment on column app_decisions.ref is 'not personal';
    comment on column app_decisions.agency_id is 'not personal';
    comment on column app_decisions.agencies is 'not personal';
    comment on column app_decisions.sectors is 'not personal';
    comment on column app_decisions.kind is 'not personal';
    comment on column app_decisions.successor is 'not personal';
    comment on column app_decisions.effective_on is 'not personal';
    comment on column app_decisions.reason is 'not personal';
    comment on column app_decisions.evidence_uri is 'not personal';
    comment on column app_decisions.evidence_digest is 'not personal';
    comment on column app_decisions.batch_id is 'not personal';
    comment on column app_decisions.via is 'not personal';
    comment on column app_decisions.decided_by is 'personal: who did it, so that someone answers for it';
    comment on column app_decisions.decided_at is 'not personal';
    comment on column app_decisions.replaced_at is 'not personal';
    comment on column app_decisions.replaced_by is 'not personal';
    comment on column app_decisions.undone_at is 'not personal';
    comment on column app_decisions.undone_by is 'personal: who did it, so that someone answers for it';
    comment on column app_decisions.announced_at is 'not personal';
    comment on column app_decisions.carried_out_at is 'not personal';

    alter table clients
      add column successor text;
    comment on column clients.successor is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table clients drop column successor;
    drop table app_decisions; drop table decision_batches; drop table evidence_files;
  `);
}
