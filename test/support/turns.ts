/**
 * Time as somebody has it who is never kept waiting for the processor. On a machine that is busy with other tests, a wait
 * that the server has made is told by it from a turn that came late.
 */

const TICK_MS = 10;
let ticks = 0;

// However late a tick comes, it counts once.
setInterval(() => {
  ticks += 1;
}, TICK_MS).unref();

/** In milliseconds from some beginning, like `performance.now()`. */
export function turnsNow(): number {
  return ticks * TICK_MS;
}
