/** What the fictitious apps of load tests have read of its fictitious people: sign-ins of two years. Never in production. */
import { batches } from '#src/base/batches.ts';
import type { Row } from '#src/base/copy.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import type { Keyring, Secrets } from '#src/base/secrets.ts';
import { holdDataKeys } from '#src/people/data-keys.ts';
import { listNumberedAccounts } from '#src/people/numbered-citizens.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { listNumberedClients } from '#src/registry/numbered-clients.ts';
import { clientsOf, consentsUpTo, type Totals } from './numbered-consents.ts';
import { countReleasesOfMany, loadReleases, releaseRow } from './releases.ts';

/** Rows are kept for 24 months. */
const SPREAD_MS = 700 * DAY_MS;
const CLIENTS_AT_ONCE = 500;

/** A load of releases under way. */
export interface ReleaseLoad {
  readonly totals: Totals & { readonly releases: number };
  /** By number; those that are not there are left out. */
  readonly clients: ReadonlyMap<number, ClientRecord>;
}

/** Reads the clients that the load is about. */
export async function planReleases(db: Db, totals: ReleaseLoad['totals']): Promise<ReleaseLoad> {
  const clients = new Map<number, ClientRecord>();
  for (const numbers of batches(totals.clients, CLIENTS_AT_ONCE))
    for (const [number, client] of await listNumberedClients(db, numbers)) clients.set(number, client);
  return { totals, clients };
}

/**
 * Adds what is missing of the releases that are to be up to these citizens, to the apps that they allow. What is there counts,
 * whatever it is; the accounts are held meanwhile, so that two loads at once add nothing twice.
 *
 * @param before how many all citizens before them have, which may be fewer or more than planned
 * @returns how many were added, and how many these citizens have now
 */
export async function addNumberedReleases(
  tx: Transaction,
  secrets: Secrets,
  { totals, clients }: ReleaseLoad,
  numbers: readonly number[],
  before: number,
): Promise<{ added: number; held: number }> {
  const accounts = await listNumberedAccounts(tx, secrets, numbers);
  const keys = await holdDataKeys(tx, secrets, [...accounts.values()]);
  const there = await countReleasesOfMany(tx, [...accounts.values()]);
  const rows: Row[] = [];
  let held = 0;
  for (const [number, accountId] of accounts) {
    const has = there.get(accountId) ?? 0;
    const missing = Math.max(0, releasesUpTo(number, totals) - before - held - has);
    const dataKey = keys.get(accountId);
    const added = dataKey ? signIns(dataKey, accountId, appsOf(number, totals, clients), missing) : [];
    for (const row of added) rows.push(row);
    held += has + added.length;
  }
  await loadReleases(tx, rows);
  return { added: rows.length, held };
}

/** So many sign-ins, spread over these apps and the time that releases are kept. */
function signIns(dataKey: Keyring, accountId: string, apps: readonly ClientRecord[], count: number): Row[] {
  const what = { kind: 'code', terms: [], network: '203.0.113.0/24' } as const;
  const now = Date.now();
  return Array.from({ length: apps.length > 0 ? count : 0 }, (_, n) => {
    const { id: clientId, claims } = apps[n % apps.length] as ClientRecord;
    const at = new Date(now - Math.floor(((n + Math.random()) * SPREAD_MS) / count));
    return releaseRow(dataKey, accountId, { ...what, clientId, claims: claims.map(({ claim }) => claim), at });
  });
}

/** How many releases the citizens up to this number have together. */
function releasesUpTo(account: number, { accounts, releases }: ReleaseLoad['totals']): number {
  return Math.floor((releases * account) / accounts);
}

/** The apps that a citizen allows; at least the first. */
function appsOf(account: number, totals: Totals, clients: ReleaseLoad['clients']): ClientRecord[] {
  const count = Math.max(1, consentsUpTo(account, totals) - consentsUpTo(account - 1, totals));
  const apps: ClientRecord[] = [];
  for (const number of clientsOf(account, totals)) {
    const client = clients.get(number);
    if (client) apps.push(client);
    if (apps.length === count) break;
  }
  return apps;
}

/** The tables that {@link addNumberedReleases} fills. */
export const releaseTables = ['releases'];
