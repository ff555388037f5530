/**
 * People: accounts, what they type (identifiers), where messages go (contacts) and how they prove who they are.
 *
 * Every table starts with `shard`. An account and all that is its own share the account's shard (the first three hex
 * digits of its id); rows found by a value alone live in the shard of that value's keyed hash.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table accounts (
      shard smallint not null,
      id uuid not null,
      state text not null constraint "account state is known" check (state in ('active', 'frozen', 'disabled', 'closing', 'merged')),
      merged_into uuid,
      data_key bytea not null,
      profile bytea not null,
      language text not null constraint "language is offered" check (language in ('id', 'en')),
      created_at timestamptz not null,
      updated_at timestamptz not null,
      primary key (shard, id),
      constraint "a merged account says into which" check ((state = 'merged') = (merged_into is not null))
    );
    comment on column accounts.shard is 'not personal';
    comment on column accounts.id is 'personal: names the account inside; apps see a pairwise subject instead';
    comment on column accounts.state is 'personal: whether the account may be used';
    comment on column accounts.merged_into is 'personal: which account of the same person goes on';
    comment on column accounts.data_key is 'not personal';
    comment on column accounts.profile is 'personal: the claims a person may share with apps; sealed with the data key';
    comment on column accounts.language is 'personal: the language messages are written in';
    comment on column accounts.created_at is 'personal: since when the account exists';
    comment on column accounts.updated_at is 'personal: tells apps when the profile changed';

    create table identifiers (
      shard smallint not null,
      value_index bytea not null,
      kind text not null constraint "identifier kind is known" check (kind in ('email', 'phone', 'nik')),
      account_id uuid not null,
      state text not null constraint "identifier state is known" check (state in ('pending', 'confirmed')),
      created_at timestamptz not null,
      confirmed_at timestamptz,
      primary key (shard, value_index),
      constraint "confirmed says when" check ((state = 'confirmed') = (confirmed_at is not null))
    );
    comment on column identifiers.shard is 'not personal';
    comment on column identifiers.value_index is 'personal: finds the account by what its owner types; keyed hash';
    comment on column identifiers.kind is 'personal: which kind of identifier it is';
    comment on column identifiers.account_id is 'personal: whose identifier it is';
    comment on column identifiers.state is 'not personal';
    comment on column identifiers.created_at is 'not personal';
    comment on column identifiers.confirmed_at is 'personal: since when the address is known to be theirs';

    create table contacts (
      shard smallint not null,
      account_id uuid not null,
      value_index bytea not null,
      kind text not null constraint "contact kind is known" check (kind in ('email', 'phone')),
      sealed bytea not null,
      is_identifier boolean not null,
      confirmed_at timestamptz,
      created_at timestamptz not null,
      primary key (shard, account_id, value_index),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    comment on column contacts.shard is 'not personal';
    comment on column contacts.account_id is 'personal: whose contact it is';
    comment on column contacts.value_index is 'personal: tells equal contacts apart without opening them; keyed hash';
    comment on column contacts.kind is 'personal: how the person can be reached';
    comment on column contacts.sealed is 'personal: the address messages go to; sealed with the data key';
    comment on column contacts.is_identifier is 'personal: whether the person also signs in with it';
    comment on column contacts.confirmed_at is 'personal: since when messages to it are known to arrive';
    comment on column contacts.created_at is 'not personal';

    create table contact_uses (
      shard smallint not null,
      value_index bytea not null,
      slot smallint not null constraint "up to five accounts share a contact" check (slot between 1 and 5),
      account_id uuid not null,
      created_at timestamptz not null,
      primary key (shard, value_index, slot),
      unique (shard, value_index, account_id)
    );
    comment on column contact_uses.shard is 'not personal';
    comment on column contact_uses.value_index is 'personal: which contact is shared; keyed hash';
    comment on column contact_uses.slot is 'not personal';
    comment on column contact_uses.account_id is 'personal: who shares the contact';
    comment on column contact_uses.created_at is 'not personal';

    create table passwords (
      shard smallint not null,
      account_id uuid not null,
      hash text not null,
      set_at timestamptz not null,
      primary key (shard, account_id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    comment on column passwords.shard is 'not personal';
    comment on column passwords.account_id is 'personal: whose password it is';
    comment on column passwords.hash is 'personal: proves the password; argon2id';
    comment on column passwords.set_at is 'personal: when it was set';

    create table passkeys (
      shard smallint not null,
      account_id uuid not null,
      credential_id bytea not null constraint "a credential id has at most 1,023 bytes" check (octet_length(credential_id) between 1 and 1023),
      public_key bytea not null,
      algorithm integer not null,
      counter bigint not null,
      backup_eligible boolean not null,
      backed_up boolean not null,
      transports text[] not null,
      aaguid uuid not null,
      label text not null,
      created_at timestamptz not null,
      last_used_at timestamptz,
      primary key (shard, account_id, credential_id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    comment on column passkeys.shard is 'not personal';
    comment on column passkeys.account_id is 'personal: whose passkey it is';
    comment on column passkeys.credential_id is 'personal: the name the device gave the passkey';
    comment on column passkeys.public_key is 'personal: verifies the passkey; useless for signing in';
    comment on column passkeys.algorithm is 'not personal';
    comment on column passkeys.counter is 'not personal';
    comment on column passkeys.backup_eligible is 'personal: whether the passkey can be synchronised';
    comment on column passkeys.backed_up is 'personal: whether the passkey is synchronised';
    comment on column passkeys.transports is 'personal: how the device can be reached';
    comment on column passkeys.aaguid is 'personal: which product made the passkey';
    comment on column passkeys.label is 'personal: the name its owner sees';
    comment on column passkeys.created_at is 'personal: since when it can be used';
    comment on column passkeys.last_used_at is 'personal: lets its owner notice a passkey nobody should have';

    create table passkey_reservations (
      shard smallint not null,
      credential_hash bytea not null,
      account_id uuid not null,
      created_at timestamptz not null,
      primary key (shard, credential_hash)
    );
    comment on column passkey_reservations.shard is 'not personal';
    comment on column passkey_reservations.credential_hash is 'personal: keeps one passkey from two accounts; keyed hash';
    comment on column passkey_reservations.account_id is 'personal: which account holds it';
    comment on column passkey_reservations.created_at is 'not personal';

    create table memberships (
      shard smallint not null,
      account_id uuid not null,
      agency_id text not null,
      role text not null constraint "role is known" check (role in ('owner', 'developer', 'approver', 'coordinator', 'desk', 'auditor', 'operator')),
      since timestamptz not null,
      until timestamptz,
      primary key (shard, account_id, agency_id, role, since),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    comment on column memberships.shard is 'not personal';
    comment on column memberships.account_id is 'personal: who works for the agency';
    comment on column memberships.agency_id is 'personal: which agency the person works for';
    comment on column memberships.role is 'personal: what the person may do there';
    comment on column memberships.since is 'personal: since when';
    comment on column memberships.until is 'personal: until when';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    'drop table memberships; drop table passkey_reservations; drop table passkeys; drop table passwords; drop table contact_uses; drop table contacts; drop table identifiers; drop table accounts',
  );
}
