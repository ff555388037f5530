/** Two processes on one database: whatever one begins the other can finish, and what ends on one has ended on both. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setClientState } from '#src/registry/client-writes.ts';
import { answerOf, ask, basic, goThrough, signInto } from '#test/oidc/flows.ts';
import { passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import { setAccountState } from '#test/support/account-state.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { testMasterKey } from '#test/support/master-key.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { type ServerProcess, startProcess } from '#test/support/server-process.ts';
import { allow, openWorld, secretOf, type World } from '#test/support/world.ts';

let world: World;
let other: ServerProcess;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: 'berputar', rotate_refresh: true }, { client_id: 'sebentar' });
  app = await world.app({ clientId: 'berputar', scope: 'openid profile offline_access' });
  other = await startOther();
});
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

const startOther = () =>
  startProcess({
    ISSUER: world.issuer,
    DATABASE_URL: world.databaseUrl,
    MASTER_KEYS: testMasterKey.toString('base64'),
  });

/** The same address on the other process. */
function onOther(url: URL | string): URL {
  const moved = new URL(url, world.issuer);
  moved.port = String(other.port);
  return moved;
}

const headers = basic('berputar', secretOf('berputar'));
const redeemOnOther = (code: string, codeVerifier: string) =>
  ask(onOther('/token').href, {
    form: { grant_type: 'authorization_code', code, code_verifier: codeVerifier, redirect_uri: app.redirectUri },
    headers,
  });
const refreshOnOther = (token: string) =>
  ask(onOther('/token').href, { form: { grant_type: 'refresh_token', refresh_token: token }, headers });
const userinfoOnOther = (token: string) =>
  ask(onOther('/userinfo').href, { headers: { authorization: `Bearer ${token}` } });
const silentOnOther = async (browser: BrowserAgent): Promise<Page> =>
  browser.visit(onOther((await app.startSignIn({ prompt: 'none' })).url));

test('a sign-in that starts on one ends on the other: page, cookies, form, code, token, claims', async () => {
  const { device } = await passkeyCitizen(world, 'lintas@contoh.id');
  const browser = world.browser();
  const { url, codeVerifier } = await app.startSignIn({ prompt: 'consent' });
  const page = await browser.visit(onOther(url));
  expect(page.url.port).toBe(String(other.port));
  const credential = JSON.stringify(device.get(page.json('#passkey-options'), { origin: world.issuer }));
  const csrf = page.value('csrf') ?? '';
  const consent = await browser.post(
    `${world.issuer}${page.url.pathname}`,
    { action: 'passkey', credential, csrf },
    world.issuer,
  );
  expect(consent.url.origin).toBe(world.issuer);
  const arrived = await allow(consent);
  const code = answerOf(arrived).get('code') ?? '';
  const { status, json } = await redeemOnOther(code, codeVerifier);
  expect(status).toBe(200);
  expect(await app.userinfo(String(json.access_token))).toMatchObject({ name: 'Warga Uji' });
  const next = await app.refresh(String(json.refresh_token));
  expect((await userinfoOnOther(next.access_token)).json).toMatchObject({ name: 'Warga Uji' });
  expect((await silentOnOther(browser)).url.searchParams.has('code')).toBe(true);
});

test('keys are the same on both', async () => {
  const [one, two] = await Promise.all([ask(`${world.issuer}/jwks`), ask(onOther('/jwks').href)]);
  expect(two.json).toEqual(one.json);
  const discovery = '/.well-known/openid-configuration';
  expect((await ask(onOther(discovery).href)).json).toEqual((await ask(`${world.issuer}${discovery}`)).json);
});

test('a code tried on both at once is redeemed once', async () => {
  const browser = world.browser();
  for (const _ of Array(5)) {
    const { url, codeVerifier } = await app.startSignIn();
    const code = answerOf(await goThrough(browser, url)).get('code') ?? '';
    const [here, there] = await Promise.all([
      app.redeem(code, codeVerifier).catch(() => undefined),
      redeemOnOther(code, codeVerifier),
    ]);
    expect([here !== undefined, there.status === 200].filter(Boolean)).toHaveLength(1);
    const token = here?.access_token ?? String(there.json.access_token);
    expect((await userinfoOnOther(token)).status).toBe(401);
  }
});

test('signing out, withdrawing and disabling on one has happened on the other', async () => {
  const { id, device } = await passkeyCitizen(world, 'seketika@contoh.id');
  const browser = world.browser();
  const start = async () => {
    await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
    return (await signInto(app, browser, { prompt: 'consent' })).tokens;
  };
  const withdrawn = await start();
  expect((await userinfoOnOther(withdrawn.access_token)).status).toBe(200);
  await (await browser.visit(`${world.issuer}/account`)).press('[data-client=berputar] .disconnect');
  expect((await userinfoOnOther(withdrawn.access_token)).status).toBe(401);
  expect((await refreshOnOther(withdrawn.refresh_token ?? '')).json.error).toBe('invalid_grant');

  await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');
  expect((await silentOnOther(browser)).url.searchParams.get('error')).toBe('login_required');

  const disabled = await start();
  await world.database.transaction((tx) => setAccountState(tx, id, 'disabled'));
  expect((await userinfoOnOther(disabled.access_token)).status).toBe(401);
  expect((await refreshOnOther(disabled.refresh_token ?? '')).json.error).toBe('invalid_grant');
  expect((await silentOnOther(browser)).url.searchParams.get('error')).toBe('login_required');
});

test('an app that is suspended is so on the other within seconds, and a new one is known', async () => {
  const open = async (clientId: string) => {
    const { url } = await (await world.app({ clientId, scope: 'openid' })).startSignIn();
    return (await world.browser().visit(onOther(url))).status;
  };
  expect(await open('sebentar')).toBe(200);
  await world.database.transaction((tx) => setClientState(tx, 'sebentar', 'suspended', 'test'));
  await expect.poll(() => open('sebentar')).toBeGreaterThanOrEqual(400);
  await world.declare({ client_id: 'yang-baru' });
  await expect.poll(() => open('yang-baru')).toBe(200);
});

test('a raised epoch, as after a restore, voids sessions, codes and tokens', async () => {
  const { device } = await passkeyCitizen(world, 'zaman@contoh.id');
  const browser = world.browser();
  await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
  const { tokens } = await signInto(app, browser, { prompt: 'consent' });
  const { url, codeVerifier } = await app.startSignIn();
  const code = answerOf(await goThrough(browser, url)).get('code') ?? '';
  const waiting = await app.startSignIn({ prompt: 'login' });
  const page = await browser.visit(waiting.url);

  await world.database.execute('update instance set epoch = epoch + 1');
  await other[Symbol.asyncDispose]();
  other = await startOther();
  expect((await silentOnOther(browser)).url.searchParams.get('error')).toBe('login_required');
  expect((await userinfoOnOther(tokens.access_token)).status).toBe(401);
  expect((await refreshOnOther(tokens.refresh_token ?? '')).json.error).toBe('invalid_grant');
  expect((await redeemOnOther(code, codeVerifier)).json.error).toBe('invalid_grant');
  expect((await browser.visit(onOther(page.url))).text('#error-code')).toBe('interaction_expired');
});
