import type { TestProject } from 'vitest/node';
import { startTestPostgres } from './postgres.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The suite's PostgreSQL, as superuser; `inject('adminUrl')`, then `createDatabase`. */
    adminUrl: string;
  }
}

/** Once per run of the suite, before the first test file and after the last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestPostgres();
  project.provide('adminUrl', server.adminUrl);
  return () => server.stop();
}
