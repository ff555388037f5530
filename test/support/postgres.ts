import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '#src/base/embedded-postgres.ts';

export interface TestDatabase {
  url: string;
  /** Cuts whatever connections are left. */
  drop(): Promise<void>;
}

/** For a `Database` of a test that is not about waiting: on a machine that is busy with other tests nothing can be said of a second. */
export const PATIENCE = { patienceMs: 30_000, statementMs: 60_000 } as const;

const GIB = 2 ** 30;

/** Linux's file system in memory. */
const MEMORY = '/dev/shm';
const PREFIX = 'lawang-test-';

/** A PostgreSQL server for one run of the suite: real, but without durability, and gone with its data after `stop()`. */
export async function startTestPostgres(): Promise<{ adminUrl: string; stop(): Promise<void> }> {
  const dataDir = await makeFolder();
  const settings = {
    ...{ fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
    max_wal_size: '256MB',
  };
  const removeData = () => rm(dataDir, { recursive: true, force: true });
  try {
    const server = await startEmbeddedPostgres({ dataDir, settings });
    return { adminUrl: server.url, stop: () => server.stop().finally(removeData) };
  } catch (error) {
    await removeData();
    throw error;
  }
}

/**
 * In memory where there is plenty of it: a database has nearly a thousand files, and making them costs ten times as much on
 * a disk. A run needs about one GiB.
 */
async function makeFolder(): Promise<string> {
  const found = await statfs(MEMORY).catch(() => undefined);
  const free = found ? found.bavail * found.bsize : 0;
  const hasRoom = free > 4 * GIB && process.availableMemory() > 8 * GIB;
  // It may be there and yet not ours to write in.
  const inMemory = hasRoom ? await mkdtemp(join(MEMORY, PREFIX)).catch(() => undefined) : undefined;
  return inMemory ?? mkdtemp(join(tmpdir(), PREFIX));
}

/**
 * Makes the database that every test file's own one is copied from.
 *
 * @param migrate must have closed its connections when it is done: a database in use cannot be copied
 * @returns the name to give to `createDatabase`
 */
export async function prepareTemplate(adminUrl: string, migrate: (url: string) => Promise<void>): Promise<string> {
  const name = uniqueName('template');
  await execute(adminUrl, `CREATE DATABASE ${name}`);
  await migrate(urlOf(adminUrl, name));
  return name;
}

/** A database of its own for whoever asks, empty or a copy of `template`. */
export async function createDatabase(adminUrl: string, options: { template?: string } = {}): Promise<TestDatabase> {
  const name = uniqueName('test');
  await execute(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${options.template ?? 'template1'}`);
  return { url: urlOf(adminUrl, name), drop: () => execute(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`) };
}

function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(8).toString('hex')}`;
}

function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = database;
  return url.href;
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
