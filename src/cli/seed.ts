/** `lawang seed`: fills a sandbox with fictitious people, apps and consents, for load tests. */
import { batches } from '#src/base/batches.ts';
import { readConfig } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { consentTables, giveNumberedConsents, planConsents, type Totals } from '#src/consents/numbered-consents.ts';
import { addNumberedReleases, planReleases, releaseTables } from '#src/consents/numbered-releases.ts';
import {
  citizenTables,
  hashNumberedPassword,
  MAX_CITIZENS,
  openNumberedCitizens,
} from '#src/people/numbered-citizens.ts';
import { clientTables, MAX_CLIENTS, registerNumberedClients } from '#src/registry/numbered-clients.ts';
import { addNumberedRecords, MAX_RECORDS, recordTables } from '#src/registry/numbered-records.ts';
import { type Command, OutOfPlace, WrongInput } from './command.ts';
import { withSecrets } from './open.ts';

/** How much of everything there is, or was added. */
interface Seeded extends Totals {
  /** Records of apps that exist. */
  readonly inventory: number;
  /** Sign-ins on the record that people read. */
  readonly releases: number;
}

/** How much of everything there is to be, what is there already included. */
export interface SeedOptions extends Totals, Partial<Pick<Seeded, 'inventory' | 'releases'>> {
  /** Hears at most about once a second how far it is. */
  readonly progress?: (line: string) => void;
}

/** How many are added in one transaction, which is over in less than a second. */
const CITIZENS_AT_ONCE = 2_000;
const CLIENTS_AT_ONCE = 250;
const RECORDS_AT_ONCE = 250;
const CONSENTS_AT_ONCE = 5_000;
const RELEASES_AT_ONCE = 5_000;

/**
 * Fills a sandbox up to these totals: citizens `warga-1@contoh.id` …, clients `layanan-1` …, consents between them under
 * which nobody is asked again, releases to these apps, and records of apps that exist. Works beside running servers, and again after it
 * was killed: each batch is one transaction. Two at once add nothing twice.
 *
 * @returns how many of each were added
 */
export async function seed(database: Database, secrets: Secrets, options: SeedOptions): Promise<Seeded> {
  const clients = await seedClients(database, secrets, options);
  const accounts = await seedAccounts(database, secrets, options);
  const consents = await seedConsents(database, secrets, options);
  const releases = await seedReleases(database, secrets, options);
  const inventory = await seedInventory(database, options);
  return { accounts, clients, consents, releases, inventory };
}

async function seedClients(database: Database, secrets: Secrets, options: SeedOptions): Promise<number> {
  const count = startCount('clients', options.clients, options.progress);
  for (const numbers of batches(options.clients, CLIENTS_AT_ONCE)) {
    const added = await database.batch((tx) => registerNumberedClients(tx, secrets, numbers));
    count.add(numbers.length, added);
  }
  if (count.added > 0) await database.analyze(clientTables);
  return count.added;
}

async function seedInventory(database: Database, { inventory = 0, progress }: SeedOptions): Promise<number> {
  const count = startCount('inventory', inventory, progress);
  for (const numbers of batches(inventory, RECORDS_AT_ONCE))
    count.add(numbers.length, await database.batch((tx) => addNumberedRecords(tx, numbers)));
  if (count.added > 0) await database.analyze(recordTables);
  return count.added;
}

async function seedAccounts(database: Database, secrets: Secrets, options: SeedOptions): Promise<number> {
  if (options.accounts === 0) return 0;
  const count = startCount('accounts', options.accounts, options.progress);
  const hash = await hashNumberedPassword();
  const waiting = batches(options.accounts, CITIZENS_AT_ONCE);
  const work = async () => {
    for (const numbers of waiting) {
      const added = await database.batch((tx) => openNumberedCitizens(tx, secrets, numbers, hash));
      count.add(numbers.length, added);
    }
  };
  // While the database writes one batch, the next is sealed here. Both take from the same list, which ends for both
  // when one of them fails.
  await Promise.all([work(), work()]);
  if (count.added > 0) await database.analyze(citizenTables);
  return count.added;
}

async function seedConsents(database: Database, secrets: Secrets, options: SeedOptions): Promise<number> {
  const { accounts, consents, progress } = options;
  if (consents === 0) return 0;
  const count = startCount('consents', consents, progress);
  const load = await planConsents(database, options);
  let held = 0;
  for (const numbers of batches(accounts, Math.max(1, Math.floor(CONSENTS_AT_ONCE / Math.ceil(consents / accounts))))) {
    const batch = await database.batch((tx) => giveNumberedConsents(tx, secrets, load, numbers, held));
    for (const clientId of batch.started) load.started.add(clientId);
    held += batch.held;
    count.add(batch.held, batch.given);
  }
  if (count.added > 0) await database.analyze(consentTables);
  return count.added;
}

async function seedReleases(database: Database, secrets: Secrets, options: SeedOptions): Promise<number> {
  const { accounts, releases = 0, progress } = options;
  if (releases === 0) return 0;
  const count = startCount('releases', releases, progress);
  const load = await planReleases(database, { ...options, releases });
  const each = Math.ceil(releases / accounts);
  let held = 0;
  for (const numbers of batches(accounts, Math.max(1, Math.floor(RELEASES_AT_ONCE / each)))) {
    const batch = await database.batch((tx) => addNumberedReleases(tx, secrets, load, numbers, held));
    held += batch.held;
    count.add(batch.held, batch.added);
  }
  if (count.added > 0) await database.analyze(releaseTables);
  return count.added;
}

/** Counts what is there and what of it was added, and says so about once a second. */
function startCount(what: string, total: number, progress: SeedOptions['progress']) {
  const start = performance.now();
  let said = start;
  let done = 0;
  const count = {
    added: 0,
    add(there: number, added: number): void {
      done += there;
      count.added += added;
      const now = performance.now();
      if (now - said < 1_000 && done < total) return;
      said = now;
      const rate = Math.round((1_000 * count.added) / Math.max(1, now - start));
      progress?.(`${what}: ${thousands(done)} of ${thousands(total)}, ${thousands(rate)} added a second`);
    },
  };
  return count;
}

function thousands(number: number): string {
  return number.toLocaleString('en');
}

const limits: Seeded = {
  accounts: MAX_CITIZENS,
  clients: MAX_CLIENTS,
  consents: 500_000_000,
  releases: 500_000_000,
  inventory: MAX_RECORDS,
};

export const seedSandbox: Command = {
  usage: '[--accounts N] [--clients N] [--consents N] [--releases N] [--inventory N]',
  summary:
    'fill a sandbox up to so many fictitious people, apps, consents, releases and records; again after it was stopped',
  options: {
    accounts: { type: 'string' },
    clients: { type: 'string' },
    consents: { type: 'string' },
    releases: { type: 'string' },
    inventory: { type: 'string' },
  },
  run: async ({ options, environment, progress }) => {
    const totals = readTotals(options);
    const config = readConfig(environment);
    if (config.mode !== 'sandbox')
      throw new OutOfPlace('Fictitious people have no place in production: lawang seed fills a sandbox only.');
    const added = await withSecrets(config, (database, secrets) => seed(database, secrets, { ...totals, progress }));
    const { accounts, clients, consents, releases, inventory } = added;
    const parts = { accounts, clients, consents, releases, 'records of the inventory': inventory };
    const text = Object.entries(parts).map(([what, number]) => `${thousands(number)} ${what}`);
    return { data: { added }, text: `Added ${text.join(', ')}.` };
  },
};

/** @throws {WrongInput} */
function readTotals(options: Readonly<Record<string, string | boolean | undefined>>): Seeded {
  const read = (what: keyof Seeded) => readCount(`--${what}`, options[what], limits[what]);
  const [accounts, clients, consents] = [read('accounts'), read('clients'), read('consents')];
  const pairs = accounts * clients;
  if (consents > pairs)
    throw new WrongInput(
      `--consents ${consents} is too much for --accounts ${accounts} and --clients ${clients}: ` +
        `one for each account at each client is ${pairs} at most.`,
    );
  const releases = read('releases');
  if (releases > 0 && pairs === 0)
    throw new WrongInput(`--releases ${releases} needs somebody and an app: give --accounts and --clients as well.`);
  return { accounts, clients, consents, releases, inventory: read('inventory') };
}

function readCount(option: string, text: string | boolean | undefined, most: number): number {
  if (text === undefined) return 0;
  const isNumber = typeof text === 'string' && /^\d{1,15}$/.test(text);
  if (isNumber && Number(text) <= most) return Number(text);
  throw new WrongInput(`${option} ${text}: expected a whole number from 0 to ${thousands(most)}, like 1000.`);
}
