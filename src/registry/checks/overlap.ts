/** Whether an app is needed although there are others like it; asked until it is live for the first time. */
import { findHindrance } from '../brake.ts';
import { hasBeenLive } from '../client-life.ts';
import type { Check } from './check.ts';

/** Nothing is like it, or a coordinator allowed it. */
export const checkOverlap: Check = async (client, { db }) => {
  if (hasBeenLive(client)) return undefined;
  const hindrance = await findHindrance(db, client);
  if (!hindrance) return [];
  if (hindrance.kind === 'unjustified')
    return [{ code: 'overlap_unjustified', about: String(hindrance.strong.length) }];
  return [{ code: hindrance.kind === 'open' ? 'overlap_open' : 'overlap_refused', about: hindrance.found.id }];
};
