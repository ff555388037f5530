/**
 * Links and tokens that let somebody into the registry: an invitation to a role or to try an app, an agency's token for
 * dynamic registration, a bundle that is carried across, and requests of the API that are answered only once.
 *
 * Each is found by the keyed hash of what its holder shows, and taken by one conditional statement. What expires is removed
 * by its `expires_at` (`jobs/purge.ts`).
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table invitations (
      id uuid primary key,
      kind text not null constraint "invitation kind is known" check (kind in ('member', 'tester')),
      agency_id text not null references agencies (id) on delete cascade,
      client_id text references clients (id) on delete cascade,
      role text,
      token_hash bytea not null unique,
      email_domain text,
      hint text,
      invited_by text not null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      accepted_at timestamptz,
      accepted_by text,
      revoked_at timestamptz,
      constraint "an invitation is to a role or to an app" check ((kind = 'member') = (role is not null) and (kind = 'tester') = (client_id is not null))
    );
    create index on invitations (agency_id, created_at desc, id);
    create index on invitations (client_id) where client_id is not null;
    create index on invitations (expires_at);
    comment on column invitations.id is 'not personal';
    comment on column invitations.kind is 'not personal';
    comment on column invitations.agency_id is 'not personal';
    comment on column invitations.client_id is 'not personal';
    comment on column invitations.role is 'not personal';
    comment on column invitations.token_hash is 'not personal';
    comment on column invitations.email_domain is 'not personal';
    comment on column invitations.hint is 'personal: to whom it was sent, masked';
    comment on column invitations.invited_by is 'personal: who invited, so that someone answers for it';
    comment on column invitations.created_at is 'not personal';
    comment on column invitations.expires_at is 'not personal';
    comment on column invitations.accepted_at is 'not personal';
    comment on column invitations.accepted_by is 'personal: who took it up';
    comment on column invitations.revoked_at is 'not personal';

    create table registration_tokens (
      id uuid primary key,
      agency_id text not null references agencies (id) on delete cascade,
      token_hash bytea not null unique,
      label text not null,
      created_by text not null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      uses_left integer not null constraint "uses run out" check (uses_left >= 0),
      last_used_at timestamptz,
      revoked_at timestamptz
    );
    create index on registration_tokens (agency_id, created_at desc, id);
    create index on registration_tokens (expires_at);
    comment on column registration_tokens.id is 'not personal';
    comment on column registration_tokens.agency_id is 'not personal';
    comment on column registration_tokens.token_hash is 'not personal';
    comment on column registration_tokens.label is 'not personal';
    comment on column registration_tokens.created_by is 'personal: who made it, so that someone answers for it';
    comment on column registration_tokens.created_at is 'not personal';
    comment on column registration_tokens.expires_at is 'not personal';
    comment on column registration_tokens.uses_left is 'not personal';
    comment on column registration_tokens.last_used_at is 'not personal';
    comment on column registration_tokens.revoked_at is 'not personal';

    create table api_requests (
      actor text not null,
      key_hash bytea not null,
      request_hash bytea not null,
      status smallint,
      answer jsonb,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      primary key (actor, key_hash)
    );
    create index on api_requests (expires_at);
    comment on column api_requests.actor is 'personal: who asked';
    comment on column api_requests.key_hash is 'not personal';
    comment on column api_requests.request_hash is 'not personal';
    comment on column api_requests.status is 'not personal';
    comment on column api_requests.answer is 'personal: the answer, to be given again to the same caller';
    comment on column api_requests.created_at is 'not personal';
    comment on column api_requests.expires_at is 'not personal';

    create table bundles (
      id uuid primary key,
      issuer text not null,
      client_id text not null,
      signed text not null,
      received_at timestamptz not null,
      expires_at timestamptz not null,
      applied_at timestamptz
    );
    create index on bundles (expires_at);
    comment on column bundles.id is 'not personal';
    comment on column bundles.issuer is 'not personal';
    comment on column bundles.client_id is 'not personal';
    comment on column bundles.signed is 'personal: a client as another deployment signed it; the addresses of its contacts are in it';
    comment on column bundles.received_at is 'not personal';
    comment on column bundles.expires_at is 'not personal';
    comment on column bundles.applied_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table bundles; drop table api_requests; drop table registration_tokens; drop table invitations;
  `);
}
