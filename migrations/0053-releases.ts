/**
 * Who read what of whom: a row for each hand-over of claims, of those that repeat one row for each day; names of claims, never
 * values. A month is a partition (`releases_other` takes what no month is there for), so that what is too old goes by dropping it.
 *
 * Which app it was is sealed by the account's key; `app` finds the releases to one app without telling which it is. What agencies
 * see are counts per app and day, over slots so that no row is everybody's.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table releases (
      shard smallint not null,
      account_id uuid not null,
      at timestamptz not null,
      app bytea not null constraint "an app is named by eight bytes" check (octet_length(app) = 8),
      id uuid not null,
      kind text not null constraint "way of a release is known" check (kind in ('code', 'refresh', 'userinfo', 'introspection')),
      reads integer not null default 1 constraint "a release was read" check (reads > 0),
      last_at timestamptz not null,
      sealed bytea not null,
      primary key (shard, account_id, at, app, id)
    ) partition by range (at);
    create table releases_other partition of releases default;
    comment on column releases.shard is 'not personal';
    comment on column releases.account_id is 'personal: whose data was handed over';
    comment on column releases.at is 'personal: when it was handed over first';
    comment on column releases.app is 'personal: to which app, as a hash keyed by the account: for finding, not for reading';
    comment on column releases.id is 'not personal';
    comment on column releases.kind is 'personal: in which way';
    comment on column releases.reads is 'personal: how often';
    comment on column releases.last_at is 'personal: when it was handed over last';
    comment on column releases.sealed is 'personal: which app, which claims, why and from which network; sealed by the key of the account';

    create table client_release_days (
      client_id text not null references clients (id) on delete cascade,
      day date not null,
      claim text not null,
      slot smallint not null,
      releases bigint not null,
      primary key (client_id, day, claim, slot)
    );
    comment on column client_release_days.client_id is 'not personal';
    comment on column client_release_days.day is 'not personal';
    comment on column client_release_days.claim is 'not personal';
    comment on column client_release_days.slot is 'not personal';
    comment on column client_release_days.releases is 'not personal';

    create table client_permission_days (
      client_id text not null references clients (id) on delete cascade,
      day date not null,
      kind text not null constraint "kind of permission is known" check (kind in ('consent', 'notice')),
      event text not null constraint "event of a permission is known"
        check (event in ('given', 'narrowed', 'renewed', 'withdrawn', 'left', 'expired')),
      slot smallint not null,
      times bigint not null,
      primary key (client_id, day, kind, event, slot)
    );
    comment on column client_permission_days.client_id is 'not personal';
    comment on column client_permission_days.day is 'not personal';
    comment on column client_permission_days.kind is 'not personal';
    comment on column client_permission_days.event is 'not personal';
    comment on column client_permission_days.slot is 'not personal';
    comment on column client_permission_days.times is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table client_permission_days;
    drop table client_release_days;
    drop table releases;
  `);
}
