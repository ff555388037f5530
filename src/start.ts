/** Brings the server up: database → schema → keys → app → requests. Everything ends in reverse, PostgreSQL last. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import type { App } from './app.ts';
import type { Config } from './base/config.ts';
import { Database } from './base/database.ts';
import { startEmbeddedPostgres } from './base/embedded-postgres.ts';
import { listen, toListenError } from './base/http-server.ts';
import { openInstance } from './base/instance.ts';
import { loadSecrets } from './base/keys.ts';
import type { Log } from './base/log.ts';
import { followMasterKeys, loadMasterKeys } from './base/master-keys.ts';
import { metrics } from './base/metrics.ts';
import { migrate } from './base/migrations.ts';
import { wrappingKeyring } from './base/secrets.ts';
import type { House } from './web/house.ts';

/** What every step of the start gets. */
interface Start {
  readonly config: Config;
  readonly log: Log;
  /** What has been started; each piece puts its end here. */
  readonly server: AsyncDisposableStack;
  /** Aborted when somebody wants to stop before the start is through. */
  readonly signal: AbortSignal;
}

/**
 * Starts everything and puts it onto `server`, whose end stops it in reverse order: so the order here is that of
 * dependence. What fails leaves `server` with what had been started.
 *
 * @returns where the sample apps are
 * @throws {AbortError} when the signal came first; and whatever stands in the way, see `cli/sentences.ts`
 */
export async function start(begun: Start): Promise<{ sampleApps: readonly string[] }> {
  const { config, log, signal } = begun;
  // Loading the app takes as long as PostgreSQL needs to start.
  const loadingApp = import('./app.ts');
  loadingApp.catch(() => undefined);
  const url = config.databaseUrl ?? (await startOwnPostgres(begun));
  signal.throwIfAborted();
  // Before anything is written: whoever starts again on another port must not find the issuer of this one.
  const door = await openDoor(begun);
  await bringSchemaUpToDate(begun, url);
  signal.throwIfAborted();
  const house = await openHouse(begun, url);
  signal.throwIfAborted();
  const { createApp } = await loadingApp;
  const app = await createApp(house);
  await startJobs(begun, house);
  const sampleApps = await startBeside(begun);
  signal.throwIfAborted();
  door.letIn(app);
  log.info({ issuer: config.issuer, host: config.host, port: door.port, mode: config.mode }, 'listening');
  return { sampleApps };
}

async function startOwnPostgres({ config, log, server }: Start): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log: (message) => log.info(message) });
  server.defer(() => postgres.stop());
  return postgres.url;
}

interface Door {
  readonly port: number;
  /** From now on requests reach the app; the end of the server begins with its door. */
  letIn(app: App): void;
}

/** Listens at once. Until the app is there the process is alive but not ready. */
async function openDoor({ config, server }: Start): Promise<Door> {
  let answer: RequestListener = answerWhileStarting;
  const { host, port } = config;
  const http = await listen((request, response) => answer(request, response), {
    ...{ host, port, advice: 'set PORT to a free port' },
  });
  server.defer(() => http.close());
  return {
    port: http.port,
    letIn(app) {
      answer = app.handler;
      server.defer(() => http.close());
      server.defer(() => announceStop(config, app));
    },
  };
}

function answerWhileStarting(request: IncomingMessage, response: ServerResponse): void {
  const isAlive = request.url === '/livez';
  response.writeHead(isAlive ? 200 : 503, {
    'content-type': 'text/plain',
    'cache-control': 'no-store',
    'retry-after': '2',
  });
  response.end(isAlive ? 'ok\n' : 'starting\n');
}

/** How long load balancers get to notice the 503 of `/readyz` before connections are refused. */
const NOTICE_MS = 3_000;

async function announceStop({ mode }: Config, app: App): Promise<void> {
  app.beginStop();
  if (mode === 'production') await setTimeout(NOTICE_MS);
}

async function bringSchemaUpToDate({ config, log }: Start, url: string): Promise<void> {
  const ran = await migrate(config.migrationUrl ?? url, config);
  if (ran.length > 0) log.info({ migrations: ran }, 'the schema is up to date');
}

/** What lives as long as the server: the pool, the keys and the clients. */
async function openHouse({ config, log, server }: Start, url: string): Promise<House> {
  const database = new Database(url, {
    coalesce: config.coalesce,
    onError: (err) => log.warn({ err }, 'an idle database connection broke'),
  });
  server.defer(() => database.close());
  const masterKeys = await loadMasterKeys(config);
  const { epoch } = await openInstance(database, config, wrappingKeyring(masterKeys));
  const secrets = await loadSecrets(database, masterKeys);
  const followed = followMasterKeys({ config, database, secrets, log });
  if (followed) server.defer(() => followed.stop());
  const { KeyCache } = await import('./oidc/key-cache.ts');
  const keys = await KeyCache.load(database, secrets, log);
  keys.start();
  server.defer(() => keys.stop());
  if (config.seed === 'example') {
    const { seedExampleRegistry } = await import('./registry/registrations.ts');
    const { seedExampleCitizens } = await import('./people/example-citizens.ts');
    await seedExampleRegistry(database, secrets, config);
    await seedExampleCitizens(database, secrets);
  }
  const { ClientCache } = await import('./registry/client-cache.ts');
  const clients = await ClientCache.load(database, log);
  clients.start();
  server.defer(() => clients.stop());
  return { config, database, secrets, keys, epoch, log, clients };
}

async function startJobs({ server }: Start, house: House): Promise<void> {
  const { startOutbox } = await import('./jobs/outbox.ts');
  const { startPurge } = await import('./jobs/purge.ts');
  const outbox = startOutbox(house);
  server.defer(() => outbox.stop());
  const purge = startPurge(house);
  server.defer(() => purge.stop());
}

/** What runs beside the provider: its metrics on a port of their own and, in sandbox, the two sample apps. */
async function startBeside({ config, log, server }: Start): Promise<readonly string[]> {
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
