/**
 * A whole sandbox of its own for a test file: database, server on a free port, apps and citizens. A test reads as a
 * story: `await using world = await openWorld(); const siti = world.browser(); …`
 */

import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp, type House } from '#src/app.ts';
import { type Config, readConfig } from '#src/base/config.ts';
import { Database, type DatabaseOptions } from '#src/base/database.ts';
import { openInstance } from '#src/base/instance.ts';
import { loadSecrets } from '#src/base/keys.ts';
import { createLog } from '#src/base/log.ts';
import { followMasterKeys } from '#src/base/master-keys.ts';
import { openRedis } from '#src/base/redis.ts';
import { wrappingKeyring } from '#src/base/secrets.ts';
import { KeyCache } from '#src/oidc/key-cache.ts';
import { parseIdentifier } from '#src/people/identifiers.ts';
import { listMessages, type SentMessage } from '#src/people/messages.ts';
import { createAccount } from '#src/people/new-accounts.ts';
import type { Profile } from '#src/people/profile.ts';
import { ClientCache } from '#src/registry/client-cache.ts';
import { applyRegistrations, RegistrationError, readRegistrations } from '#src/registry/registrations.ts';
import { setPassword } from '#test/support/passwords.ts';
import { SoftwareAuthenticator } from './authenticator.ts';
import { BrowserAgent, type BrowserOptions } from './browser-agent.ts';
import { holdLateRows } from './late-rows.ts';
import { testMasterKey } from './master-key.ts';
import type { Page } from './page.ts';
import { createDatabase, PATIENCE } from './postgres.ts';
import { openRelyingParty, type RelyingParty, type RelyingPartyOptions } from './relying-party.ts';

/** The password of the example citizens. */
export const password = 'lawang-sandbox';

/** One process of the provider: its own pool, memory and engine. */
export interface RunningServer extends AsyncDisposable {
  readonly house: House;
  readonly server: Server;
  readonly port: number;
}

export interface World extends AsyncDisposable {
  readonly issuer: string;
  readonly house: House;
  readonly database: Database;
  readonly databaseUrl: string;
  /** Every statement that this world's server has sent for somebody, oldest first; set its length to 0 to count anew. */
  readonly statements: string[];
  /** Lines of its log, as JSON text. */
  readonly log: string[];
  /** What is sent while `work` is done. What is to be written soon is held back until it is over, so that it falls in nowhere else. */
  sentFor(work: () => Promise<unknown>): Promise<Sent[]>;
  /** Another process's worth of server on the same data, under the same issuer. */
  startServer(): Promise<RunningServer>;
  /** A browser without JavaScript that stops at the redirect URIs of the example apps. */
  browser(options?: BrowserOptions): BrowserAgent;
  /** An app as its agency would run it; `puskesmas-online` unless told otherwise. */
  app(options?: Partial<RelyingPartyOptions>): Promise<RelyingParty>;
  /** Declares apps as their YAML would (keys of `clients/registrations`), in effect when it returns. */
  declare(...clients: readonly Declared[]): Promise<void>;
  /** A citizen with a password, of age unless the profile says otherwise. */
  citizen(identifier: string, options?: { name?: string; password?: string; profile?: Profile }): Promise<string>;
  /** The latest message to an address. @throws when there is none */
  message(to: string): Promise<Pick<SentMessage, 'text' | 'subject' | 'code' | 'link'>>;
}

export interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Whether it was to be written soon, and nobody waited for it. */
  readonly isLate: boolean;
}

export interface Declared extends Record<string, unknown> {
  readonly client_id: string;
}

export interface WorldOptions {
  /** Settings by their names, over the test's own. */
  readonly settings?: Readonly<Record<string, string>>;
  /** As a deployment for real people, on a fresh database; its issuer stays on loopback, which a real one refuses. */
  readonly production?: boolean;
  /**
   * Whether whoever finds no connection is sent away as soon as by a real server. Otherwise one waits: on a machine that is
   * busy with other tests nothing can be said of a second.
   */
  readonly isImpatient?: boolean;
  /** Where its database comes from; the suite's PostgreSQL and its filled sandbox unless told otherwise. */
  readonly from?: WorldSource;
}

/** A PostgreSQL server and the name of a database on it that every world starts as a copy of. */
export interface WorldSource {
  readonly adminUrl: string;
  readonly template: string;
}

/** Vitest is asked only inside its own run, so that a plain program can open a world as well. */
async function suiteSource({ production = false }: WorldOptions): Promise<WorldSource> {
  const { inject } = await import('vitest');
  return { adminUrl: inject('adminUrl'), template: inject(production ? 'emptyTemplate' : 'sandboxTemplate') };
}

/** Opens a world; dispose of it with `await using`. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    const { adminUrl, template } = options.from ?? (await suiteSource(options));
    const copy = await createDatabase(adminUrl, { template });
    stack.defer(() => copy.drop());
    const log: string[] = [];
    const first = await listenAnywhere();
    const issuer = `http://localhost:${first.port}`;
    const masterKeys = options.settings?.MASTER_KEYS_FILE ? {} : { MASTER_KEYS: testMasterKey.toString('base64') };
    const settings = { ...masterKeys, ISSUER: issuer, DATABASE_URL: copy.url, RATE_LIMITS: 'off', ...options.settings };
    const sandbox = readConfig(settings);
    const config = options.production ? { ...sandbox, mode: 'production' as const } : sandbox;
    const patience = options.isImpatient ? {} : PATIENCE;
    const running = await runServer(config, patience, first, log);
    stack.use(running);
    const { statements, sentFor } = listenTo(running.house);
    const world = {
      issuer,
      house: running.house,
      database: running.house.database,
      databaseUrl: copy.url,
      statements,
      sentFor,
      log,
    };
    return {
      ...world,
      startServer: async () => runServer(config, patience, await listenAnywhere(), log),
      browser: (browser) => openBrowser(browser),
      app: (app) => openExampleApp(issuer, app),
      declare: (...clients) => declare(running.house, clients),
      citizen: (identifier, citizen) => openCitizen(running.house, identifier, citizen),
      message: (to) => findMessage(running.house, to),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

function listenTo({ database, clients }: House): Pick<World, 'statements' | 'sentFor'> {
  const statements: string[] = [];
  let hear: (text: string, values: readonly unknown[]) => void = () => undefined;
  database.onStatement = (text, values) => {
    if (isOfTheProcess(text)) return;
    statements.push(text);
    hear(text, values);
  };
  const sentFor = async (work: () => Promise<unknown>) => {
    await database.settle();
    // An app that was used for the first time within this second may not be known as used.
    await clients.refresh();
    const sent: Sent[] = [];
    hear = (text, values) => void sent.push({ text, values, isLate: false });
    const release = holdLateRows(database);
    try {
      await work();
      hear = (text, values) => void sent.push({ text, values, isLate: true });
    } finally {
      release();
      await database.settle();
      hear = () => undefined;
    }
    return sent;
  };
  return { statements, sentFor };
}

/** What a process sends whoever comes: every second it asks whether the keys and the registry are still the same. */
function isOfTheProcess(text: string): boolean {
  return /keys_version|^select version from registry_version where only_row$|where \(c\.version, c\.id\) >/.test(text);
}

async function listenAnywhere(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  // Whoever asks ends an idle connection. Otherwise it may end just as a request is sent on it, which then has no answer.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

async function runServer(
  config: Config,
  patience: DatabaseOptions,
  { server, port }: { server: Server; port: number },
  lines: string[],
): Promise<RunningServer> {
  const masterKeys = config.masterKeys ?? [];
  const database = new Database(config.databaseUrl ?? '', {
    max: config.databaseConnections,
    coalesce: config.coalesce,
    ...patience,
  });
  const { epoch } = await openInstance(database, config, wrappingKeyring(masterKeys));
  const secrets = await loadSecrets(database, masterKeys);
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  const clients = await ClientCache.load(database, log);
  clients.start();
  const followed = followMasterKeys({ config, database, secrets, log });
  const keys = await KeyCache.load(database, secrets, log);
  keys.start();
  const redis = config.redisUrl ? openRedis(config.redisUrl, log) : undefined;
  const house = { config, database, secrets, keys, epoch, log, clients, redis };
  const app = await createApp(house);
  server.on('request', app.handler);
  return {
    house,
    server,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await clients.stop();
      await keys.stop();
      await followed?.stop();
      redis?.disconnect();
      await database.close();
    },
  };
}

const exampleCallbacks = [3001, 3002, 3003].map((port) => `http://localhost:${port}/callback`);
const exampleEnds = [3001, 3002, 3003].map((port) => `http://localhost:${port}/signed-out`);

function openBrowser(options: BrowserOptions = {}): BrowserAgent {
  return new BrowserAgent({ ...options, stopAt: [...exampleCallbacks, ...exampleEnds, ...(options.stopAt ?? [])] });
}

function openExampleApp(issuer: string, options: Partial<RelyingPartyOptions> = {}): Promise<RelyingParty> {
  const clientId = options.clientId ?? 'puskesmas-online';
  const redirectUri = clientId === 'pajak-daerah' ? 'http://localhost:3002/callback' : 'http://localhost:3001/callback';
  return openRelyingParty({ issuer, clientId, redirectUri, clientSecret: secretOf(clientId), ...options });
}

/** The secret of an example app. */
export function secretOf(clientId: string): string {
  return `sandbox-${clientId}-secret-0123456789`;
}

/** What a test's app has unless it says otherwise; every claim of its scopes, `name` required. */
function completed(client: Declared): Declared {
  const base = {
    client_name: client.client_id,
    'client_name#en': client.client_id,
    purpose: 'Menguji layanan.',
    'purpose#en': 'To test the service.',
    type: 'web',
    redirect_uris: [`http://localhost:3001/callback`],
    post_logout_redirect_uris: ['http://localhost:3001/signed-out'],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email phone address offline_access',
  };
  return { ...base, ...client };
}

async function declare(house: House, clients: readonly Declared[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lawang-declared-'));
  try {
    const path = join(folder, 'clients.yaml');
    // Whoever declares an app anew is the same agency.
    const id = `test-${createHash('sha256')
      .update(clients[0]?.client_id ?? '')
      .digest('hex')
      .slice(0, 8)}`;
    const agency = {
      id,
      name: 'Dinas Uji',
      'name#en': 'Test Agency',
      legal_name: 'Dinas Uji Coba',
      domain: 'uji.contoh.go.id',
    };
    // JSON is YAML.
    await writeFile(path, JSON.stringify({ agency, clients: clients.map(completed) }));
    const { mode } = house.config;
    const { registrations, mistakes } = await readRegistrations([path], { mode });
    if (mistakes.length > 0) throw new RegistrationError(mistakes);
    await applyRegistrations(house.database, house.secrets, registrations, { actor: 'test', environment: {}, mode });
    await house.clients.refresh();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openCitizen(
  { database, secrets }: House,
  identifier: string,
  options: { name?: string; password?: string; profile?: Profile } = {},
): Promise<string> {
  const parsed = parseIdentifier(identifier);
  if (!parsed) throw new Error(`${identifier} is no identifier`);
  const { name = 'Warga Uji', profile } = options;
  const whole = { birthdate: '1991-02-03', ...profile };
  return database.transaction(async (tx) => {
    const { id } = await createAccount(tx, secrets, { name, language: 'id', identifier: parsed, profile: whole });
    if (options.password) await setPassword(tx, id, options.password);
    return id;
  });
}

async function findMessage({ database, secrets }: House, to: string) {
  const identifier = parseIdentifier(to);
  if (!identifier) throw new Error(`${to} is no identifier`);
  const [latest] = await listMessages(database, secrets, { to: identifier, limit: 1 });
  if (!latest) throw new Error(`no message was sent to ${to}`);
  return latest;
}

/** Signs in on the sign-in page by password, and allows what is asked if something is. */
export async function signIn(page: Page, identifier = 'siti@contoh.id', secret = password): Promise<Page> {
  page.fill({ identifier, password: secret });
  return allow(await page.press('#sign-in'));
}

/** Makes a passkey on a page that offers one. */
export function createPasskey(page: Page, device = new SoftwareAuthenticator()): Promise<Page> {
  const credential = device.create(page.json('#passkey-options'), { origin: page.url.origin });
  return page.fill({ credential: JSON.stringify(credential) }).press('#create-passkey');
}

/** Allows what a consent page asks, with every optional item; does nothing on another page. */
export async function allow(page: Page): Promise<Page> {
  if (!page.has('#consent-allow')) return page;
  for (const claim of page.attributes('input[name="claim"]', 'value')) page.tick('claim', claim);
  return page.press('#consent-allow');
}
