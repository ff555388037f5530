/**
 * Delivers notices to apps: logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.5) and security event tokens (RFC 8935 §2).
 *
 * No app delays another. Many are told at once; one of which nothing is known yet is asked by a single notice, and one that
 * does not answer is left alone for a while, the longer the more often, and shares a few places with others like it. What is
 * refused or not answered is tried for three days.
 */
import type { Config } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import { createGuardedFetch, ForbiddenAddress, readAtMost } from '#src/base/guarded-fetch.ts';
import type { Log } from '#src/base/log.ts';
import { appNoticesWaiting } from '#src/base/metrics.ts';
import { repeat } from '#src/base/repeat.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { openNotice } from '#src/oidc/app-notices.ts';
import { eventToken, logoutToken } from '#src/oidc/notice-tokens.ts';
import type { SigningKey } from '#src/oidc/signing-keys.ts';
import { mayBeUsed } from '#src/registry/client-reach.ts';
import { type ClientRecord, findClient } from '#src/registry/clients.ts';
import { AT_ONCE, type ClaimedNotice, claimNotices, giveUpNotices, noteAttempt, type Settled } from './notice-rows.ts';
import { countWaiting, RANGE } from './outbox-rows.ts';
import { shardRanges } from './shards.ts';

const EVERY_MS = 1_000;
const SEND_TIMEOUT_MS = 5_000;
/** How long an app that did not answer is left alone: at first, and at most. */
const SILENCE_MS = 30_000;
const LONGEST_SILENCE_MS = 600_000;
/** How many notices are on their way at once, and how many of them to apps that did not answer last time. */
const PLACES = 64;
const PLACES_OF_SILENT = 16;
const channels = ['logout', 'event'] as const;

interface Job {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly config: Pick<Config, 'mode' | 'sandboxPublic' | 'issuer' | 'intranetAllowlist'>;
  readonly keys: { readonly signing: readonly SigningKey[] };
}

export interface AppNotices {
  /** Ends within seconds, however slow the apps; what is under way is cut off and tried again. */
  stop(): Promise<void>;
  /** Delivers what is due now; how many were delivered. */
  deliverDue(): Promise<number>;
}

/** Starts the work. Several processes may run it on one database. */
export function startAppNotices(job: Job, options: { everyMs?: number; patienceMs?: number } = {}): AppNotices {
  const stopping = new AbortController();
  const apps = new Apps();
  const send = createSender(job, stopping.signal, options.patienceMs ?? SEND_TIMEOUT_MS);
  const attempt = createAttempt(job, apps, send, stopping.signal);
  const deliverDue = () => deliverAll(job, apps, attempt, stopping.signal);
  const repeated = repeat('app-notices', options.everyMs ?? EVERY_MS, job.log, deliverDue);
  return {
    deliverDue,
    stop() {
      stopping.abort();
      return repeated.stop();
    },
  };
}

/** What this process knows of how apps answer. */
class Apps {
  /** Those that answered last time. */
  readonly answering = new Set<string>();
  readonly #silent = new Map<string, { readonly failures: number; readonly until: number }>();
  readonly #underWay = new Map<string, number>();

  begin(clientId: string): void {
    this.#underWay.set(clientId, (this.#underWay.get(clientId) ?? 0) + 1);
  }

  end(clientId: string): void {
    const left = (this.#underWay.get(clientId) ?? 1) - 1;
    if (left > 0) this.#underWay.set(clientId, left);
    else this.#underWay.delete(clientId);
  }

  noteAnswer(clientId: string): void {
    this.#silent.delete(clientId);
    this.answering.add(clientId);
  }

  noteSilence(clientId: string): void {
    this.answering.delete(clientId);
    const failures = (this.#silent.get(clientId)?.failures ?? 0) + 1;
    const wait = Math.min(SILENCE_MS * 2 ** (failures - 1), LONGEST_SILENCE_MS);
    this.#silent.set(clientId, { failures, until: Date.now() + wait });
  }

  /** Those that are told nothing now: left alone, being asked, having their share, or waiting for a place among the silent. */
  listLeftAlone(): string[] {
    const now = Date.now();
    const asked = [...this.#underWay].filter(([id, count]) => count >= (this.answering.has(id) ? AT_ONCE : 1));
    const places = PLACES_OF_SILENT - [...this.#underWay.keys()].filter((id) => this.#silent.has(id)).length;
    const silent = [...this.#silent].filter(([, { until }]) => places <= 0 || until > now);
    return [...new Set([...asked, ...silent].map(([id]) => id))];
  }
}

async function deliverAll(
  job: Job,
  apps: Apps,
  attempt: (row: ClaimedNotice) => Promise<boolean>,
  stopping: AbortSignal,
): Promise<number> {
  const { database, log } = job;
  const underWay = new Set<Promise<void>>();
  let delivered = 0;
  const start = (row: ClaimedNotice) => {
    const done = attempt(row)
      .then((isDelivered) => {
        if (isDelivered) delivered += 1;
      })
      .catch((err) => log.error({ err }, 'a notice to an app is tried again'))
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };
  while (!stopping.aborted) {
    // What ends while this round looks may make room for what the round passed over.
    const before = [...underWay];
    const found = await claimRound(database, apps, PLACES - underWay.size, start);
    if (found > 0) continue;
    if (before.length === 0) break;
    await Promise.race([...before, rest(EVERY_MS)]);
  }
  await Promise.all(underWay);
  if (stopping.aborted) return delivered;
  for (const range of shardRanges(RANGE)) await giveUpNotices(database, range);
  appNoticesWaiting.set(await countWaiting(database, channels));
  return delivered;
}

/** Starts what is due in all shards, as far as there are places. @returns how many */
async function claimRound(
  database: Database,
  apps: Apps,
  places: number,
  start: (row: ClaimedNotice) => void,
): Promise<number> {
  let found = 0;
  for (const range of shardRanges(RANGE)) {
    if (found >= places) break;
    const answering = [...apps.answering];
    const wanted = { limit: places - found, without: apps.listLeftAlone(), answering };
    for (const row of await claimNotices(database, range, wanted)) {
      found += 1;
      start(row);
    }
  }
  return found;
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** One attempt at one notice. @returns whether it was delivered */
function createAttempt(
  { database, secrets, log }: Job,
  apps: Apps,
  send: Send,
  cutOff: AbortSignal,
): (row: ClaimedNotice) => Promise<boolean> {
  return async (row) => {
    const notice = openNotice(secrets.wrap, row);
    const { clientId } = notice;
    apps.begin(clientId);
    try {
      const settled = await send(row, notice, await findClient(database, clientId));
      if (cutOff.aborted && settled.outcome === 'later') return false;
      if (settled.outcome === 'later') apps.noteSilence(clientId);
      else apps.noteAnswer(clientId);
      await noteAttempt(database, row, settled);
      if (settled.outcome !== 'delivered')
        log.warn({ notice: row.id, app: clientId, ...settled }, 'an app was not told');
      return settled.outcome === 'delivered';
    } finally {
      apps.end(clientId);
    }
  };
}

/** In a sandbox on one's own machine apps are there too. */
const ownMachine = ['127.0.0.0/8', '::1/128'];

type Send = (
  row: ClaimedNotice,
  notice: ReturnType<typeof openNotice>,
  client: ClientRecord | undefined,
) => Promise<Settled>;

/** Signs a notice with the key of this moment, by the algorithm of the app's ID tokens, and sends it. */
function createSender({ config, secrets, keys }: Job, cutOff: AbortSignal, patienceMs: number): Send {
  const isLocal = config.mode === 'sandbox' && !config.sandboxPublic;
  const guardedFetch = createGuardedFetch(
    isLocal ? [...config.intranetAllowlist, ...ownMachine] : config.intranetAllowlist,
  );
  return async ({ id, channel }, notice, client) => {
    if (!client || !mayBeUsed(client, config.mode)) return { outcome: 'never', answer: 'not-in-use' };
    const uri = channel === 'logout' ? client.backchannelLogoutUri : client.eventUri;
    if (uri === undefined) return { outcome: 'never', answer: 'no-address' };
    const key = keys.signing.find(({ alg }) => alg === client.idTokenSignedResponseAlg);
    if (!key) throw new Error(`there is no signing key for ${client.idTokenSignedResponseAlg}`);
    const outgoing = { issuer: config.issuer, id, notice };
    const way = channel === 'logout' ? logoutWay : eventWay;
    const signal = AbortSignal.any([cutOff, AbortSignal.timeout(patienceMs)]);
    try {
      const request = way.request(key, secrets, outgoing);
      return await way.judge(await guardedFetch(uri, { method: 'POST', ...request, signal }));
    } catch (error) {
      return { outcome: 'later', answer: wordFor(error, signal) };
    }
  };
}

function wordFor(error: unknown, signal: AbortSignal): string {
  if (error instanceof ForbiddenAddress) return 'forbidden-address';
  return signal.aborted ? 'no-answer' : 'unreachable';
}

/**
 * Back-Channel Logout 1.0 §2.5 and §2.8: the answer counts by its status alone. 400 is the app's word that it wants no such
 * token; anything else but success may pass.
 */
const logoutWay = {
  request(...outgoing: Parameters<typeof logoutToken>) {
    const body = new URLSearchParams({ logout_token: logoutToken(...outgoing) }).toString();
    return { headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body };
  },
  async judge(answer: Response): Promise<Settled> {
    await answer.body?.cancel();
    const { status } = answer;
    if (status === 200 || status === 204) return { outcome: 'delivered', answer: `${status}` };
    return { outcome: status === 400 ? 'never' : 'later', answer: `${status}` };
  },
};

/** What another attempt would not change (RFC 8935 §2.4); a key that the app does not know yet, or a right, may come. */
const lastingErrors: ReadonlySet<string> = new Set(['invalid_request', 'invalid_issuer', 'invalid_audience']);
const errorCodes: ReadonlySet<string> = new Set([
  ...lastingErrors,
  'invalid_key',
  'authentication_failed',
  'access_denied',
]);
/** More than an error's two members take. */
const ERROR_BYTES = 4_096;

/** RFC 8935 §2.2 and §2.3: 202 alone says that it was taken; a page that answers 200 to whatever comes says nothing. */
const eventWay = {
  request(...outgoing: Parameters<typeof eventToken>) {
    return {
      headers: { 'Content-Type': 'application/secevent+jwt', Accept: 'application/json' },
      body: eventToken(...outgoing),
    };
  },
  async judge(answer: Response): Promise<Settled> {
    const { status } = answer;
    if (status !== 400) {
      await answer.body?.cancel();
      return { outcome: status === 202 ? 'delivered' : 'later', answer: `${status}` };
    }
    const code = await readErrorCode(answer);
    const outcome = code !== undefined && !lastingErrors.has(code) ? 'later' : 'never';
    return { outcome, answer: code === undefined ? '400' : `400 ${code}` };
  },
};

/** The code of an error that is registered; what an app says beside it may name a person, so it is not kept. */
async function readErrorCode(answer: Response): Promise<string | undefined> {
  const body = await readAtMost(answer, ERROR_BYTES);
  try {
    const { err } = JSON.parse(String(body)) as { err?: unknown };
    return typeof err === 'string' && errorCodes.has(err) ? err : undefined;
  } catch {
    return undefined;
  }
}
