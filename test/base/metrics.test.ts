/** The metrics of several processes as one. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { type MetricsSnapshot, MetricsSum } from '#src/base/metrics.ts';

/** What a process would say that had counted so much. */
function counted(count: number): Promise<MetricsSnapshot> {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'test_total', help: 'A counter.', labelNames: ['kind'], registers }).inc({ kind: 'a' }, count);
  new Gauge({ name: 'test_bytes', help: 'A gauge.', registers }).set(count);
  const seconds = new Histogram({ name: 'test_seconds', help: 'A histogram.', buckets: [1], registers });
  for (let i = 0; i < count; i += 1) seconds.observe(0.5);
  return registry.getMetricsAsJSON();
}

async function read(sum: MetricsSum, answers: [object, MetricsSnapshot | undefined][]) {
  const printed = await sum.print(new Map(answers));
  const figure = (name: string) =>
    Number(
      printed
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1],
    );
  return {
    total: figure('test_total{kind="a"}'),
    observed: figure('test_seconds_count'),
    bucket: figure('test_seconds_bucket{le="1"}'),
    bytes: figure('test_bytes'),
    workers: figure('lawang_workers'),
    silent: figure('lawang_workers_silent_total'),
    printed,
  };
}

test('are added up, with what this process has counted itself', async () => {
  const sum = new MetricsSum();
  const all = await read(sum, [
    [{}, await counted(2)],
    [{}, await counted(3)],
  ]);
  expect(all).toMatchObject({ total: 5, observed: 5, bucket: 5, bytes: 5, workers: 2, silent: 0 });
  expect(all.printed).toContain('lawang_http_request_duration_seconds');
});

test('totals do not go backwards when a process is silent, gone, or replaced; its gauges are left out', async () => {
  const sum = new MetricsSum();
  const [one, two, three] = [{}, {}, {}];
  await read(sum, [
    [one, await counted(2)],
    [two, await counted(3)],
  ]);
  const silent = await read(sum, [
    [one, await counted(4)],
    [two, undefined],
  ]);
  expect(silent).toMatchObject({ total: 7, observed: 7, bytes: 4, workers: 1, silent: 1 });
  sum.leave(two);
  const gone = await read(sum, [[one, await counted(4)]]);
  expect(gone).toMatchObject({ total: 7, observed: 7, bucket: 7, bytes: 4, workers: 1, silent: 1 });
  sum.leave(one);
  const replaced = await read(sum, [[three, await counted(1)]]);
  expect(replaced).toMatchObject({ total: 8, observed: 8, bytes: 1, workers: 1, silent: 1 });
  const late = await read(sum, [[one, await counted(5)]]);
  expect(late.total).toBe(7);
});
