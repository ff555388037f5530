/**
 * Start and stop of the server: settings → database → app → listen, and the way back in reverse, PostgreSQL last.
 *
 * The only file that reads the environment, hears signals and ends the process.
 */
import { mkdirSync, renameSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import type { App } from './app.ts';
import { type Config, readConfig } from './base/config.ts';
import { Database } from './base/database.ts';
import { startEmbeddedPostgres } from './base/embedded-postgres.ts';
import { listen, toListenError } from './base/http-server.ts';
import { openInstance } from './base/instance.ts';
import { loadCookieKeys, loadSecrets } from './base/keys.ts';
import { createLog, type Log } from './base/log.ts';
import { loadMasterKeys } from './base/master-keys.ts';
import { metrics } from './base/metrics.ts';
import { migrate } from './base/migrations.ts';
import { type Secrets, wrappingKeyring } from './base/secrets.ts';
import { sentenceFor } from './cli/sentences.ts';
import { preparing, welcome } from './cli/welcome.ts';

/** The environment, for the settings and for the secrets that registrations name. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Where text for a person goes; a test brings its own. */
export interface Terminal {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Whether a person reads what is printed, and not a program. */
  readonly isInteractive: boolean;
}

export const terminal: Terminal = {
  print: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  isInteractive: process.stdout.isTTY === true,
};

/** Ends the process when it has said everything. */
export function exitWith(code: number): void {
  process.exitCode = code;
}

/** Runs the server until a signal or a fault ends it, and the process with it: 0 after a signal, 1 after a fault. */
export async function serve(): Promise<void> {
  const stop = listenForStop();
  let code = 0;
  try {
    const config = readConfig(process.env);
    const { log, logFile } = openLog(config);
    stop.reportTo(log);
    if (config.mode === 'sandbox') terminal.print(preparing(config));
    await using server = new AsyncDisposableStack();
    try {
      const { sampleApps } = await start(config, log, server, stop.signal);
      if (config.mode === 'sandbox') terminal.print(welcome(config, { sampleApps, logFile }));
      code = await stop.requested;
      log.info('stopping');
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      code = await stop.requested;
    }
  } catch (error) {
    terminal.complain(`${sentenceFor(error) ?? describeFault(error)}\n`);
    code = 1;
  }
  process.exit(code);
}

function describeFault(error: unknown): string {
  return `Lawang stopped because of a fault of its own: ${error instanceof Error ? error.stack : String(error)}`;
}

/** A second signal within this time is the same one: npm forwards what the terminal has sent to everybody already. */
const SAME_SIGNAL_MS = 2_000;

/** What asks the server to stop. `requested` gives the exit code. */
function listenForStop() {
  const { promise: requested, resolve } = Promise.withResolvers<number>();
  const controller = new AbortController();
  let since: number | undefined;
  let log: Log | undefined;

  const ask = (code: number) => {
    since ??= performance.now();
    resolve(code);
    controller.abort();
  };
  const onSignal = () => {
    if (since !== undefined && performance.now() - since > SAME_SIGNAL_MS) process.exit(1);
    ask(0);
  };
  const onFault = (kind: string) => (err: unknown) => {
    log?.fatal({ err }, kind);
    if (!log) terminal.complain(`${describeFault(err)}\n`);
    ask(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  process.on('uncaughtException', onFault('uncaught exception'));
  process.on('unhandledRejection', onFault('unhandled rejection'));
  return {
    requested,
    signal: controller.signal,
    reportTo(target: Log) {
      log = target;
    },
  };
}

/**
 * In a sandbox at a terminal, where nobody set LOG_LEVEL, the log goes to a file: a person reads what to open instead of
 * JSON. Everywhere else (production, a container, a pipe) the log is standard output.
 */
function openLog(config: Config): { log: Log; logFile: string | undefined } {
  const isForPerson = config.mode === 'sandbox' && terminal.isInteractive && !config.isLogLevelChosen;
  if (!isForPerson) return { log: createLog(config.logLevel), logFile: undefined };
  const logFile = join(config.dataDir, 'lawang.log');
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  try {
    renameSync(logFile, `${logFile}.previous`);
  } catch {
    // There was none.
  }
  const destination = pino.destination({ dest: logFile, sync: true, mode: 0o600 });
  return { log: createLog(config.logLevel, destination), logFile };
}

/**
 * Brings everything up. What is started goes onto `server` and is ended in reverse order, so the order here is the order
 * of dependence: PostgreSQL first, requests last.
 */
async function start(
  config: Config,
  log: Log,
  server: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<{ sampleApps: readonly string[] }> {
  // Loading the app takes as long as PostgreSQL needs to start.
  const loadingApp = import('./app.ts');
  loadingApp.catch(() => undefined);
  const database = await openDatabase(config, log, server, signal);
  const masterKeys = await loadMasterKeys(config);
  const { epoch } = await openInstance(database, config, wrappingKeyring(masterKeys));
  const secrets = await loadSecrets(database, masterKeys);
  const cookieKeys = await loadCookieKeys(database, secrets);
  if (config.seed === 'example') await seed(config, database, secrets);
  signal.throwIfAborted();

  const { createApp } = await loadingApp;
  const { ClientCache } = await import('./registry/client-cache.ts');
  const clients = await ClientCache.load(database, log);
  clients.start();
  server.defer(() => clients.stop());
  const app = await createApp({ config, database, secrets, cookieKeys, epoch, log, clients });
  signal.throwIfAborted();

  const { startOutbox } = await import('./jobs/outbox.ts');
  const { startPurge } = await import('./jobs/purge.ts');
  const outbox = startOutbox({ database, secrets, log, config });
  server.defer(() => outbox.stop());
  const purge = startPurge({ database, log });
  server.defer(() => purge.stop());

  const sampleApps = await startBeside(config, log, server);
  const { host, port } = config;
  const http = await listen(app.handler, { host, port, advice: 'set PORT to a free port' });
  server.defer(() => http.close());
  server.defer(() => announceStop(config, app));
  log.info({ issuer: config.issuer, host, port: http.port, mode: config.mode }, 'listening');
  return { sampleApps };
}

async function openDatabase(
  config: Config,
  log: Log,
  server: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Database> {
  const url = config.databaseUrl ?? (await startOwnPostgres(config, log, server));
  signal.throwIfAborted();
  const ran = await migrate(config.migrationUrl ?? url, serverRoleOf(config));
  if (ran.length > 0) log.info({ migrations: ran }, 'the schema is up to date');
  signal.throwIfAborted();
  const database = new Database(url, { onError: (err) => log.warn({ err }, 'an idle database connection broke') });
  server.defer(() => database.close());
  return database;
}

async function startOwnPostgres(config: Config, log: Log, server: AsyncDisposableStack): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log: (message) => log.info(message) });
  server.defer(() => postgres.stop());
  return postgres.url;
}

/** Where another role owns the tables, the one of DATABASE_URL gets its rights with the migrations. */
export function serverRoleOf(config: Config): { serverRole?: string } {
  if (!config.migrationUrl || !config.databaseUrl) return {};
  const [owner, server] = [config.migrationUrl, config.databaseUrl].map((url) =>
    decodeURIComponent(new URL(url).username),
  );
  return server && server !== owner ? { serverRole: server } : {};
}

async function seed(config: Config, database: Database, secrets: Secrets): Promise<void> {
  const { seedExampleRegistry } = await import('./registry/registrations.ts');
  const { seedExampleCitizens } = await import('./people/example-citizens.ts');
  await seedExampleRegistry(database, secrets, config);
  await seedExampleCitizens(database, secrets);
}

/** What runs beside the provider: its metrics on a port of their own and, in sandbox, the two sample apps. */
async function startBeside(config: Config, log: Log, server: AsyncDisposableStack): Promise<readonly string[]> {
  const { host, metricsPort: port } = config;
  const metricsServer = await listen(answerMetrics, { host, port, advice: 'set METRICS_PORT to a free port' });
  server.defer(() => metricsServer.close());
  if (!config.sampleApps) return [];
  const { startSampleApps } = await import('../clients/sample-apps.ts');
  const advice = 'set SAMPLE_APPS=off to go without the sample apps';
  const apps = await startSampleApps({ issuer: config.issuer, host, log: (line) => log.info(line) }).catch((error) => {
    throw error.syscall === 'listen' ? toListenError(error, { host, port: error.port, advice }) : error;
  });
  server.defer(() => apps.stop());
  return apps.urls;
}

function answerMetrics(request: IncomingMessage, response: ServerResponse): void {
  if (request.url?.split('?', 1)[0] !== '/metrics') {
    response.writeHead(404).end();
    return;
  }
  metrics.metrics().then(
    (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
    () => response.writeHead(500).end(),
  );
}

/** How long load balancers get to notice the 503 of `/readyz` before connections are refused. */
const NOTICE_MS = 3_000;

async function announceStop(config: Config, app: App): Promise<void> {
  app.beginStop();
  if (config.mode === 'production') await setTimeout(NOTICE_MS);
}
