/**
 * The settings: one schema, read once, every mistake reported at once.
 *
 * Each setting says what it answers; `docs/configuration.md` is printed from this file. Nothing but `main.ts` reads the
 * environment. Secrets may also come from a file: `NAME_FILE` names it.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { getPublicSuffix } from 'tldts';
import { z } from 'zod';
import { type Limits, printLimits, readLimits, withChosen } from './limits.ts';
import { readSessionLimits, type SessionLimits, saySessionLimits, sessionLimits } from './session-limits.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

const onOff = z.enum(['on', 'off'], 'expected on or off');

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'expected a number from 0 to 65535')
  .transform(Number)
  .refine((number) => number <= 65_535, 'expected a number from 0 to 65535');

/** A whole number within limits. */
const whole = (least: number, most: number) => {
  const says = `expected a whole number from ${least} to ${most}`;
  const isWithin = (number: number) => number >= least && number <= most;
  return z
    .string()
    .regex(/^\d{1,5}$/, says)
    .transform(Number)
    .refine(isWithin, says);
};

const webUrl = z.string().refine(isWebUrl, 'expected a URL like https://masuk.contoh.go.id');

const issuerUrl = webUrl
  .refine(isOrigin, 'expected only scheme, host and port: no path, query, fragment or user')
  .transform((text) => new URL(text).origin);

const issuerUrls = z
  .string()
  .transform((text) => text.split(',').map((one) => one.trim()))
  .pipe(z.array(issuerUrl));

const postgresUrl = z
  .string()
  .refine(
    (text) => /^postgres(ql)?:\/\//.test(text) && URL.canParse(text),
    'expected postgres://user:password@host:port/database',
  );

const redisUrl = z
  .string()
  .refine(
    (text) => /^rediss?:\/\/./.test(text) && URL.canParse(text),
    'expected redis://user:password@host:port or rediss://…',
  );

const chosenLimits = z.string().transform((text, context) => {
  const { chosen, mistakes } = readLimits(text);
  if (mistakes.length > 0) context.addIssue({ code: 'custom', message: mistakes.join('; ') });
  return chosen;
});

const smtpUrl = z
  .string()
  .refine((text) => /^smtps?:\/\/./.test(text) && URL.canParse(text), 'expected smtp://user:password@host:port');

const mailAddress = z
  .string()
  .regex(/^(?:[^<>\r\n]+ <[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/, 'expected Name <name@host> or name@host');

const masterKeys = z.string().transform((text, context) => {
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every((part) => /^[\w+/-]{43}=?$/.test(part)))
    context.addIssue({ code: 'custom', message: 'expected 32 bytes in base64, several separated by commas' });
  else if (new Set(parts).size < parts.length) context.addIssue({ code: 'custom', message: 'one key is there twice' });
  return parts.map((part) => Buffer.from(part, 'base64'));
});

/** Networks as address/length; a bare address stands for itself alone. */
const cidrs = z.string().transform((text, context) => {
  const parts = text.split(',').map((part) => part.trim());
  return parts.filter(Boolean).map((part) => {
    const [address = '', length] = part.split('/', 2);
    const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
    const isWhole = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
    if (bits < 0 || !isWhole || part.split('/').length > 2)
      context.addIssue({
        code: 'custom',
        message: 'expected networks like 10.0.0.0/8 or fd00::/8, separated by commas',
      });
    return `${address}/${length ?? bits}`;
  });
});

const sessionLimitsText = z.string().superRefine((text, context) => {
  const { mistakes } = readSessionLimits(text);
  if (mistakes.length > 0) context.addIssue({ code: 'custom', message: mistakes.join('; ') });
});

function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return true;
  const { pathname, username, password } = new URL(text);
  return pathname === '/' && !username && !password && !/[?#]/.test(text);
}

/** The schema. `describe` is the question that the setting answers. */
export const settings = z.object({
  MODE: z
    .enum(['sandbox', 'production'], 'expected sandbox or production')
    .default('sandbox')
    .describe('Is this for trying out (fictitious people, sample apps) or for real people?'),
  PORT: port.default(3000).describe('Which port do citizens and apps reach?'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Which network address does it listen on?'),
  ISSUER: issuerUrl
    .optional()
    .describe('Which URL do apps know the provider by? Default: http://localhost:PORT. https in production.'),
  WEBAUTHN_RP_ID: z
    .string()
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'expected a domain in small letters, like contoh.go.id')
    .optional()
    .describe('For which domain are passkeys made? Default: the host of the issuer. Cannot change later.'),
  DATABASE_URL: postgresUrl
    .optional()
    .describe('Which PostgreSQL? Without it an embedded one runs in DATA_DIR (sandbox only).'),
  DATABASE_MIGRATION_URL: postgresUrl
    .optional()
    .describe('Which role owns the tables and migrates? Without it, the role of DATABASE_URL.'),
  DATABASE_CONNECTIONS: whole(1, 500)
    .default(8)
    .describe(
      'How many connections has each worker for requests one by one? Two more are shared by all its requests, and one is for `/readyz`. In all WORKERS × (that + 3), and 6 more where there are several workers.',
    ),
  DATA_DIR: z.string().min(1).default('.data').describe('Where do the embedded database and the sandbox keys live?'),
  SEED: z
    .enum(['example', 'none'], 'expected example or none')
    .optional()
    .describe('Put the fictitious citizens and sample agencies in? Default: example in sandbox, none in production.'),
  MASTER_KEYS: masterKeys
    .optional()
    .describe(
      'Which keys seal the others? 32 bytes base64 each; the first seals, all open. A file is followed while the server runs. Made in DATA_DIR in sandbox.',
    ),
  WORKERS: whole(1, 64)
    .default(1)
    .describe('How many processes serve requests? One per core of this machine is the most that helps.'),
  UV_THREADPOOL_SIZE: whole(2, 1024)
    .default(4)
    .describe('How many threads has each process (a setting of Node.js)? All but one may hash passwords.'),
  PASSKEY_METADATA_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Which file says whose security keys are hardware (a FIDO metadata BLOB, MDS 3)? Without it nobody reaches `aal3` or `phrh`. Read at the start.',
    ),
  PASSKEY_METADATA_ROOT_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Which root certificates (PEM) may have signed PASSKEY_METADATA_FILE? Default: those of the FIDO Alliance.',
    ),
  TRUSTED_PROXIES: cidrs.optional().describe('Which proxies (CIDRs) may say who the caller is, by X-Forwarded-For?'),
  SMTP_URL: smtpUrl.optional().describe('Which mail server sends e-mail?'),
  MAIL_FROM: mailAddress.default('Lawang <noreply@contoh.id>').describe('Which address do e-mails come from?'),
  MESSAGE_WEBHOOK_URL: webUrl
    .optional()
    .describe('Which web address hands text messages (SMS, WhatsApp) to a carrier?'),
  INTRANET_ALLOWLIST: cidrs
    .optional()
    .describe('Which private networks (CIDRs) may the provider ask for keys and pages of agencies?'),
  BUNDLE_SENDERS: issuerUrls
    .optional()
    .describe(
      'Which sandboxes (their issuers, separated by commas) may send apps here, in bundles that they sign? Without it none may.',
    ),
  BUNDLE_RECEIVER: issuerUrl
    .optional()
    .describe('To which deployment (its issuer) does the console of this sandbox send an app that goes to production?'),
  METRICS_PORT: port.default(9464).describe('Which port, on HOST, answers /metrics?'),
  LOG_LEVEL: z
    .enum(levels, `expected one of ${levels.join(', ')}`)
    .optional()
    .describe(
      'How much does it write to its log? Default: info. Where nobody chose, a sandbox started from a terminal writes to DATA_DIR/lawang.log, and elsewhere the log is standard output.',
    ),
  RATE_LIMITS: onOff.default('on').describe('Are limits on guessing in force? `off` in sandbox only, for load tests.'),
  RELEASES: onOff
    .default('on')
    .describe(
      "Is each hand-over of a person's data put on record? `off` in sandbox only, to measure what the record costs.",
    ),
  RECOVERY_WAIT_MINUTES: whole(1, 20_160)
    .default(1440)
    .describe(
      'How long may every contact cancel a recovery by two contacts before it opens the account? At least an hour in production.',
    ),
  LIMITS: chosenLimits
    .optional()
    .describe(
      'Which limits have other numbers than below? name=points/seconds, several separated by commas: so many at once in that time, then one after another with growing waits.',
    ),
  REDIS_URL: redisUrl
    .optional()
    .describe(
      'Which Redis counts for the limits? Without it the database does. While it does not answer, each process counts by itself.',
    ),
  COALESCE: onOff
    .default('on')
    .describe(
      'May one statement carry rows of several shards? `off` where the database is distributed by shard: then each names one, and costs a little more.',
    ),
  SESSION_LIMITS: sessionLimitsText
    .default(saySessionLimits(sessionLimits))
    .describe(
      'How long does a session live without use, and in all, by its assurance and on a shared device? Parts left out stay.',
    ),
  RELEASES_KEPT_MONTHS: whole(1, 240)
    .default(24)
    .describe(
      'For how many whole months before the running one does a person see who read their data? Older months are dropped.',
    ),
  EVENTS_KEPT_MONTHS: whole(1, 240)
    .default(60)
    .describe(
      'For how many whole months before the running one is kept what happened to an account? Older months are dropped.',
    ),
  SAMPLE_APPS: onOff.optional().describe('Do the two sample agency apps run beside it? Default: on in sandbox.'),
  SANDBOX_PUBLIC: onOff.default('off').describe('May a sandbox be reached from other machines?'),
  BRAND_NAME: z
    .string()
    .max(40, 'expected at most 40 characters')
    .default('Lawang')
    .describe('Which name do the pages carry?'),
});

type Settings = z.infer<typeof settings>;

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

/** Settings that also come from the file that `NAME_FILE` names, and whose values are never shown. */
export const secretNames = [
  'DATABASE_URL',
  'DATABASE_MIGRATION_URL',
  'MASTER_KEYS',
  'SMTP_URL',
  'MESSAGE_WEBHOOK_URL',
  'REDIS_URL',
] as const satisfies (keyof Settings)[];

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
