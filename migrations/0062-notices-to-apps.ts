/**
 * Apps hear of each session that ends: `clients.backchannel_logout_session_required` says that an app wants its `sid`
 * (OpenID Connect Back-Channel Logout 1.0 §2.2). `outbox.try_until`: how long a notice is tried, which a second sending moves;
 * its row stays longer, for the agency to see (`jobs/app-notices.ts`).
 * `outbox.withdrawal_id`: what the notice is about, so that its owner sees whether the app was told.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table clients add column backchannel_logout_session_required boolean not null default false;
    alter table outbox add column try_until timestamptz, add column withdrawal_id uuid;
    comment on column clients.backchannel_logout_session_required is 'not personal';
    comment on column outbox.try_until is 'not personal';
    comment on column outbox.withdrawal_id is 'personal: which withdrawal the app is told of';
    comment on column outbox.sealed is 'personal: address and text of a message until it is delivered, or what an app is told; sealed';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    comment on column outbox.sealed is 'personal: address and text of a message until it is delivered; sealed';
    alter table outbox drop column try_until, drop column withdrawal_id;
    alter table clients drop column backchannel_logout_session_required;
  `);
}
