/** A clock that a test moves by hand. */
import { afterEach, beforeEach, vi } from 'vitest';

/** Lets the tests of a file move the date; timers run as ever. @returns what moves it on, by seconds */
export function useMovedClock(): (seconds: number) => void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => void vi.useRealTimers());
  return (seconds) => void vi.setSystemTime(Date.now() + seconds * 1000);
}
