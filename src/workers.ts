/**
 * The workers, as the primary sees them: started together, replaced when one dies, asked for what they count, stopped.
 *
 * The primary hands connections to them in turn (`docs/decisions/0011-several-processes.md`). A worker whose primary is
 * gone is ended by `node:cluster`.
 */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from './base/config.ts';
import type { Log } from './base/log.ts';
import { type MetricsSnapshot, MetricsSum } from './base/metrics.ts';
import { type Beginning, type Order, type Report, unlessAborted, WorkerError } from './worker-channel.ts';

/** Longer than a worker takes to notify load balancers, drain and close its pool. */
const STOP_WITHIN_MS = 16_000;
const ANSWER_WITHIN_MS = 1_000;
/** Who has lived so long did not die of its start. */
const SETTLED_MS = 10_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

const entry = fileURLToPath(new URL('./lawang.js', import.meta.url));

/** One process, from its start to its end. */
class Member {
  readonly number: number;
  /** The port, once it has it. */
  readonly opened = Promise.withResolvers<number>();
  readonly serving = Promise.withResolvers<void>();
  /** Why it ended: an exit code or a signal. */
  readonly ended: Promise<number | string>;
  readonly born = performance.now();
  isServing = false;
  readonly #worker: Worker;
  readonly #counting = new Map<number, (snapshot: MetricsSnapshot) => void>();
  #asked = 0;
  #isStopped = false;
  #sentence: string | undefined;

  constructor(beginning: Beginning) {
    this.number = beginning.number;
    this.#worker = cluster.fork();
    this.#worker.on('message', (report: Report) => this.#hear(report, beginning));
    this.ended = this.#waitForEnd();
    // Who waits for these is told; where nobody does, the end says it all.
    for (const { promise } of [this.opened, this.serving]) promise.catch(() => undefined);
  }

  #hear(report: Report, beginning: Beginning): void {
    if (report.kind === 'here') this.#greet(beginning);
    if (report.kind === 'open') this.opened.resolve(report.port);
    if (report.kind === 'failed') this.#sentence = report.sentence;
    if (report.kind === 'counted') this.#counting.get(report.request)?.(report.snapshot);
    if (report.kind === 'leaving') this.#letGo();
    if (report.kind !== 'serving') return;
    this.isServing = true;
    this.serving.resolve();
  }

  /** A stop said before it listened was lost. It is said after the settings, without which nothing begins or ends. */
  #greet(beginning: Beginning): void {
    this.order({ kind: 'begin', ...beginning });
    if (this.#isStopped) this.order({ kind: 'stop' });
  }

  /**
   * It gets no more connections. Not by its own closing of the port: what is handed to a worker that has closed already comes
   * back, and where no other worker is left Node.js keeps it, open and unanswered, for as long as this process lives.
   */
  #letGo(): void {
    this.#worker.disconnect();
    this.order({ kind: 'left' });
  }

  /**
   * The end is the end of its channel as well, after its last report. `close` says so; `disconnect` never comes from a worker
   * that died with a connection in its channel, and then Node.js has to be told to let it go.
   */
  async #waitForEnd(): Promise<number | string> {
    const end = Promise.withResolvers<number | string>();
    const { process: child } = this.#worker;
    child.once('close', (code, signal) => end.resolve(signal ?? code ?? 'no exit code'));
    // A report that cannot be delivered means nothing; a process that could not be started has no end of its own.
    this.#worker.on('error', (error) => {
      if (child.pid === undefined) end.resolve(error.message);
    });
    const how = await end.promise;
    this.#worker.disconnect();
    this.isServing = false;
    const error = new WorkerError(this.#sentence ?? `Worker ${this.number} ended while it started (${how}).`);
    this.opened.reject(error);
    this.serving.reject(error);
    return how;
  }

  order(order: Order): void {
    this.#isStopped ||= order.kind === 'stop';
    if (this.#worker.isConnected()) this.#worker.send(order);
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }

  /** What it has counted; undefined when it does not say so within a second. */
  async count(): Promise<MetricsSnapshot | undefined> {
    this.#asked += 1;
    const request = this.#asked;
    const answer = new Promise<MetricsSnapshot>((resolve) => this.#counting.set(request, resolve));
    this.order({ kind: 'count', request });
    const late = new AbortController();
    const tooLate = delay(ANSWER_WITHIN_MS, undefined, { signal: late.signal }).catch(() => undefined);
    const snapshot = await Promise.race([answer, this.ended.then(() => undefined), tooLate]);
    late.abort();
    this.#counting.delete(request);
    return snapshot;
  }
}

export interface WorkersOptions {
  readonly config: Config;
  readonly log: Log;
  readonly logFile: string | undefined;
  /** Aborted when somebody wants to stop before all of them serve. */
  readonly signal: AbortSignal;
}

export class Workers {
  readonly #options: WorkersOptions;
  /** By their numbers. */
  readonly #members = new Map<number, Member>();
  readonly #sum = new MetricsSum();
  readonly #stopping = new AbortController();
  #port: number;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.#port = options.config.port;
    cluster.schedulingPolicy = cluster.SCHED_RR;
    // Advanced: keys in the settings stay bytes.
    cluster.setupPrimary({ exec: entry, args: ['serve'], serialization: 'advanced' });
  }

  /** Starts them. @returns the port that all of them have opened @throws {WorkerError} when one cannot */
  async open(): Promise<number> {
    const { config, signal } = this.#options;
    // One after the other gets as far as the port; all of them load their code meanwhile.
    const members = Array.from({ length: config.workers }, (_, i) => this.#fork(i + 1));
    const ports = await unlessAborted(signal, Promise.all(members.map(({ opened }) => opened.promise)));
    this.#port = ports[0] ?? this.#port;
    return this.#port;
  }

  /** Lets them serve on a database whose schema is up to date, and from then on replaces those that die. */
  async serve(databaseUrl: string): Promise<void> {
    const members = [...this.#members.values()];
    for (const member of members) member.order({ kind: 'serve', databaseUrl });
    await unlessAborted(this.#options.signal, Promise.all(members.map(({ serving }) => serving.promise)));
    for (const member of members) void this.#keep(member, databaseUrl);
  }

  #fork(number: number): Member {
    const { config, logFile } = this.#options;
    const member = new Member({ number, config: { ...config, port: this.#port }, logFile });
    this.#members.set(number, member);
    return member;
  }

  /** Keeps the place of a worker filled until the stop. */
  async #keep(first: Member, databaseUrl: string): Promise<void> {
    let failures = 0;
    for (let member = first; ; member = this.#replace(member.number, databaseUrl)) {
      const how = await member.ended;
      if (this.#stopping.signal.aborted) return;
      this.#sum.leave(member);
      failures = performance.now() - member.born > SETTLED_MS ? 0 : failures + 1;
      const waitMs = failures === 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
      const reason = await member.serving.promise.catch((error: Error) => error.message);
      this.#options.log.error({ worker: member.number, how, reason, waitMs }, 'a worker ended and is replaced');
      await delay(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
    }
  }

  #replace(number: number, databaseUrl: string): Member {
    const member = this.#fork(number);
    member.opened.promise.then(
      () => member.order({ kind: 'serve', databaseUrl }),
      () => undefined,
    );
    return member;
  }

  /** The metrics of all processes as one. */
  async printMetrics(): Promise<string> {
    const asked = [...this.#members.values()].filter(({ isServing }) => isServing);
    const answers = await Promise.all(asked.map(async (member) => [member, await member.count()] as const));
    return this.#sum.print(new Map(answers));
  }

  /** Lets them drain; who takes too long is killed. May be called more than once. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const members = [...this.#members.values()];
    for (const member of members) member.order({ kind: 'stop' });
    const limit = setTimeout(() => members.forEach((member) => void member.kill()), STOP_WITHIN_MS);
    await Promise.all(members.map(({ ended }) => ended));
    clearTimeout(limit);
  }
}
