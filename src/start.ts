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
import { type Channel, unlessAborted } from './worker-channel.ts';
import { Workers } from './workers.ts';

/** What every step of the start gets. */
interface Start {
  readonly config: Config;
  readonly log: Log;
  /** What has been started; each piece puts its end here. */
  readonly server: AsyncDisposableStack;
  /** Aborted when somebody wants to stop before the start is through. */
  readonly signal: AbortSignal;
}

/** What a person is told when it runs. */
export interface Started {
  /** Where the sample apps are. */
  readonly sampleApps: readonly string[];
}

/**
 * Starts everything in one process and puts it onto `server`, whose end stops it in reverse order: so the order here is
 * that of dependence. What fails leaves `server` with what had been started.
 *
 * @returns where the sample apps are
 * @throws {AbortError} when the signal came first; and whatever stands in the way, see `cli/sentences.ts`
 */
export async function start(begun: Start): Promise<Started> {
  const { config, log, signal } = begun;
  const loadingApp = loadApp();
  const url = config.databaseUrl ?? (await startOwnPostgres(begun));
  signal.throwIfAborted();
  // Before anything is written: whoever starts again on another port must not find the issuer of this one.
  const door = await openDoor(begun);
  await bringSchemaUpToDate(begun, url);
  signal.throwIfAborted();
  const base = await openBase(begun, url, config.databaseConnections);
  await seedExamples(base);
  const house = await openHouse(begun, base);
  signal.throwIfAborted();
  const { createApp } = await loadingApp;
  const app = await createApp(house);
  await startJobs(begun, house, url);
  const sampleApps = await startBeside(begun, () => metrics.metrics());
  signal.throwIfAborted();
  door.letIn(app);
  log.info({ issuer: config.issuer, host: config.host, port: door.port, mode: config.mode }, 'listening');
  return { sampleApps };
}

/**
 * Starts what there is one of (PostgreSQL, schema, jobs, metrics, sample apps) and the workers, which serve. In the end
 * the workers drain first.
 *
 * @throws as {@link start}, and {@link WorkerError} with the sentence of a worker that cannot start
 */
export async function startPrimary(begun: Start & { readonly logFile: string | undefined }): Promise<Started> {
  const { config, log, server, signal } = begun;
  const workers = new Workers(begun);
  server.defer(() => workers.stop());
  const opening = workers.open();
  opening.catch(() => undefined);
  const url = config.databaseUrl ?? (await startOwnPostgres(begun));
  const port = await opening;
  await bringSchemaUpToDate(begun, url);
  signal.throwIfAborted();
  const base = await openBase(begun, url, PRIMARY_CONNECTIONS);
  await seedExamples(base);
  signal.throwIfAborted();
  const serving = workers.serve(url);
  serving.catch(() => undefined);
  await startJobs(begun, base, url);
  const sampleApps = await startBeside(begun, () => workers.printMetrics());
  server.defer(() => workers.stop());
  await serving;
  log.info(
    { issuer: config.issuer, host: config.host, port, mode: config.mode, workers: config.workers },
    'all listening',
  );
  return { sampleApps };
}

/** For the jobs: two claim, one sweeps or erases. */
const PRIMARY_CONNECTIONS = 3;

/** Starts what serves requests, in a process of its own; the primary has prepared the rest. @throws as {@link start} */
export async function startWorker(begun: Start, channel: Channel): Promise<void> {
  const { config, log, signal } = begun;
  const loadingApp = loadApp();
  const door = await openDoor(begun, channel.leave);
  await channel.report({ kind: 'open', port: door.port });
  const url = await unlessAborted(signal, channel.databaseUrl);
  const house = await openHouse(begun, await openBase(begun, url, config.databaseConnections));
  signal.throwIfAborted();
  const { createApp } = await loadingApp;
  const app = await createApp(house);
  signal.throwIfAborted();
  door.letIn(app);
  log.info({ port: door.port }, 'listening');
  await channel.report({ kind: 'serving' });
}

/** Begins to load the app, which takes as long as PostgreSQL needs to start. */
function loadApp() {
  const loading = import('./app.ts');
  loading.catch(() => undefined);
  return loading;
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

/**
 * Listens at once. Until the app is there the process is alive but not ready.
 *
 * @param leave what comes before the door is closed
 */
async function openDoor({ config, server }: Start, leave = async () => {}): Promise<Door> {
  let answer: RequestListener = answerWhileStarting;
  const { host, port } = config;
  const http = await listen((request, response) => answer(request, response), {
    ...{ host, port, advice: 'set PORT to a free port' },
  });
  const close = () => leave().then(() => http.close());
  server.defer(close);
  return {
    port: http.port,
    letIn(app) {
      answer = app.handler;
      server.defer(close);
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

/** What lives as long as the process, but for what only those need who serve: the pool and the keys. */
type Base = Omit<House, 'clients'>;

async function openBase({ config, log, server }: Start, url: string, max: number): Promise<Base> {
  const onError = (err: Error) => log.warn({ err }, 'the database, in the background');
  const database = new Database(url, { max, coalesce: config.coalesce, onError });
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
  return { config, database, secrets, keys, epoch, log };
}

async function seedExamples({ config, database, secrets }: Base): Promise<void> {
  if (config.seed !== 'example') return;
  const { seedExampleRegistry } = await import('./registry/registrations.ts');
  const { seedExampleOrganisation } = await import('./registry/organisation.ts');
  const { seedExampleCitizens } = await import('./people/example-citizens.ts');
  const { seedExampleAdmins } = await import('./people/example-admins.ts');
  const { seedExampleHistory } = await import('./consents/example-history.ts');
  const { seedExampleInventory } = await import('./registry/inventory-example.ts');
  await seedExampleOrganisation(database);
  await seedExampleRegistry(database, secrets, config);
  await seedExampleInventory(database);
  await seedExampleCitizens(database, secrets);
  await seedExampleAdmins(database, secrets);
  await seedExampleHistory(database, secrets);
}

async function openHouse({ config, log, server }: Start, base: Base): Promise<House> {
  const { configureHashing } = await import('./people/passwords.ts');
  configureHashing(config);
  const { ClientCache } = await import('./registry/client-cache.ts');
  const clients = await ClientCache.load(base.database, log);
  clients.start();
  server.defer(() => clients.stop());
  const redis = await openOwnRedis(config, log);
  server.defer(() => redis?.disconnect());
  return { ...base, clients, redis };
}

/** Loaded only where it is used. */
async function openOwnRedis({ redisUrl }: Config, log: Log) {
  if (!redisUrl) return undefined;
  const { openRedis } = await import('./base/redis.ts');
  return openRedis(redisUrl, log);
}

async function startJobs({ config, server }: Start, base: Base, url: string): Promise<void> {
  const { startOutbox } = await import('./jobs/outbox.ts');
  const { startAppNotices } = await import('./jobs/app-notices.ts');
  const { startPurge } = await import('./jobs/purge.ts');
  const { startPartitions } = await import('./jobs/partitions.ts');
  const { startClosings } = await import('./jobs/closings.ts');
  const { startPermissionEnds } = await import('./jobs/permission-ends.ts');
  const { startSecretEnds } = await import('./jobs/secret-ends.ts');
  const { startMigrations } = await import('./jobs/migration.ts');
  const { startContactLinks } = await import('./jobs/contact-links.ts');
  const { startClientChecks } = await import('./jobs/client-checks.ts');
  const { startLogos } = await import('./jobs/logos.ts');
  const { startReviews } = await import('./jobs/reviews.ts');
  const { startCases } = await import('./jobs/cases.ts');
  const { startOverdue } = await import('./jobs/overdue.ts');
  const { startInventoryImports } = await import('./jobs/inventory-imports.ts');
  const { startCoverage } = await import('./jobs/coverage.ts');
  const { startDecisions } = await import('./jobs/decisions.ts');
  const { startDuplicates } = await import('./jobs/duplicates.ts');
  const { createTellOwner } = await import('./web/owner-notices.ts');
  const { createTellSecretEnd } = await import('./web/secret-notices.ts');
  const { createAskContact } = await import('./web/contacts-confirm.ts');
  const { createTellFailing } = await import('./web/check-notices.ts');
  const { createDecisionNotices } = await import('./web/decision-notices.ts');
  const { createTellReview, createTellStep } = await import('./web/change-notices.ts');
  const { createTellCase } = await import('./web/case-notices.ts');
  const { createTellOwed } = await import('./web/overdue-notices.ts');
  const outbox = startOutbox(base);
  server.defer(() => outbox.stop());
  const purge = startPurge(base);
  server.defer(() => purge.stop());
  const partitions = startPartitions({ ...base, ownerUrl: config.migrationUrl ?? url });
  server.defer(() => partitions.stop());
  const notices = startAppNotices(base);
  server.defer(() => notices.stop());
  const closings = startClosings({ ...base, tellOwner: createTellOwner(base) });
  server.defer(() => closings.stop());
  const permissionEnds = startPermissionEnds(base);
  server.defer(() => permissionEnds.stop());
  const secretEnds = startSecretEnds({ ...base, tellSecretEnd: createTellSecretEnd(base) });
  server.defer(() => secretEnds.stop());
  const migrations = startMigrations({ ...base, tellStep: createTellStep(base) });
  server.defer(() => migrations.stop());
  const contactLinks = startContactLinks({ ...base, askContact: createAskContact(base) });
  server.defer(() => contactLinks.stop());
  const logos = startLogos(base);
  server.defer(() => logos.stop());
  const clientChecks = startClientChecks({ ...base, tellFailing: createTellFailing(base) });
  server.defer(() => clientChecks.stop());
  const reviews = startReviews({ ...base, tellReview: createTellReview(base) });
  server.defer(() => reviews.stop());
  const cases = startCases({ ...base, tellCase: createTellCase(base) });
  server.defer(() => cases.stop());
  const overdue = startOverdue({ ...base, tellOwed: createTellOwed(base) });
  server.defer(() => overdue.stop());
  const inventoryImports = startInventoryImports(base);
  server.defer(() => inventoryImports.stop());
  const coverage = startCoverage(base);
  server.defer(() => coverage.stop());
  const decisions = startDecisions({ ...base, notices: createDecisionNotices(base) });
  server.defer(() => decisions.stop());
  const duplicates = startDuplicates(base);
  server.defer(() => duplicates.stop());
}

/** What runs beside the provider: its metrics on a port of their own and, in sandbox, the two sample apps. */
async function startBeside(
  { config, log, server }: Start,
  printMetrics: () => Promise<string>,
): Promise<readonly string[]> {
  const { host, metricsPort: port } = config;
  const metricsServer = await listen(answerMetrics(printMetrics), {
    host,
    port,
    advice: 'set METRICS_PORT to a free port',
  });
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

function answerMetrics(print: () => Promise<string>): RequestListener {
  return (request, response) => {
    if (request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    print().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  };
}
