/**
 * What a person allowed an app to read, and under which name the app knows the person.
 *
 * `consents` keeps one current row per account and client (read with every authorization) beside the ended ones.
 * `subjects` holds the pairwise `sub` of OpenID Connect Core §8: random, stored, never derived, so that no rotation of a
 * key, change of a domain or move of an app to another agency changes it.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table consents (
      shard smallint not null,
      account_id uuid not null,
      client_id text not null,
      id uuid not null,
      basis text not null,
      scopes text[] not null,
      claims text[] not null,
      declined text[] not null,
      terms text[] not null,
      purpose text not null,
      language text not null,
      acr text not null,
      amr text[] not null,
      given_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz,
      end_reason text,
      primary key (shard, account_id, id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade,
      constraint "an ended consent says why" check ((ended_at is null) = (end_reason is null))
    );
    create unique index "one current consent per account and client" on consents (shard, account_id, client_id) where ended_at is null;
    comment on column consents.shard is 'not personal';
    comment on column consents.account_id is 'personal: who allowed it';
    comment on column consents.client_id is 'personal: which app may read; shown to its owner under connected apps';
    comment on column consents.id is 'not personal';
    comment on column consents.basis is 'personal: by which legal basis the app reads';
    comment on column consents.scopes is 'personal: what was allowed';
    comment on column consents.claims is 'personal: what was allowed, item by item';
    comment on column consents.declined is 'personal: what was offered and not allowed, so that it is not asked again';
    comment on column consents.terms is 'not personal';
    comment on column consents.purpose is 'personal: the purpose as it was shown';
    comment on column consents.language is 'personal: the language it was shown in';
    comment on column consents.acr is 'personal: how sure the sign-in was when it was given';
    comment on column consents.amr is 'personal: how the person had signed in when it was given';
    comment on column consents.given_at is 'personal: when it was given';
    comment on column consents.expires_at is 'personal: until when it holds';
    comment on column consents.ended_at is 'personal: when it ended';
    comment on column consents.end_reason is 'personal: withdrawn, replaced or expired';

    create table subjects (
      shard smallint not null,
      account_id uuid not null,
      capacity text not null constraint "capacity is known" check (capacity in ('self')),
      group_id text not null,
      sub text not null,
      created_at timestamptz not null,
      primary key (shard, account_id, capacity, group_id),
      unique (shard, sub),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    comment on column subjects.shard is 'not personal';
    comment on column subjects.account_id is 'personal: who it names';
    comment on column subjects.capacity is 'personal: in which capacity the person uses the app';
    comment on column subjects.group_id is 'personal: to which group of apps it is shown';
    comment on column subjects.sub is 'personal: the name under which those apps know the person';
    comment on column subjects.created_at is 'personal: since when they know the person';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table subjects; drop table consents');
}
