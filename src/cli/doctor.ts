/** `lawang doctor`: whether everything a server needs is there, and what to do where it is not. */
import { stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { type Config, ConfigError, readConfig } from '#src/base/config.ts';
import { Database } from '#src/base/database.ts';
import { findInstance, isKeyCheckOpen, listMismatches } from '#src/base/instance.ts';
import { listAllKeys } from '#src/base/keys.ts';
import { loadMasterKeys } from '#src/base/master-keys.ts';
import { listMigrations } from '#src/base/migrations.ts';
import { lookAtMonths } from '#src/base/partitions.ts';
import { pingRedis } from '#src/base/redis.ts';
import { wrappingKeyring } from '#src/base/secrets.ts';
import { monthlyTables } from '#src/jobs/partitions.ts';
import { MetadataError, type MetadataSource, readMakers } from '#src/people/makers.ts';
import { signingAlgorithms } from '#src/registry/clients.ts';
import type { Command } from './command.ts';
import { type DatabaseUrls, withUrls } from './open.ts';
import { sentenceFor } from './sentences.ts';
import { toTable } from './text.ts';

/** `fail`: the server will not start or not work. `warn`: it works, but somebody should look. */
export type Verdict = 'ok' | 'warn' | 'fail';

/** One line: what was looked at, how it is, and what to do unless it is ok. */
export interface Finding {
  readonly check: string;
  readonly verdict: Verdict;
  readonly says: string;
}

const PATIENCE_MS = 5_000;

export const doctor: Command = {
  usage: '',
  summary: 'check settings, database, migrations, keys, clock, limits, issuer, RP ID, mail and files',
  run: async ({ environment }) => {
    const findings = await examine(environment);
    const failed = findings.filter(({ verdict }) => verdict === 'fail');
    const text = toTable(findings.map(({ verdict, check, says }) => [verdict, check, says]));
    const problems = failed.length > 0 ? [`${failed.length} of ${findings.length} checks failed.`] : [];
    return { data: { ok: failed.length === 0, findings }, text, problems };
  },
};

/** Runs every check that can be run; a failing one keeps only those from running that need what it looked for. */
async function examine(environment: Readonly<Record<string, string | undefined>>): Promise<Finding[]> {
  let config: Config;
  try {
    config = readConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.mistakes.map((mistake) => ({ check: 'settings', verdict: 'fail', says: mistake }));
  }
  const settings = { check: 'settings', verdict: 'ok', says: `right, ${config.mode}` } as const;
  const files = await checkFiles(config);
  const database = await checkDatabase(config);
  const limits = await checkLimits(config);
  return [
    settings,
    ...files,
    ...database,
    limits,
    await checkIssuer(config),
    ...(await checkPasskeys(config)),
    await checkMail(config),
  ];
}

async function checkFiles({ dataDir, databaseUrl, masterKeys }: Config): Promise<Finding[]> {
  const expected = [
    ...(databaseUrl && masterKeys ? [] : [{ path: dataDir, mode: 0o700 }]),
    ...(masterKeys ? [] : [{ path: join(dataDir, 'master-key'), mode: 0o600 }]),
  ];
  return Promise.all(expected.map(({ path, mode }) => checkFile(path, mode)));
}

async function checkFile(path: string, mode: number): Promise<Finding> {
  const check = 'files';
  try {
    const found = (await stat(path)).mode & 0o777;
    const wanted = mode.toString(8);
    return process.platform === 'win32' || (found & ~mode) === 0
      ? { check, verdict: 'ok', says: `${path} is closed to others` }
      : { check, verdict: 'warn', says: `${path} is open to others: chmod ${wanted} ${path}` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? { check, verdict: 'ok', says: `${path} will be made at the first start` }
      : { check, verdict: 'fail', says: `${path} cannot be read (${code}): start as the user who owns it` };
  }
}

async function checkDatabase(config: Config): Promise<Finding[]> {
  try {
    return await withUrls(config, (urls) => checkInside(config, urls));
  } catch (error) {
    return [{ check: 'database', verdict: 'fail', says: explain(error) }];
  }
}

async function checkInside(config: Config, urls: DatabaseUrls): Promise<Finding[]> {
  const database = new Database(urls.server, { max: 1 });
  try {
    const answering = [await checkVersion(database), await checkClock(database)];
    const migrations = await checkMigrations(urls);
    if (migrations.verdict === 'fail') return [...answering, migrations];
    const months = await checkMonths(config, database);
    return [...answering, migrations, months, ...(await checkInstance(config, database))];
  } finally {
    await database.close();
  }
}

const OLDEST_POSTGRES = 15;

async function checkVersion(database: Database): Promise<Finding> {
  const row = await database.first<{ version: string }>(`select current_setting('server_version') as version`);
  const version = row?.version ?? '';
  return Number.parseInt(version, 10) >= OLDEST_POSTGRES
    ? { check: 'database', verdict: 'ok', says: `PostgreSQL ${version} answers` }
    : { check: 'database', verdict: 'fail', says: `PostgreSQL ${version} is too old: ${OLDEST_POSTGRES} or later` };
}

/** Times come from the servers' clocks, so those must agree; the database's stands for the others'. */
async function checkClock(database: Database): Promise<Finding> {
  const before = Date.now();
  const row = await database.first<{ at: Date }>('select clock_timestamp() as at');
  const after = Date.now();
  const at = row?.at.getTime() ?? 0;
  const seconds = Math.max(0, before - at, at - after) / 1000;
  const says = `${seconds.toFixed(1)} s apart from the database's`;
  if (seconds < 2) return { check: 'clock', verdict: 'ok', says };
  const advice = `${says}: let both machines follow a time server (NTP)`;
  return { check: 'clock', verdict: seconds < 10 ? 'warn' : 'fail', says: advice };
}

async function checkMigrations({ owner }: DatabaseUrls): Promise<Finding> {
  const missing = (await listMigrations(owner)).filter(({ done }) => !done);
  return missing.length === 0
    ? { check: 'migrations', verdict: 'ok', says: 'all there' }
    : { check: 'migrations', verdict: 'fail', says: `${missing.length} missing: run "lawang migrate"` };
}

/** Without a month of its own a row is kept all the same, but not dropped in time. */
async function checkMonths(config: Config, database: Database): Promise<Finding> {
  const states = await Promise.all(monthlyTables(config).map((monthly) => lookAtMonths(database, monthly)));
  const late = states.filter(({ ahead, overdue }) => ahead === 0 || overdue > 0).map(({ table }) => table);
  return late.length === 0
    ? { check: 'months', verdict: 'ok', says: 'those that come are there, and none is too old' }
    : {
        check: 'months',
        verdict: 'warn',
        says: `of ${late.join(' and ')} some are missing or too old: run "lawang partitions"`,
      };
}

async function checkInstance(config: Config, database: Database): Promise<Finding[]> {
  const instance = await findInstance(database);
  if (!instance) return [{ check: 'instance', verdict: 'ok', says: 'will be written at the first start' }];
  const mismatches = listMismatches(instance, config);
  return [
    ...mismatches.map((says): Finding => ({ check: 'instance', verdict: 'fail', says })),
    ...(mismatches.length > 0 ? [] : [{ check: 'instance', verdict: 'ok', says: `epoch ${instance.epoch}` } as const]),
    await checkKeys(config, database),
  ];
}

async function checkKeys(config: Config, database: Database): Promise<Finding> {
  const check = 'keys';
  try {
    const wrap = wrappingKeyring(await loadMasterKeys(config));
    if (!(await isKeyCheckOpen(database, wrap)))
      return { check, verdict: 'fail', says: 'MASTER_KEYS lacks the key that sealed this database: add it again' };
    const keys = await listAllKeys(database, wrap);
    const signing = keys.filter(({ purpose, state }) => purpose === 'signing' && state === 'active');
    const absent = signingAlgorithms.filter((wanted) => !signing.some(({ algorithm }) => algorithm === wanted));
    if (absent.length > 0)
      return { check, verdict: 'warn', says: `no active key for ${absent.join(', ')}: made at the next start` };
    const old = keys.filter(({ isCurrent }) => !isCurrent).length;
    return old > 0
      ? { check, verdict: 'warn', says: `${old} sealed by an older master key: run "lawang keys rotate-master"` }
      : { check, verdict: 'ok', says: `${keys.length} open, signing by ${signingAlgorithms.join(' and ')}` };
  } catch (error) {
    return { check, verdict: 'fail', says: explain(error) };
  }
}

async function checkLimits({ redisUrl, rateLimits }: Config): Promise<Finding> {
  const check = 'limits';
  if (!rateLimits) return { check, verdict: 'warn', says: 'none is in force: RATE_LIMITS is off' };
  if (!redisUrl) return { check, verdict: 'ok', says: 'counted in the database' };
  const { host } = new URL(redisUrl);
  try {
    await pingRedis(redisUrl);
    return { check, verdict: 'ok', says: `counted in Redis at ${host}` };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message.split(' ', 1)[0];
    const meanwhile = 'meanwhile each process counts by itself';
    return {
      check,
      verdict: 'warn',
      says: `Redis at ${host} does not answer (${reason}): see REDIS_URL; ${meanwhile}`,
    };
  }
}

async function checkIssuer({ issuer }: Config): Promise<Finding> {
  const check = 'issuer';
  try {
    const url = `${issuer}/.well-known/openid-configuration`;
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) });
    const told = response.ok ? ((await response.json()) as { issuer?: unknown }).issuer : undefined;
    if (told === issuer) return { check, verdict: 'ok', says: `${issuer} answers as itself` };
    return { check, verdict: 'fail', says: `${url} answers ${response.status} for ${told}: another server is there` };
  } catch {
    return {
      check,
      verdict: 'warn',
      says: `${issuer} does not answer from here: is the server started, and the proxy?`,
    };
  }
}

function checkRpId({ rpId }: Config): Finding {
  const isAddress = isIP(rpId.replace(/^\[|\]$/g, '')) > 0;
  return isAddress
    ? { check: 'RP ID', verdict: 'warn', says: `${rpId} is an address and passkeys need a name: use localhost` }
    : { check: 'RP ID', verdict: 'ok', says: rpId };
}

/** Where no metadata is given there is nothing to look at. */
async function checkPasskeys(config: Config): Promise<Finding[]> {
  return [checkRpId(config), ...(config.passkeyMetadata ? [await checkMetadata(config.passkeyMetadata)] : [])];
}

async function checkMetadata(source: MetadataSource): Promise<Finding> {
  const check = 'passkey metadata';
  try {
    const { areKnown } = await readMakers(source);
    return areKnown
      ? { check, verdict: 'ok', says: 'signed, current, and it vouches for hardware' }
      : { check, verdict: 'warn', says: 'it vouches for no hardware at all: nobody reaches aal3' };
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    return { check, verdict: 'warn', says: `${error.message}; until then nobody reaches aal3` };
  }
}

async function checkMail({ smtpUrl, messageWebhookUrl, mode }: Config): Promise<Finding> {
  const check = 'mail';
  if (smtpUrl) return checkSmtp(smtpUrl);
  if (messageWebhookUrl) return { check, verdict: 'warn', says: 'no SMTP_URL: people with only e-mail get no code' };
  const says = mode === 'sandbox' ? 'none is sent; read messages at /sandbox/outbox' : 'no way to send messages';
  return { check, verdict: 'ok', says };
}

async function checkSmtp(url: string): Promise<Finding> {
  const limits = { connectionTimeout: PATIENCE_MS, greetingTimeout: PATIENCE_MS, socketTimeout: PATIENCE_MS };
  const transport = createTransport({ url, ...limits });
  try {
    await transport.verify();
    return { check: 'mail', verdict: 'ok', says: `${new URL(url).host} accepts our greeting` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { check: 'mail', verdict: 'fail', says: `${new URL(url).host} cannot be used (${code}): see SMTP_URL` };
  } finally {
    transport.close();
  }
}

function explain(error: unknown): string {
  return sentenceFor(error) ?? (error instanceof Error ? error.message : String(error));
}
