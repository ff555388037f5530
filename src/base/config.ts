/**
 * The settings (`settings.ts`) as they are read: once, with every mistake reported at once, and what they may be together.
 * Nothing but `main.ts` reads the environment.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { getPublicSuffix } from 'tldts';
import { type Limits, printLimits, withChosen } from './limits.ts';
import { readSessionLimits, type SessionLimits, saySessionLimits } from './session-limits.ts';
import { type levels, masterKeys, type Settings, secretNames, settings } from './settings.ts';

/** The settings with their defaults resolved. */
export interface Config {
  readonly mode: 'sandbox' | 'production';
  readonly host: string;
  readonly port: number;
  /** Without a trailing slash. */
  readonly issuer: string;
  readonly rpId: string;
  /** Undefined: the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined;
  readonly migrationUrl: string | undefined;
  /** The role of the running server, where another one owns the tables. */
  readonly serverRole: string | undefined;
  /** The most that one process opens. */
  readonly databaseConnections: number;
  readonly dataDir: string;
  /** Processes that serve requests. */
  readonly workers: number;
  /** Threads of each process beside the one that runs JavaScript. */
  readonly threads: number;
  readonly seed: 'example' | 'none';
  /** Undefined in sandbox until made in `dataDir`. */
  readonly masterKeys: readonly Buffer[] | undefined;
  /** Where they came from, when it was a file: it is read again while the server runs. */
  readonly masterKeysFile: string | undefined;
  /** Where the makers of authenticators vouch for their hardware; undefined: nowhere. */
  readonly passkeyMetadata: { readonly path: string; readonly rootsPath: string | undefined } | undefined;
  readonly trustedProxies: readonly string[];
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  readonly messageWebhookUrl: string | undefined;
  readonly intranetAllowlist: readonly string[];
  /** The issuers whose signed apps are taken in. */
  readonly bundleSenders: readonly string[];
  /** The issuer that gets apps of this one. */
  readonly bundleReceiver: string | undefined;
  readonly metricsPort: number;
  readonly logLevel: (typeof levels)[number];
  /** Whether somebody set LOG_LEVEL. */
  readonly isLogLevelChosen: boolean;
  readonly rateLimits: boolean;
  /** Whether each hand-over of claims is put on record. */
  readonly releases: boolean;
  /** In seconds. */
  readonly recoveryWait: number;
  readonly limits: Limits;
  /** Undefined: the database counts. */
  readonly redisUrl: string | undefined;
  readonly coalesce: boolean;
  readonly sessionLimits: SessionLimits;
  readonly releasesKeptMonths: number;
  readonly eventsKeptMonths: number;
  readonly sampleApps: boolean;
  readonly sandboxPublic: boolean;
  readonly brand: string;
}

/** The settings are wrong; `mistakes` has one line for each, with the name of the setting first. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`The settings are not right:\n${mistakes.map((line) => `  - ${line}`).join('\n')}`);
    this.mistakes = mistakes;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings from an environment. An empty value counts as absent.
 *
 * @throws {ConfigError} with every mistake at once, also what start-up must refuse in the chosen mode.
 */
export function readConfig(environment: Environment): Config {
  const mistakes = new Mistakes();
  const given = parseEach(readValues(environment, mistakes), mistakes);
  if (!mistakes.has('MODE')) {
    const config = { ...resolveDefaults(given), masterKeysFile: environment.MASTER_KEYS_FILE || undefined };
    checkTogether(config, given, mistakes);
    (config.mode === 'production' ? checkProduction : checkSandbox)(config, mistakes);
    mistakes.throwIfAny();
    return config;
  }
  throw mistakes.toError();
}

/** Collects one line for each mistake, and only the first about a setting: what follows from a wrong value says nothing new. */
class Mistakes {
  readonly #lines: string[] = [];
  readonly #names = new Set<string>();

  /** `name` may be two settings: "A or B". */
  add(name: string, sentence: string): void {
    const names = name.split(' or ');
    if (names.some((one) => this.#names.has(one))) return;
    this.#lines.push(`${name}: ${sentence}`);
    for (const one of names) this.#names.add(one);
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  toError(): ConfigError {
    return new ConfigError(this.#lines);
  }

  throwIfAny(): void {
    if (this.#lines.length > 0) throw this.toError();
  }
}

function readValues(environment: Environment, mistakes: Mistakes): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) if (value) values[name] = value;
  for (const name of secretNames) {
    const path = values[`${name}_FILE`];
    if (!path) continue;
    if (values[name]) mistakes.add(name, `give it directly or by ${name}_FILE, not both`);
    else values[name] = readSecretFile(name, path, mistakes);
  }
  return values;
}

function readSecretFile(name: string, path: string, mistakes: Mistakes): string {
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (!text) mistakes.add(name, `the file that ${name}_FILE names is empty`);
    return text;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    mistakes.add(name, `the file that ${name}_FILE names cannot be read (${code})`);
    return '';
  }
}

/**
 * The master keys that stand in the file of MASTER_KEYS_FILE now.
 *
 * @throws {ConfigError} when it cannot be read, or has something else in it, or what start-up would refuse
 */
export function readMasterKeysFile({ mode }: Pick<Config, 'mode'>, path: string): readonly Buffer[] {
  const mistakes = new Mistakes();
  const text = readSecretFile('MASTER_KEYS', path, mistakes);
  const parsed = masterKeys.safeParse(text);
  if (!parsed.success) mistakes.add('MASTER_KEYS', parsed.error.issues[0]?.message ?? 'not understood');
  const keys = parsed.data ?? [];
  if (mode === 'production' && keys.some(isExampleKey)) mistakes.add('MASTER_KEYS', exampleKey);
  mistakes.throwIfAny();
  return keys;
}

/** Each setting by itself; a wrong one counts as absent afterwards, so that the others can still be checked together. */
function parseEach(values: Record<string, string>, mistakes: Mistakes): Settings {
  const given: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(settings.shape)) {
    const parsed = schema.safeParse(values[name] || undefined);
    if (!parsed.success) mistakes.add(name, parsed.error.issues[0]?.message ?? 'not understood');
    given[name] = parsed.success ? parsed.data : schema.safeParse(undefined).data;
  }
  return given as Settings;
}

function resolveDefaults(given: Settings): Omit<Config, 'masterKeysFile'> {
  const sandbox = given.MODE === 'sandbox';
  const issuer = given.ISSUER ?? `http://localhost:${given.PORT}`;
  return {
    mode: given.MODE,
    host: given.HOST,
    port: given.PORT,
    issuer,
    rpId: given.WEBAUTHN_RP_ID ?? new URL(issuer).hostname,
    databaseUrl: given.DATABASE_URL,
    migrationUrl: given.DATABASE_MIGRATION_URL,
    serverRole: serverRoleOf(given),
    databaseConnections: given.DATABASE_CONNECTIONS,
    dataDir: given.DATA_DIR,
    workers: given.WORKERS,
    threads: given.UV_THREADPOOL_SIZE,
    seed: given.SEED ?? (sandbox ? 'example' : 'none'),
    masterKeys: given.MASTER_KEYS,
    passkeyMetadata: given.PASSKEY_METADATA_FILE
      ? { path: given.PASSKEY_METADATA_FILE, rootsPath: given.PASSKEY_METADATA_ROOT_FILE }
      : undefined,
    trustedProxies: given.TRUSTED_PROXIES ?? [],
    smtpUrl: given.SMTP_URL,
    mailFrom: given.MAIL_FROM,
    messageWebhookUrl: given.MESSAGE_WEBHOOK_URL,
    intranetAllowlist: given.INTRANET_ALLOWLIST ?? [],
    bundleSenders: given.BUNDLE_SENDERS ?? [],
    bundleReceiver: given.BUNDLE_RECEIVER,
    metricsPort: given.METRICS_PORT,
    logLevel: given.LOG_LEVEL ?? 'info',
    isLogLevelChosen: given.LOG_LEVEL !== undefined,
    rateLimits: given.RATE_LIMITS === 'on',
    releases: given.RELEASES === 'on',
    recoveryWait: given.RECOVERY_WAIT_MINUTES * 60,
    limits: withChosen(given.LIMITS ?? {}),
    redisUrl: given.REDIS_URL,
    coalesce: given.COALESCE === 'on',
    sessionLimits: readSessionLimits(given.SESSION_LIMITS).chosen,
    releasesKeptMonths: given.RELEASES_KEPT_MONTHS,
    eventsKeptMonths: given.EVENTS_KEPT_MONTHS,
    sampleApps: given.SAMPLE_APPS ? given.SAMPLE_APPS === 'on' : sandbox,
    sandboxPublic: given.SANDBOX_PUBLIC === 'on',
    brand: given.BRAND_NAME,
  };
}

function serverRoleOf({ DATABASE_URL, DATABASE_MIGRATION_URL }: Settings): string | undefined {
  if (!DATABASE_URL || !DATABASE_MIGRATION_URL) return undefined;
  const [server, owner] = [DATABASE_URL, DATABASE_MIGRATION_URL].map((url) => new URL(url).username);
  return server && server !== owner ? decodeURIComponent(server) : undefined;
}

function checkTogether(config: Config, given: Settings, mistakes: Mistakes): void {
  const { issuer, rpId } = config;
  const host = new URL(issuer).hostname;
  if (given.PORT === 0 && !given.ISSUER) mistakes.add('PORT', '0 takes any free port, and then ISSUER must be given');
  if (!given.DATABASE_URL && given.DATABASE_MIGRATION_URL)
    mistakes.add('DATABASE_MIGRATION_URL', 'belongs to DATABASE_URL, which is not given');
  if (config.port !== 0 && config.port === config.metricsPort)
    mistakes.add('METRICS_PORT', `is the same as PORT (${config.port}): give it another`);
  if (mistakes.has('ISSUER')) return;
  if (host !== rpId && !host.endsWith(`.${rpId}`))
    mistakes.add('WEBAUTHN_RP_ID', `must be the host of ISSUER (${host}) or a domain above it`);
  else if (!isLoopback(rpId) && !isIP(rpId) && getPublicSuffix(rpId, { allowPrivateDomains: true }) === rpId)
    mistakes.add('WEBAUTHN_RP_ID', `${rpId} is a public suffix: other people's sites would share it`);
}

function checkProduction(config: Config, mistakes: Mistakes): void {
  const refuse = (wrong: boolean, name: string, sentence: string) => wrong && mistakes.add(name, sentence);
  const host = new URL(config.issuer).hostname;
  refuse(!config.databaseUrl, 'DATABASE_URL', 'production needs a PostgreSQL of its own');
  refuse(!config.issuer.startsWith('https://'), 'ISSUER', 'production needs an https URL');
  refuse(
    isIP(host.replace(/^\[|\]$/g, '')) > 0,
    'ISSUER',
    'production needs a domain: passkeys are not made for addresses',
  );
  refuse(isLoopback(host), 'ISSUER', 'production needs a domain that others can reach');
  refuse(!config.masterKeys, 'MASTER_KEYS', 'production needs at least one key, made with: openssl rand -base64 32');
  refuse(config.masterKeys?.some(isExampleKey) ?? false, 'MASTER_KEYS', exampleKey);
  refuse(config.seed === 'example', 'SEED', 'example people have no place in production');
  refuse(config.sampleApps, 'SAMPLE_APPS', 'the sample apps run in sandbox only');
  refuse(
    config.recoveryWait < 3600,
    'RECOVERY_WAIT_MINUTES',
    'is too short in production for anybody to see the notice and cancel: at least 60',
  );
  refuse(config.sandboxPublic, 'SANDBOX_PUBLIC', 'belongs to the sandbox');
  refuse(!config.rateLimits, 'RATE_LIMITS', 'cannot be off in production');
  refuse(!config.releases, 'RELEASES', 'cannot be off in production: people see who read their data');
  refuse(
    !config.smtpUrl && !config.messageWebhookUrl,
    'SMTP_URL or MESSAGE_WEBHOOK_URL',
    'production needs a way to send messages',
  );
  refuse(
    isPlainHttpElsewhere(config.messageWebhookUrl),
    'MESSAGE_WEBHOOK_URL',
    'production needs https: messages carry sign-in codes',
  );
  refuse(config.trustedProxies.some(isEverybody), 'TRUSTED_PROXIES', 'trusts the whole world: name your proxies');
  refuse(
    config.bundleSenders.some(isPlainHttpElsewhere),
    'BUNDLE_SENDERS',
    'production needs https: whoever is in between could send apps',
  );
  refuse(config.intranetAllowlist.some(isEverybody), 'INTRANET_ALLOWLIST', 'opens every network: name the ones needed');
}

const exampleKey = 'this is an example key, make one with: openssl rand -base64 32';

/** Keys of one repeated or merely counting byte, or of letters alone, were typed, not drawn at random. */
function isExampleKey(key: Buffer): boolean {
  const steps = new Set(key.subarray(1).map((byte, i) => (byte - (key[i] ?? 0)) & 255));
  return steps.size === 1 || key.every((byte) => byte >= 0x20 && byte < 0x7f);
}

function isPlainHttpElsewhere(url: string | undefined): boolean {
  return url !== undefined && new URL(url).protocol === 'http:' && !isLoopback(new URL(url).hostname);
}

function isEverybody(cidr: string): boolean {
  return cidr.endsWith('/0');
}

function checkSandbox(config: Config, mistakes: Mistakes): void {
  if (config.sandboxPublic) return;
  if (!isLoopback(config.host)) mistakes.add('HOST', 'a sandbox listens on loopback only, unless SANDBOX_PUBLIC=on');
  if (!isLoopback(new URL(config.issuer).hostname))
    mistakes.add('ISSUER', 'a sandbox is for loopback only, unless SANDBOX_PUBLIC=on');
}

/** Whether a host name or address is this machine itself. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(host) || host.endsWith('.localhost');
}

/** The settings in force, one line each, as `config` shows them; what is secret only says that it is set. */
export function listEffective(config: Config): Record<keyof Settings, string> {
  const shown = (secret: unknown) => (secret ? '(set, hidden)' : '');
  return {
    MODE: config.mode,
    PORT: String(config.port),
    HOST: config.host,
    ISSUER: config.issuer,
    WEBAUTHN_RP_ID: config.rpId,
    DATABASE_URL: shown(config.databaseUrl),
    DATABASE_MIGRATION_URL: shown(config.migrationUrl),
    DATABASE_CONNECTIONS: String(config.databaseConnections),
    DATA_DIR: config.dataDir,
    SEED: config.seed,
    MASTER_KEYS: shown(config.masterKeys),
    WORKERS: String(config.workers),
    UV_THREADPOOL_SIZE: String(config.threads),
    PASSKEY_METADATA_FILE: config.passkeyMetadata?.path ?? '',
    PASSKEY_METADATA_ROOT_FILE: config.passkeyMetadata?.rootsPath ?? '',
    TRUSTED_PROXIES: config.trustedProxies.join(','),
    SMTP_URL: shown(config.smtpUrl),
    MAIL_FROM: config.mailFrom,
    MESSAGE_WEBHOOK_URL: shown(config.messageWebhookUrl),
    INTRANET_ALLOWLIST: config.intranetAllowlist.join(','),
    BUNDLE_SENDERS: config.bundleSenders.join(','),
    BUNDLE_RECEIVER: shown(config.bundleReceiver),
    METRICS_PORT: String(config.metricsPort),
    LOG_LEVEL: config.logLevel,
    RATE_LIMITS: config.rateLimits ? 'on' : 'off',
    RELEASES: config.releases ? 'on' : 'off',
    RECOVERY_WAIT_MINUTES: String(config.recoveryWait / 60),
    LIMITS: printLimits(config.limits),
    REDIS_URL: shown(config.redisUrl),
    COALESCE: config.coalesce ? 'on' : 'off',
    SESSION_LIMITS: saySessionLimits(config.sessionLimits),
    RELEASES_KEPT_MONTHS: String(config.releasesKeptMonths),
    EVENTS_KEPT_MONTHS: String(config.eventsKeptMonths),
    SAMPLE_APPS: config.sampleApps ? 'on' : 'off',
    SANDBOX_PUBLIC: config.sandboxPublic ? 'on' : 'off',
    BRAND_NAME: config.brand,
  };
}
