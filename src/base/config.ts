/**
 * The settings: one schema, read once, every mistake reported at once.
 *
 * Each setting says what it answers; `docs/configuration.md` is printed from this file. Nothing but `main.ts` reads the
 * environment. Secrets may also come from a file: `NAME_FILE` names it.
 */
import { readFileSync } from 'node:fs';
import { getDomain, getPublicSuffix } from 'tldts';
import { z } from 'zod';

const onOff = z.enum(['on', 'off']);
const port = z.coerce.number().int().min(0).max(65_535);
const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/database');

const masterKeys = z.string().transform((text, context) =>
  text.split(',').map((part) => {
    const key = Buffer.from(part.trim(), 'base64');
    if (key.length !== 32)
      context.addIssue({ code: 'custom', message: 'expected 32 bytes in base64, several separated by commas' });
    return key;
  }),
);

const cidrs = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

/** The schema. `describe` is the question that the setting answers. */
export const settings = z.object({
  MODE: z
    .enum(['sandbox', 'production'])
    .default('sandbox')
    .describe('Is this for trying out (fictitious people, sample apps) or for real people?'),
  PORT: port.default(3000).describe('Which port do citizens and apps reach?'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Which network address does it listen on?'),
  ISSUER: z
    .url()
    .optional()
    .describe('Which URL do apps know the provider by? Default: http://localhost:PORT. https in production.'),
  WEBAUTHN_RP_ID: z
    .string()
    .optional()
    .describe('For which domain are passkeys made? Default: the host of the issuer. Cannot change later.'),
  DATABASE_URL: postgresUrl
    .optional()
    .describe('Which PostgreSQL? Without it an embedded one runs in DATA_DIR (sandbox only).'),
  DATABASE_MIGRATION_URL: postgresUrl
    .optional()
    .describe('Which role owns the tables and migrates? Without it, the role of DATABASE_URL.'),
  DATA_DIR: z.string().min(1).default('.data').describe('Where do the embedded database and the sandbox keys live?'),
  SEED: z
    .enum(['example', 'none'])
    .optional()
    .describe('Put the fictitious citizens and sample agencies in? Default: example in sandbox, none in production.'),
  MASTER_KEYS: masterKeys
    .optional()
    .describe(
      'Which keys seal the others? 32 bytes base64 each; the first seals, all open. Made in DATA_DIR in sandbox.',
    ),
  TRUSTED_PROXIES: cidrs
    .optional()
    .describe('Which proxies (CIDRs) may say who the caller is by X-Forwarded-For and X-Forwarded-Proto?'),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'expected smtp://user:password@host:port')
    .optional()
    .describe('Which mail server sends e-mail?'),
  MAIL_FROM: z.string().default('Lawang <noreply@contoh.id>').describe('Which address do e-mails come from?'),
  MESSAGE_WEBHOOK_URL: z
    .url()
    .optional()
    .describe('Which web address hands text messages (SMS, WhatsApp) to a carrier?'),
  INTRANET_ALLOWLIST: cidrs
    .optional()
    .describe('Which private networks (CIDRs) may the provider fetch keys of agencies from?'),
  METRICS_PORT: port.default(9464).describe('Which port, on HOST, answers /metrics?'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('How much does it write to its log?'),
  RATE_LIMITS: onOff.default('on').describe('Are limits on guessing in force? `off` in sandbox only, for load tests.'),
  SAMPLE_APPS: onOff.optional().describe('Do the two sample agency apps run beside it? Default: on in sandbox.'),
  SANDBOX_PUBLIC: onOff.default('off').describe('May a sandbox be reached from other machines?'),
  BRAND_NAME: z.string().min(1).max(40).default('Lawang').describe('Which name do the pages carry?'),
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
  readonly dataDir: string;
  readonly seed: 'example' | 'none';
  /** Undefined in sandbox until made in `dataDir`. */
  readonly masterKeys: readonly Buffer[] | undefined;
  readonly trustedProxies: readonly string[];
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  readonly messageWebhookUrl: string | undefined;
  readonly intranetAllowlist: readonly string[];
  readonly metricsPort: number;
  readonly logLevel: string;
  readonly rateLimits: boolean;
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

const secretNames = [
  'DATABASE_URL',
  'DATABASE_MIGRATION_URL',
  'MASTER_KEYS',
  'SMTP_URL',
  'MESSAGE_WEBHOOK_URL',
] as const;

/**
 * Reads the settings from an environment.
 *
 * @throws {ConfigError} with every mistake at once, also what start-up must refuse in the chosen mode.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const mistakes: string[] = [];
  const values = { ...withoutEmpty(environment), ...readSecretFiles(environment, mistakes) };
  const parsed = settings.safeParse(values);
  if (!parsed.success) {
    mistakes.push(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
    throw new ConfigError(mistakes);
  }
  const config = resolveDefaults(parsed.data);
  mistakes.push(...(config.mode === 'production' ? productionMistakes(config) : sandboxMistakes(config)));
  mistakes.push(...rpIdMistakes(config));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return config;
}

function withoutEmpty(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
}

function readSecretFiles(
  environment: Readonly<Record<string, string | undefined>>,
  mistakes: string[],
): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of secretNames) {
    const path = environment[`${name}_FILE`];
    if (!path) continue;
    if (environment[name]) mistakes.push(`${name}: give it directly or by ${name}_FILE, not both`);
    try {
      found[name] = readFileSync(path, 'utf8').trim();
    } catch {
      mistakes.push(`${name}_FILE: the file cannot be read`);
    }
  }
  return found;
}

function resolveDefaults(given: Settings): Config {
  const sandbox = given.MODE === 'sandbox';
  const issuer = (given.ISSUER ?? `http://localhost:${given.PORT}`).replace(/\/$/, '');
  return {
    mode: given.MODE,
    host: given.HOST,
    port: given.PORT,
    issuer,
    rpId: given.WEBAUTHN_RP_ID ?? new URL(issuer).hostname,
    databaseUrl: given.DATABASE_URL,
    migrationUrl: given.DATABASE_MIGRATION_URL,
    dataDir: given.DATA_DIR,
    seed: given.SEED ?? (sandbox ? 'example' : 'none'),
    masterKeys: given.MASTER_KEYS,
    trustedProxies: given.TRUSTED_PROXIES ?? [],
    smtpUrl: given.SMTP_URL,
    mailFrom: given.MAIL_FROM,
    messageWebhookUrl: given.MESSAGE_WEBHOOK_URL,
    intranetAllowlist: given.INTRANET_ALLOWLIST ?? [],
    metricsPort: given.METRICS_PORT,
    logLevel: given.LOG_LEVEL,
    rateLimits: given.RATE_LIMITS === 'on',
    sampleApps: given.SAMPLE_APPS ? given.SAMPLE_APPS === 'on' : sandbox,
    sandboxPublic: given.SANDBOX_PUBLIC === 'on',
    brand: given.BRAND_NAME,
  };
}

function productionMistakes(config: Config): string[] {
  const mistakes: string[] = [];
  const refuse = (wrong: boolean, sentence: string) => wrong && mistakes.push(sentence);
  refuse(!config.databaseUrl, 'DATABASE_URL: production needs a PostgreSQL of its own');
  refuse(!config.issuer.startsWith('https://'), 'ISSUER: production needs an https URL');
  refuse(!config.masterKeys, 'MASTER_KEYS: production needs at least one key (openssl rand -base64 32)');
  refuse(
    config.masterKeys?.some(isExampleKey) ?? false,
    'MASTER_KEYS: this is an example key, make one with: openssl rand -base64 32',
  );
  refuse(config.seed === 'example', 'SEED: example people have no place in production');
  refuse(config.sampleApps, 'SAMPLE_APPS: the sample apps run in sandbox only');
  refuse(config.sandboxPublic, 'SANDBOX_PUBLIC: belongs to the sandbox');
  refuse(!config.rateLimits, 'RATE_LIMITS: cannot be off in production');
  refuse(
    !config.smtpUrl && !config.messageWebhookUrl,
    'SMTP_URL or MESSAGE_WEBHOOK_URL: production needs a way to send messages',
  );
  return mistakes;
}

/** A key of one repeated or merely counting byte was typed, not drawn at random. */
function isExampleKey(key: Buffer): boolean {
  const steps = new Set(key.subarray(1).map((byte, i) => (byte - (key[i] ?? 0)) & 255));
  return steps.size === 1;
}

function sandboxMistakes(config: Config): string[] {
  if (config.sandboxPublic) return [];
  const mistakes: string[] = [];
  if (!isLoopback(config.host)) mistakes.push('HOST: a sandbox listens on loopback only, unless SANDBOX_PUBLIC=on');
  if (!isLoopback(new URL(config.issuer).hostname))
    mistakes.push('ISSUER: a sandbox is for loopback only, unless SANDBOX_PUBLIC=on');
  return mistakes;
}

/** Whether a host name or address is this machine itself. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(host) || host.endsWith('.localhost');
}

function rpIdMistakes({ rpId, issuer }: Config): string[] {
  const host = new URL(issuer).hostname;
  if (host !== rpId && !host.endsWith(`.${rpId}`))
    return ['WEBAUTHN_RP_ID: must be the host of ISSUER or a domain above it'];
  const isSuffix = !isLoopback(rpId) && getDomain(rpId) === null && getPublicSuffix(rpId) === rpId;
  return isSuffix ? ['WEBAUTHN_RP_ID: is a public suffix, so that other people share it'] : [];
}
