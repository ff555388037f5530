/**
 * Tells apps that a person is signed out everywhere (OpenID Connect Back-Channel Logout 1.0 §2.5), beside the messages to
 * people: no app keeps a person waiting, and none another one. An app that does not answer is left alone for a while, and
 * its notices wait without taking anybody's turn.
 */
import type { Config } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import { createGuardedFetch } from '#src/base/guarded-fetch.ts';
import type { Log } from '#src/base/log.ts';
import { logoutNoticesWaiting } from '#src/base/metrics.ts';
import { repeat } from '#src/base/repeat.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { logoutToken, openNotice } from '#src/oidc/logout-notices.ts';
import type { SigningKey } from '#src/oidc/signing-keys.ts';
import { mayBeUsed } from '#src/registry/client-reach.ts';
import { type ClientRecord, findClient } from '#src/registry/clients.ts';
import {
  BATCH,
  type Claimed,
  claimDue,
  countWaiting,
  leaveUntil,
  type Outcome,
  postpone,
  RANGE,
  settle,
} from './outbox-rows.ts';
import { shardRanges } from './shards.ts';

const EVERY_MS = 1_000;
const SEND_TIMEOUT_MS = 5_000;
/** How long an app that did not answer is left alone. */
const SILENCE_MS = 30_000;
const channels = ['logout'] as const;

interface Job {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly config: Pick<Config, 'mode' | 'sandboxPublic' | 'issuer' | 'intranetAllowlist'>;
  readonly keys: { readonly signing: readonly SigningKey[] };
}

export interface LogoutNotices {
  /** Ends within seconds, however slow the apps; what is under way is cut off and tried again. */
  stop(): Promise<void>;
  /** Delivers what is due now; how many were delivered. */
  deliverDue(): Promise<number>;
}

/** Starts the work. Several processes may run it on one database. */
export function startLogoutNotices(job: Job, options: { everyMs?: number } = {}): LogoutNotices {
  const stopping = new AbortController();
  const attempt = createAttempt(job, stopping.signal);
  const deliverDue = () => deliverAll(job, attempt, stopping.signal);
  const repeated = repeat('logout-notices', options.everyMs ?? EVERY_MS, job.log, deliverDue);
  return {
    deliverDue,
    stop() {
      stopping.abort();
      return repeated.stop();
    },
  };
}

async function deliverAll(
  { database, log }: Job,
  attempt: (row: Claimed) => Promise<boolean>,
  stopping: AbortSignal,
): Promise<number> {
  let delivered = 0;
  for (const range of shardRanges(RANGE)) {
    while (!stopping.aborted) {
      const claimed = await claimDue(database, range, channels);
      const attempts = await Promise.allSettled(claimed.map(attempt));
      delivered += attempts.filter((each) => each.status === 'fulfilled' && each.value).length;
      for (const each of attempts)
        if (each.status === 'rejected') log.error({ err: each.reason }, 'a notice to an app is tried again');
      if (claimed.length < BATCH) break;
    }
  }
  if (!stopping.aborted) logoutNoticesWaiting.set(await countWaiting(database, channels));
  return delivered;
}

/** One attempt at one notice. Nothing of a notice stays once it is settled. */
function createAttempt(job: Job, cutOff: AbortSignal): (row: Claimed) => Promise<boolean> {
  const { database, secrets, config, keys, log } = job;
  const send = createSender(config, cutOff);
  const silentUntil = new Map<string, number>();
  return async (row) => {
    const notice = openNotice(secrets.wrap, row.id, row.sealed);
    const until = silentUntil.get(notice.clientId) ?? 0;
    if (until > Date.now()) {
      await leaveUntil(database, row, new Date(until));
      return false;
    }
    const client = await findClient(database, notice.clientId);
    const key = keys.signing.find(({ alg }) => alg === client?.idTokenSignedResponseAlg);
    const mayHear = client && key && mayBeUsed(client, config.mode);
    const outcome = mayHear
      ? await send(client, logoutToken(key, { issuer: config.issuer, id: row.id, notice }))
      : 'never';
    if (outcome !== 'delivered') log.warn({ notice: row.id, app: notice.clientId, outcome }, 'an app was not told');
    if (outcome === 'later') {
      silentUntil.set(notice.clientId, Date.now() + SILENCE_MS);
      await postpone(database, row);
    } else {
      silentUntil.delete(notice.clientId);
      await settle(database, row, outcome, Buffer.alloc(0));
    }
    return outcome === 'delivered';
  };
}

/** In a sandbox on one's own machine apps are there too. */
const ownMachine = ['127.0.0.0/8', '::1/128'];

/**
 * A token to an app, whose answer counts by its status alone. 400 is the app's word that it wants no such token (§2.8);
 * anything else but success may pass.
 */
function createSender({ mode, sandboxPublic, intranetAllowlist }: Job['config'], cutOff: AbortSignal) {
  const isLocal = mode === 'sandbox' && !sandboxPublic;
  const guardedFetch = createGuardedFetch(isLocal ? [...intranetAllowlist, ...ownMachine] : intranetAllowlist);
  return async ({ backchannelLogoutUri }: ClientRecord, token: string): Promise<Outcome> => {
    if (backchannelLogoutUri === undefined) return 'never';
    try {
      const answer = await guardedFetch(backchannelLogoutUri, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: token }).toString(),
        signal: AbortSignal.any([cutOff, AbortSignal.timeout(SEND_TIMEOUT_MS)]),
      });
      await answer.body?.cancel();
      if (answer.status === 200 || answer.status === 204) return 'delivered';
      return answer.status === 400 ? 'never' : 'later';
    } catch {
      return 'later';
    }
  };
}
