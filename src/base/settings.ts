/**
 * The settings: one schema. Each says what it answers; `docs/configuration.md` is printed from here. Secrets may also come
 * from a file: `NAME_FILE` names it. `config.ts` reads them, and knows what they may be together.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { readLimits } from './limits.ts';
import { readSessionLimits, saySessionLimits, sessionLimits } from './session-limits.ts';

export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

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

export const masterKeys = z.string().transform((text, context) => {
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

/** What was given, setting by setting, with the defaults that do not depend on one another. */
export type Settings = z.infer<typeof settings>;

/** Settings that also come from the file that `NAME_FILE` names, and whose values are never shown. */
export const secretNames = [
  'DATABASE_URL',
  'DATABASE_MIGRATION_URL',
  'MASTER_KEYS',
  'SMTP_URL',
  'MESSAGE_WEBHOOK_URL',
  'REDIS_URL',
] as const satisfies (keyof Settings)[];
