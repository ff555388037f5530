/** Opens what a command needs, and closes it again. */
import type { Config } from '#src/base/config.ts';
import { Database } from '#src/base/database.ts';
import { EmbeddedPostgresError, findRunningPostgres, startEmbeddedPostgres } from '#src/base/embedded-postgres.ts';
import { openInstance } from '#src/base/instance.ts';
import { loadSecrets } from '#src/base/keys.ts';
import { loadMasterKeys } from '#src/base/master-keys.ts';
import { migrate } from '#src/base/migrations.ts';
import { type Secrets, wrappingKeyring } from '#src/base/secrets.ts';

/** Where a database can be reached: as the server, and as the owner of the tables. */
export interface DatabaseUrls {
  readonly server: string;
  readonly owner: string;
}

/**
 * The database of the settings; where they name none, the embedded one: that of a running server, or started for as long
 * as `work` takes.
 */
export async function withUrls<T>(config: Config, work: (urls: DatabaseUrls) => Promise<T>): Promise<T> {
  const given = config.databaseUrl ?? (await findRunningPostgres(config.dataDir));
  if (given) return work({ server: given, owner: config.migrationUrl ?? given });
  const postgres = await startOrFind(config.dataDir);
  try {
    return await work({ server: postgres.url, owner: postgres.url });
  } finally {
    await postgres.stop();
  }
}

/** A server may begin to start in the moment between looking for it and starting one. */
async function startOrFind(dataDir: string): Promise<{ url: string; stop(): Promise<void> }> {
  try {
    return await startEmbeddedPostgres({ dataDir });
  } catch (error) {
    const url = error instanceof EmbeddedPostgresError ? await findRunningPostgres(dataDir) : undefined;
    if (!url) throw error;
    return { url, stop: async () => undefined };
  }
}

/** The database, with the schema of this code where it is the embedded one. */
export async function withDatabase<T>(config: Config, work: (database: Database) => Promise<T>): Promise<T> {
  return withUrls(config, async ({ server }) => {
    if (!config.databaseUrl) await migrate(server);
    const database = new Database(server, { max: 2 });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  });
}

/** The database as the server sees it: compared with the settings, and its keys open. */
export async function withSecrets<T>(
  config: Config,
  work: (database: Database, secrets: Secrets) => Promise<T>,
): Promise<T> {
  return withDatabase(config, async (database) => {
    const masterKeys = await loadMasterKeys(config);
    await openInstance(database, config, wrappingKeyring(masterKeys));
    return work(database, await loadSecrets(database, masterKeys));
  });
}
