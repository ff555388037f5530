/** What ends with a permission: all that stands on it, at once, and what the agency answers for stays on record. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listPermissions } from '#src/consents/permissions.ts';
import { isOverdue, listWithdrawals } from '#src/consents/withdrawals.ts';
import { disconnect, narrow, withdraw } from '#src/oidc/withdrawals.ts';
import { refusalOf, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;
let accountId: string;
let browser: BrowserAgent;
let made = 0;

beforeAll(async () => {
  world = await openWorld();
  app = await world.app({ clientId: 'puskesmas-online', redirectUri: 'http://localhost:3001/callback' });
});
afterAll(() => world?.[Symbol.asyncDispose]());

beforeEach(async () => {
  made += 1;
  const address = `penarik-${made}@contoh.id`;
  accountId = await world.citizen(address, { password });
  browser = world.browser();
});

const signIn = async () => (await signInto(app, browser, {}, `penarik-${made}@contoh.id`)).tokens;
const clientId = 'puskesmas-online';

test('to disconnect ends tokens and the app’s part of the session; the agency has three days to answer for it', async () => {
  const tokens = await signIn();
  const held = await listPermissions(world.database, accountId, { limit: 9 });
  expect(held.map(({ kind }) => kind).toSorted()).toEqual(['consent', 'notice']);
  const { secrets } = world.house;
  const ended = await world.database.transaction((tx) => disconnect(tx, secrets, { accountId, clientId }));
  const ids = held.map(({ id }) => id).toSorted();
  expect(ended.map(({ permissionId }) => permissionId).toSorted()).toEqual(ids);
  expect(await refusalOf(app.userinfo(tokens.access_token))).toMatch(/^401/);
  expect(await app.introspect(tokens.access_token)).toMatchObject({ active: false });
  expect(await listPermissions(world.database, accountId, { limit: 9 })).toEqual([]);
  const parts = await world.database.query(
    `select c.client_id from session_clients c join sessions s on s.shard = c.shard and s.uid = c.session_uid
     where s.account_id = $1 and c.client_id = $2`,
    [accountId, clientId],
  );
  expect(parts).toEqual([]);
  const listed = await listWithdrawals(world.database, accountId, { limit: 5 });
  expect(listed.map(({ permissionId }) => permissionId).toSorted()).toEqual(ids);
  const [withdrawal] = listed;
  expect(withdrawal).toMatchObject({ cause: 'left', answer: undefined });
  const { at, dueAt } = withdrawal ?? { at: new Date(), dueAt: new Date() };
  expect(dueAt.getTime() - at.getTime()).toBe(3 * 24 * 3_600_000);
  expect([at, dueAt].map((now) => withdrawal && isOverdue(withdrawal, now))).toEqual([false, true]);
});

test('who has nothing with an app withdraws nothing', async () => {
  const { secrets } = world.house;
  const nothing = await world.database.transaction(async (tx) => [
    ...(await disconnect(tx, secrets, { accountId, clientId })),
    ...(await withdraw(tx, secrets, { accountId, clientId, cause: 'withdrawn' })),
  ]);
  expect(nothing).toEqual([]);
  const events = 'select kind from account_events where account_id = $1 and sealed is not null';
  expect(await world.database.query(events, [accountId])).toEqual([]);
});

test('who keeps some claims stays connected: what the app holds ends, at its next silent sign-in it gets the rest', async () => {
  const wide = await world.app({ clientId: 'pajak-daerah', redirectUri: 'http://localhost:3002/callback' });
  const first = await signInto(wide, browser, {}, `penarik-${made}@contoh.id`);
  const consentNow = async () =>
    (await listPermissions(world.database, accountId, { limit: 9 })).find(({ kind }) => kind === 'consent');
  const before = await consentNow();
  expect(before?.claims).toContain('given_name');
  const keep = ['given_name'];
  const narrowing = { accountId, clientId: 'pajak-daerah', keep, language: 'id', acr: 'aal1', amr: ['pwd'] } as const;
  const { secrets } = world.house;
  const withdrawal = await world.database.transaction((tx) => narrow(tx, secrets, narrowing));
  expect(withdrawal).toMatchObject({ cause: 'narrowed', permissionId: before?.id });
  expect(await refusalOf(wide.userinfo(first.tokens.access_token))).toMatch(/^401/);
  expect((await consentNow())?.claims).toEqual(keep);
  const { page } = await signInto(wide, browser, { prompt: 'none' });
  expect(page.url.searchParams.get('error')).toBeNull();
});

test('who unticks on the consent page what they allowed before keeps less as well: the agency answers for it', async () => {
  const wide = await world.app({ clientId: 'pajak-daerah', redirectUri: 'http://localhost:3002/callback' });
  const address = `penarik-${made}@contoh.id`;
  const first = await signInto(wide, browser, {}, address);
  const [before] = (await listPermissions(world.database, accountId, { limit: 9 })).filter(isConsent);
  expect(await listWithdrawals(world.database, accountId, { limit: 9 })).toEqual([]);
  const asked = await browser.visit((await wide.startSignIn({ prompt: 'consent' })).url);
  await asked.untick('claim', 'given_name').press('#consent-allow');
  expect(await refusalOf(wide.userinfo(first.tokens.access_token))).toMatch(/^401/);
  const withdrawals = await listWithdrawals(world.database, accountId, { limit: 9 });
  expect(withdrawals).toMatchObject([{ cause: 'narrowed', permissionId: before?.id }]);
});

const isConsent = ({ kind }: { readonly kind: string }) => kind === 'consent';
