/**
 * The last steps of an account, and what the apps are told of them.
 *
 * `erasing`: nobody can change their mind any more, and the work goes on wherever it was interrupted
 * (`jobs/closings.ts`). `frozen_at` outlives a time of being disabled, so that what its owner has frozen is not opened by
 * the way. Channel `logout`: the notice to an app that a person is signed out (`jobs/logout-notices.ts`); code from before
 * this migration cannot open one and leaves it to be claimed again.
 */
import type { Knex } from 'knex';

const states = (names: string) => `
  alter table accounts drop constraint "account state is known";
  alter table accounts add constraint "account state is known" check (state in (${names}));
`;

const channels = (names: string) => `
  alter table outbox drop constraint "channel is known";
  alter table outbox add constraint "channel is known" check (channel in (${names}));
`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ${states(`'active', 'frozen', 'disabled', 'closing', 'erasing', 'merged'`)}
    alter table accounts add column frozen_at timestamptz;
    update accounts set frozen_at = coalesce(state_since, updated_at) where state = 'frozen';
    comment on column accounts.frozen_at is 'personal: since when it is frozen; what was added shortly before does not open it';

    ${channels(`'email', 'message', 'logout'`)}

    comment on column admin_events.subject is 'personal: which account it was done to, where it was one';

    alter table clients add column backchannel_logout_uri text;
    comment on column clients.backchannel_logout_uri is 'not personal';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    comment on column admin_events.subject is 'not personal';
    alter table clients drop column backchannel_logout_uri;
    delete from outbox where channel = 'logout';
    ${channels(`'email', 'message'`)}
    alter table accounts drop column frozen_at;
    delete from accounts where state = 'erasing';
    ${states(`'active', 'frozen', 'disabled', 'closing', 'merged'`)}
  `);
}
