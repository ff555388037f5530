/**
 * What one of the sandbox's fictitious people has allowed, and who read what of her in a year: for whoever wants to see pages that
 * are full. Never in production: settings refuse `SEED=example` there.
 */
import type { Row } from '#src/base/copy.ts';
import type { Database } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import type { Keyring, Secrets } from '#src/base/secrets.ts';
import { holdAccount } from '#src/people/accounts.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { findAccountId } from '#src/people/identifiers.ts';
import { type ClientRecord, findClients } from '#src/registry/clients.ts';
import { exampleAppIds, registerExampleApps } from '#src/registry/example-apps.ts';
import { noteFirstSignIns } from '#src/registry/first-sign-ins.ts';
import { offerOf } from './numbered-consents.ts';
import { loadPermissions } from './permission-giving.ts';
import { listPermissions } from './permissions.ts';
import { loadReleases, releaseRow, withReads } from './releases.ts';
import { recordTerms, termsOf } from './terms.ts';

const RINA = { kind: 'email', value: 'rina@contoh.id' } as const;
const HER_APPS = ['puskesmas-online', 'pajak-daerah', ...exampleAppIds];
/** For how long she has used the first of them: a permission lasts a year. */
const LONGEST = 330;

/**
 * Gives Rina her apps and the record of what they read, unless something of hers is on record. Any number of processes may do it
 * at once.
 *
 * @returns whether it did
 */
export async function seedExampleHistory(database: Database, secrets: Secrets): Promise<boolean> {
  const accountId = await findAccountId(database, secrets, RINA);
  const isThere = async (db: Parameters<typeof listPermissions>[0], id: string) =>
    (await listPermissions(db, id, { ended: true, limit: 1 })).length > 0;
  if (accountId === undefined || (await isThere(database, accountId))) return false;
  await registerExampleApps(database, secrets);
  const clients = await findClients(database, HER_APPS);
  await recordTerms(database, ...clients.map(termsOf));
  const dataKey = await loadDataKey(database, secrets, accountId);
  const now = Date.now();
  return database.transaction(async (tx) => {
    if (!(await holdAccount(tx, accountId)) || (await isThere(tx, accountId))) return false;
    const used = clients.map((client) => {
      const order = HER_APPS.indexOf(client.id);
      return { client, order, since: LONGEST - order * 16 };
    });
    await noteFirstSignIns(
      tx,
      clients.filter(({ firstSignInAt }) => !firstSignInAt).map(({ id }) => id),
    );
    await loadPermissions(
      tx,
      secrets,
      used.flatMap(({ client, since }) => {
        const givenAt = momentOf(now, since, 0);
        return offerOf(client, givenAt).permissions.map((offer) => ({ ...offer, accountId, givenAt }));
      }),
    );
    await loadReleases(
      tx,
      used.flatMap(({ client, order, since }) => releasesTo(dataKey, { accountId, client, order, since, now })),
    );
    return true;
  });
}

/** Some time of the day, so many days ago, in the hours in which people use such things. */
function momentOf(now: number, daysAgo: number, order: number): Date {
  const day = Math.floor(now / DAY_MS) - daysAgo;
  return new Date(day * DAY_MS + ((order * 53 + daysAgo * 29) % 720) * 60_000);
}

interface Use {
  readonly accountId: string;
  readonly client: ClientRecord;
  readonly order: number;
  /** So many days ago she began. */
  readonly since: number;
  readonly now: number;
}

/** A sign-in every few days, after which some apps read again. */
function releasesTo(dataKey: Keyring, { accountId, client, order, since, now }: Use): Row[] {
  const step = 3 + ((order * 5) % 17);
  const terms = [termsOf(client).id];
  const claims = client.claims.map(({ claim }) => claim);
  const rows: Row[] = [];
  for (let daysAgo = since; daysAgo > 0; daysAgo -= step) {
    const at = new Date(momentOf(now, daysAgo, daysAgo === since ? 0 : order).getTime() + 30_000);
    const network = daysAgo % 3 === 0 ? '198.51.100.0/24' : '203.0.113.0/24';
    const what = { clientId: client.id, claims, terms, network } as const;
    rows.push(releaseRow(dataKey, accountId, { ...what, kind: 'code', at }));
    const reads = (daysAgo + order) % 4;
    const last = new Date(at.getTime() + reads * 600_000);
    if (reads > 0) rows.push(withReads(releaseRow(dataKey, accountId, { ...what, kind: 'userinfo', at }), reads, last));
  }
  return rows;
}
