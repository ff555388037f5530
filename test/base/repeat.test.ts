import { expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';

const log = createLog('silent');

test('work comes again after a failure, never twice at once, and not after stop', async () => {
  let runs = 0;
  let running = 0;
  const third = Promise.withResolvers<void>();
  const repeated = repeat('test', 1, log, async () => {
    running += 1;
    expect(running).toBe(1);
    runs += 1;
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    if (runs === 3) third.resolve();
    if (runs < 3) throw new Error('fails twice');
  });
  await third.promise;
  await repeated.stop();
  const stopped = runs;
  await new Promise((resolve) => setImmediate(resolve));
  expect(runs).toBe(stopped);
});

test('stop waits for the step that is running', async () => {
  const started = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let isDone = false;
  const repeated = repeat('test', 0, log, async () => {
    started.resolve();
    await ended.promise;
    isDone = true;
  });
  await started.promise;
  const stopping = repeated.stop();
  ended.resolve();
  await stopping;
  expect(isDone).toBe(true);
});

test('a failure that lasts is logged once, and again after it had passed', async () => {
  const said = vi.spyOn(log, 'warn');
  const outcomes = [false, false, true, false, true];
  const last = Promise.withResolvers<void>();
  const repeated = repeat('test', 0, log, async () => {
    if (outcomes.length === 1) last.resolve();
    if (outcomes.shift() === false) throw new Error('fails');
  });
  await last.promise;
  await repeated.stop();
  expect(said).toHaveBeenCalledTimes(2);
});
