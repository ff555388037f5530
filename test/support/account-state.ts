/** Puts an account into a state without the step that leads there: for tests of what a state means elsewhere. */
import type { Db } from '#src/base/database.ts';
import { shardOf } from '#src/base/secrets.ts';

const FORTNIGHT_MS = 14 * 24 * 3600 * 1000;

/** Writes the state as if its step had just been taken; nothing that the step ends is ended, and nobody is told. */
export async function setAccountState(
  db: Db,
  id: string,
  state: 'active' | 'frozen' | 'disabled' | 'closing',
): Promise<void> {
  const shard = shardOf(id);
  const now = new Date();
  await db
    .for(shard)
    .execute(
      `update accounts set state = $3, state_since = $4, closes_at = $5, frozen_at = $6 where shard = $1 and id = $2`,
      [
        ...[shard, id, state, state === 'active' ? null : now],
        state === 'closing' ? new Date(now.getTime() + FORTNIGHT_MS) : null,
        state === 'frozen' ? now : null,
      ],
    );
}
