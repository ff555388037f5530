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

/** The same, where time goes by as ever until it is moved for the first time. */
export function useClock(): (seconds: number) => void {
  afterEach(() => void vi.useRealTimers());
  return (seconds) => void vi.useFakeTimers({ toFake: ['Date'], now: Math.round(Date.now() + seconds * 1000) });
}

/** The year, so many from now. A test that is about ages names no year: some day it would be about others. */
export function inYears(years: number): number {
  return new Date().getUTCFullYear() + years;
}
