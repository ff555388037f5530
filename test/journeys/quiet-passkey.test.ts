/** A passkey that a browser makes by itself after a sign-in by password, and the offer where it cannot. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { enrol } from '#test/races/crowd.ts';
import { type RegistrationForgery, SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { allow, openWorld, password, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

afterEach(() => vi.useRealTimers());

/** Nobody touches the device and nobody is recognised: it only keeps a key. */
const untouched: RegistrationForgery = { userPresent: false, userVerified: false };

async function newCitizen(identifier: string): Promise<string> {
  return world.citizen(identifier, { password });
}

/** From an app to its consent page, or to the account page, by password. */
async function signInTo(browser: BrowserAgent, url: URL | string, identifier: string): Promise<Page> {
  const page = await browser.visit(url);
  return page.fill({ identifier, password }).press('#sign-in');
}

async function reachConsent(browser: BrowserAgent, identifier: string): Promise<Page> {
  const page = await signInTo(browser, (await (await world.app()).startSignIn()).url, identifier);
  expect(page.has('#consent-allow')).toBe(true);
  return page;
}

/** What the script of the page sends. */
function keep(
  browser: BrowserAgent,
  page: Page,
  made: { device?: SoftwareAuthenticator; forged?: RegistrationForgery; options?: string; csrf?: string } = {},
): Promise<Page> {
  const { device = new SoftwareAuthenticator({ synced: true }), forged = untouched } = made;
  const options = page.json<Parameters<SoftwareAuthenticator['create']>[0]>(made.options ?? '#quiet-passkey');
  const credential = JSON.stringify(device.create(options, { origin: world.issuer, ...forged }));
  const csrf = made.csrf ?? page.value('csrf') ?? '';
  const address = new URL(page.url.pathname, page.url);
  return browser.post(address, { action: 'keep-passkey', csrf, credential }, world.issuer);
}

async function countPasskeys(accountId: string): Promise<number> {
  const row = await world.database.first<{ count: number }>(
    'select count(*)::int as count from passkeys where account_id = $1',
    [accountId],
  );
  return row?.count ?? 0;
}

describe('on the consent page', () => {
  test('it is kept without a word, tells the owner, raises nothing, and signs in the next time', async () => {
    const id = await newCitizen('diam@contoh.id');
    const device = new SoftwareAuthenticator({ synced: true });
    const browser = world.browser();
    const app = await world.app();
    const claims = JSON.stringify({ id_token: { acr: null, amr: null } });
    const { url, codeVerifier } = await app.startSignIn({ claims });
    const consent = await signInTo(browser, url, 'diam@contoh.id');
    const kept = await keep(browser, consent, { device });
    expect([kept.status, kept.html]).toEqual([204, '']);
    expect(await countPasskeys(id)).toBe(1);
    expect((await world.message('diam@contoh.id')).subject).toMatch(/Kunci sandi baru/);

    const code = (await allow(consent)).url.searchParams.get('code') ?? '';
    const tokens = await app.redeem(code, codeVerifier);
    expect(tokens.claims()).toMatchObject({ acr: 'aal1', amr: ['pwd'] });

    const page = await world.browser().visit((await app.startSignIn()).url);
    const credential = JSON.stringify(device.get(page.json('#passkey-options'), { origin: world.issuer }));
    expect((await page.fill({ credential }).press('#passkey')).url.searchParams.has('code')).toBe(true);
  });

  test('a sign-in with it asks for its owner like any other', async () => {
    await newCitizen('periksa@contoh.id');
    const device = new SoftwareAuthenticator({ synced: true, verifiesUser: false });
    const browser = world.browser();
    expect((await keep(browser, await reachConsent(browser, 'periksa@contoh.id'), { device })).status).toBe(204);
    const page = await world.browser().visit((await (await world.app()).startSignIn()).url);
    const credential = JSON.stringify(device.get(page.json('#passkey-options'), { origin: world.issuer }));
    const refused = await page.fill({ credential }).press('#passkey');
    expect([refused.status, refused.has('#passkey')]).toEqual([422, true]);
  });

  test('an answer counts once, and to a challenge of its own only', async () => {
    const id = await newCitizen('sekali@contoh.id');
    const browser = world.browser();
    const account = await signInTo(browser, `${world.issuer}/account`, 'sekali@contoh.id');
    // Nobody was verified: the button of the page takes no such answer, and the script's way takes no other challenge.
    const options = account.json<Parameters<SoftwareAuthenticator['create']>[0]>('#quiet-passkey');
    const made = new SoftwareAuthenticator().create(options, { origin: world.issuer, ...untouched });
    expect((await account.fill({ credential: JSON.stringify(made) }).press('#add-passkey')).status).toBe(422);
    expect((await keep(browser, account, { options: '#passkey-options' })).status).toBe(422);
    expect(await countPasskeys(id)).toBe(0);

    const fresh = await browser.visit(`${world.issuer}/account`);
    const answers = await Promise.all([keep(browser, fresh), keep(browser, fresh)]);
    expect(answers.map(({ status }) => status === 204).sort()).toEqual([false, true]);
    expect(await countPasskeys(id)).toBe(1);
  });

  test('only a page of ours can have it kept', async () => {
    const id = await newCitizen('palsu@contoh.id');
    const browser = world.browser();
    const consent = await reachConsent(browser, 'palsu@contoh.id');
    expect((await keep(browser, consent, { csrf: 'x'.repeat(43) })).status).toBe(403);
    const other = world.browser();
    expect((await keep(other, consent)).status).not.toBe(204);
    expect(await countPasskeys(id)).toBe(0);
  });

  test('more than five minutes after the password nothing is kept', async () => {
    const id = await newCitizen('lambat@contoh.id');
    const browser = world.browser();
    const consent = await reachConsent(browser, 'lambat@contoh.id');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 60_000 + 2_000 });
    expect((await keep(browser, consent)).status).toBe(403);
    expect((await browser.visit(consent.url)).has('#quiet-passkey')).toBe(false);
    expect(await countPasskeys(id)).toBe(0);
  });

  test('once there is a passkey a page from before adds none', async () => {
    const id = await newCitizen('sudah@contoh.id');
    const browser = world.browser();
    const consent = await reachConsent(browser, 'sudah@contoh.id');
    await enrol(world, id, new SoftwareAuthenticator());
    expect((await keep(browser, consent)).status).toBeGreaterThanOrEqual(400);
    expect((await browser.visit(consent.url)).has('#quiet-passkey')).toBe(false);
    expect(await countPasskeys(id)).toBe(1);
  });

  test('nobody who signed in otherwise, or on a device that others use, is given one', async () => {
    await newCitizen('bersama@contoh.id');
    const shared = await world.browser().visit((await (await world.app()).startSignIn()).url);
    shared.fill({ identifier: 'bersama@contoh.id', password }).tick('shared-device');
    const consent = await shared.press('#sign-in');
    expect([consent.has('#consent-allow'), consent.has('#quiet-passkey')]).toEqual([true, false]);

    await world.citizen('kode-saja@contoh.id');
    const page = await world.browser().visit((await (await world.app()).startSignIn()).url);
    const asked = await page.fill({ identifier: 'kode-saja@contoh.id' }).press('#send-code');
    const { code = '' } = await world.message('kode-saja@contoh.id');
    const byCode = await asked.fill({ code }).press('#continue');
    expect([byCode.has('#consent-allow'), byCode.has('#quiet-passkey')]).toEqual([true, false]);
  });
});

describe('on the account page', () => {
  test('it is kept as well, and the card that offers one is gone', async () => {
    const id = await newCitizen('rumah@contoh.id');
    const browser = world.browser();
    const account = await signInTo(browser, `${world.issuer}/account`, 'rumah@contoh.id');
    expect(account.has('#passkey-card')).toBe(true);
    expect((await keep(browser, account)).status).toBe(204);
    expect(await countPasskeys(id)).toBe(1);
    const again = await browser.visit(`${world.issuer}/account`);
    expect([again.has('#passkey-card'), again.has('#quiet-passkey')]).toEqual([false, false]);
  });

  test('"not now" takes the card away from this browser for thirty days', async () => {
    await newCitizen('nanti@contoh.id');
    const browser = world.browser();
    const account = await signInTo(browser, `${world.issuer}/account`, 'nanti@contoh.id');
    expect((await account.press('#passkey-later')).has('#passkey-card')).toBe(false);
    const cookie = browser.cookies.all.find(({ name }) => name === 'passkey-later');
    expect(Math.round(((cookie?.expires ?? 0) - Date.now()) / 86_400_000)).toBe(30);
    const elsewhere = await signInTo(world.browser(), `${world.issuer}/account`, 'nanti@contoh.id');
    expect(elsewhere.has('#passkey-card')).toBe(true);
  });

  test('the device is told what the account is called and which passkeys it has', async () => {
    await newCitizen('nama@contoh.id');
    const account = await signInTo(world.browser(), `${world.issuer}/account`, 'nama@contoh.id');
    expect(account.json('#passkey-signal')).toEqual({
      accepted: { rpId: 'localhost', userId: expect.any(String), allAcceptedCredentialIds: [] },
      details: {
        rpId: 'localhost',
        userId: expect.any(String),
        name: 'nama@contoh.id',
        displayName: expect.any(String),
      },
    });
  });
});
