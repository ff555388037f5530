import { grantMembership, roles } from '#src/people/memberships.ts';
import { COUNTRY, filled, fillRegistry, places } from '#test/support/registry-at-size.ts';
import { unexpected } from '../apps.ts';
import { Browser } from '../browser.ts';
import type { Fact, Finding } from '../experiments.ts';
import { HttpConnection } from '../http-connection.ts';
import { type Load, quantile } from '../measure.ts';
import type { Person } from '../people.ts';
import { lawangTarget, type Target } from '../targets.ts';
import type { World } from '../world.ts';

/** Each page is asked for so often per second of load that was asked for. */
const TRIES_PER_SECOND = 10;

/** So many events for each account that was asked for: five million for the usual 10,000. */
const EVENTS_PER_ACCOUNT = 500;

/** Somebody who sees all of it, and what they look at. */
const pages: Readonly<Record<string, string>> = {
  'my apps': '/console',
  'all apps': '/console/apps',
  'apps, a page deep in the list': `/console/apps?after=${placeOf(['pengaduan sosial 15', 'app-15'])}`,
  'apps by a common word': '/console/apps?q=antrean',
  'apps by a rare word': '/console/apps?q=app-26999',
  'apps of a sector and a state': '/console/apps?sector=kesehatan&state=live',
  agencies: '/console/agencies',
  'agencies by a word': '/console/agencies?q=dinas',
  events: '/console/events',
  'events of one app': '/console/events?subject=client+app-7',
  reviews: '/console/reviews',
  inventory: '/console/inventory',
  'inventory by a common word': '/console/inventory?q=kesehatan',
  'inventory of a sector, not connected': '/console/inventory?sector=kesehatan&connection=unconnected',
  'matches of the inventory': '/console/inventory/matches',
  duplicates: '/console/duplicates',
  'duplicates of a sector': '/console/duplicates?sector=kesehatan',
  cases: '/console/cases',
  decisions: '/console/decisions',
  'coverage, for coordinators': '/console/coverage',
  'coverage, for everybody': '/coverage',
};

/** How long each page of the console takes in a registry of a whole country, one request after the other. */
export async function consolePages(world: World, load: Load): Promise<Finding> {
  const [person] = world.people;
  if (!person) throw new Error('too few people');
  const events = Math.min(COUNTRY.events, world.size.accounts * EVENTS_PER_ACCOUNT);
  await fillRegistry(world.database, { ...COUNTRY, events });
  for (const table of filled) await world.database.execute(`analyze ${table}`);
  for (const agencyId of [places.top, places.middle])
    for (const role of roles)
      await grantMembership(world.database, { accountId: person.accountId, agencyId, role }, 'command');
  await using server = await world.startLawang();
  const connection = await HttpConnection.open(server.port);
  try {
    const browser = new Browser(connection, server.origin);
    await enter(lawangTarget(server), browser, person);
    const facts: Fact[] = [{ name: 'rows of events', value: events, unit: '' }];
    for (const [name, path] of Object.entries(pages)) {
      const times = [];
      for (let n = 0; n < Math.max(20, load.seconds * TRIES_PER_SECOND); n += 1)
        times.push(await timeOf(browser, path));
      times.sort((a, b) => a - b);
      facts.push({ name: `${name}: p50`, value: quantile(times, 0.5), unit: 'ms' });
      facts.push({ name: `${name}: p95`, value: quantile(times, 0.95), unit: 'ms' });
    }
    return { facts, complaints: [] };
  } finally {
    connection.close();
  }
}

const MOST_HOPS = 12;

/** Opens the console and answers the sign-in that it asks for. @throws when that does not lead into it */
async function enter({ server, answerPage }: Target, browser: Browser, person: Person): Promise<void> {
  let path = '/console';
  for (let hops = 0; hops < MOST_HOPS; hops += 1) {
    const isPage = path.startsWith('/interaction/');
    const answer = isPage ? await answerPage(browser, path, person, 'passkey') : await browser.get(path);
    if (answer.status === 200) return;
    if (answer.location === undefined) throw unexpected(path, answer);
    path = answer.location.replace(server.origin, '');
  }
  throw new Error('the way into the console does not end');
}

/** In milliseconds, to the last byte. */
async function timeOf(browser: Browser, path: string): Promise<number> {
  const started = process.hrtime.bigint();
  const answer = await browser.get(path);
  const milliseconds = Number(process.hrtime.bigint() - started) / 1e6;
  if (answer.status !== 200) throw unexpected(path, answer);
  return milliseconds;
}

/** As the address of a page carries it. */
function placeOf(place: readonly string[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}
