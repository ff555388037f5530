/**
 * The provider signs five kinds of things for others: ID tokens, answers of userinfo, logout tokens, event tokens and receipts.
 * None of them passes for another one, nor for what lets somebody in.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyReceipt } from '#src/consents/receipts.ts';
import { startAppNotices } from '#src/jobs/app-notices.ts';
import { receiptKeysOf } from '#src/oidc/receipts.ts';
import { disconnect } from '#src/oidc/withdrawals.ts';
import { ask, basic, bearer, headerOf, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { ListeningApp } from '#test/support/listening-app.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, secretOf, type World } from '#test/support/world.ts';

const clientId = 'pendengar-tanda';
const headers = basic(clientId, secretOf(clientId));

let world: World;
let app: RelyingParty;
let browser: BrowserAgent;
const signed: Record<string, string> = {};

beforeAll(async () => {
  world = await openWorld();
  const { database, secrets, log, keys, config } = world.house;
  await using told = await ListeningApp.open(
    (request, response) => void response.writeHead(request.url === '/kabar' ? 202 : 200).end(),
  );
  const hears = { backchannel_logout_uri: `${told.origin}/keluar`, event_uri: `${told.origin}/kabar` };
  await world.declare({ client_id: clientId, userinfo_signed_response_alg: 'ES256', ...hears });
  app = await world.app({ clientId, redirectUri: 'http://localhost:3001/callback' });
  const mail = 'bertanda@contoh.id';
  const accountId = await world.citizen(mail, { password });
  browser = world.browser();
  const { tokens } = await signInto(app, browser, {}, mail);
  signed['ID token'] = tokens.id_token ?? '';
  signed.userinfo = (await ask(`${world.issuer}/userinfo`, { headers: bearer(tokens.access_token) })).body;
  const [{ id = '' } = {}] = await database.query<{ id: string }>('select id from permissions where account_id = $1', [
    accountId,
  ]);
  signed.receipt = (await browser.visit(`${world.issuer}/account/receipts/${id}.jws`)).html;
  await database.transaction((tx) => disconnect(tx, secrets, { accountId, clientId }));
  const notices = startAppNotices({ database, secrets, log, keys, config }, { everyMs: 1_000_000_000 });
  await notices.deliverDue();
  await notices.stop();
  signed['logout token'] = told.logoutTokens[0] ?? '';
  signed['event token'] = told.received.find(({ path }) => path === '/kabar')?.body ?? '';
  // Connected again, so that what is refused is refused for what it is.
  await signInto(app, browser, {}, mail);
});

afterAll(() => world?.[Symbol.asyncDispose]());

test('each says what it is', () => {
  const kinds = Object.entries(signed).map(([name, token]) => [name, headerOf(token).typ]);
  expect(Object.fromEntries(kinds)).toEqual({
    ...{ 'logout token': 'logout+jwt', 'event token': 'secevent+jwt', receipt: 'permission-receipt+jwt' },
    ...{ 'ID token': undefined, userinfo: undefined },
  });
});

const kinds = ['ID token', 'userinfo', 'logout token', 'event token', 'receipt'];

test.each(kinds)('%s: reads nothing, redeems nothing, authenticates nobody, and is no live token', async (kind) => {
  const token = signed[kind] ?? '';
  expect((await ask(`${world.issuer}/userinfo`, { headers: bearer(token) })).status).toBe(401);
  const looked = await ask(`${world.issuer}/introspect`, { form: { token }, headers });
  expect(looked.json.error).toBe('unsupported_token_type');
  const grants = [
    { grant_type: 'refresh_token', refresh_token: token },
    { grant_type: 'authorization_code', code: token, code_verifier: 'v'.repeat(43), redirect_uri: app.redirectUri },
  ];
  for (const form of grants) {
    const said = await ask(`${world.issuer}/token`, { form, headers });
    expect([said.status, said.json.error]).toEqual([400, 'invalid_grant']);
  }
  const assertion = {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    ...{ client_assertion: token, client_id: clientId, grant_type: 'authorization_code', code: 'x' },
  };
  expect(['invalid_client', 'invalid_request']).toContain(
    (await ask(`${world.issuer}/token`, { form: assertion })).json.error,
  );
  expect((await ask(`${world.issuer}/api/v1/apps/${clientId}`, { headers: bearer(token) })).status).toBe(401);
});

test.each(kinds.filter((kind) => kind !== 'receipt'))('%s: is no receipt', async (kind) => {
  const keys = receiptKeysOf(world.house.keys, world.issuer);
  expect((await verifyReceipt(signed[kind] ?? '', keys)).kind).toBe('no-receipt');
});

test.each(['event token', 'receipt'])('%s: is no hint of who is there', async (kind) => {
  const hint = { id_token_hint: signed[kind] ?? '' };
  const { url } = await app.startSignIn({ prompt: 'none', ...hint });
  expect((await browser.visit(url)).url.searchParams.get('error')).toBe('invalid_request');
  expect((await browser.visit(app.signOutUrl(hint))).status).toBe(400);
});
