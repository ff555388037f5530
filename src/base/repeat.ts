/** Work that comes again and again until it is stopped; a failure does not end it, and a lasting one is logged once. */
import type { Log } from './log.ts';

export interface Repeated<Done = unknown> {
  /** Does the work once, now. */
  now(): Promise<Done>;
  /** Ends it, after the step that is running. */
  stop(): Promise<void>;
}

/**
 * Waits (`firstMs`, before the first time), runs `work` and does so again; never twice at once by itself. Work that takes many
 * steps looks at the signal between them: it says that there is to be no further one.
 */
export function repeat<Done>(
  name: string,
  everyMs: number,
  log: Log,
  work: (stopping: AbortSignal) => Promise<Done>,
  { firstMs = everyMs }: { firstMs?: number } = {},
): Repeated<Done> {
  const stopping = new AbortController();
  const now = () => work(stopping.signal);
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const step = async () => {
    try {
      await now();
      failing = false;
    } catch (err) {
      if (!failing) log.warn({ err, job: name }, 'a background job fails and is tried again until it succeeds');
      failing = true;
    }
    if (!stopping.signal.aborted) schedule(everyMs);
  };
  const schedule = (ms: number) => {
    timer = setTimeout(() => {
      running = step();
    }, ms);
    timer.unref();
  };
  schedule(firstMs);
  return {
    now,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
