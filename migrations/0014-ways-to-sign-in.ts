/**
 * Further ways to sign in, and what is known of a passkey's maker.
 *
 * `totp_keys`: one authenticator app per account; `last_step` moves on by one conditional statement, so that a code counts
 * once (RFC 6238 §5.2). `recovery_codes`: ten printed codes, each claimed once. Both are found by the account.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table passkeys add column attestation_format text not null default 'none';
    alter table passkeys add column is_attested boolean not null default false;
    alter table passkeys add constraint "only a key that cannot be copied is attested hardware"
      check (not (is_attested and backup_eligible));
    comment on column passkeys.attestation_format is 'personal: how the maker of the authenticator vouched for it';
    comment on column passkeys.is_attested is 'personal: whether the maker''s word was checked, for the highest assurance';

    create table totp_keys (
      shard smallint not null,
      account_id uuid not null,
      sealed bytea not null,
      created_at timestamptz not null,
      confirmed_at timestamptz,
      last_step bigint,
      primary key (shard, account_id),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade,
      constraint "a confirmed authenticator app has shown a code" check (confirmed_at is null or last_step is not null)
    );
    alter table totp_keys alter column shard set (n_distinct = 16);
    comment on column totp_keys.shard is 'not personal';
    comment on column totp_keys.account_id is 'personal: whose authenticator app it is';
    comment on column totp_keys.sealed is 'personal: the secret that codes are made from; sealed with the data key';
    comment on column totp_keys.created_at is 'personal: when it was set up';
    comment on column totp_keys.confirmed_at is 'personal: since when it counts';
    comment on column totp_keys.last_step is 'personal: the latest code that was used, so that none counts twice';

    create table recovery_codes (
      shard smallint not null,
      account_id uuid not null,
      hash bytea not null,
      created_at timestamptz not null,
      used_at timestamptz,
      primary key (shard, account_id, hash),
      foreign key (shard, account_id) references accounts (shard, id) on delete cascade
    );
    alter table recovery_codes alter column shard set (n_distinct = 16);
    comment on column recovery_codes.shard is 'not personal';
    comment on column recovery_codes.account_id is 'personal: whose code it is';
    comment on column recovery_codes.hash is 'personal: recognises the printed code; keyed hash';
    comment on column recovery_codes.created_at is 'personal: when the codes were printed';
    comment on column recovery_codes.used_at is 'personal: a code is good once';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table recovery_codes;
    drop table totp_keys;
    alter table passkeys drop column attestation_format, drop column is_attested;
  `);
}
