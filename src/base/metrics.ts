/** What operators watch, in the Prometheus format, answered on a port of its own. */
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export const metrics = new Registry();
collectDefaultMetrics({ register: metrics });

export const requestSeconds = new Histogram({
  name: 'lawang_http_request_duration_seconds',
  help: 'Time from the first byte of a request to the end of its answer.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  registers: [metrics],
});

export const businessEvents = new Counter({
  name: 'lawang_events_total',
  help: 'Business events (sign-ins, consents, refusals) by kind.',
  labelNames: ['kind'],
  registers: [metrics],
});

export const refusalsTotal = new Counter({
  name: 'lawang_refusals_total',
  help: 'Refusals by code.',
  labelNames: ['code'],
  registers: [metrics],
});

export const limitsHit = new Counter({
  name: 'lawang_limits_hit_total',
  help: 'Tries that a limit on guessing held up, by the limit (docs/configuration.md).',
  labelNames: ['limit'],
  registers: [metrics],
});

export const limitsInsured = new Counter({
  name: 'lawang_limits_insured_total',
  help: 'Tries that were counted by their process alone, because the store of the limits did not answer.',
  labelNames: ['limit'],
  registers: [metrics],
});

export const overdueRows = new Gauge({
  name: 'lawang_overdue_rows',
  help: 'Expired rows that the purge has not removed yet, by table.',
  labelNames: ['table'],
  registers: [metrics],
});

export const monthsAhead = new Gauge({
  name: 'lawang_months_ahead',
  help: 'Months after the running one that are there for new rows, by table.',
  labelNames: ['table'],
  registers: [metrics],
});

export const monthsOverdue = new Gauge({
  name: 'lawang_months_overdue',
  help: 'Months that are older than they are kept and have not been dropped yet, by table.',
  labelNames: ['table'],
  registers: [metrics],
});

export const rowsOutsideMonths = new Gauge({
  name: 'lawang_rows_outside_months',
  help: 'Rows that lie in no month of their table yet (5,000 stands for that many or more), by table.',
  labelNames: ['table'],
  registers: [metrics],
});

export const outboxWaiting = new Gauge({
  name: 'lawang_outbox_waiting',
  help: 'Messages that wait to be delivered.',
  registers: [metrics],
});

export const appNoticesWaiting = new Gauge({
  name: 'lawang_logout_notices_waiting',
  help: 'Notices to apps of what has ended, waiting to be delivered.',
  registers: [metrics],
});

export const statementsTotal = new Counter({
  name: 'lawang_database_statements_total',
  help: 'Statements sent to PostgreSQL, without begin and commit.',
  registers: [metrics],
});

export const commitsTotal = new Counter({
  name: 'lawang_database_commits_total',
  help: 'Transactions committed, statements that commit by themselves included.',
  registers: [metrics],
});

/** What one process has counted at one moment, to be sent to another and summed there. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** What this process has counted. */
export function takeSnapshot(): Promise<MetricsSnapshot> {
  return metrics.getMetricsAsJSON();
}

/**
 * The metrics of this process and of others as one: counters, histograms and gauges are added up; event-loop lag is the
 * average, its minimum and maximum those of all.
 *
 * Totals do not go backwards: of a process that has not answered, or is gone, what it had counted when it last answered
 * stays in them; its gauges do not.
 */
export class MetricsSum {
  readonly #last = new Map<object, MetricsSnapshot>();
  readonly #left = new WeakSet<object>();
  #gone: Promise<MetricsSnapshot> = Promise.resolve([]);
  readonly #own = new Registry();
  readonly #answering = new Gauge({
    name: 'lawang_workers',
    help: 'Workers that serve and are in these figures.',
    registers: [this.#own],
  });
  readonly #silent = new Counter({
    name: 'lawang_workers_silent_total',
    help: 'How often a worker did not say within a second what it had counted.',
    registers: [this.#own],
  });

  /** The sum as text, of this process and the answers of others; undefined stands for one that did not answer. */
  async print(answers: ReadonlyMap<object, MetricsSnapshot | undefined>): Promise<string> {
    const snapshots = [...answers].map(([process, answer]) => this.#remember(process, answer));
    const answered = [...answers.values()].filter((answer) => answer !== undefined).length;
    this.#answering.set(answered);
    this.#silent.inc(answers.size - answered);
    const own = await this.#own.getMetricsAsJSON();
    return AggregatorRegistry.aggregate([await takeSnapshot(), own, ...snapshots, await this.#gone]).metrics();
  }

  /** A process is gone: what it had counted stays. */
  leave(process: object): void {
    const last = countsOf(this.#last.get(process) ?? []);
    this.#last.delete(process);
    this.#left.add(process);
    this.#gone = this.#gone.then((gone) => AggregatorRegistry.aggregate([gone, last]).getMetricsAsJSON());
  }

  #remember(process: object, answer: MetricsSnapshot | undefined): MetricsSnapshot {
    if (this.#left.has(process)) return [];
    if (!answer) return countsOf(this.#last.get(process) ?? []);
    this.#last.set(process, answer);
    return answer;
  }
}

/** Without gauges, which say how a process is and not what it has done. */
function countsOf(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(({ type }) => String(type) !== 'gauge');
}
