import type { SpawnOptions } from 'node:child_process';
import { chown, open, readFile, realpath, rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openDataDirectory } from './data-directory.ts';
import { chooseAccount } from './embedded-postgres/account.ts';
import { type Binaries, findBinaries } from './embedded-postgres/binaries.ts';
import { type Cluster, findCluster, openCluster } from './embedded-postgres/cluster.ts';
import { EmbeddedPostgresError } from './embedded-postgres/error.ts';
import { takeLock } from './embedded-postgres/lock.ts';
import {
  becomesReady,
  disownDeadPostmaster,
  findPostmaster,
  type Postmaster,
  stopPostmaster,
} from './embedded-postgres/postmaster.ts';
import { type Account, startProgram } from './embedded-postgres/programs.ts';

export { EmbeddedPostgresError };

export interface EmbeddedPostgresOptions {
  /** Made when absent. Afterwards holds `postgres/` (cluster and password), `postgres.log` and `postgres.lock`. */
  dataDir: string;
  /** On 127.0.0.1; a free one by default. */
  port?: number;
  /** Told what takes long or is worth knowing, one sentence at a time. */
  log?: (message: string) => void;
  /** Added to ours. For tests, which need no durability: `{ fsync: 'off' }`. */
  settings?: Record<string, string>;
  /** Another place of the platform package than node_modules. */
  packageDir?: string;
}

export interface EmbeddedPostgres {
  /** Connects as the superuser to the database `postgres`. Contains the password; stays the same until `stop`. */
  url: string;
  /** Cuts connections, so comes after everything that uses them. May be called more than once. */
  stop(): Promise<void>;
}

/** What every step below knows: what to run, on which files, and how. */
interface Server {
  binaries: Binaries;
  cluster: Cluster;
  logFile: string;
  log: (message: string) => void;
  settings: Record<string, string>;
  port: number | undefined;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  synchronous_commit: 'on',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
};
/** Long, because recovery after a crash may have much to read. */
const READY_WITHIN_MS = 300_000;
/** For what passes by itself: a port just taken by another program, the last processes of a killed server. */
const RETRY_WITHIN_MS = 10_000;
const WATCH_MS = 1_000;

/**
 * Starts a real PostgreSQL server of our own, so that a checkout needs nothing else on the machine.
 *
 * The server is not in our process group: a Ctrl-C in the terminal does not reach it, and the caller ends it, last, by
 * `stop()`. When our process is killed, the server stays behind and the next start takes it over. When the server is
 * killed, it is started again at the same address within about a second.
 *
 * @throws EmbeddedPostgresError with a sentence for the person at the terminal, also when another process uses `dataDir`
 * @throws DataDirectoryError with one, when `dataDir` cannot be written
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = await openDataDirectory(options.dataDir);
  const lock = takeLock(
    join(dataDir, 'postgres.lock'),
    `Lawang is already running on the data in ${dataDir}: stop it first, or give this one another DATA_DIR.`,
  );
  try {
    const server = await prepareServer(dataDir, options);
    const postmaster = (await adoptServer(server)) ?? (await launchServer(server));
    const watch = watchServer(server, postmaster);
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= watch.stop().finally(() => lock.release());
      return stopped;
    };
    return { url: urlOf(server.cluster, postmaster.port), stop };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function prepareServer(dataDir: string, options: EmbeddedPostgresOptions): Promise<Server> {
  const { settings = {}, log = () => {}, port, packageDir } = options;
  const binaries = await findBinaries(packageDir);
  const cluster = await openCluster(dataDir, binaries, { isDurable: settings.fsync !== 'off', log });
  return { binaries, cluster, logFile: join(dataDir, 'postgres.log'), log, settings, port };
}

/** Takes over a server that a killed process of ours left behind. */
async function adoptServer({ binaries, cluster, log, port }: Server): Promise<Postmaster | undefined> {
  const postmaster = await findPostmaster(cluster.data);
  if (!postmaster) return undefined;
  log('Taking over the embedded PostgreSQL that an earlier run left behind.');
  const isWanted = port === undefined || port === postmaster.port;
  const url = urlOf(cluster, postmaster.port);
  if (isWanted && (await becomesReady(postmaster, cluster.data, url, READY_WITHIN_MS))) return postmaster;
  await stopPostmaster(postmaster, binaries.pgCtl);
  return undefined;
}

async function launchServer(server: Server): Promise<Postmaster> {
  const deadline = Date.now() + RETRY_WITHIN_MS;
  for (;;) {
    const postmaster = await tryLaunch(server);
    if (postmaster) return postmaster;
    const complaint = await readComplaint(server.logFile);
    if (!mayPass(complaint, server) || Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL did not start (${complaint}): see ${server.logFile}, ` +
          'or set DATABASE_URL to a PostgreSQL server of your own.',
      );
    }
    await delay(100);
  }
}

function mayPass(complaint: string, { port }: Server): boolean {
  if (complaint.includes('pre-existing shared memory block')) return true;
  return port === undefined && complaint.includes('could not create any TCP/IP sockets');
}

async function tryLaunch(server: Server): Promise<Postmaster | undefined> {
  await disownDeadPostmaster(server.cluster.data);
  const postmaster = await spawnPostgres(server, server.port ?? (await findFreePort()));
  let isReady = false;
  try {
    const url = urlOf(server.cluster, postmaster.port);
    isReady = await becomesReady(postmaster, server.cluster.data, url, READY_WITHIN_MS);
    return isReady ? postmaster : undefined;
  } finally {
    if (!isReady) await stopPostmaster(postmaster, server.binaries.pgCtl);
  }
}

async function spawnPostgres({ binaries, cluster, logFile, settings }: Server, port: number): Promise<Postmaster> {
  const all = Object.entries({ ...SETTINGS, ...settings, port: String(port) });
  const args = ['-D', cluster.data, ...all.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const account = await chooseAccount(cluster.home, binaries.postgres);
  const log = await openLog(logFile, account);
  const options: SpawnOptions = { detached: true, stdio: ['ignore', log.fd, log.fd] };
  const child = await startProgram(binaries.postgres, args, account, options)
    .catch((error: Error) => {
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL does not run on this system (${error.message}): ` +
          'set DATABASE_URL to a PostgreSQL server of your own.',
        { cause: error },
      );
    })
    .finally(() => log.close());
  child.unref();
  return { pid: child.pid as number, port, isAlive: async () => child.exitCode === null && child.signalCode === null };
}

/** A new log for each start; the one before is kept beside it. */
async function openLog(path: string, account: Account | undefined) {
  await rename(path, `${path}.previous`).catch(() => {});
  const file = await open(path, 'a', 0o600);
  if (account) await chown(path, account.uid, account.gid);
  return file;
}

async function readComplaint(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, 'utf8')).trim().split('\n');
  const complaint = lines.findLast((line) => /FATAL|PANIC/.test(line)) ?? lines.at(-1);
  return complaint?.replace(/^.*?(FATAL|PANIC): +/, '') || 'it said nothing';
}

/** Starts the server again, at its port, whenever it ends without our asking. */
function watchServer(server: Server, first: Postmaster): { stop(): Promise<void> } {
  let postmaster = first;
  const stopping = new AbortController();
  const revive = async () => {
    server.log('The embedded PostgreSQL ended without being asked to: starting it again.');
    const again = await launchServer({ ...server, port: first.port }).catch((error: Error) => error);
    if (again instanceof Error) server.log(again.message);
    else postmaster = again;
  };
  const watching = (async () => {
    while (await pauses(WATCH_MS, stopping.signal)) if (!(await postmaster.isAlive())) await revive();
  })();
  const stop = async () => {
    stopping.abort();
    await watching;
    await stopPostmaster(postmaster, server.binaries.pgCtl);
  };
  return { stop };
}

/** @returns false as soon as `signal` is given; keeps no process alive */
async function pauses(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  return delay(milliseconds, true, { signal, ref: false }).catch(() => false);
}

/** Says `sslmode`, because `PGSSLMODE` in the environment would otherwise decide. */
function urlOf({ user, password }: Cluster, port: number): string {
  return `postgres://${user}:${password}@127.0.0.1:${port}/postgres?sslmode=disable`;
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/**
 * Where the embedded PostgreSQL answers that another process of ours has started on `dataDir`, for a command that works
 * beside it and leaves it running. Undefined when none runs.
 *
 * @throws EmbeddedPostgresError when it does not accept the password that lies beside it
 */
export async function findRunningPostgres(dataDir: string): Promise<string | undefined> {
  const path = await realpath(dataDir).catch(() => undefined);
  const cluster = path === undefined ? undefined : await findCluster(path);
  const postmaster = cluster && (await findPostmaster(cluster.data));
  if (!postmaster) return undefined;
  const url = urlOf(cluster, postmaster.port);
  return (await becomesReady(postmaster, cluster.data, url, READY_WITHIN_MS)) ? url : undefined;
}
