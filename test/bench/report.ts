/** What the bench says: a table for people, JSON for programs. */
import type { Comparison, SideResult } from './comparison.ts';

const heads = [
  'scenario',
  'side',
  'flows/s',
  'p50',
  'p95',
  'p99',
  'errors',
  'CPU',
  'db CPU',
  'stmts',
  'commits',
  'RSS',
  'CPU ratio',
];

/** Rows of text; times in milliseconds, CPU in milliseconds per flow, RSS in MB. */
export function tableOf(comparisons: readonly Comparison[]): string[][] {
  const rows = comparisons.flatMap(({ scenario, lawang, bare, cpuRatio }) => [
    rowOf([scenario, 'lawang'], lawang, cpuRatio),
    ...(bare ? [rowOf(['', 'bare'], bare, null)] : []),
  ]);
  return [heads, ...rows];
}

function rowOf(name: readonly string[], { median, errors }: SideResult, cpuRatio: number | null): string[] {
  return [
    ...name,
    said(median.flowsPerSecond, 0),
    ...[median.p50, median.p95, median.p99].map((ms) => said(ms, 1)),
    String(errors),
    ...[median.serverCpu, median.databaseCpu].map((ms) => said(ms, 2)),
    ...[median.statements, median.commits].map((count) => said(count, 1)),
    said(median.resident === null ? null : median.resident / 1024 ** 2, 0),
    said(cpuRatio, 2),
  ];
}

function said(value: number | null, digits: number): string {
  return value === null || Number.isNaN(value) ? '–' : value.toFixed(digits);
}

/** For a terminal: numbers to the right, names to the left. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}
