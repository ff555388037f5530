/**
 * What an app may read of a person: a consent, which was asked and can be withdrawn, or a notice of another legal basis, which
 * informs. One current row of each kind per account and app, read with every authorization; each change ends the row before.
 *
 * The text that was shown stands once in `permission_terms`, named by its hash; a permission names it and says by bits which of its
 * items it allows. `client_claims.law` is the law that another basis than consent rests on.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table permission_terms (
      id bytea primary key constraint "terms are named by their hash" check (octet_length(id) = 16),
      client_id text not null,
      agency_id text not null,
      purpose text not null,
      purpose_en text not null,
      items jsonb not null,
      first_shown_at timestamptz not null
    );
    create index on permission_terms (client_id, first_shown_at);
    comment on column permission_terms.id is 'not personal';
    comment on column permission_terms.client_id is 'not personal';
    comment on column permission_terms.agency_id is 'not personal';
    comment on column permission_terms.purpose is 'not personal';
    comment on column permission_terms.purpose_en is 'not personal';
    comment on column permission_terms.items is 'not personal';
    comment on column permission_terms.first_shown_at is 'not personal';

    create table permissions (
      shard smallint not null,
      account_id uuid not null,
      id uuid not null,
      client_id text not null,
      basis text not null constraint "legal basis is known"
        check (basis in ('consent', 'contract', 'legal_obligation', 'vital_interest', 'public_task', 'legitimate_interest')),
      terms bytea not null,
      allowed bigint not null,
      declined bigint not null,
      scopes smallint not null,
      language text not null,
      acr text not null,
      amr smallint not null,
      interaction text,
      event text not null constraint "a permission begins with an event"
        check (event in ('given', 'narrowed', 'renewed')),
      given_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz,
      end_reason text constraint "a permission ends for a reason"
        check (end_reason in ('replaced', 'withdrawn', 'left', 'expired')),
      primary key (shard, account_id, id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade,
      constraint "an ended permission says why" check ((ended_at is null) = (end_reason is null)),
      constraint "a consent is withdrawn, a notice is left"
        check (not (basis = 'consent' and end_reason = 'left') and not (basis <> 'consent' and end_reason = 'withdrawn')),
      constraint "a notice leaves no choice" check (basis = 'consent' or declined = 0)
    );
    create unique index "one current consent per account and app" on permissions (shard, account_id, client_id)
      where ended_at is null and basis = 'consent';
    create unique index "one current notice per account and app" on permissions (shard, account_id, client_id)
      where ended_at is null and basis <> 'consent';
    comment on column permissions.shard is 'not personal';
    comment on column permissions.account_id is 'personal: whose permission it is';
    comment on column permissions.id is 'not personal';
    comment on column permissions.client_id is 'personal: which app may read; shown to its owner under connected apps';
    comment on column permissions.basis is 'personal: by which legal basis the app reads';
    comment on column permissions.terms is 'personal: which text was shown: purpose, items and reasons';
    comment on column permissions.allowed is 'personal: which items of the terms the app may read, one bit for each';
    comment on column permissions.declined is 'personal: which items were offered and not allowed, so that they are not asked again';
    comment on column permissions.scopes is 'personal: which scopes were asked for, one bit for each';
    comment on column permissions.language is 'personal: in which language it was shown';
    comment on column permissions.acr is 'personal: how sure the sign-in was';
    comment on column permissions.amr is 'personal: how the person had signed in, one bit for each method';
    comment on column permissions.interaction is 'personal: in which interaction it came about; none where it was narrowed on the account page';
    comment on column permissions.event is 'personal: how it came about';
    comment on column permissions.given_at is 'personal: since when it holds';
    comment on column permissions.expires_at is 'personal: until when it holds';
    comment on column permissions.ended_at is 'personal: when it ended';
    comment on column permissions.end_reason is 'personal: why it ended';

    alter table client_claims
      add column law text,
      add column law_en text;
    comment on column client_claims.law is 'not personal';
    comment on column client_claims.law_en is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table client_claims drop column law, drop column law_en;
    drop table permissions;
    drop table permission_terms;
  `);
}
