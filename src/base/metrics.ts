/** What operators watch, in the Prometheus format, answered on a port of its own. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

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

export const overdueRows = new Gauge({
  name: 'lawang_overdue_rows',
  help: 'Expired rows that the purge has not removed yet, by table.',
  labelNames: ['table'],
  registers: [metrics],
});

export const outboxWaiting = new Gauge({
  name: 'lawang_outbox_waiting',
  help: 'Messages that wait to be delivered.',
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
