/**
 * The way of an app into production: by its checks, and where it could do harm, by people who agree.
 *
 * Pages and the API ask by the one function here. It looks at findings that are on record and fresh, so that no request to a
 * stranger's server is made while a transaction is open.
 */
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { askToGoLive, type Changed, type ClientRequest } from './changes.ts';
import { listFindings } from './checks/findings.ts';
import { areGreen } from './checks/run.ts';
import { type ClientRecord, type ClientState, loadClient } from './clients.ts';

/** How old a finding may be on which an app goes live. */
export const FRESH_MS = 15 * 60_000;

const mayAsk: ReadonlySet<ClientState> = new Set(['draft', 'sandbox', 'review']);

/** Whether an app is on its way to production, and may ask for it. */
export function mayAskForProduction({ state }: Pick<ClientRecord, 'state'>): boolean {
  return mayAsk.has(state);
}

/**
 * Notes that somebody wants an app in production: from then on its way there is timed, also when something is still in the
 * way.
 */
export async function noteAsked(db: Db, clientId: string): Promise<void> {
  await db.execute(
    `update clients set review_asked_at = $2 where id = $1 and review_asked_at is null and live_since is null`,
    [clientId, new Date()],
  );
}

/**
 * Asks for production, for whoever may change the app. One of low risk is live when this commits; another one waits until
 * others agree. Inside a transaction.
 *
 * @returns `applied` when it is live, `pending` while it waits
 * @throws {Refusal} `checks_not_green` when a check failed or its finding is not fresh; `move_not_allowed`
 */
export async function askForProduction(tx: Db, secrets: Secrets, request: ClientRequest): Promise<Changed> {
  const client = await loadClient(tx, request.clientId);
  if (!mayAskForProduction(client)) throw new Refusal('move_not_allowed', `client ${client.id} is ${client.state}`);
  await demandGreen(tx, client);
  return askToGoLive(tx, secrets, request);
}

/** What was looked at before the app was last changed was another app. */
async function demandGreen(tx: Db, { id, updatedAt }: ClientRecord): Promise<void> {
  const findings = await listFindings(tx, id);
  const since = Math.max(Date.now() - FRESH_MS, updatedAt.getTime());
  const areFresh = findings.every(({ checkedAt }) => checkedAt.getTime() >= since);
  if (!areFresh || !areGreen(findings))
    throw new Refusal('checks_not_green', `client ${id} has checks that are not green or not fresh`);
}

/** How long apps took from being asked for to being live. */
export interface ProductionTimes {
  readonly apps: number;
  readonly medianSeconds: number;
  /** Nine of ten took no longer. */
  readonly slowestSeconds: number;
}

const TIMES_DAYS = 90;
const MOST_TIMES = 1_000;

/** Of those that went live in the last 90 days, the last thousand at most; undefined when none has. */
export async function readProductionTimes(db: Db): Promise<ProductionTimes | undefined> {
  const row = await db.first<{ apps: number; median: number | null; slowest: number | null }>(
    `select count(*)::integer as apps,
       percentile_cont(0.5) within group (order by seconds)::float8 as median,
       percentile_cont(0.9) within group (order by seconds)::float8 as slowest
     from (
       select extract(epoch from live_since - review_asked_at) as seconds from clients
       where live_since >= $1 and review_asked_at is not null order by live_since desc limit $2
     ) as latest`,
    [new Date(Date.now() - TIMES_DAYS * DAY_MS), MOST_TIMES],
  );
  if (!row || row.median === null || row.slowest === null) return undefined;
  return { apps: row.apps, medianSeconds: row.median, slowestSeconds: row.slowest };
}
