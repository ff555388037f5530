/** Brings the schema up to date. The knex command line hard-codes ts-node, so migrations run from here. */
import { fileURLToPath } from 'node:url';
import knex, { type Knex } from 'knex';

/** One migration and whether this database has it. */
export interface MigrationState {
  readonly name: string;
  readonly done: boolean;
}

function connect(url: string): Knex {
  return knex({
    client: 'pg',
    // Citus needs the sequential mode for foreign keys between distributed tables; plain PostgreSQL ignores the setting.
    connection: { connectionString: url, options: '-c citus.multi_shard_modify_mode=sequential -c lock_timeout=5s' },
    pool: { min: 0, max: 1 },
    migrations: {
      directory: fileURLToPath(new URL('../../migrations', import.meta.url)),
      loadExtensions: ['.ts'],
      tableName: 'schema_migrations',
    },
  });
}

async function withKnex<T>(url: string, work: (db: Knex) => Promise<T>): Promise<T> {
  const db = connect(url);
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

/**
 * Runs every migration that is still missing; several processes may call it at once, one of them works.
 *
 * @param serverRole the role of the running server where it is not the owner: it gets its rights here, and may only
 *   insert and read events.
 * @returns the names of the migrations that ran.
 */
export async function migrate(url: string, serverRole?: string): Promise<string[]> {
  return withKnex(url, async (db) => {
    const [, names] = (await db.migrate.latest()) as [number, string[]];
    if (serverRole) await grantServerRole(db, serverRole);
    return names;
  });
}

/** Which migrations exist and which of them this database has. */
export async function listMigrations(url: string): Promise<MigrationState[]> {
  return withKnex(url, async (db) => {
    const [done, missing] = (await db.migrate.list()) as [{ name: string }[], { file: string }[]];
    return [
      ...done.map(({ name }) => ({ name, done: true })),
      ...missing.map(({ file }) => ({ name: file, done: false })),
    ];
  });
}

async function grantServerRole(db: Knex, role: string): Promise<void> {
  await db.raw('grant usage on schema public to ??', [role]);
  await db.raw('grant select, insert, update, delete on all tables in schema public to ??', [role]);
  await db.raw('revoke update, delete, truncate on account_events, admin_events from ??', [role]);
  await db.raw('revoke insert, update, delete, truncate on schema_migrations, schema_migrations_lock from ??', [role]);
}
