/** For what comes about by itself. How long that takes says nothing on a machine that is busy with other tests. */
import { vi } from 'vitest';

/** Asks until `check` throws no more. @throws what it threw last, when that lasts a minute */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 60_000, interval: 50 });
}
