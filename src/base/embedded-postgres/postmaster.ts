import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

/** A running PostgreSQL server's first process. */
export interface Postmaster {
  pid: number;
  port: number;
  isAlive(): Promise<boolean>;
}

const POLL_MS = 20;
const run = promisify(execFile);

/**
 * The server that runs on `data`, perhaps left behind by a killed process of ours.
 *
 * When `postmaster.pid` names a process that is something else (its number was used again after a power loss),
 * PostgreSQL itself would refuse to start: the number is then replaced by one that no process can have. PostgreSQL still
 * makes sure, by its shared memory, that nobody of the old server is left.
 */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const file = join(data, 'postmaster.pid');
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!(pid > 0 && port > 0)) return undefined;
  const isAlive = () => isPostmasterOf(pid, data);
  if (await isAlive()) return { pid, port, isAlive };
  const noProcess = 2 ** 31 - 1;
  await writeFile(file, [noProcess, ...lines.slice(1)].join('\n'));
  return undefined;
}

/** Whether the process is a PostgreSQL server started on `data`; a postmaster keeps its command line. */
async function isPostmasterOf(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'win32')
    return (await outputOf('tasklist', '/FI', `PID eq ${pid}`)).includes('postgres.exe');
  if (process.platform !== 'linux') {
    const line = await outputOf('ps', '-ww', '-o', 'args=', '-p', String(pid));
    return line.includes(`postgres -D ${data} `);
  }
  const [program = '', ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  return basename(program) === 'postgres' && args.includes(data);
}

async function outputOf(program: string, ...args: string[]): Promise<string> {
  return run(program, args).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

/**
 * Waits until the server answers as the one that serves `data`.
 *
 * @returns false when it ended instead, or is alive but not ready within `patience` milliseconds
 */
export async function becomesReady(
  postmaster: Postmaster,
  data: string,
  url: string,
  patience: number,
): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    if (await serves(data, url)) return true;
    if (!(await postmaster.isAlive())) return false;
    await delay(POLL_MS);
  }
  return false;
}

async function serves(data: string, url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query("SELECT current_setting('data_directory') AS data");
    return rows[0].data === data;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Ends the server: connections are cut, what was committed is on disk. Harsher only when it does not listen. */
export async function stopPostmaster(postmaster: Postmaster, pgCtl: string): Promise<void> {
  const steps = [
    ['INT', 20_000],
    ['QUIT', 5_000],
    ['KILL', 5_000],
  ] as const;
  for (const [signal, patience] of steps) {
    await send(signal, postmaster.pid, pgCtl);
    if (await ends(postmaster, patience)) return;
  }
}

async function send(signal: 'INT' | 'QUIT' | 'KILL', pid: number, pgCtl: string): Promise<void> {
  if (process.platform === 'win32') {
    await outputOf(pgCtl, 'kill', signal, String(pid));
    return;
  }
  try {
    process.kill(pid, `SIG${signal}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function ends(postmaster: Postmaster, patience: number): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    if (!(await postmaster.isAlive())) return true;
    await delay(POLL_MS);
  }
  return false;
}
