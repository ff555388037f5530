/**
 * `consents` gives up what was carried over into `permissions` (0057): nobody reads it there any more, and what a person allowed
 * stands in one place. The table stays, empty, for processes of before that still look at it.
 *
 * What an older process has put in since is carried over first; what is left then has a permission of a later day in its place.
 * No older process may run meanwhile (`docs/operate.md`): what it wrote in between would be lost.
 */
import type { Knex } from 'knex';
import { up as carryOver } from './0057-consents-carried-over.ts';

/** Without a transaction: each batch is done for good. Killed half-way, it goes on with what is left. */
export const config = { transaction: false };

const BATCH = 5000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

const IS_CARRIED = `exists (select 1 from permissions p where p.shard = c.shard and p.account_id = c.account_id
  and p.client_id = c.client_id and p.given_at = date_trunc('milliseconds', c.given_at))`;

export async function up(knex: Knex): Promise<void> {
  await remove(knex, IS_CARRIED);
  await carryOver(knex);
  await remove(knex, 'true');
  await knex.raw(`comment on table consents is 'empty: what it held is in permissions'`);
}

/** What it held is in `permissions`. */
export async function down(): Promise<void> {}

interface Key {
  shard: number;
  account_id: string;
  id: string;
}

async function remove(knex: Knex, which: string): Promise<void> {
  let after = [-1, FIRST_ID, FIRST_ID];
  for (;;) {
    const { rows }: { rows: Key[] } = await knex.raw(
      `select shard, account_id, id from consents where (shard, account_id, id) > (?, ?, ?)
       order by shard, account_id, id offset ? limit 1`,
      [...after, BATCH - 1],
    );
    const until = rows[0] && [rows[0].shard, rows[0].account_id, rows[0].id];
    await knex.raw(
      `delete from consents c where (shard, account_id, id) > (?, ?, ?)
       ${until ? 'and (shard, account_id, id) <= (?, ?, ?)' : ''} and ${which}`,
      [...after, ...(until ?? [])],
    );
    if (!until) return;
    after = until as [number, string, string];
  }
}
