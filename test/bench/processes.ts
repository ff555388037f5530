/** Processes beside the driver: started on cores of their own, and what they have used of them, as Linux tells it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { HttpConnection } from './http-connection.ts';

/** Who runs where. */
export interface Cores {
  /** Of the server that is measured; undefined: wherever the system likes. */
  readonly server: string | undefined;
  /** Of driver and PostgreSQL. */
  readonly others: string | undefined;
}

/** One core for the server and the others for everything else, where there are two and `taskset`. */
export function divideCores(): Cores {
  const cores = availableParallelism();
  if (cores < 2 || !mayPin()) return { server: undefined, others: undefined };
  return { server: '0', others: `1-${cores - 1}` };
}

function mayPin(): boolean {
  try {
    execFileSync('taskset', ['-p', String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Moves this process with all its threads; what it starts later follows. */
export function pinSelf(cores: string | undefined): void {
  if (cores) execFileSync('taskset', ['-a', '-c', '-p', cores, String(process.pid)], { stdio: 'ignore' });
}

/** What to start. */
export interface Program {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cores: string | undefined;
  readonly port: number;
  /** Answers 200 once it serves. */
  readonly readyPath: string;
  readonly logFile: string;
}

/** A Node.js process that answers on a port of this machine. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  readonly origin: string;
  /** Milliseconds from its start to its first ready answer. */
  readonly startMs: number;
}

/** Runs `program` by the Node.js that runs this. @throws with the end of its log when it ends before it serves */
export async function startServer(program: Program): Promise<ServerProcess> {
  const { port, logFile, cores } = program;
  const log = openSync(logFile, 'a', 0o600);
  const command = [...(cores ? ['taskset', '-c', cores] : []), process.execPath, ...program.args];
  const began = performance.now();
  const child = spawn(command[0] ?? '', command.slice(1), { env: program.environment, stdio: ['ignore', log, log] });
  closeSync(log);
  try {
    await becomesReady(child, program);
  } catch (error) {
    await stop(child);
    throw error;
  }
  const startMs = performance.now() - began;
  const stopIt = () => stop(child);
  return { pid: child.pid ?? 0, port, origin: `http://localhost:${port}`, startMs, [Symbol.asyncDispose]: stopIt };
}

const READY_WITHIN_MS = 60_000;

async function becomesReady(child: ChildProcess, { port, readyPath, logFile }: Program): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await isReady(port, readyPath))) {
    if (child.exitCode === null && child.pid && performance.now() < deadline) await setTimeout(5);
    else throw new Error(`a server did not start:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
  }
}

async function isReady(port: number, path: string): Promise<boolean> {
  const connection = await HttpConnection.open(port).catch(() => undefined);
  const answer = await connection?.send({ method: 'GET', path }).catch(() => undefined);
  connection?.close();
  return answer?.status === 200;
}

const PATIENCE_MS = 15_000;

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || !child.pid) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const limit = AbortSignal.timeout(PATIENCE_MS);
  limit.addEventListener('abort', () => child.kill('SIGKILL'));
  await ended;
}

/**
 * CPU time in milliseconds of a process, of its children, and of those that it had and that have ended. Undefined where
 * there is no `/proc`.
 */
export function cpuMsOf(pid: number): number | undefined {
  const own = readStat(pid);
  if (!own) return undefined;
  const children = listChildren(pid).map((child) => readStat(child)?.own ?? 0);
  return own.own + own.ended + children.reduce((sum, ms) => sum + ms, 0);
}

/** CPU time in milliseconds of some children of a process, chosen by their command lines. Undefined where there is no `/proc`. */
export function cpuMsOfChildren(pid: number, isMeant: (commandLine: string) => boolean): number | undefined {
  if (!readStat(pid)) return undefined;
  const meant = listChildren(pid).filter((child) => isMeant(read(`/proc/${child}/cmdline`) ?? ''));
  return meant.reduce((sum, child) => sum + (readStat(child)?.own ?? 0), 0);
}

/** A process and its children. Undefined where there is no `/proc`. */
export function countProcesses(pid: number): number | undefined {
  return readStat(pid) && 1 + listChildren(pid).length;
}

/** Milliseconds that all cores have worked, for whomever. Undefined where there is no `/proc`. */
export function machineBusyMs(): number | undefined {
  const line = read('/proc/stat')?.split('\n', 1)[0];
  if (!line) return undefined;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) * MS_PER_TICK;
}

/** Memory in use by a process, in bytes. Undefined where there is no `/proc`. */
export function residentBytesOf(pid: number): number | undefined {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** `/proc` counts in hundredths of a second on every Linux that Node.js runs on. */
const MS_PER_TICK = 10;

function readStat(pid: number): { own: number; ended: number } | undefined {
  const fields = readFields(pid);
  if (!fields) return undefined;
  const ticks = (from: number) => ((fields[from] ?? 0) + (fields[from + 1] ?? 0)) * MS_PER_TICK;
  return { own: ownMs(pid) ?? ticks(11), ended: ticks(13) };
}

/** Those behind its name; the second is its parent. */
function readFields(pid: number): number[] | undefined {
  return read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ')
    .map(Number);
}

/** To the nanosecond where the scheduler tells: of a dozen processes in a round, each to a hundredth of a second would be coarse. */
function ownMs(pid: number): number | undefined {
  const threads = listNumbers(`/proc/${pid}/task`).map((thread) => read(`/proc/${pid}/task/${thread}/schedstat`));
  const times = threads.map((said) => Number(said?.split(' ', 1)[0] || Number.NaN));
  const sum = times.reduce((total, nanoseconds) => total + nanoseconds, 0);
  return times.length > 0 && Number.isFinite(sum) ? sum / 1e6 : undefined;
}

function listChildren(pid: number): number[] {
  return listNumbers('/proc').filter((candidate) => readFields(candidate)?.[1] === pid);
}

function listNumbers(folder: string): number[] {
  try {
    return readdirSync(folder).flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
