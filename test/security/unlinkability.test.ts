/**
 * Two agencies put together all that they were told of a thousand people: names, tokens, logout tokens, events and what each
 * names by an id. They match them by whatever two values share, and do no better than whoever guesses.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import type { AppNotice } from '#src/oidc/app-notices.ts';
import { eventToken, logoutToken } from '#src/oidc/notice-tokens.ts';
import { loadSubject } from '#src/oidc/subjects.ts';
import { createAccounts } from '#src/people/new-accounts.ts';
import { openWorld, type World } from '#test/support/world.ts';

const PEOPLE = 1_000;

let world: World;
/** What each agency knows of each person, by what it is; in the order of people, which they do not know. */
const known: Record<'health' | 'tax', ReadonlyMap<string, string>[]> = { health: [], tax: [] };
let shards: number[] = [];

beforeAll(async () => {
  world = await openWorld();
  // The second in which something happened to somebody is known to both: to all of them it happens in the same one.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const { database, secrets } = world.house;
  const ids = await database.transaction((tx) =>
    createAccounts(
      tx,
      secrets,
      Array.from({ length: PEOPLE }, (_, i) => ({
        ...{ name: `Warga ${i}`, language: 'id' as const },
        identifier: { kind: 'email' as const, value: `tak.tertaut-${i}@contoh.id` },
      })),
    ),
  );
  shards = ids.map(shardOf);
  for (const id of ids) {
    known.health.push(await tellAll(id, 'puskesmas-online'));
    known.tax.push(await tellAll(id, 'pajak-daerah'));
  }
});
afterAll(() => {
  vi.useRealTimers();
  return world?.[Symbol.asyncDispose]();
});

/** As the app of one agency hears of one person: both at the same moment, for the same reason. */
async function tellAll(accountId: string, clientId: string): Promise<ReadonlyMap<string, string>> {
  const { database, secrets, keys, config } = world.house;
  const [key] = keys.signing;
  if (!key) throw new Error('a sandbox has a key');
  const shard = shardOf(accountId);
  const sub = await loadSubject(database, secrets, accountId, clientId);
  const notice: AppNotice = {
    ...{ clientId, sub, reason: 'withdrawn', at: Math.floor(Date.now() / 60_000) * 60 },
    withdrawalId: newIdIn(shard),
  };
  const outgoing = { issuer: config.issuer, id: newIdIn(shard), notice };
  const said = new Map([
    ['access token', secrets.newTaggedId(shard)],
    ['code', secrets.newTaggedId(shard)],
  ]);
  const logout = decodeJwt(logoutToken(key, secrets, outgoing));
  const event = decodeJwt(eventToken(key, secrets, { ...outgoing, id: newIdIn(shard) }));
  for (const [of, token] of Object.entries({ logout, event }))
    for (const [path, value] of leaves(token, of)) said.set(path.replaceAll(clientId, 'app'), value);
  return said;
}

/** Each value of a token with the way to it. */
function leaves(value: unknown, path: string): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([name, each]) => leaves(each, `${path} ${name}`));
}

/** What two values may share: themselves, or how they begin or end. */
const looks: Readonly<Record<string, (value: string) => string>> = {
  'the whole': (value) => value,
  ...Object.fromEntries(
    [1, 2, 3, 4, 6].flatMap((n) => [
      [`the first ${n}`, (value: string) => value.slice(0, n)],
      [`the last ${n}`, (value: string) => value.slice(-n)],
    ]),
  ),
  'the length': (value) => String(value.length),
};

/** How many of the people are found, on average, by whoever takes one of those that look alike, or of all where none does. */
function expectedHits(one: readonly string[], other: readonly string[]): number {
  const alike = Map.groupBy(other.keys(), (i) => other[i] ?? '');
  return one.reduce((hits, look, i) => {
    const candidates = alike.get(look);
    if (!candidates) return hits + 1 / PEOPLE;
    return hits + (candidates.includes(i) ? 1 / candidates.length : 0);
  }, 0);
}

test('the measure finds people by what does give them away', () => {
  const tagged = shards.map((shard) => newIdIn(shard).slice(0, 3));
  expect(
    expectedHits(
      tagged,
      shards.map((shard) => newIdIn(shard).slice(0, 3)),
    ),
  ).toBeGreaterThan(500);
});

test('all that two agencies are told of a thousand people matches them no better than chance', () => {
  const names = [...(known.health[0]?.keys() ?? [])];
  expect(names).toEqual(expect.arrayContaining(['access token', 'logout sub', 'logout jti', 'event jti']));
  const columns = Object.fromEntries(
    (['health', 'tax'] as const).map((agency) => [
      agency,
      new Map(names.map((name) => [name, known[agency].map((said) => said.get(name) ?? '')])),
    ]),
  );
  const better: string[] = [];
  for (const one of names)
    for (const other of names)
      for (const [look, of] of Object.entries(looks)) {
        const hits = expectedHits((columns.health?.get(one) ?? []).map(of), (columns.tax?.get(other) ?? []).map(of));
        // By chance one of them is found. Among some thousand ways to look, eight never are.
        if (hits > 8) better.push(`${one} and ${other}, by ${look}: ${hits.toFixed(1)}`);
      }
  expect(better).toEqual([]);
});

test('no name is known to both, and no person has two that are alike', () => {
  const subs = [...known.health, ...known.tax].map((said) => said.get('logout sub'));
  expect(new Set(subs).size).toBe(2 * PEOPLE);
});
