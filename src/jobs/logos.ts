/**
 * Fetches the logos of apps: soon after their address was declared, and again every week. Several processes may run it on one
 * database; no request is made while a transaction is open.
 */
import type { Config } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import { DAY_MS, HOUR_MS } from '#src/base/epoch.ts';
import { createGuardedFetch, readAtMost } from '#src/base/guarded-fetch.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import {
  claimDueLogos,
  type DueLogo,
  keepLogo,
  type Logo,
  type LogoProblem,
  MAX_LOGO_BYTES,
  readLogo,
} from '#src/registry/logos.ts';

const EVERY_MS = 5_000;
const WEEK = 7 * DAY_MS;
const TIMEOUT_MS = 10_000;
const CLAIM_MS = 5 * 60_000;
const BATCH = 10;

interface Job {
  readonly database: Database;
  readonly log: Log;
  readonly config: Pick<Config, 'intranetAllowlist'>;
}

export interface Logos {
  /** Ends after the logos that are being fetched. */
  stop(): Promise<void>;
  /** Fetches every logo whose turn it is; how many this process fetched. */
  fetchDue(): Promise<number>;
}

/** Starts the work. */
export function startLogos(job: Job): Logos {
  const guarded = createGuardedFetch(job.config.intranetAllowlist);
  const { now, stop } = repeat('logos', EVERY_MS, job.log, (stopping) => fetchAll(job, guarded, stopping));
  return { fetchDue: now, stop };
}

async function fetchAll({ database }: Job, guarded: typeof fetch, stopping: AbortSignal): Promise<number> {
  let count = 0;
  while (!stopping.aborted) {
    const due = await claimDueLogos(database, { until: new Date(Date.now() + CLAIM_MS), most: BATCH });
    if (due.length === 0) break;
    for (const one of due) {
      const fetched = await fetchLogo(one, guarded, stopping);
      await database.transaction((tx) => keepLogo(tx, one, fetched, nextTime(one, fetched)));
    }
    count += due.length;
  }
  return count;
}

/** Twice as long after each failure, up to a week. */
function nextTime({ failures }: DueLogo, fetched: Logo | LogoProblem): Date {
  const wait = typeof fetched === 'string' ? Math.min(WEEK, HOUR_MS * 2 ** Math.min(failures, 10)) : WEEK;
  return new Date(Date.now() + wait);
}

async function fetchLogo({ uri }: DueLogo, guarded: typeof fetch, stopping: AbortSignal): Promise<Logo | LogoProblem> {
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), stopping]);
    const answer = await guarded(uri, { signal, headers: { accept: 'image/svg+xml,image/webp,image/png,image/jpeg' } });
    if (answer.status !== 200) {
      await answer.body?.cancel();
      return 'unreachable';
    }
    const bytes = await readAtMost(answer, MAX_LOGO_BYTES);
    return bytes ? readLogo(bytes) : 'too-large';
  } catch {
    return 'unreachable';
  }
}
