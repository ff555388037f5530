import type { TestProject } from 'vitest/node';
import { Database } from '#src/base/database.ts';
import { loadSecrets } from '#src/base/keys.ts';
import { migrate } from '#src/base/migrations.ts';
import { advanceKeys } from '#src/oidc/key-rotation.ts';
import { seedExampleCitizens } from '#src/people/example-citizens.ts';
import { seedExampleRegistry } from '#src/registry/registrations.ts';
import { testMasterKey } from './master-key.ts';
import { PATIENCE, prepareTemplate, startTestPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The suite's PostgreSQL, as superuser; `inject('adminUrl')`, then `createDatabase`. */
    adminUrl: string;
    /** A database with the schema and nothing in it. */
    emptyTemplate: string;
    /** A sandbox as after its first start: keys, example apps and citizens; no tree, nobody with a role, no instance row. */
    sandboxTemplate: string;
  }
}

/** Once per run of the suite, before the first test file and after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestPostgres();
  const { adminUrl } = server;
  try {
    project.provide('adminUrl', adminUrl);
    project.provide('emptyTemplate', await prepareTemplate(adminUrl, async (url) => void (await migrate(url))));
    project.provide('sandboxTemplate', await prepareTemplate(adminUrl, fillSandbox));
  } catch (error) {
    // A set-up that fails is not taken down by the runner.
    await server.stop();
    throw error;
  }
  return () => server.stop();
}

/** Brings an empty database to where a sandbox is after its first start. */
export async function fillSandbox(url: string): Promise<void> {
  await migrate(url);
  const database = new Database(url, { max: 2, ...PATIENCE });
  try {
    const secrets = await loadSecrets(database, [testMasterKey]);
    await advanceKeys(database, secrets);
    await seedExampleRegistry(database, secrets, { mode: 'sandbox' });
    await seedExampleCitizens(database, secrets);
  } finally {
    await database.close();
  }
}
