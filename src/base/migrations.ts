/** Brings the schema up to date. The knex command line hard-codes ts-node, so migrations run from here. */
import { readdir } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Knex } from 'knex';
import pg from 'pg';

/** One migration and whether this database has it. */
export interface MigrationState {
  readonly name: string;
  readonly done: boolean;
}

/** The schema cannot be brought up to date; the message says why and what to do. */
export class MigrationError extends Error {
  override name = 'MigrationError';
}

const DIRECTORY = fileURLToPath(new URL('../../migrations', import.meta.url));
const TABLE = 'schema_migrations';
/** PostgreSQL's code of a lock that was not to be had (in time). */
const LOCK_TIMEOUT = '55P03';
/** How often to ask whether it is one's turn. */
const TURN_MS = 100;

/**
 * How a migration waits: five seconds for a lock, so that it never stands in front of the citizens who queue behind it.
 * Citus needs the sequential mode for foreign keys between distributed tables; plain PostgreSQL ignores the setting.
 * The server checks every second that we are still there, and drops what a killed process had begun.
 */
const CONNECTION_OPTIONS = [
  '-c lock_timeout=5s',
  '-c citus.multi_shard_modify_mode=sequential',
  '-c client_connection_check_interval=1s',
].join(' ');

/** What knex would print is in the error that is thrown. */
const silent = { warn() {}, error() {}, debug() {}, deprecate() {} };

/** Where migrations are, for tests that bring their own. */
export interface MigrationOptions {
  /** The role of the running server where it is not the owner: it gets its rights here, and may only insert and read events. */
  readonly serverRole?: string | undefined;
  readonly directory?: string;
}

/**
 * Runs every migration that is still missing, each in a transaction of its own. Several processes may call it at once:
 * one works, the others wait and find nothing left to do. A process that dies in the middle leaves nothing behind.
 *
 * @returns the names of the migrations that ran here
 * @throws {MigrationError} when the database is newer than this code, when a file of an earlier migration is gone, when
 *   another transaction holds a table for more than five seconds, or when a migration fails
 */
export async function migrate(url: string, options: MigrationOptions = {}): Promise<string[]> {
  const { directory = DIRECTORY, serverRole } = options;
  const missing = await listMissing(url, directory);
  if (missing.length === 0 && !serverRole) return [];
  return inTurn(url, async () => {
    const names = await runMissing(url, directory);
    if (serverRole) await grantServerRole(url, serverRole);
    return names;
  });
}

/** Which migrations exist and which of them this database has, in their order. */
export async function listMigrations(url: string, directory = DIRECTORY): Promise<MigrationState[]> {
  const [files, done] = await Promise.all([listFiles(directory), listDone(url)]);
  const names = [...new Set([...files, ...done])].sort();
  return names.map((name) => ({ name, done: done.includes(name) }));
}

async function listFiles(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith('.ts')).sort();
}

/** Read without knex, whose loading takes longer than this question: almost every start finds nothing to do. */
async function listDone(url: string): Promise<string[]> {
  return withConnection(url, async (connection) => {
    const { rows: tables } = await connection.query('select to_regclass($1) is not null as exists', [TABLE]);
    if (!tables[0].exists) return [];
    const { rows } = await connection.query(`select name from ${TABLE} order by name`);
    return rows.map((row: { name: string }) => row.name);
  });
}

async function listMissing(url: string, directory: string): Promise<string[]> {
  const [files, done] = await Promise.all([listFiles(directory), listDone(url)]);
  const last = files.at(-1) ?? '';
  const newer = done.filter((name) => name > last);
  if (newer.length > 0) {
    throw new MigrationError(
      `The database is newer than this code (it has ${newer.join(', ')}): start the version of Lawang that made it.`,
    );
  }
  const gone = done.filter((name) => !files.includes(name));
  if (gone.length > 0) {
    throw new MigrationError(
      `The database has run ${gone.join(', ')}, which is not among the files in ${directory}: ` +
        'a migration that has run is never renamed or removed; put it back.',
    );
  }
  return files.filter((name) => !done.includes(name));
}

/**
 * One process at a time changes the schema. The lock is a table lock of an open transaction: it ends with its connection, however the
 * process dies. (knex's own lock is a row that a killed process leaves locked.)
 */
export async function inTurn<T>(url: string, work: () => Promise<T>): Promise<T> {
  return withConnection(url, async (connection) => {
    await makeTurnTable(connection);
    while (!(await takeTurn(connection))) await setTimeout(TURN_MS);
    return work();
  });
}

/** Whoever waited for the lock in a statement would hold a snapshot meanwhile, and an index that is built concurrently waits for those. */
async function takeTurn(connection: pg.Client): Promise<boolean> {
  await connection.query('begin');
  await connection.query('set local idle_in_transaction_session_timeout = 0');
  try {
    await connection.query(`lock table ${TABLE}_turn in exclusive mode nowait`);
    return true;
  } catch (error) {
    if ((error as pg.DatabaseError).code !== LOCK_TIMEOUT) throw error;
    await connection.query('rollback');
    return false;
  }
}

/** Two processes that create it at once meet on the catalogue's unique index, in spite of `if not exists`. */
async function makeTurnTable(connection: pg.Client): Promise<void> {
  try {
    await connection.query(`create table if not exists ${TABLE}_turn ()`);
  } catch (error) {
    if (!['23505', '42P07', '42710'].includes((error as pg.DatabaseError).code ?? '')) throw error;
  }
}

async function runMissing(url: string, directory: string): Promise<string[]> {
  const missing = await listMissing(url, directory);
  if (missing.length === 0) return [];
  return withKnex(url, directory, async (db) => {
    const isInterrupted = await db.schema.hasTable(`${TABLE}_lock`);
    if (isInterrupted) await db.migrate.forceFreeMigrationsLock();
    for (const name of missing) await runOne(db, name);
    return missing;
  });
}

async function runOne(db: Knex, name: string): Promise<void> {
  try {
    await db.migrate.up({ name });
  } catch (error) {
    const isBusy = (error as pg.DatabaseError).code === LOCK_TIMEOUT;
    throw new MigrationError(
      isBusy
        ? `Migration ${name} waited five seconds for a table that another transaction holds: try again.`
        : `Migration ${name} failed and was undone: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

async function grantServerRole(url: string, role: string): Promise<void> {
  await withConnection(url, async (connection) => {
    const name = connection.escapeIdentifier(role);
    await connection.query(`grant usage on schema public to ${name}`);
    await connection.query(`grant select, insert, update, delete on all tables in schema public to ${name}`);
    await connection.query(`revoke update, delete, truncate on account_events, admin_events from ${name}`);
    await connection.query(
      `revoke insert, update, delete, truncate on ${TABLE}, ${TABLE}_lock, ${TABLE}_turn from ${name}`,
    );
    for (const part of await listParts(connection))
      await connection.query(`revoke insert, update, delete, truncate on ${part} from ${name}`);
  });
}

/** What stands in parts is written through its table alone, whose rights count then. */
async function listParts(connection: pg.Client): Promise<string[]> {
  const { rows } = await connection.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c where c.relispartition and c.relkind = 'r'
       and c.relnamespace = 'public'::regnamespace`,
  );
  return rows.map(({ name }) => name);
}

/** A connection of its own, as migrations need it. */
export async function withConnection<T>(url: string, work: (connection: pg.Client) => Promise<T>): Promise<T> {
  const connection = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    options: CONNECTION_OPTIONS,
  });
  // A broken connection fails the statement that runs; without a listener it would end the process.
  connection.on('error', () => undefined);
  await connection.connect();
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}

async function withKnex<T>(url: string, directory: string, work: (db: Knex) => Promise<T>): Promise<T> {
  const { default: knex } = await import('knex');
  const db = knex({
    client: 'pg',
    connection: { connectionString: url, options: CONNECTION_OPTIONS },
    pool: { min: 0, max: 1 },
    log: silent,
    migrations: { directory, loadExtensions: ['.ts'], tableName: TABLE },
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
