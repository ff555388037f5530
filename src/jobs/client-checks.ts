/**
 * Looks at live apps once a day: whether their hosts are there and still their own, their certificates, pages and keys. Their
 * owners are told of what fails, once; a public client whose answers would go to a host that somebody else may have or get is
 * stopped at once, because nothing else protects them there.
 *
 * Several processes may run it on one database: each app is claimed for a few minutes, and telling is claimed as well. No
 * request is made while a transaction is open.
 */
import type { Config } from '#src/base/config.ts';
import type { Database, Db } from '#src/base/database.ts';
import { DAY_MS, HOUR_MS } from '#src/base/epoch.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import type { CheckName, Finding, ProblemCode } from '#src/registry/checks/check.ts';
import {
  claimDueRuns,
  claimTelling,
  enrolLiveClients,
  finishRun,
  type KeptFinding,
  listFindings,
  saveFindings,
} from '#src/registry/checks/findings.ts';
import { lostHosts } from '#src/registry/checks/hosts.ts';
import { createLookout, type NameSource, ownNames } from '#src/registry/checks/lookout.ts';
import { dailyChecks, runChecks } from '#src/registry/checks/run.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { type ClientRecord, findClient } from '#src/registry/clients.ts';

const EVERY_MS = 60_000;
/** Names are resolved by the threads that also hash passwords, so few are looked at at a time. */
const AT_ONCE = 2;
const BATCH = 10;
/** So many lost hosts in one batch are more likely our own trouble with names than theirs. */
const MOST_LOST = 3;

/** What the owners of an app are told, in the transaction of its cause. */
export type TellFailing = (
  db: Db,
  failing: { readonly client: ClientRecord; readonly findings: readonly Finding[]; readonly isStopped: boolean },
) => Promise<void>;

interface Job {
  readonly database: Database;
  readonly log: Log;
  readonly config: Pick<Config, 'issuer' | 'intranetAllowlist'>;
  readonly tellFailing: TellFailing;
  /** For tests. */
  readonly names?: NameSource;
}

export interface ClientChecks {
  /** Ends after the apps that are being looked at. */
  stop(): Promise<void>;
  /** Looks at every app whose turn it is; how many this process looked at. */
  checkDue(): Promise<number>;
}

/** Starts the work. Several processes may run it on one database. */
export function startClientChecks(job: Job, options: { everyMs?: number } = {}): ClientChecks {
  const { now, stop } = repeat('client-checks', options.everyMs ?? EVERY_MS, job.log, (stopping) =>
    checkAll(job, stopping),
  );
  return { checkDue: now, stop };
}

async function checkAll(job: Job, stopping: AbortSignal): Promise<number> {
  await enrolLiveClients(job.database, new Date());
  let checked = 0;
  while (!stopping.aborted) {
    const ids = await claimDueRuns(job.database, new Date(), BATCH);
    if (ids.length === 0) break;
    const looked = await lookAtAll(job, ids);
    const mayStop = await mayTrustLosses(job, looked);
    for (const each of looked) await settle(job, each, mayStop);
    checked += looked.length;
  }
  return checked;
}

/** What was seen of an app. */
interface Looked {
  readonly client: ClientRecord;
  readonly findings: readonly Finding[];
  readonly lost: readonly string[];
}

async function lookAtAll(job: Job, ids: readonly string[]): Promise<Looked[]> {
  const waiting = [...ids];
  const looked: Looked[] = [];
  const work = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const client = await findClient(job.database, id);
      if (client) looked.push(await lookAt(job, client));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return looked;
}

/** What looks lost is looked at a second time, by names that are resolved anew. */
async function lookAt({ database, config, names = ownNames }: Job, client: ClientRecord): Promise<Looked> {
  const look = () => {
    const lookout = createLookout(config.intranetAllowlist, names);
    return runChecks(client, { db: database, lookout, now: new Date(), issuer: config.issuer }, dailyChecks);
  };
  const first = await look();
  if (lostHosts(client, first).length === 0) return { client, findings: first, lost: [] };
  const findings = await look();
  return { client, findings, lost: lostHosts(client, findings) };
}

/** Whether it is the hosts that are lost, and not our own way to the names. */
async function mayTrustLosses({ config, log, names = ownNames }: Job, looked: readonly Looked[]): Promise<boolean> {
  const lost = looked.filter((each) => each.lost.length > 0).length;
  if (lost === 0) return true;
  const { kind } = await createLookout([], names).resolve(new URL(config.issuer).hostname);
  const isTrusted = (kind === 'found' || kind === 'inside') && lost <= MOST_LOST;
  if (!isTrusted)
    log.error({ apps: lost }, 'hosts of many apps are lost at once; none is stopped: do names resolve here?');
  return isTrusted;
}

async function settle({ database, log, tellFailing }: Job, { client, findings, lost }: Looked, mayStop: boolean) {
  const now = new Date();
  await database.transaction(async (tx) => {
    await saveFindings(tx, client.id, findings, now);
    const isStopped = mayStop && lost.length > 0 && (await stopPublic(tx, client, lost));
    if (isStopped) log.warn({ app: client.id }, 'an app was stopped: its host is lost');
    const failing = (await listFindings(tx, client.id)).filter(({ outcome }) => outcome === 'failed');
    // One cause makes several checks fail: whoever is told of one is told of all.
    const isDue = mayStop && failing.some((finding) => !finding.toldAt && isWorthTelling(finding, now));
    const told = isDue
      ? await claimTelling(
          tx,
          client.id,
          failing.map(({ name }) => name),
          now,
        )
      : [];
    if (told.length > 0 || isStopped) await tellFailing(tx, { client, findings: pick(failing, told), isStopped });
    const isOpen = failing.some(({ toldAt, name }) => !toldAt && !told.includes(name));
    await finishRun(tx, client.id, now, new Date(now.getTime() + (isOpen ? HOUR_MS : DAY_MS)));
  });
}

function pick(findings: readonly KeptFinding[], names: readonly CheckName[]): KeptFinding[] {
  return findings.filter(({ name }) => names.includes(name));
}

/** @returns whether it was this that stopped it */
async function stopPublic(tx: Db, client: ClientRecord, lost: readonly string[]): Promise<boolean> {
  if (client.tokenEndpointAuthMethod !== 'none') return false;
  const current = await findClient(tx, client.id);
  if (current?.state !== 'live' || current.number !== client.number) return false;
  const reason = `host lost: ${lost.join(', ')}`;
  const moved = await moveClient(tx, { clientId: client.id, to: 'suspended', actor: 'checks', via: 'job', reason });
  return moved !== undefined;
}

/** What may pass by itself is told when it is still there an hour later. */
const passing: ReadonlySet<ProblemCode> = new Set([
  'host_unresolved',
  'host_silent',
  'page_silent',
  'page_status',
  'keys_silent',
]);

function isWorthTelling({ problems, failingSince }: KeptFinding, now: Date): boolean {
  const isLasting = failingSince !== undefined && now.getTime() - failingSince.getTime() >= 0.9 * HOUR_MS;
  return isLasting || problems.some(({ code }) => !passing.has(code));
}
