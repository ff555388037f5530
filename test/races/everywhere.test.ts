/**
 * Somebody takes back what an app may read while that app, on two processes at once, redeems, refreshes, reads and signs in
 * silently as fast as it can. Once the withdrawal is answered nothing that it got meanwhile is worth anything.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { disconnect, narrow, withdraw } from '#src/oidc/withdrawals.ts';
import { answerOf, ask, basic, bearer, claimsOf, goThrough, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, type RunningServer, secretOf, type World } from '#test/support/world.ts';
import { passkeyCitizen, signInByPasskey } from './crowd.ts';

const clientId = 'gigih';
const headers = basic(clientId, secretOf(clientId));

let world: World;
let other: RunningServer;
let app: RelyingParty;
let pushing: RelyingParty;
let accountId: string;
let browser: BrowserAgent;
let people = 0;

beforeAll(async () => {
  world = await openWorld();
  other = await world.startServer();
  const claims = ['name', 'nickname'].map((name) => ({ name, purpose: 'Memanggil.', 'purpose#en': 'To call.' }));
  await world.declare({ client_id: clientId, claims });
  await other.house.clients.refresh();
  const scope = 'openid profile offline_access';
  app = await world.app({ clientId, scope });
  pushing = await world.app({ clientId, scope, par: true });
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  people += 1;
  const person = await passkeyCitizen(world, `tarik-serentak-${people}@contoh.id`);
  accountId = person.id;
  browser = world.browser();
  await signInByPasskey(await browser.visit(`${world.issuer}/account`), person.device);
});

/** One of the two processes in turn. */
function on(n: number, path: string): string {
  return `http://localhost:${n % 2 === 0 ? new URL(world.issuer).port : other.port}${path}`;
}

/** What the app holds before anything ends: tokens, a code that it has not redeemed, a pushed request. */
async function holdings() {
  const { tokens } = await signInto(app, browser, { prompt: 'consent' });
  const waiting = await app.startSignIn({ prompt: 'none' });
  const code = answerOf(await goThrough(browser, waiting.url)).get('code') ?? '';
  const pushed = await pushing.startSignIn({ prompt: 'none' });
  return { tokens, code, codeVerifier: waiting.codeVerifier, pushed };
}

type Held = Awaited<ReturnType<typeof holdings>>;

/** All that an app can try at once, some of it on each process. @returns every token that it got, each with its ID token */
async function tryEverything({ tokens, code, codeVerifier, pushed }: Held) {
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
  const redeem = { grant_type: 'authorization_code', code, code_verifier: codeVerifier, redirect_uri: app.redirectUri };
  const silent = async (n: number) => {
    const { url, codeVerifier: verifier } = n === 0 ? pushed : await app.startSignIn({ prompt: 'none' });
    const page = await browser.visit(on(n, `${url.pathname}${url.search}`));
    const got = page.url.searchParams.get('code');
    if (!got) return undefined;
    return ask(on(n + 1, '/token'), { form: { ...redeem, code: got, code_verifier: verifier }, headers });
  };
  const said = await Promise.all([
    ask(on(0, '/token'), { form: redeem, headers }),
    ...[0, 1, 2, 3].map((n) => ask(on(n, '/token'), { form: refresh, headers })),
    ...[0, 1, 2].map(silent),
  ]);
  return said.flatMap((each) => (each?.status === 200 ? [each.json] : []));
}

async function worthOf(token: string, n: number) {
  const read = await ask(on(n, '/userinfo'), { headers: bearer(token) });
  const form = { token };
  const asked = await ask(on(n, '/introspect'), { form, headers });
  return { read: read.status, claims: read.json, active: asked.json.active };
}

const ways = {
  'leaving the app': () =>
    world.database.transaction((tx) => disconnect(tx, world.house.secrets, { accountId, clientId })),
  'withdrawing the consent': () =>
    world.database.transaction((tx) => withdraw(tx, world.house.secrets, { accountId, clientId, cause: 'withdrawn' })),
};

test.each(Object.entries(ways))('after %s no token works, whenever and wherever the app got it', async (_, end) => {
  for (let round = 0; round < 4; round += 1) {
    const held = await holdings();
    const [got] = await Promise.all([tryEverything(held), end()]);
    const tokens = [held.tokens.access_token, ...got.map((each) => String(each.access_token))];
    const refreshing = [held.tokens.refresh_token, ...got.map((each) => each.refresh_token)]
      .filter(Boolean)
      .map(String);
    for (const n of [0, 1]) {
      const worth = await Promise.all(tokens.map((token) => worthOf(token, n)));
      expect(worth.map(({ read, active }) => [read, active])).toEqual(tokens.map(() => [401, false]));
      for (const token of refreshing) {
        const form = { grant_type: 'refresh_token', refresh_token: token };
        expect((await ask(on(n, '/token'), { form, headers })).json.error).toBe('invalid_grant');
      }
    }
    // What it was in the middle of brings nothing either.
    expect(await tryEverything(held)).toEqual([]);
  }
});

test('after keeping less no token brings what was taken away, whenever and wherever the app got it', async () => {
  const how = { language: 'id', acr: 'aal1', amr: ['pwd'] } as const;
  const held = await holdings();
  expect(await worthOf(held.tokens.access_token, 0)).toMatchObject({ read: 200, claims: { name: 'Warga Uji' } });
  const narrowing = { accountId, clientId, keep: ['nickname'], ...how };
  const keepLess = world.database.transaction((tx) => narrow(tx, world.house.secrets, narrowing));
  const [got] = await Promise.all([tryEverything(held), keepLess]);
  const later = await tryEverything(held);
  expect(later.length).toBeGreaterThan(0);
  for (const n of [0, 1])
    for (const { access_token: token } of [...got, ...later]) {
      const { read, claims } = await worthOf(String(token), n);
      expect([200, 401]).toContain(read);
      expect(claims).not.toHaveProperty('name');
    }
  for (const { id_token: idToken } of later) expect(claimsOf(String(idToken))).not.toHaveProperty('name');
});
