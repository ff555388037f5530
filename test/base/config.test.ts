import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError, listEffective, readConfig } from '#src/base/config.ts';
import { limits } from '#src/base/limits.ts';
import { sessionLimits } from '#src/base/session-limits.ts';
import { settings } from '#src/base/settings.ts';

const key = randomBytes(32).toString('base64');
const production = {
  MODE: 'production',
  ISSUER: 'https://masuk.contoh.go.id',
  DATABASE_URL: 'postgres://lawang:rahasia@db.internal/lawang',
  MASTER_KEYS: key,
  SMTP_URL: 'smtp://mail.internal:25',
};

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lawang-config-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** The lines of the error, or none when the settings are right. */
function mistakesOf(environment: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

test('nothing set is a sandbox on this machine', () => {
  expect(readConfig({})).toMatchObject({
    mode: 'sandbox',
    host: '127.0.0.1',
    port: 3000,
    issuer: 'http://localhost:3000',
    rpId: 'localhost',
    databaseUrl: undefined,
    dataDir: '.data',
    seed: 'example',
    sampleApps: true,
    rateLimits: true,
    releases: true,
    metricsPort: 9464,
    logLevel: 'info',
    isLogLevelChosen: false,
    brand: 'Lawang',
  });
});

test('the issuer follows the port, and the RP ID the issuer', () => {
  expect(readConfig({ PORT: '4000' })).toMatchObject({ port: 4000, issuer: 'http://localhost:4000' });
  expect(readConfig(production)).toMatchObject({ rpId: 'masuk.contoh.go.id', seed: 'none', sampleApps: false });
  expect(readConfig({ ...production, WEBAUTHN_RP_ID: 'contoh.go.id' }).rpId).toBe('contoh.go.id');
});

test('limits keep their numbers unless they are given others', () => {
  expect(readConfig({}).limits).toEqual(limits);
  const changed = readConfig({ LIMITS: 'password_to_account=50/3600, message_abroad=1/86400' });
  expect(changed.limits.password_to_account).toMatchObject({ points: 50, duration: 3600 });
  expect(changed.limits.message_abroad).toEqual({ ...limits.message_abroad, points: 1 });
  expect(changed.limits.code_from_network).toEqual(limits.code_from_network);
  expect(listEffective(changed).LIMITS).toBe('password_to_account=50/3600,message_abroad=1/86400');
  expect(listEffective(readConfig({})).LIMITS).toBe('');
});

test('every mistake in the limits is said at once', () => {
  const wrong =
    'password_to_acount=5/60,message_abroad=5,code_from_network=1/60,code_from_network=2/60,code_to_address=5/0';
  expect(mistakesOf({ LIMITS: wrong })).toEqual([
    expect.stringMatching(
      /^LIMITS: there is no limit password_to_acount; "message_abroad=5" is not like .*; code_from_network is there twice; code_to_address takes 1 to/,
    ),
  ]);
});

test('sessions keep their limits unless they are given others', () => {
  expect(readConfig({}).sessionLimits).toEqual(sessionLimits);
  expect(listEffective(readConfig({})).SESSION_LIMITS).toBe('aal1=1h/24h,aal2=1h/24h,aal3=15m/12h,shared=10m/1h');
  const changed = readConfig({ SESSION_LIMITS: 'aal2=30m/8h, shared=5m/90m' });
  expect(changed.sessionLimits).toEqual({
    ...sessionLimits,
    aal2: { idle: 1800, absolute: 28_800 },
    shared: { idle: 300, absolute: 5400 },
  });
  const again = listEffective(changed).SESSION_LIMITS;
  expect(again).toBe('aal1=1h/24h,aal2=30m/8h,aal3=15m/12h,shared=5m/90m');
  expect(readConfig({ SESSION_LIMITS: again }).sessionLimits).toEqual(changed.sessionLimits);
});

test('every mistake in the limits of sessions is said at once', () => {
  const wrong = 'aal4=1h/24h,aal2,aal1=1h/24h,aal1=1h/2h,aal3=4m/1h,shared=2h/1h,aal2=1h/25h,constructor=1h/2h';
  expect(mistakesOf({ SESSION_LIMITS: wrong })).toEqual([
    expect.stringMatching(
      /^SESSION_LIMITS: there is no aal4, but .*; "aal2" is not like .*; aal1 is there twice; aal3 takes at least 5m .*; shared takes .*; aal2 takes .* at most 24h in all; there is no constructor/,
    ),
  ]);
});

test('Redis by its address, or by a file that has it', async () => {
  const path = join(directory, 'redis');
  await writeFile(path, 'rediss://:geheim@redis.internal:6380/1\n');
  const config = readConfig({ REDIS_URL_FILE: path });
  expect(config.redisUrl).toBe('rediss://:geheim@redis.internal:6380/1');
  expect(listEffective(config).REDIS_URL).toBe('(set, hidden)');
  expect(readConfig({}).redisUrl).toBeUndefined();
});

test('an issuer has one spelling', () => {
  const issuer = (text: string) => readConfig({ ...production, ISSUER: text }).issuer;
  expect(issuer('https://Masuk.Contoh.GO.ID/')).toBe('https://masuk.contoh.go.id');
  expect(issuer('https://masuk.contoh.go.id:443')).toBe('https://masuk.contoh.go.id');
});

test('an empty value counts as absent', () => {
  expect(readConfig({ PORT: '', ISSUER: '', DATABASE_URL: '', MASTER_KEYS_FILE: '' })).toEqual(readConfig({}));
});

test('every mistake is reported at once, one line each, by the name of its setting', () => {
  const mistakes = mistakesOf({
    MODE: 'production',
    PORT: '70000',
    ISSUER: 'http://masuk.contoh.go.id',
    WEBAUTHN_RP_ID: 'go.id',
    MASTER_KEYS: 'c2hvcnQ=',
    SMTP_URL: 'mail.internal',
    MAIL_FROM: 'nobody',
    MESSAGE_WEBHOOK_URL: 'javascript:alert(1)',
    TRUSTED_PROXIES: '10.0.0.0/33',
    INTRANET_ALLOWLIST: 'intranet',
    METRICS_PORT: 'many',
    LIMITS: 'password_to_account=0/1',
    REDIS_URL: 'http://redis.internal',
    SESSION_LIMITS: 'aal2=0m/1h',
    LOG_LEVEL: 'loud',
    RATE_LIMITS: 'off',
    RELEASES: 'off',
    SEED: 'example',
    SAMPLE_APPS: 'on',
    SANDBOX_PUBLIC: 'yes',
    BRAND_NAME: 'L'.repeat(41),
  });
  expect(mistakes.map((line) => line.split(':', 1)[0]).sort()).toEqual([
    'BRAND_NAME',
    'DATABASE_URL',
    'INTRANET_ALLOWLIST',
    'ISSUER',
    'LIMITS',
    'LOG_LEVEL',
    'MAIL_FROM',
    'MASTER_KEYS',
    'MESSAGE_WEBHOOK_URL',
    'METRICS_PORT',
    'PORT',
    'RATE_LIMITS',
    'REDIS_URL',
    'RELEASES',
    'SAMPLE_APPS',
    'SANDBOX_PUBLIC',
    'SEED',
    'SESSION_LIMITS',
    'SMTP_URL',
    'TRUSTED_PROXIES',
    'WEBAUTHN_RP_ID',
  ]);
});

test('no mistake repeats a secret', () => {
  const secret = 'hunter2hunter2';
  const mistakes = mistakesOf({
    DATABASE_URL: `mysql://root:${secret}@db/x`,
    DATABASE_MIGRATION_URL: `postgres://root:${secret}@[db/x`,
    MASTER_KEYS: secret,
    SMTP_URL: `smtp//${secret}`,
    MESSAGE_WEBHOOK_URL: `ftp://${secret}`,
    REDIS_URL: `redis:${secret}`,
  });
  expect(mistakes).toHaveLength(6);
  expect(mistakes.join()).not.toContain(secret);
});

describe('production refuses', () => {
  test.each([
    [{ DATABASE_URL: undefined }, /^DATABASE_URL: production needs/],
    [{ ISSUER: 'http://masuk.contoh.go.id' }, /^ISSUER: production needs an https URL/],
    [{ ISSUER: undefined }, /^ISSUER: production needs an https URL/],
    [{ ISSUER: 'https://10.1.2.3' }, /^ISSUER: production needs a domain/],
    [{ ISSUER: 'https://[2001:db8::1]' }, /^ISSUER: production needs a domain/],
    [{ ISSUER: 'https://localhost' }, /^ISSUER: production needs a domain/],
    [{ MASTER_KEYS: undefined }, /^MASTER_KEYS: production needs/],
    [{ MASTER_KEYS: Buffer.alloc(32).toString('base64') }, /^MASTER_KEYS: this is an example key/],
    [{ MASTER_KEYS: Buffer.alloc(32, 'a').toString('base64') }, /^MASTER_KEYS: this is an example key/],
    [{ MASTER_KEYS: Buffer.from([...Array(32).keys()]).toString('base64') }, /^MASTER_KEYS: this is an example key/],
    [{ MASTER_KEYS: Buffer.from('change-me-change-me-change-me-32').toString('base64') }, /^MASTER_KEYS: .*example/],
    [{ MASTER_KEYS: `${key},${Buffer.alloc(32, 7).toString('base64')}` }, /^MASTER_KEYS: this is an example key/],
    [{ SEED: 'example' }, /^SEED:/],
    [{ SAMPLE_APPS: 'on' }, /^SAMPLE_APPS:/],
    [{ SANDBOX_PUBLIC: 'on' }, /^SANDBOX_PUBLIC:/],
    [{ RATE_LIMITS: 'off' }, /^RATE_LIMITS:/],
    [{ RELEASES: 'off' }, /^RELEASES:/],
    [{ SMTP_URL: undefined }, /^SMTP_URL or MESSAGE_WEBHOOK_URL:/],
    [{ MESSAGE_WEBHOOK_URL: 'http://sms.contoh.id/send' }, /^MESSAGE_WEBHOOK_URL: production needs https/],
    [{ TRUSTED_PROXIES: '0.0.0.0/0' }, /^TRUSTED_PROXIES: trusts the whole world/],
    [{ INTRANET_ALLOWLIST: '10.0.0.0/8,::/0' }, /^INTRANET_ALLOWLIST: opens every network/],
    [{ ISSUER: 'https://go.id' }, /^WEBAUTHN_RP_ID: go\.id is a public suffix/],
    [{ WEBAUTHN_RP_ID: 'go.id' }, /^WEBAUTHN_RP_ID: go\.id is a public suffix/],
    [{ ISSUER: 'https://lawang.github.io', WEBAUTHN_RP_ID: 'github.io' }, /^WEBAUTHN_RP_ID: .*public suffix/],
    [{ WEBAUTHN_RP_ID: 'lain.go.id' }, /^WEBAUTHN_RP_ID: must be the host of ISSUER/],
    [{ WEBAUTHN_RP_ID: 'toh.go.id' }, /^WEBAUTHN_RP_ID: must be the host of ISSUER/],
  ])('%j', (change, sentence) => {
    expect(mistakesOf({ ...production, ...change })).toEqual([expect.stringMatching(sentence)]);
  });
});

describe('a sandbox refuses', () => {
  test.each([
    [{ HOST: '0.0.0.0' }, /^HOST: a sandbox listens on loopback only/],
    [{ HOST: '::' }, /^HOST:/],
    [{ ISSUER: 'https://masuk.contoh.go.id' }, /^ISSUER: a sandbox is for loopback only/],
    [{ ISSUER: 'http://localhost.contoh.id' }, /^ISSUER: a sandbox is for loopback only/],
    [{ ISSUER: 'http://localhost:3000/realms/x' }, /^ISSUER: expected only scheme, host and port/],
    [{ ISSUER: 'http://localhost:3000?x' }, /^ISSUER: expected only scheme, host and port/],
    [{ ISSUER: 'http://me:pw@localhost:3000' }, /^ISSUER: expected only scheme, host and port/],
    [{ ISSUER: 'localhost:3000' }, /^ISSUER: expected a URL/],
    [{ PORT: '0' }, /^PORT: 0 takes any free port/],
    [{ PORT: '3000.5' }, /^PORT: expected a number/],
    [{ PORT: '-1' }, /^PORT: expected a number/],
    [{ METRICS_PORT: '3000' }, /^METRICS_PORT: is the same as PORT/],
    [{ DATABASE_MIGRATION_URL: production.DATABASE_URL }, /^DATABASE_MIGRATION_URL: belongs to DATABASE_URL/],
    [{ MODE: 'staging' }, /^MODE: expected sandbox or production/],
    [{ MASTER_KEYS: `${key},${key}` }, /^MASTER_KEYS: one key is there twice/],
    [{ TRUSTED_PROXIES: '10.0.0.0/8/8' }, /^TRUSTED_PROXIES: expected networks/],
    [{ MAIL_FROM: 'a <b@c>\r\nBcc: everyone@contoh.id' }, /^MAIL_FROM: expected/],
  ])('%j', (change, sentence) => {
    expect(mistakesOf(change)).toEqual([expect.stringMatching(sentence)]);
  });

  test('… but another host and issuer are allowed when it is declared public', () => {
    const open = { SANDBOX_PUBLIC: 'on', HOST: '0.0.0.0', ISSUER: 'https://coba.contoh.go.id' };
    expect(readConfig(open)).toMatchObject({
      host: '0.0.0.0',
      issuer: 'https://coba.contoh.go.id',
      sandboxPublic: true,
    });
  });

  test.each(['127.0.0.1', '::1', 'localhost', '127.8.8.8'])('… and loopback spelled %s is loopback', (host) => {
    expect(readConfig({ HOST: host }).host).toBe(host);
  });
});

test('the role of the server is told apart from the owner of the tables', () => {
  const owner = { DATABASE_MIGRATION_URL: 'postgres://owner:x@db.internal/lawang' };
  expect(readConfig({ ...production, ...owner }).serverRole).toBe('lawang');
  expect(readConfig({ ...production, DATABASE_MIGRATION_URL: production.DATABASE_URL }).serverRole).toBeUndefined();
  expect(readConfig(production).serverRole).toBeUndefined();
});

test('several master keys are read in their order', () => {
  const [one, two] = [randomBytes(32), randomBytes(32)];
  const MASTER_KEYS = `${one.toString('base64')}, ${two.toString('base64url')}`;
  expect(readConfig({ MASTER_KEYS }).masterKeys).toEqual([one, two]);
});

test('networks are understood with and without a length', () => {
  const { trustedProxies } = readConfig({ TRUSTED_PROXIES: '10.0.0.0/8, 192.168.1.7,fd00::/8, ::1' });
  expect(trustedProxies).toEqual(['10.0.0.0/8', '192.168.1.7/32', 'fd00::/8', '::1/128']);
});

test('a secret may come from a file', async () => {
  const path = join(directory, 'url');
  await writeFile(path, `${production.DATABASE_URL}\n`);
  const config = readConfig({ ...production, DATABASE_URL: undefined, DATABASE_URL_FILE: path });
  expect(config.databaseUrl).toBe(production.DATABASE_URL);
});

test('a secret file that is missing, empty, or beside the value itself is a mistake', async () => {
  const path = join(directory, 'empty');
  await writeFile(path, '\n');
  const mistakes = mistakesOf({
    ...production,
    DATABASE_URL_FILE: path,
    MASTER_KEYS: undefined,
    MASTER_KEYS_FILE: path,
    SMTP_URL: undefined,
    SMTP_URL_FILE: join(directory, 'none'),
  });
  expect(mistakes).toEqual([
    'DATABASE_URL: give it directly or by DATABASE_URL_FILE, not both',
    'MASTER_KEYS: the file that MASTER_KEYS_FILE names is empty',
    'SMTP_URL: the file that SMTP_URL_FILE names cannot be read (ENOENT)',
  ]);
});

test('what is shown as effective holds every setting and no secret', () => {
  const shown = listEffective(readConfig({ ...production, MESSAGE_WEBHOOK_URL: 'https://sms.contoh.id/token-123' }));
  expect(Object.keys(shown)).toEqual(Object.keys(settings.shape));
  const text = JSON.stringify(shown);
  for (const secret of ['rahasia', key, 'token-123', 'mail.internal']) expect(text).not.toContain(secret);
});

test('every setting says which question it answers', () => {
  for (const [name, schema] of Object.entries(settings.shape)) expect(schema.description, name).toMatch(/\?/);
});
