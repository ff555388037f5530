/** A withdrawal that is under way while a request reads what there was and is about to write what it makes of it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { UnitOfWork } from '#src/base/unit-of-work.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { disconnect, narrow } from '#src/oidc/withdrawals.ts';
import { refusalOf, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { eventually } from '#test/support/eventually.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, type World } from '#test/support/world.ts';
import { passkeyCitizen, signInByPasskey } from './crowd.ts';

let world: World;
let app: RelyingParty;
let accountId: string;
let browser: BrowserAgent;
let refreshToken: string;

beforeAll(async () => {
  world = await openWorld();
  const claims = ['name', 'nickname'].map((name) => ({ name, purpose: 'Memanggil.', 'purpose#en': 'To call.' }));
  await world.declare({ client_id: 'ditarik', rotate_refresh: true, claims });
  app = await world.app({ clientId: 'ditarik', scope: 'openid profile offline_access' });
});
afterAll(() => world?.[Symbol.asyncDispose]());

let people = 0;

beforeEach(async () => {
  people += 1;
  const { device, id } = await passkeyCitizen(world, `penarik-${people}@contoh.id`);
  accountId = id;
  browser = world.browser();
  await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
  refreshToken = (await signInto(app, browser, { prompt: 'consent' })).tokens.refresh_token ?? '';
  // What is written late would wait for the same rows.
  await world.database.settle();
});

/** Does `work` while the consent is withdrawn: it has read what there was when the withdrawal is committed. */
async function whileWithdrawn<T>(work: () => Promise<T>): Promise<T> {
  const withdrawal = new UnitOfWork(world.database);
  await disconnect(withdrawal, world.house.secrets, { accountId, clientId: 'ditarik' });
  const working = work();
  await aWriterWaits();
  await withdrawal.commit();
  return working;
}

async function aWriterWaits(): Promise<void> {
  const waiting = `select count(*)::integer as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  await eventually(async () => expect(await world.database.first(waiting)).toEqual({ waiting: 1 }));
}

test('a silent sign-in is asked again, and meets the consent page', async () => {
  const { url } = await app.startSignIn();
  const page = await whileWithdrawn(() => browser.visit(url));
  expect([page.status, page.has('#consent-allow')]).toEqual([200, true]);
});

test('one that may show no page is told so', async () => {
  const { url } = await app.startSignIn({ prompt: 'none' });
  const page = await whileWithdrawn(() => browser.visit(url));
  expect(page.url.searchParams.get('error')).toBe('consent_required');
});

test('the first visit of an app in a session as well: it makes its grant from a consent that ends', async () => {
  await world.database.execute('delete from session_clients where client_id = $1', ['ditarik']);
  await world.database.execute('delete from grants where account_id = $1', [accountId]);
  const { url } = await app.startSignIn();
  const page = await whileWithdrawn(() => browser.visit(url));
  expect([page.status, page.has('#consent-allow')]).toEqual([200, true]);
});

test('a refresh brings nothing', async () => {
  expect(await whileWithdrawn(() => refusalOf(app.refresh(refreshToken)))).toBe('400 invalid_grant');
  const tokens = 'select count(*)::integer as tokens from artifacts where client_id = $1 and kind <> $2';
  expect(await world.database.first(tokens, ['ditarik', 'Interaction'])).toEqual({ tokens: 0 });
});

const keepOnly = (keep: string[]) => {
  const narrowing = { accountId, clientId: 'ditarik', keep, language: 'id', acr: 'aal1', amr: ['pwd'] } as const;
  return world.database.transaction((tx) => narrow(tx, world.house.secrets, narrowing));
};
const allowedNow = async () => {
  const held = await listPermissions(world.database, accountId, { clientId: 'ditarik', limit: 9 });
  return held.map(({ kind, claims }) => [kind, claims]);
};

test('keeping less of a consent that is being withdrawn brings nothing of it back', async () => {
  expect(await allowedNow()).toEqual([['consent', ['name', 'nickname']]]);
  expect(await whileWithdrawn(() => keepOnly(['name']))).toBeUndefined();
  expect(await allowedNow()).toEqual([]);
});

test('of two who keep less at once neither brings back what the other has taken away', async () => {
  const first = new UnitOfWork(world.database);
  const how = { accountId, clientId: 'ditarik', language: 'id', acr: 'aal1', amr: ['pwd'] } as const;
  await narrow(first, world.house.secrets, { ...how, keep: ['name'] });
  const second = keepOnly(['nickname']);
  await aWriterWaits();
  await first.commit();
  await second;
  expect(await allowedNow()).toEqual([['consent', []]]);
});
