import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chown, constants, mkdir, open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Account, chooseAccount } from './embedded-postgres/account.ts';
import { type Binaries, findBinaries } from './embedded-postgres/binaries.ts';
import { EmbeddedPostgresError } from './embedded-postgres/error.ts';
import { takeLock } from './embedded-postgres/lock.ts';
import { becomesReady, findPostmaster, type Postmaster, stopPostmaster } from './embedded-postgres/postmaster.ts';

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
  /** Connects as the superuser to the database `postgres`. Contains the password. */
  url: string;
  /** Cuts connections, so comes after everything that uses them. May be called more than once. */
  stop(): Promise<void>;
}

/** What every step below knows: where things are and as whom to run. */
interface Server {
  dataDir: string;
  home: string;
  data: string;
  binaries: Binaries;
  account: Account | undefined;
  options: EmbeddedPostgresOptions;
}

const USER = 'lawang';
const STARTS_WITHIN_MS = 300_000;
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
const run = promisify(execFile);

/**
 * Starts a real PostgreSQL server of our own, so that a checkout needs nothing else on the machine.
 *
 * The server is not in our process group: a Ctrl-C in the terminal does not reach it, and the caller stops it last, by
 * `stop()`. When our process is killed, the server stays behind and the next start takes it over.
 *
 * @throws EmbeddedPostgresError with a sentence for the person at the terminal, also when another process uses `dataDir`
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = await openDirectory(options.dataDir);
  const lock = takeLock(
    join(dataDir, 'postgres.lock'),
    `Lawang is already running on the data in ${dataDir}: stop it first, or give this one another DATA_DIR.`,
  );
  try {
    const server = await prepareServer(dataDir, options);
    const { postmaster, url } = (await adoptServer(server)) ?? (await launchServer(server));
    let stopped: Promise<void> | undefined;
    const stop = () => stopPostmaster(postmaster, server.binaries.pgCtl).finally(() => lock.release());
    return { url, stop: () => (stopped ??= stop()) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openDirectory(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new EmbeddedPostgresError(
      `The data directory ${path} cannot be written (${code}): set DATA_DIR to one that can.`,
      {
        cause: error,
      },
    );
  }
}

async function prepareServer(dataDir: string, options: EmbeddedPostgresOptions): Promise<Server> {
  const binaries = await findBinaries(options.packageDir);
  const home = join(dataDir, 'postgres');
  const server = (at: string, account: Account | undefined): Server => ({
    ...{ dataDir, home: at, data: join(at, 'data'), binaries, account, options },
  });
  if (!(await exists(home))) await createCluster(server, join(dataDir, 'postgres.new'), home);
  await checkVersion(join(home, 'data'), binaries.major);
  return server(home, await chooseAccount(home, binaries.postgres));
}

/** Makes the cluster under another name first: an interrupted start leaves no half of one. */
async function createCluster(
  server: (home: string, account: Account | undefined) => Server,
  draft: string,
  home: string,
): Promise<void> {
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(join(draft, 'password'), randomBytes(24).toString('hex'), { mode: 0o600, flush: true });
  const { postgres } = server(draft, undefined).binaries;
  await initialize(server(draft, await chooseAccount(draft, postgres)));
  await rename(draft, home);
}

async function initialize({ home, data, binaries, account, options }: Server): Promise<void> {
  options.log?.('Making the embedded PostgreSQL cluster, once.');
  const args = [
    ...['--pgdata', data, '--username', USER, '--pwfile', join(home, 'password'), '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...(options.settings?.fsync === 'off' ? ['--no-sync'] : []),
  ];
  const [command, ...rest] = [...(account?.prefix ?? []), binaries.initdb, ...args] as [string, ...string[]];
  await run(command, rest, { ...account?.ids, cwd: home }).catch((error: Error & { stderr?: string }) => {
    const reason = error.stderr?.trim().split('\n').at(-1) ?? error.message;
    throw new EmbeddedPostgresError(`The embedded PostgreSQL could not make its cluster: ${reason}`, { cause: error });
  });
}

async function checkVersion(data: string, major: string): Promise<void> {
  const found = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => 'unknown');
  if (found.trim() === major) return;
  throw new EmbeddedPostgresError(
    `The cluster in ${data} is of PostgreSQL ${found.trim()}, and this is PostgreSQL ${major}: ` +
      'move its data over with pg_dump of the old version, or begin with an empty DATA_DIR.',
  );
}

/** Takes over a server that a killed process of ours left behind. */
async function adoptServer(server: Server): Promise<{ postmaster: Postmaster; url: string } | undefined> {
  const { data, options, binaries } = server;
  const postmaster = await findPostmaster(data);
  if (!postmaster) return undefined;
  options.log?.('Taking over the embedded PostgreSQL that an earlier run left behind.');
  const url = await urlOf(server, postmaster.port);
  const isWanted = options.port === undefined || options.port === postmaster.port;
  if (isWanted && (await becomesReady(postmaster, data, url, STARTS_WITHIN_MS))) return { postmaster, url };
  await stopPostmaster(postmaster, binaries.pgCtl);
  return undefined;
}

async function launchServer(server: Server): Promise<{ postmaster: Postmaster; url: string }> {
  const port = server.options.port ?? (await findFreePort());
  const url = await urlOf(server, port);
  const postmaster = await spawnPostgres(server, port);
  if (await becomesReady(postmaster, server.data, url, STARTS_WITHIN_MS)) return { postmaster, url };
  await stopPostmaster(postmaster, server.binaries.pgCtl);
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL did not start: ${await lastComplaint(server)} (all of it in ${logOf(server)}).`,
  );
}

async function spawnPostgres(server: Server, port: number): Promise<Postmaster> {
  const { data, home, binaries, account, options } = server;
  const settings = Object.entries({ ...SETTINGS, ...options.settings, port: String(port) });
  const args = ['-D', data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const [command, ...rest] = [...(account?.prefix ?? []), binaries.postgres, ...args] as [string, ...string[]];
  const log = await openLog(server);
  const stdio = ['ignore' as const, log.fd, log.fd];
  const child = spawn(command, rest, { ...account?.ids, cwd: home, detached: true, stdio, windowsHide: true });
  child.unref();
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(unableToRun(error)));
  }).finally(() => log.close());
  return { pid: child.pid as number, port, isAlive: async () => child.exitCode === null && child.signalCode === null };
}

function unableToRun(error: Error): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this system (${error.message}): ` +
      'set DATABASE_URL to a PostgreSQL server of your own.',
    { cause: error },
  );
}

/** A new log for each start; the one before is kept beside it. */
async function openLog(server: Server) {
  const path = logOf(server);
  await rename(path, `${path}.previous`).catch(() => {});
  const file = await open(path, 'a', 0o600);
  if (server.account) await chown(path, server.account.uid, server.account.gid);
  return file;
}

function logOf({ dataDir }: Server): string {
  return join(dataDir, 'postgres.log');
}

async function lastComplaint(server: Server): Promise<string> {
  const lines = (await readFile(logOf(server), 'utf8')).split('\n');
  const complaint = lines.findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? lines.findLast((line) => line !== '');
  return complaint?.replace(/^.*?(?=FATAL|PANIC|ERROR)/, '') ?? 'it said nothing';
}

async function urlOf({ home }: Server, port: number): Promise<string> {
  const password = await readFile(join(home, 'password'), 'utf8');
  return `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
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

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
