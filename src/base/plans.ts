/**
 * Plans that have outlived what they were made for.
 *
 * A connection plans a statement when it first sends it, and keeps the plan until PostgreSQL has looked at the tables anew. On a
 * table that is empty all ways cost nothing, so that the plan may be to go through a whole index; and the rush that
 * begins fills the table under it. So a young connection plans anew each time it has sent ten times as much.
 * What is sent inside a transaction is not counted.
 */
import type { PoolClient } from 'pg';
import { asUnavailable } from './database-errors.ts';

/** After so many statements; later ones find tables that have been looked at. */
const anewAfter: ReadonlySet<number> = new Set([100, 1_000, 10_000]);

const sent = new WeakMap<PoolClient, number>();

/** Before each statement of a connection that is in no transaction. Most have nothing to wait for. */
export async function renewPlans(client: PoolClient): Promise<void> {
  const count = (sent.get(client) ?? 0) + 1;
  sent.set(client, count);
  if (!anewAfter.has(count)) return;
  try {
    await client.query('discard plans');
  } catch (error) {
    throw asUnavailable(error);
  }
}
