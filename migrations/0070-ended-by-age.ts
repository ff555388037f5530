/**
 * The consent of somebody who turns out to be under 18 ends for a reason of its own: they have not withdrawn it.
 *
 * Each check is put in place of a narrower one, so no row can break it: it is looked at afterwards, while the table is in use.
 */
import type { Knex } from 'knex';

/** Without a transaction: it would hold the tables while their rows are looked at. Each step may be done again. */
export const config = { transaction: false };

const checks = [
  {
    ...{ table: 'permissions', name: 'a permission ends for a reason' },
    check: `end_reason in ('replaced', 'withdrawn', 'left', 'expired', 'underage')`,
  },
  {
    ...{ table: 'permissions', name: 'a consent is withdrawn, a notice is left' },
    check: `not (basis = 'consent' and end_reason = 'left') and not (basis <> 'consent' and end_reason in ('withdrawn', 'underage'))`,
  },
  {
    ...{ table: 'client_permission_days', name: 'event of a permission is known' },
    check: `event in ('given', 'narrowed', 'renewed', 'withdrawn', 'left', 'expired', 'underage')`,
  },
  {
    ...{ table: 'outbox', name: 'reason of a notice is known' },
    check: `reason in ('signed-out', 'withdrawn', 'left', 'narrowed', 'expired', 'underage', 'account-held', 'account-ended', 'reported', 'test')`,
  },
  {
    ...{ table: 'withdrawals', name: 'cause of a withdrawal is known' },
    check: `cause in ('withdrawn', 'left', 'narrowed', 'expired', 'reported', 'underage')`,
  },
];

export async function up(knex: Knex): Promise<void> {
  for (const { table, name, check } of checks) {
    await knex.raw(
      `alter table ${table} drop constraint if exists "${name}", add constraint "${name}" check (${check}) not valid`,
    );
    await knex.raw(`alter table ${table} validate constraint "${name}"`);
  }
}

/** Rows may say so already, and older code reads them. */
export async function down(): Promise<void> {}
