/** What happened to an account with an app. Which app it was is sealed by the account's key, as it is in the record of releases. */
import { type AccountEvent, recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { loadDataKey } from './data-keys.ts';

export interface AppEvent extends Omit<AccountEvent, 'app'> {
  readonly clientId: string;
}

/** {@link recordAccountEvent}, of an app. @throws {Refusal} `account_unavailable` when there is no such account */
export async function recordAppEvent(db: Db, secrets: Secrets, { clientId, ...event }: AppEvent): Promise<void> {
  const dataKey = await loadDataKey(db, secrets, event.accountId);
  await recordAccountEvent(db, { ...event, app: { clientId, dataKey } });
}
