/** What the bench says: tables for a terminal and for docs/performance.md, and everything as JSON. */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Comparison, SideResult } from './comparison.ts';
import type { Finding } from './experiments.ts';
import type { Options } from './options.ts';
import type { World } from './world.ts';

/** All of one run; also the JSON of `--out`. */
export interface Report {
  readonly at: string;
  readonly place: Place;
  readonly options: Options;
  readonly comparisons: readonly Comparison[];
  readonly findings: readonly (Finding & { readonly name: string })[];
}

/** What the figures depend on. */
interface Place {
  readonly node: string;
  readonly oidcProvider: string;
  readonly postgres: string;
  readonly cores: number;
  readonly processor: string;
  /** Whether the measured server had a core of its own. */
  readonly isPinned: boolean;
}

/** The machine and the versions of what runs on it. */
export function describePlace({ cores, postgresVersion }: World): Place {
  const require = createRequire(import.meta.url);
  return {
    node: process.versions.node,
    oidcProvider: require('oidc-provider/package.json').version,
    postgres: postgresVersion,
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    isPinned: cores.server !== undefined,
  };
}

/** How many answers were not as they should be. */
export function countErrors({ comparisons, findings }: Report): number {
  const ofSides = comparisons.map(({ lawang, bare }) => lawang.errors + (bare?.errors ?? 0));
  return [...ofSides, ...findings.map(({ complaints }) => complaints.length)].reduce((sum, count) => sum + count, 0);
}

/** For a terminal. */
export function printed(report: Report): string {
  const table = report.comparisons.length > 0 ? aligned(tableOf(report.comparisons)) : '';
  return [table, ...report.findings.map(({ name, facts }) => `${name}\n${aligned(factRows(facts))}`)].join('\n');
}

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
  'foreign',
  'CPU ratio',
];

/** Times in milliseconds, CPU in milliseconds per flow, RSS in MB. */
function tableOf(comparisons: readonly Comparison[]): string[][] {
  const rows = comparisons.flatMap(({ scenario, lawang, bare, cpuRatio }) => [
    rowOf([scenario, 'lawang'], lawang, cpuRatio),
    ...(bare ? [rowOf([scenario, 'bare'], bare, null)] : []),
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
    said(median.foreignCores, 1),
    said(cpuRatio, 2),
  ];
}

function factRows(facts: Finding['facts']): string[][] {
  return facts.map(({ name, value, unit }) => [`  ${name}`, unit, said(value, value !== null && value < 100 ? 2 : 0)]);
}

function said(value: number | null, digits: number): string {
  return value === null || Number.isNaN(value) ? '–' : value.toFixed(digits);
}

/** Numbers to the right, names to the left. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}

const page = join(import.meta.dirname, '..', '..', 'docs', 'performance.md');
const begin = '<!-- bench: begin -->';
const end = '<!-- bench: end -->';

/** Puts the table of this run between the two marks in docs/performance.md. */
export async function writeDocs(report: Report): Promise<void> {
  const text = await readFile(page, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md lacks its marks ${begin} and ${end}`);
  await writeFile(page, `${text.slice(0, from + begin.length)}\n${asMarkdown(report)}\n${text.slice(to)}`);
}

function asMarkdown({ at, place, options, comparisons }: Report): string {
  const [head = [], ...rows] = tableOf(comparisons);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column < 2 ? '---' : '--:'));
  const pinned = place.isPinned ? 'the server on a core of its own' : 'not pinned to cores';
  return [
    `${at.slice(0, 10)}: Node.js ${place.node}, oidc-provider ${place.oidcProvider}, PostgreSQL ${place.postgres};`,
    `${place.cores} cores (${place.processor}), ${pinned};`,
    `${options.concurrency} flows at once, ${options.clients} clients, ${options.accounts} accounts, ${options.consents} consents.`,
    '',
    ...[head, rule, ...rows].map(line),
  ].join('\n');
}
