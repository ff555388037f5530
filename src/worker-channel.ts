/**
 * What the primary of several processes and its workers say to one another, and the worker's end of it.
 *
 * A worker gets its settings from the primary, not from the environment: they are read once, by one process, and a worker
 * that takes the place of another gets the same.
 */
import cluster, { type Worker } from 'node:cluster';
import type { Config } from './base/config.ts';
import type { MetricsSnapshot } from './base/metrics.ts';

/** What a worker is told first. */
export interface Beginning {
  /** Its place, from 1; whoever takes its place has the same. */
  readonly number: number;
  readonly config: Config;
  /** Where the log goes instead of standard output. */
  readonly logFile: string | undefined;
}

/** From the primary to a worker. `left`: it has been handed its last connection. */
export type Order =
  | ({ readonly kind: 'begin' } & Beginning)
  | { readonly kind: 'serve'; readonly databaseUrl: string }
  | { readonly kind: 'count'; readonly request: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'left' };

/**
 * From a worker to the primary. `here`: it listens for orders. `open`: it has the port. `serving`: its app answers.
 * `leaving`: it wants no more connections.
 */
export type Report =
  | { readonly kind: 'here' }
  | { readonly kind: 'open'; readonly port: number }
  | { readonly kind: 'serving' }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'failed'; readonly sentence: string }
  | { readonly kind: 'counted'; readonly request: number; readonly snapshot: MetricsSnapshot };

/** A worker could not start; the message is the sentence that a single process would have ended with. */
export class WorkerError extends Error {
  override name = 'WorkerError';
}

/** The worker's end. */
export interface Channel {
  readonly beginning: Promise<Beginning>;
  /** Known once the schema is up to date. */
  readonly databaseUrl: Promise<string>;
  /** Resolves when the report has left. */
  report(report: Report): Promise<void>;
  /** Asks for no more connections. Resolves when the last one has arrived here, also when asked again. */
  leave(): Promise<void>;
}

/** Opens the channel of the process that this is, a worker. What it has counted is asked for at any time. */
export function openChannel(hear: {
  readonly stop: () => void;
  readonly count: () => Promise<MetricsSnapshot>;
}): Channel {
  const worker = cluster.worker as Worker;
  const beginning = Promise.withResolvers<Beginning>();
  const databaseUrl = Promise.withResolvers<string>();
  const left = Promise.withResolvers<void>();
  worker.once('disconnect', left.resolve);
  const report = (said: Report) => new Promise<void>((resolve) => worker.send(said, () => resolve()));
  worker.on('message', async (order: Order) => {
    if (order.kind === 'begin') beginning.resolve(order);
    if (order.kind === 'serve') databaseUrl.resolve(order.databaseUrl);
    if (order.kind === 'stop') hear.stop();
    if (order.kind === 'left') left.resolve();
    if (order.kind === 'count') await report({ kind: 'counted', request: order.request, snapshot: await hear.count() });
  });
  void report({ kind: 'here' });
  const leave = async () => {
    await report({ kind: 'leaving' });
    await left.promise;
  };
  return { beginning: beginning.promise, databaseUrl: databaseUrl.promise, report, leave };
}

/** What `promise` gives, unless `signal` comes first. @throws the reason of the signal */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
