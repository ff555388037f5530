import { randomBytes } from 'node:crypto';
import { access, chmod, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseAccount } from './account.ts';
import type { Binaries } from './binaries.ts';
import { EmbeddedPostgresError } from './error.ts';
import { runProgram } from './programs.ts';

/** The files of one database server on disk. */
export interface Cluster {
  /** All of it. */
  home: string;
  /** PostgreSQL's own part. */
  data: string;
  user: string;
  password: string;
}

export interface ClusterOptions {
  /** False for tests: do not wait for the disk. */
  isDurable: boolean;
  log: (message: string) => void;
}

const USER = 'lawang';
const DRAFT = 'postgres.new-';

/**
 * The cluster in `dataDir`, made when there is none. The caller must be the only process that does this.
 *
 * A new one is made under another name and gets its own when it is complete: an interrupted start leaves no half of one.
 */
export async function openCluster(dataDir: string, binaries: Binaries, options: ClusterOptions): Promise<Cluster> {
  const home = join(dataDir, 'postgres');
  if (!(await exists(home))) {
    options.log('Making the embedded PostgreSQL cluster, once.');
    await removeDrafts(dataDir);
    const draft = await mkdtemp(join(dataDir, DRAFT));
    await createCluster(draft, binaries, options);
    await rename(draft, home);
    if (options.isDurable) await syncDirectory(dataDir);
  }
  const cluster = await readCluster(home);
  await checkVersion(home, binaries.major);
  await closeToOthers(cluster.data);
  return cluster;
}

/** The cluster in `dataDir` as it is, or undefined when there is none. */
export async function findCluster(dataDir: string): Promise<Cluster | undefined> {
  const home = join(dataDir, 'postgres');
  return (await exists(home)) ? readCluster(home) : undefined;
}

async function readCluster(home: string): Promise<Cluster> {
  return { home, data: join(home, 'data'), user: USER, password: await readPassword(home) };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function removeDrafts(dataDir: string): Promise<void> {
  const drafts = (await readdir(dataDir)).filter((name) => name.startsWith(DRAFT));
  for (const name of drafts) await rm(join(dataDir, name), { recursive: true, force: true, maxRetries: 5 });
}

async function createCluster(home: string, { initdb, postgres }: Binaries, { isDurable }: ClusterOptions) {
  const passwordFile = join(home, 'password');
  await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600, flush: isDurable });
  const args = [
    ...['--pgdata', join(home, 'data'), '--username', USER, '--pwfile', passwordFile, '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ...(isDurable ? [] : ['--no-sync']),
  ];
  const account = await chooseAccount(home, postgres);
  await runProgram(initdb, args, account).catch((error: Error & { stderr?: string }) => {
    const reason = error.stderr?.trim().split('\n').at(-1) || error.message;
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL could not make its cluster (${reason}): ` +
        'remove that cause, or set DATABASE_URL to a PostgreSQL server of your own.',
      { cause: error },
    );
  });
}

/** Makes a new name in the directory survive a power loss; Windows offers no such thing. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path);
  await directory.sync().finally(() => directory.close());
}

/** PostgreSQL starts on no other permissions, and copies of a data directory often lose them. */
async function closeToOthers(data: string): Promise<void> {
  await chmod(data, 0o700);
}

async function readPassword(home: string): Promise<string> {
  return readFile(join(home, 'password'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new EmbeddedPostgresError(
      `The password of the PostgreSQL cluster in ${home} cannot be read (${error.code}): ` +
        'start Lawang as the user who owns that directory, or give it another DATA_DIR.',
      { cause: error },
    );
  });
}

async function checkVersion(home: string, major: string): Promise<void> {
  const found = (await readFile(join(home, 'data', 'PG_VERSION'), 'utf8').catch(() => 'of no known version')).trim();
  if (found === major) return;
  throw new EmbeddedPostgresError(
    `The cluster in ${home} is PostgreSQL ${found}, and this is PostgreSQL ${major}: ` +
      'carry its data over with pg_dump of that version, or begin with an empty DATA_DIR.',
  );
}
