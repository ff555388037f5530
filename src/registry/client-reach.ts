/** Who may use an app, by its state: everybody, its testers alone, or nobody. */
import type { Config } from '#src/base/config.ts';
import type { ClientRecord } from './clients.ts';

/** Whether a client may be used: `live` ones everywhere, `sandbox` ones in a sandbox only. */
export function isAvailable(client: Pick<ClientRecord, 'state'>, mode: Config['mode']): boolean {
  return client.state === 'live' || (client.state === 'sandbox' && mode === 'sandbox');
}

/**
 * Whether an app answers its testers alone: in production, before it is live, when its team has invited some. Machines have
 * no people, so none can be invited to them.
 */
export function isOnTrial(
  { state, type, testers }: Pick<ClientRecord, 'state' | 'type' | 'testers'>,
  mode: Config['mode'],
): boolean {
  const isBefore = state === 'draft' || state === 'sandbox' || state === 'review';
  return mode === 'production' && isBefore && type !== 'machine' && testers.length > 0;
}

/** Whether an app may be used at all, by everybody or by its testers. */
export function mayBeUsed(client: ClientRecord, mode: Config['mode']): boolean {
  return isAvailable(client, mode) || isOnTrial(client, mode);
}

/** Whether somebody may use an app that may be used: everybody, unless it answers its testers alone. */
export function isOpenTo(client: ClientRecord, mode: Config['mode'], accountId: string): boolean {
  return !isOnTrial(client, mode) || client.testers.includes(accountId);
}
