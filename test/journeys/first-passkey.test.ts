import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { createPasskey, openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

afterEach(() => {
  vi.useRealTimers();
});

/** From the account page of somebody who can prove an address only, to the offer of a first passkey. */
async function reachOffer(browser: BrowserAgent, address: string): Promise<Page> {
  const page = await browser.visit(`${world.issuer}/account`);
  const codePage = await page.fill({ identifier: address }).press('#send-code');
  const { code = '' } = await world.message(address);
  return codePage.fill({ code }).press('#continue');
}

async function countPasskeys(accountId: string): Promise<number> {
  const rows = await world.database.query('select 1 as one from passkeys where shard = any($1) and account_id = $2', [
    [Number.parseInt(accountId.slice(0, 3), 16)],
    accountId,
  ]);
  return rows.length;
}

test('an account that has nothing else gets its first passkey by a code', async () => {
  const accountId = await world.citizen('awal@contoh.id');
  const arrived = await createPasskey(await reachOffer(world.browser(), 'awal@contoh.id'));
  expect(arrived.url.pathname).toBe('/account');
  expect(await countPasskeys(accountId)).toBe(1);
});

test('a code does not lead past a password', async () => {
  await world.citizen('sandi@contoh.id', { password: 'rumput tetangga selalu hijau' });
  const page = await reachOffer(world.browser(), 'sandi@contoh.id');
  expect(page.has('#create-passkey')).toBe(false);
  expect(page.has('input[name="password"]')).toBe(true);
  expect(page.text()).toContain('kata sandi');
});

test('an offer left open adds nothing once the owner has a passkey', async () => {
  const accountId = await world.citizen('pemilik@contoh.id');
  const stranger = await reachOffer(world.browser(), 'pemilik@contoh.id');
  const owner = await reachOffer(world.browser(), 'pemilik@contoh.id');
  expect((await createPasskey(owner)).url.pathname).toBe('/account');

  const refused = await createPasskey(stranger);
  expect(refused.url.pathname).not.toBe('/account');
  expect(await countPasskeys(accountId)).toBe(1);
});

test('an offer left open for more than five minutes asks for the proof again', async () => {
  const accountId = await world.citizen('lama@contoh.id');
  const offer = await reachOffer(world.browser(), 'lama@contoh.id');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6 * 60_000 });
  const refused = await createPasskey(offer);
  expect(refused.status).toBe(403);
  expect(refused.has('input[name="identifier"]')).toBe(true);
  expect(await countPasskeys(accountId)).toBe(0);
});

test('two presses of the same button open one account and both arrive', async () => {
  const app = await world.app();
  const browser = world.browser();
  const first = await browser.visit((await app.startSignIn()).url);
  const codePage = await (await first.follow('#sign-up')).fill({ identifier: 'dua@contoh.id' }).press('#continue');
  const { code = '' } = await world.message('dua@contoh.id');
  const namePage = await codePage.fill({ code }).press('#continue');
  namePage.fill({ name: 'Dua Kali', password: 'rumput tetangga selalu hijau' });
  const pages = await Promise.all([namePage.press('#continue'), namePage.press('#continue')]);
  expect(pages.map((page) => page.has('#consent-allow'))).toEqual([true, true]);
});

test('an essential acr stays essential beside acr_values', async () => {
  const app = await world.app();
  const browser = world.browser();
  const claims = JSON.stringify({ id_token: { acr: { essential: true, value: 'phr' } } });
  const attempt = await app.startSignIn({ acr_values: 'aal1', claims });
  const plain = await app.startSignIn();
  await signIn(await browser.visit(plain.url), 'siti@contoh.id', password);
  const page = await browser.visit(attempt.url);
  expect(page.status).toBe(200);
  expect(page.has('#passkey')).toBe(true);
});

test('an essential acr that nobody here can reach is answered to the app at once', async () => {
  const app = await world.app();
  const claims = JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:gold' } } });
  const page = await world.browser().visit((await app.startSignIn({ claims })).url);
  expect(page.status).toBe(0);
  expect(page.url.searchParams.get('error')).toBe('unmet_authentication_requirements');
});

test('two removals at once leave one passkey to an account without a password', async () => {
  const accountId = await world.citizen('dua-kunci@contoh.id');
  const browser = world.browser();
  await createPasskey(await reachOffer(browser, 'dua-kunci@contoh.id'));
  const account = await browser.visit(`${world.issuer}/account`);
  const second = new SoftwareAuthenticator().create(account.json('#passkey-options'), { origin: world.issuer });
  await account.fill({ credential: JSON.stringify(second) }).press('#add-passkey');
  expect(await countPasskeys(accountId)).toBe(2);

  const page = await browser.visit(`${world.issuer}/account`);
  const csrf = page.value('csrf') ?? '';
  const ids = page.attributes('[data-passkey]', 'data-passkey');
  const remove = (passkey: string) =>
    browser.post(`${world.issuer}/account`, { csrf, action: 'remove-passkey', passkey }, world.issuer);
  await Promise.all(ids.map(remove));
  expect(await countPasskeys(accountId)).toBe(1);
});
