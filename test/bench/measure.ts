/** Load on one side for a while, and what it took: of the citizen's time, of the processors, of the database. */
import { setTimeout } from 'node:timers/promises';
import { HttpConnection } from './http-connection.ts';
import type { ServerProcess } from './processes.ts';
import { cpuMsOf, cpuMsOfChildren, machineBusyMs, residentBytesOf } from './processes.ts';
import type { Flow } from './scenarios.ts';

/** Figures of one round; null where the machine or the server does not tell. */
export interface Figures {
  readonly flowsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Per flow, milliseconds. */
  readonly serverCpu: number | null;
  /** Per flow, milliseconds. */
  readonly databaseCpu: number | null;
  /** The part of it that no connection did: checkpoints, tidying up. */
  readonly databaseUpkeep: number | null;
  /** Per flow. */
  readonly statements: number | null;
  /** Per flow. */
  readonly commits: number | null;
  /** Bytes. */
  readonly resident: number | null;
  /** How many cores programs that have nothing to do with the bench kept busy: above a few tenths the round tells little. */
  readonly foreignCores: number | null;
}

/** One round. */
export interface Round {
  readonly flows: number;
  readonly errors: number;
  /** The first few. */
  readonly complaints: readonly string[];
  readonly figures: Figures;
}

/** Whose work is counted. */
export interface Measured {
  readonly server: ServerProcess;
  /** Where there is a database behind it. */
  readonly postmaster?: number;
  readonly metricsPort?: number;
}

/** How much load. */
export interface Load {
  readonly seconds: number;
  readonly concurrency: number;
  /** How long after the last answer is still counted: what a server writes late belongs to the load that it is of. */
  readonly afterwardsMs?: number;
}

/** What flows did within a while. */
export interface Run {
  readonly flows: number;
  readonly seconds: number;
  /** Milliseconds, ascending. */
  readonly times: readonly number[];
  readonly errors: number;
  readonly complaints: readonly string[];
}

/** One round of a flow, with everything counted. */
export async function measure(measured: Measured, flow: Flow, load: Load): Promise<Round> {
  const before = await readCounters(measured);
  const began = performance.now();
  const run = await runFlows(measured.server.port, flow, load);
  await setTimeout(load.afterwardsMs ?? 0);
  const seconds = (performance.now() - began) / 1000;
  const after = await readCounters(measured);
  const perFlow = (counter: keyof Counters) => share(before[counter], after[counter], run.flows);
  return {
    flows: run.flows,
    errors: run.errors,
    complaints: run.complaints,
    figures: {
      flowsPerSecond: run.flows / run.seconds,
      p50: quantile(run.times, 0.5),
      p95: quantile(run.times, 0.95),
      p99: quantile(run.times, 0.99),
      serverCpu: perFlow('serverCpu'),
      databaseCpu: perFlow('databaseCpu'),
      databaseUpkeep: perFlow('databaseUpkeep'),
      statements: perFlow('statements'),
      commits: perFlow('commits'),
      resident: residentBytesOf(measured.server.pid) ?? null,
      foreignCores: foreignCores(before, after, seconds),
    },
  };
}

const MOST_COMPLAINTS = 5;

/** Keeps `concurrency` flows going until the time is over; those under way then are waited for and count. */
export async function runFlows(port: number, flow: Flow, { seconds, concurrency }: Load): Promise<Run> {
  const times: number[] = [];
  const complaints: string[] = [];
  let errors = 0;
  const began = performance.now();
  const deadline = began + seconds * 1000;
  const work = async () => {
    let connection = await HttpConnection.open(port);
    while (performance.now() < deadline) {
      const start = performance.now();
      try {
        await flow(connection);
        times.push(performance.now() - start);
      } catch (error) {
        errors += 1;
        if (complaints.length < MOST_COMPLAINTS) complaints.push((error as Error).message);
        connection.close();
        connection = await HttpConnection.open(port);
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const elapsed = (performance.now() - began) / 1000;
  return { flows: times.length, seconds: elapsed, times: times.sort((a, b) => a - b), errors, complaints };
}

/** Of ascending values; NaN of none. */
export function quantile(ascending: readonly number[], part: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * part))] ?? Number.NaN;
}

/** Field by field the middle one. */
export function medianOf(rounds: readonly Figures[]): Figures {
  const [first] = rounds;
  if (!first) throw new Error('no round to take the median of');
  const fields = (Object.keys(first) as (keyof Figures)[]).map((field) => {
    const values = rounds.map((round) => round[field]).filter((value) => value !== null);
    return [
      field,
      values.length > 0
        ? quantile(
            values.sort((a, b) => a - b),
            0.5,
          )
        : null,
    ];
  });
  return Object.fromEntries(fields) as Figures;
}

interface Counters {
  readonly machineBusy: number | undefined;
  readonly driverCpu: number;
  readonly serverCpu: number | undefined;
  readonly databaseCpu: number | undefined;
  readonly databaseUpkeep: number | undefined;
  readonly statements: number | undefined;
  readonly commits: number | undefined;
}

async function readCounters({ server, postmaster, metricsPort }: Measured): Promise<Counters> {
  const metrics = metricsPort === undefined ? '' : await readMetrics(metricsPort);
  const { user, system } = process.cpuUsage();
  return {
    machineBusy: machineBusyMs(),
    driverCpu: (user + system) / 1000,
    serverCpu: cpuMsOf(server.pid),
    databaseCpu: postmaster === undefined ? undefined : cpuMsOf(postmaster),
    databaseUpkeep: postmaster === undefined ? undefined : cpuMsOfChildren(postmaster, isUpkeep),
    statements: counterIn(metrics, 'lawang_database_statements_total'),
    commits: counterIn(metrics, 'lawang_database_commits_total'),
  };
}

/** PostgreSQL's own processes stay; those of connections name where these come from, and workers that tidy up come and go. */
function isUpkeep(commandLine: string): boolean {
  return !/\(\d+\)|autovacuum worker/.test(commandLine);
}

async function readMetrics(port: number): Promise<string> {
  const connection = await HttpConnection.open(port);
  const { body } = await connection.send({ method: 'GET', path: '/metrics' });
  connection.close();
  return body;
}

/** Summed over its labels. */
function counterIn(metrics: string, name: string): number | undefined {
  const lines = metrics.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return lines.length > 0 ? lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0) : undefined;
}

/** What the machine did beyond what the server, PostgreSQL and this process did. */
function foreignCores(before: Counters, after: Counters, seconds: number): number | null {
  if (before.machineBusy === undefined || after.machineBusy === undefined) return null;
  const used = (counters: Counters) => counters.driverCpu + (counters.serverCpu ?? 0) + (counters.databaseCpu ?? 0);
  const foreignMs = after.machineBusy - before.machineBusy - (used(after) - used(before));
  return Math.max(0, foreignMs / 1000 / seconds);
}

function share(before: number | undefined, after: number | undefined, flows: number): number | null {
  return before === undefined || after === undefined || flows === 0 ? null : (after - before) / flows;
}
