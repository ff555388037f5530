/** What an agency sees of the people of its app: never anything of few, and what it could do without. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { DAY_MS, dayOf } from '#src/base/epoch.ts';
import { seed } from '#src/cli/seed.ts';
import { loadPermissions } from '#src/consents/permission-giving.ts';
import { recordTerms, termsOf } from '#src/consents/terms.ts';
import { countCoverage } from '#src/jobs/coverage.ts';
import type { StandardClaim } from '#src/registry/claims.ts';
import { loadClient } from '#src/registry/clients.ts';
import { foldFigures, forgetOldFigures, readFigures } from '#src/registry/figures.ts';
import { findSmallerScope } from '#src/registry/smaller-scope.ts';
import type { Citizen } from '#test/races/crowd.ts';
import { openApi } from '#test/support/api.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

const APP = 'puskesmas-online';
const PAGE = `/console/apps/${APP}/figures`;
const CLAIMS: readonly StandardClaim[] = ['name', 'email', 'phone_number'];

let world: World;
let owner: Citizen;
let reader: Citizen;
let stranger: Citizen;

beforeAll(async () => {
  world = await openWorld();
  const { agencyId } = await loadClient(world.database, APP);
  owner = await colleague(world, 'pemilik-angka@contoh.id', { [agencyId]: ['owner'] });
  reader = await colleague(world, 'pembaca-angka@contoh.id', { [agencyId]: ['auditor'] });
  stranger = await colleague(world, 'tetangga-angka@contoh.id', { 'bapenda-contoh': ['owner'] });
  await seed(world.database, world.house.secrets, { accounts: 24, clients: 0, consents: 0 });
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  // Days are counted from today in each test: it stays today.
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ['Date'] });
  for (const table of ['permissions', 'client_people_days', 'client_release_days', 'client_permission_days'])
    await world.database.execute(`delete from ${table}`);
});

const daysAgo = (days: number) => dayOf(new Date(Date.now() - days * DAY_MS));

/** The first of the numbered people, with their permission for some claims of the app. */
async function allow(people: number, claims: readonly StandardClaim[]): Promise<void> {
  const { database } = world;
  const terms = termsOf(await loadClient(database, APP));
  await recordTerms(database, terms);
  const accounts = await database.query<{ id: string }>(
    `select a.id from accounts a where not exists
       (select from permissions p where p.shard = a.shard and p.account_id = a.id) order by a.id limit $1`,
    [people],
  );
  const expiresAt = new Date(Date.now() + 300 * DAY_MS);
  const how = { language: 'id', acr: 'aal2', amr: ['pwd'], scopes: ['openid'], expiresAt } as const;
  await database.transaction((tx) =>
    loadPermissions(
      tx,
      world.house.secrets,
      accounts.map(({ id: accountId }) => {
        return { ...how, kind: 'notice', basis: 'public_task', event: 'given', accountId, terms, claims };
      }),
    ),
  );
}

async function released(claim: StandardClaim, releases: number, day: string): Promise<void> {
  await world.database.execute(
    `insert into client_release_days (client_id, day, claim, slot, releases) values ($1, $2, $3, 0, $4)`,
    [APP, day, claim, releases],
  );
}

async function happened(event: string, times: number, day: string, slot = 0): Promise<void> {
  await world.database.execute(
    `insert into client_permission_days (client_id, day, kind, event, slot, times) values ($1, $2, 'consent', $3, $4, $5)`,
    [APP, day, event, slot, times],
  );
}

const figures = async () => readFigures(world.database, await loadClient(world.database, APP));
const count = () => countCoverage(world.database, { again: true });
const ofClaim = async (claim: StandardClaim) => (await figures()).claims.find((one) => one.claim === claim);

test('of fewer than ten people nothing is told and nothing is kept, however much was read', async () => {
  await allow(9, CLAIMS);
  await released('name', 5_000, daysAgo(1));
  await count();
  expect(await world.database.query('select 1 from client_people_days where client_id = $1', [APP])).toEqual([]);
  expect(await figures()).toMatchObject({ countedOn: undefined, people: undefined });
  expect(await ofClaim('name')).toEqual({ claim: 'name', people: undefined, releases: undefined });
});

test('a small group within a large one cannot be worked out: every figure is in full tens, and there are no sums', async () => {
  await allow(11, ['name']);
  await allow(4, ['name', 'email']);
  await released('name', 128, daysAgo(1));
  await released('email', 77, daysAgo(1));
  await count();
  expect(await figures()).toMatchObject({ people: 10 });
  expect(await ofClaim('name')).toEqual({ claim: 'name', people: 10, releases: 120 });
  // Fifteen share their name, four of them their address: the difference of what is told says nothing of the four.
  expect(await ofClaim('email')).toEqual({ claim: 'email', people: undefined, releases: undefined });
});

test('one more person changes nothing that is seen, and what happens today is not told', async () => {
  await allow(21, ['name']);
  await released('name', 40, daysAgo(3));
  await happened('given', 25, daysAgo(2));
  await count();
  const before = await figures();
  await allow(1, ['name']);
  await released('name', 9, daysAgo(2));
  await released('name', 500, daysAgo(0));
  await happened('given', 1, daysAgo(2), 1);
  await happened('withdrawn', 50, daysAgo(0));
  await count();
  expect(await figures()).toEqual(before);
  const told = before.months.flatMap(({ times }) => Object.values(times)).filter((times) => times !== undefined);
  expect(told).toEqual([20]);
});

test('a claim that was declared and not read for 90 days is too much; the proposal leaves out its scope as well', async () => {
  const client = await loadClient(world.database, APP);
  const declared = client.claims.map(({ claim }) => claim);
  const [unread = 'name'] = declared.slice(-1);
  for (const claim of declared.slice(0, -1)) await released(claim, 20, daysAgo(91));
  for (const claim of declared.slice(0, -1)) await released(claim, 20, daysAgo(5));
  // The app is declared today: nobody can tell yet.
  expect(await findSmallerScope(world.database, client)).toBeUndefined();
  await world.database.execute('update client_versions set decided_at = $2 where client_id = $1', [
    APP,
    new Date(Date.now() - 120 * DAY_MS),
  ]);
  const found = await findSmallerScope(world.database, client);
  expect(found?.unread).toEqual([unread]);
  expect(found?.declaration.claims?.map(({ name }) => name)).toEqual(declared.slice(0, -1));
  // What one person does today is not to be seen by looking twice.
  await released(unread, 1, daysAgo(0));
  expect((await findSmallerScope(world.database, client))?.unread).toEqual([unread]);
  await released(unread, 1, daysAgo(80));
  expect(await findSmallerScope(world.database, client)).toBeUndefined();
});

test('where nothing was counted for 90 days, nothing is said to be too much', async () => {
  await released('name', 20, daysAgo(30));
  expect(await findSmallerScope(world.database, await loadClient(world.database, APP))).toBeUndefined();
});

test('its owner sees the figures, takes the smaller change with one press, and nothing changes before it is saved', async () => {
  const client = await loadClient(world.database, APP);
  const declared = client.claims.map(({ claim }) => claim);
  for (const claim of declared.slice(0, -1)) await released(claim, 20, daysAgo(95));
  for (const claim of declared.slice(0, -1)) await released(claim, 20, daysAgo(5));
  await allow(12, declared.slice(0, -1));
  await count();
  const { page, browser } = await openConsole(world, owner, { at: PAGE });
  expect(page.text('#people')).toBe('10');
  expect(page.has('#smaller-scope')).toBe(true);
  expect((await browser.visit(`${world.issuer}/console/apps/${APP}`)).has('[data-todo=unread]')).toBe(true);
  const edit = await (await browser.visit(`${world.issuer}${PAGE}`)).follow('#take-smaller');
  expect(edit.url.pathname).toBe(`/console/apps/${APP}/edit`);
  const ticked = (claim: string) => edit.has(`input[name=claim][value=${claim}][checked]`);
  expect(declared.map(ticked)).toEqual(declared.map((_, index) => index < declared.length - 1));
  expect((await loadClient(world.database, APP)).number).toBe(client.number);
  const csv = (await browser.visit(`${world.issuer}${PAGE}.csv`)).html;
  expect(csv.split('\r\n')[0]).toBe('month,kind,given,narrowed,renewed,withdrawn,left,expired,underage');
  expect(csv.trim().split('\r\n')).toHaveLength(25);
});

test('who only reads is offered no change, and a neighbour sees nothing', async () => {
  const { page } = await openConsole(world, reader, { at: PAGE });
  expect(page.has('#take-smaller')).toBe(false);
  expect((await openConsole(world, stranger, { at: PAGE })).page.text('#error-code')).toBe('not_here');
});

test('a machine reads the same of the apps of its agency, and nothing of others', async () => {
  const api = await openApi(world, { scopes: ['apps.read'] });
  const answer = await api.get(`/apps/${api.clientId}/figures`);
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({ counted_on: null, people: null, unread: [], smaller_scope: null });
  expect((await api.get(`/apps/${APP}/figures`)).status).toBe(404);
});

test('days that are over are put together, and say what they said', async () => {
  for (const [back, slots] of [
    [0, [0, 3]],
    [4, [0, 3, 9]],
  ] as const)
    for (const slot of slots) {
      const day = daysAgo(back);
      await world.database.execute(
        `insert into client_release_days (client_id, day, claim, slot, releases) values ($1, $2, 'name', $3, 20)`,
        [APP, day, slot],
      );
      await world.database.execute(
        `insert into client_permission_days (client_id, day, kind, event, slot, times) values ($1, $2, 'consent', 'given', $3, 20)`,
        [APP, day, slot],
      );
    }
  for (const _ of ['once', 'and again']) await foldFigures(world.database, daysAgo(0));
  for (const [table, count] of [
    ['client_release_days', 'releases'],
    ['client_permission_days', 'times'],
  ]) {
    const rows = await world.database.query(
      `select day::text as day, slot, ${count}::integer as count from ${table} order by day, slot`,
    );
    expect(rows).toEqual([
      { day: daysAgo(4), slot: 0, count: 60 },
      { day: daysAgo(0), slot: 0, count: 20 },
      { day: daysAgo(0), slot: 3, count: 20 },
    ]);
  }
});

test('what is counted goes when nobody asks for it any more', async () => {
  await released('name', 1, daysAgo(121));
  await released('name', 1, daysAgo(120));
  await happened('given', 1, daysAgo(401));
  await happened('given', 1, daysAgo(400));
  await forgetOldFigures(world.database, daysAgo(0));
  const left = await world.database.first(
    `select (select count(*)::int from client_release_days) as releases, (select count(*)::int from client_permission_days) as events`,
  );
  expect(left).toEqual({ releases: 1, events: 1 });
});
