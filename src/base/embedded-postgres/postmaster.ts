import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgresError } from './error.ts';
import { runProgram } from './programs.ts';

/** A running PostgreSQL server's first process. */
export interface Postmaster {
  pid: number;
  port: number;
  isAlive(): Promise<boolean>;
}

const POLL_MS = 20;

/** The server that runs on `data`, perhaps left behind by a killed process of ours. */
export async function findPostmaster(data: string): Promise<Postmaster | undefined> {
  const { pid, port } = await readPostmasterFile(data);
  const isAlive = () => isPostmasterOf(pid, data);
  return pid > 0 && port > 0 && (await isAlive()) ? { pid, port, isAlive } : undefined;
}

/**
 * Makes PostgreSQL start although `postmaster.pid` is left from a dead server and its number belongs to a process: another
 * program that got it later, or the dead one itself, which nobody has waited for yet. PostgreSQL would refuse.
 *
 * Only the number is replaced, by one that no process can have: by the rest of the file PostgreSQL makes sure that none of
 * the old server's processes still uses its shared memory.
 */
export async function disownDeadPostmaster(data: string): Promise<void> {
  const { pid, lines } = await readPostmasterFile(data);
  if (!(pid > 0) || (await isPostmasterOf(pid, data))) return;
  const noProcess = 2 ** 31 - 1;
  await writeFile(join(data, 'postmaster.pid'), [noProcess, ...lines.slice(1)].join('\n'));
}

/** What the server tells about itself: one value per line, as PostgreSQL's `pidfile.h` lists them. */
async function readPostmasterFile(data: string) {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready', lines };
}

/** Whether the process is a PostgreSQL server started on `data`: a postmaster keeps its command line. */
async function isPostmasterOf(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const [program = '', ...args] = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    return basename(program) === 'postgres' && args.includes(data);
  }
  if (process.platform === 'win32') {
    return (await outputOf('tasklist', '/FI', `PID eq ${pid}`)).includes('postgres.exe');
  }
  return (await outputOf('ps', '-ww', '-o', 'args=', '-p', String(pid))).includes(`postgres -D ${data} `);
}

async function outputOf(program: string, ...args: string[]): Promise<string> {
  return runProgram(program, args).catch(() => '');
}

/**
 * Waits until the server answers as the one that serves `data`; after a crash it first recovers.
 *
 * @returns false when it ended instead, or is alive but not ready within `patience` milliseconds
 * @throws EmbeddedPostgresError when it does not accept the password in `url`
 */
export async function becomesReady(
  postmaster: Postmaster,
  data: string,
  url: string,
  patience: number,
): Promise<boolean> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    const { pid, isReady } = await readPostmasterFile(data);
    if (pid === postmaster.pid && isReady && (await answers(url, data))) return true;
    if (!(await postmaster.isAlive())) return false;
    await delay(POLL_MS);
  }
  return false;
}

async function answers(url: string, data: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query("SELECT current_setting('data_directory') AS data");
    return rows[0].data === data;
  } catch (error) {
    const wrongPassword = '28P01';
    if ((error as { code?: string }).code !== wrongPassword) return false;
    throw new EmbeddedPostgresError(
      `The PostgreSQL cluster in ${data} does not accept the password in the file beside it: put the right one there.`,
      { cause: error },
    );
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
    if (!(await postmaster.isAlive())) return;
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
