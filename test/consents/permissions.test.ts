/** What is kept of a consent when less is kept, and how often what happened to permissions is counted for agencies. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { narrowConsent } from '#src/consents/permission-giving.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { disconnect, withdraw } from '#src/oidc/withdrawals.ts';
import { signInto } from '#test/oidc/flows.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;
let made = 0;

const item = (name: string, required: boolean, basis = 'consent') => ({
  ...{ name, required, basis, purpose: 'Menguji layanan.', 'purpose#en': 'To test the service.' },
  ...(basis !== 'consent' && { law: 'UU 1/2020' }),
});

beforeAll(async () => {
  world = await openWorld();
  const claims = [
    item('name', true),
    item('nickname', false),
    item('birthdate', false),
    item('email', true, 'public_task'),
  ];
  await world.declare({ client_id: 'terhitung', scope: 'openid profile email', claims });
  app = await world.app({
    ...{ clientId: 'terhitung', scope: 'openid profile email', redirectUri: 'http://localhost:3001/callback' },
  });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

/** Somebody who has allowed everything. */
async function allowing() {
  made += 1;
  const address = `setuju-${made}@contoh.id`;
  const accountId = await world.citizen(address, { password, profile: { nickname: 'Setuju' } });
  const browser = world.browser();
  await signInto(app, browser, {}, address);
  return { accountId, browser, address, clientId: 'terhitung' };
}

const how = { language: 'en', acr: 'aal1', amr: ['pwd'] } as const;
const consentOf = async (accountId: string) =>
  (await listPermissions(world.database, accountId, { limit: 9 })).find(({ kind }) => kind === 'consent');

test('what the app requires stays, what is not kept is declined, and it ends when it did', async () => {
  const { accountId, clientId } = await allowing();
  const before = await consentOf(accountId);
  expect(before?.claims).toEqual(['name', 'nickname', 'birthdate']);
  const was = await world.database.transaction((tx) =>
    narrowConsent(tx, world.house.secrets, { accountId, clientId, keep: ['birthdate'], ...how }),
  );
  expect(was?.id).toBe(before?.id);
  const after = await consentOf(accountId);
  expect(after).toMatchObject({
    ...{ event: 'narrowed', claims: ['name', 'birthdate'], declined: ['nickname'], language: 'en' },
    ...{ expiresAt: before?.expiresAt, scopes: before?.scopes, interaction: undefined },
  });
  const all = await listPermissions(world.database, accountId, { ended: true, limit: 9 });
  expect(all.find(({ id }) => id === before?.id)?.endReason).toBe('replaced');
});

test('who keeps all, or names what was never allowed, changes nothing', async () => {
  const { accountId, clientId } = await allowing();
  const before = await consentOf(accountId);
  const keep = ['nickname', 'birthdate', 'address', 'email'];
  const was = await world.database.transaction((tx) =>
    narrowConsent(tx, world.house.secrets, { accountId, clientId, keep, ...how }),
  );
  expect(was).toBeUndefined();
  expect(await consentOf(accountId)).toEqual(before);
  const nobody = { accountId, clientId: 'puskesmas-online', keep: [], ...how };
  expect(await world.database.transaction((tx) => narrowConsent(tx, world.house.secrets, nobody))).toBeUndefined();
});

test('nothing is narrowed that has expired', async () => {
  const { accountId, clientId } = await allowing();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 366 * 86_400_000 });
  const was = await world.database.transaction((tx) =>
    narrowConsent(tx, world.house.secrets, { accountId, clientId, keep: [], ...how }),
  );
  expect(was).toBeUndefined();
});

/** What was counted of the app in all. */
async function counted(): Promise<Record<string, number>> {
  await world.database.settle();
  const rows = await world.database.query<{ what: string; times: number }>(
    `select kind || ' ' || event as what, sum(times)::int as times from client_permission_days
     where client_id = 'terhitung' group by 1`,
  );
  return Object.fromEntries(rows.map(({ what, times }) => [what, times]));
}

test('given, narrowed, renewed, withdrawn and left are counted, each once for each time', async () => {
  const { accountId, clientId, browser } = await allowing();
  const before = await counted();
  const { database, house } = world;
  const keep = ['nickname'];
  await database.transaction((tx) => narrowConsent(tx, world.house.secrets, { accountId, clientId, keep, ...how }));
  const again = await app.startSignIn({ prompt: 'consent' });
  const page = (await browser.visit(again.url)).tick('claim', 'nickname');
  await app.finishSignIn(again, await page.press('#consent-allow'));
  const connection = { accountId, clientId };
  await database.transaction((tx) =>
    withdraw(tx, house.secrets, { ...connection, kinds: ['consent'], cause: 'withdrawn' }),
  );
  await database.transaction((tx) => disconnect(tx, house.secrets, connection));
  await allowing();
  const after = await counted();
  const more = Object.entries(after).map(([what, times]) => [what, times - (before[what] ?? 0)]);
  expect(Object.fromEntries(more.filter(([, times]) => times !== 0))).toEqual({
    ...{ 'consent narrowed': 1, 'consent renewed': 1, 'consent withdrawn': 1, 'consent given': 1 },
    ...{ 'notice renewed': 1, 'notice left': 1, 'notice given': 1 },
  });
});
