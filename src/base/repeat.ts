/** Work that comes again and again until it is stopped; a failure does not end it, and a lasting one is logged once. */
import type { Log } from './log.ts';

export interface Repeated {
  /** Ends it, after the step that is running. */
  stop(): Promise<void>;
}

/** Waits (`firstMs`, before the first time), runs `work` and does so again; never twice at once. */
export function repeat(
  name: string,
  everyMs: number,
  log: Log,
  work: () => Promise<unknown>,
  { firstMs = everyMs }: { firstMs?: number } = {},
): Repeated {
  let stopped = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const step = async () => {
    try {
      await work();
      failing = false;
    } catch (err) {
      if (!failing) log.warn({ err, job: name }, 'a background job fails and is tried again until it succeeds');
      failing = true;
    }
    if (!stopped) schedule(everyMs);
  };
  const schedule = (ms: number) => {
    timer = setTimeout(() => {
      running = step();
    }, ms);
    timer.unref();
  };
  schedule(firstMs);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
