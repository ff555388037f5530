/**
 * What is measured and what it stands on: a durable PostgreSQL of its own, filled; the server; the bare library beside it.
 * All of it lives in a temporary folder and is gone at the end.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Database } from '#src/base/database.ts';
import { startEmbeddedPostgres } from '#src/base/embedded-postgres.ts';
import { loadSecrets } from '#src/base/keys.ts';
import { migrate } from '#src/base/migrations.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { seed } from '#src/cli/seed.ts';
import { findFreePort } from '../support/free-port.ts';
import { registerMachine } from './machine.ts';
import type { Options } from './options.ts';
import { makePeople, type Person } from './people.ts';
import { type Cores, type ServerProcess, startServer } from './processes.ts';

/** What `npm start` gives to Node.js, given to both sides: a smaller young generation, which costs no time and saves memory. */
const asStarted = ['--max-semi-space-size=8'];

/** How much there is of everything. */
export interface Size {
  readonly clients: number;
  readonly accounts: number;
  readonly consents: number;
  /** Who sign in during the bench; they come on top of `accounts`. */
  readonly people: number;
}

/** See the head of this file. */
export interface World extends AsyncDisposable {
  readonly size: Size;
  readonly cores: Cores;
  readonly people: readonly Person[];
  readonly database: Database;
  /** The process whose children are PostgreSQL. */
  readonly postmaster: number;
  readonly postgresVersion: string;
  readonly metricsPort: number;
  /** Has PostgreSQL do now what the load so far has left to be done later: it would be done, and counted, during the rounds. */
  tidy(): Promise<void>;
  /** Starts the server under test; `settings` by their names, over the bench's own. */
  startLawang(options?: ServerOptions): Promise<ServerProcess>;
  /** Starts the yardstick. */
  startBare(options: Pick<Options, 'staticClients'>): Promise<ServerProcess>;
}

/** How a server under test differs from the usual. */
export interface ServerOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** Arguments of Node.js itself. */
  readonly nodeArguments?: readonly string[];
  /** False: it may use every core. */
  readonly isPinned?: boolean;
  /** Another than the usual ones, for a second server on the same data under the same issuer. */
  readonly ports?: { readonly port: number; readonly metricsPort: number };
}

async function tidy(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('vacuum (analyze)');
    await client.query('checkpoint');
  } finally {
    await client.end();
  }
}

/** Opens a world; its end ends every server started in it. `say` hears what takes long. */
export async function openWorld(size: Size, cores: Cores, say: (sentence: string) => void): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = await mkdtemp(join(tmpdir(), 'lawang-bench-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    say('PostgreSQL');
    const postgres = await startEmbeddedPostgres({ dataDir: folder, settings: postgresSettings(size) });
    stack.defer(() => postgres.stop());
    await migrate(postgres.url);
    const database = new Database(postgres.url);
    stack.defer(() => database.close());
    const masterKey = randomBytes(32);
    const secrets = await loadSecrets(database, [masterKey]);
    const [port, metricsPort, barePort] = [await findFreePort(), await findFreePort(), await findFreePort()];
    const issuer = `http://localhost:${port}`;
    const people = await fill({ database, secrets, folder, issuer }, size, say);
    say('the database comes to rest');
    await tidy(postgres.url);
    const [row] = await database.query<{ server_version: string }>('show server_version');
    const settings = {
      ...{ DATABASE_URL: postgres.url, DATA_DIR: folder },
      ...{ MASTER_KEYS: masterKey.toString('base64'), SEED: 'none', SAMPLE_APPS: 'off' },
      ...{ RATE_LIMITS: 'off', LOG_LEVEL: 'warn' },
    };
    return {
      ...{ size, cores, people, database, metricsPort },
      postmaster: Number.parseInt(await readFile(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10),
      postgresVersion: row?.server_version ?? '',
      tidy: () => tidy(postgres.url),
      startLawang: async (options = {}) => {
        const ports = options.ports ?? { port, metricsPort };
        const listens = { PORT: String(ports.port), METRICS_PORT: String(ports.metricsPort), ISSUER: issuer };
        const program = {
          args: [...asStarted, ...(options.nodeArguments ?? []), pathOf('../../src/lawang.js'), 'serve'],
          environment: { ...settings, ...listens, ...options.settings },
          cores: options.isPinned === false ? undefined : cores.server,
          ...{ port: ports.port, readyPath: '/readyz', logFile: join(folder, `lawang-${ports.port}.log`) },
        };
        return stack.use(await startServer(program));
      },
      startBare: async ({ staticClients }) => {
        const args = [
          ...asStarted,
          pathOf('bare.ts'),
          String(barePort),
          String(size.clients),
          staticClients ? 'static' : 'found',
        ];
        const place = { port: barePort, readyPath: '/jwks', logFile: join(folder, 'bare.log') };
        return stack.use(await startServer({ args, environment: {}, cores: cores.server, ...place }));
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Durable as in production; the memory grows with what is in it. */
function postgresSettings({ accounts, consents }: Size): Record<string, string> {
  const isLarge = accounts + consents > 200_000;
  return { shared_buffers: isLarge ? '1GB' : '256MB', max_wal_size: '4GB', checkpoint_timeout: '15min' };
}

interface Empty {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly folder: string;
  readonly issuer: string;
}

async function fill(empty: Empty, size: Size, say: (sentence: string) => void): Promise<Person[]> {
  const { database, secrets, folder } = empty;
  await seed(database, secrets, { ...size, progress: say });
  await registerMachine(database, secrets, folder);
  say(`${size.people} people with passkeys`);
  const people = await makePeople(empty, size.people);
  await database.execute('analyze');
  return people;
}

function pathOf(relative: string): string {
  return join(import.meta.dirname, relative);
}
