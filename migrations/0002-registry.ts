/**
 * Agencies and their apps. No table here grows with citizens, so none has a shard.
 *
 * Every process keeps all clients in memory and asks every second whether `registry_version` moved
 * (`registry/client-cache.ts`); then it reads only the clients whose `version` is newer.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table registry_version (
      only_row boolean primary key default true constraint "there is one registry version" check (only_row),
      version bigint not null
    );
    insert into registry_version (version) values (1);
    comment on column registry_version.only_row is 'not personal';
    comment on column registry_version.version is 'not personal';

    create table agencies (
      id text primary key constraint "agency id is a short word" check (id ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
      name text not null,
      name_en text not null,
      legal_name text not null,
      domain text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    comment on column agencies.id is 'not personal';
    comment on column agencies.name is 'not personal';
    comment on column agencies.name_en is 'not personal';
    comment on column agencies.legal_name is 'not personal';
    comment on column agencies.domain is 'not personal';
    comment on column agencies.created_at is 'not personal';
    comment on column agencies.updated_at is 'not personal';

    create table subject_groups (
      id text primary key,
      agency_id text not null references agencies (id),
      created_at timestamptz not null
    );
    create index on subject_groups (agency_id);
    comment on column subject_groups.id is 'not personal';
    comment on column subject_groups.agency_id is 'not personal';
    comment on column subject_groups.created_at is 'not personal';

    create table clients (
      id text primary key constraint "client id is a short word" check (id ~ '^[a-z0-9][a-z0-9-]{1,62}$'),
      agency_id text not null references agencies (id),
      subject_group_id text not null references subject_groups (id),
      state text not null constraint "client state is known" check (state in ('draft', 'sandbox', 'review', 'live', 'suspended', 'retired')),
      type text not null constraint "client type is known" check (type in ('web', 'spa', 'native', 'machine')),
      name text not null,
      name_en text not null,
      purpose text not null,
      purpose_en text not null,
      home_uri text,
      initiate_login_uri text,
      logo_uri text,
      policy_uri text,
      tos_uri text,
      redirect_uris text[] not null,
      post_logout_redirect_uris text[] not null,
      response_types text[] not null,
      grant_types text[] not null,
      scopes text[] not null,
      token_endpoint_auth_method text not null constraint "client authentication is known"
        check (token_endpoint_auth_method in ('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none')),
      jwks jsonb,
      jwks_uri text,
      id_token_signed_response_alg text not null,
      userinfo_signed_response_alg text,
      require_pkce boolean not null,
      require_par boolean not null,
      dpop_bound_access_tokens boolean not null,
      rotate_refresh boolean not null,
      default_max_age integer,
      consent_days integer not null,
      first_sign_in_at timestamptz,
      version bigint not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      constraint "keys come from one place" check (jwks is null or jwks_uri is null),
      constraint "an assertion needs keys" check (token_endpoint_auth_method <> 'private_key_jwt' or jwks is not null or jwks_uri is not null),
      constraint "only a legacy confidential client goes without PKCE" check (require_pkce or token_endpoint_auth_method <> 'none')
    );
    create index on clients (agency_id, id);
    create index on clients (subject_group_id);
    create index on clients (version, id);
    create unique index "one machine at an address" on clients (home_uri) where type = 'machine' and state <> 'retired';
    comment on column clients.id is 'not personal';
    comment on column clients.agency_id is 'not personal';
    comment on column clients.subject_group_id is 'not personal';
    comment on column clients.state is 'not personal';
    comment on column clients.type is 'not personal';
    comment on column clients.name is 'not personal';
    comment on column clients.name_en is 'not personal';
    comment on column clients.purpose is 'not personal';
    comment on column clients.purpose_en is 'not personal';
    comment on column clients.home_uri is 'not personal';
    comment on column clients.initiate_login_uri is 'not personal';
    comment on column clients.logo_uri is 'not personal';
    comment on column clients.policy_uri is 'not personal';
    comment on column clients.tos_uri is 'not personal';
    comment on column clients.redirect_uris is 'not personal';
    comment on column clients.post_logout_redirect_uris is 'not personal';
    comment on column clients.response_types is 'not personal';
    comment on column clients.grant_types is 'not personal';
    comment on column clients.scopes is 'not personal';
    comment on column clients.token_endpoint_auth_method is 'not personal';
    comment on column clients.jwks is 'not personal';
    comment on column clients.jwks_uri is 'not personal';
    comment on column clients.id_token_signed_response_alg is 'not personal';
    comment on column clients.userinfo_signed_response_alg is 'not personal';
    comment on column clients.require_pkce is 'not personal';
    comment on column clients.require_par is 'not personal';
    comment on column clients.dpop_bound_access_tokens is 'not personal';
    comment on column clients.rotate_refresh is 'not personal';
    comment on column clients.default_max_age is 'not personal';
    comment on column clients.consent_days is 'not personal';
    comment on column clients.first_sign_in_at is 'not personal';
    comment on column clients.version is 'not personal';
    comment on column clients.created_at is 'not personal';
    comment on column clients.updated_at is 'not personal';

    create table client_claims (
      client_id text not null references clients (id) on delete cascade,
      claim text not null,
      required boolean not null,
      purpose text not null,
      purpose_en text not null,
      basis text not null constraint "legal basis is one of the law" check
        (basis in ('consent', 'contract', 'legal_obligation', 'vital_interest', 'public_task', 'legitimate_interest')),
      primary key (client_id, claim)
    );
    comment on column client_claims.client_id is 'not personal';
    comment on column client_claims.claim is 'not personal';
    comment on column client_claims.required is 'not personal';
    comment on column client_claims.purpose is 'not personal';
    comment on column client_claims.purpose_en is 'not personal';
    comment on column client_claims.basis is 'not personal';

    create table client_secrets (
      client_id text not null references clients (id) on delete cascade,
      hash bytea not null,
      created_at timestamptz not null,
      expires_at timestamptz,
      primary key (client_id, hash)
    );
    comment on column client_secrets.client_id is 'not personal';
    comment on column client_secrets.hash is 'not personal';
    comment on column client_secrets.created_at is 'not personal';
    comment on column client_secrets.expires_at is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'drop table client_secrets; drop table client_claims; drop table clients; drop table subject_groups; drop table agencies; drop table registry_version',
  );
}
