import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let browser: BrowserAgent;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => {
  browser = world.browser();
});

afterEach(() => {
  vi.useRealTimers();
});

let made = 0;

async function newCitizen(): Promise<string> {
  made += 1;
  const address = `warga-${made}@contoh.id`;
  await world.citizen(address, { name: `Warga ${made}`, password });
  return address;
}

async function openAccount(address: string, at: BrowserAgent = browser): Promise<Page> {
  const page = await at.visit(`${world.issuer}/account`);
  return page.fill({ identifier: address, password }).press('#sign-in');
}

function passkeyFor(page: Page, device = new SoftwareAuthenticator()): string {
  return JSON.stringify(device.create(page.json('#passkey-options'), { origin: world.issuer }));
}

describe('connected apps', () => {
  test('are named with what they read; disconnecting ends every token and the consent', async () => {
    const address = await newCitizen();
    const tax = await world.app({ clientId: 'pajak-daerah', scope: 'openid profile email phone offline_access' });
    const attempt = await tax.startSignIn({ prompt: 'consent' });
    const tokens = await tax.finishSignIn(attempt, await signIn(await browser.visit(attempt.url), address));
    expect(tokens.refresh_token).toBeTruthy();

    const page = await browser.visit(`${world.issuer}/account`);
    expect(page.text('[data-client=pajak-daerah]')).toContain('Pajak Daerah');
    expect(page.text('[data-client=pajak-daerah]')).toContain('nama lengkap');
    const done = await page.press('[data-client=pajak-daerah] button.disconnect');
    expect(done.count('[data-client]')).toBe(0);
    expect(done.text('.notice')).toContain('tidak lagi dapat membaca');

    await expect(tax.userinfo(tokens.access_token)).rejects.toMatchObject({ status: 401 });
    await expect(tax.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    const again = await browser.visit((await tax.startSignIn()).url);
    expect(again.has('#consent-allow')).toBe(true);
  });

  test('of other people cannot be disconnected, and a second press changes nothing', async () => {
    const address = await newCitizen();
    const page = await openAccount(address);
    const csrf = page.value('csrf') ?? '';
    const form = { csrf, action: 'disconnect', client: 'puskesmas-online' };
    const answer = await browser.post(`${world.issuer}/account`, form, world.issuer);
    expect(answer.status).toBe(200);
    expect(answer.has('.notice-done')).toBe(false);
  });
});

describe('passkeys', () => {
  test('are added, used to sign in, and removed; every contact is told', async () => {
    const address = await newCitizen();
    const device = new SoftwareAuthenticator();
    const page = await openAccount(address);
    const added = await page.fill({ credential: passkeyFor(page, device) }).press('#add-passkey');
    expect(added.count('#passkeys [data-passkey]')).toBe(1);
    expect((await world.message(address)).subject).toMatch(/Kunci sandi baru/);

    const other = world.browser();
    const signInPage = await other.visit(`${world.issuer}/account`);
    const assertion = device.get(signInPage.json('#passkey-options'), { origin: world.issuer });
    const inside = await signInPage.fill({ credential: JSON.stringify(assertion) }).press('#passkey');
    const removed = await inside.press('[data-passkey] button');
    expect(removed.count('#passkeys [data-passkey]')).toBe(0);
    expect((await world.message(address)).subject).toMatch(/dihapus/);
    const late = await other.visit(`${world.issuer}/account/confirm`);
    const refused = await late
      .fill({ credential: JSON.stringify(device.get(late.json('#passkey-options'), { origin: world.issuer })) })
      .press('#passkey');
    expect(refused.status).toBe(422);
  });

  test('need a proof of the last five minutes, for adding and for removing', async () => {
    const address = await newCitizen();
    const page = await openAccount(address);
    const withOne = await page.fill({ credential: passkeyFor(page) }).press('#add-passkey');
    const credential = passkeyFor(withOne);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 60_000 + 1_000 });
    for (const late of [
      await withOne.fill({ credential }).press('#add-passkey'),
      await withOne.press('[data-passkey] button'),
    ]) {
      expect(late.status).toBe(422);
      expect(late.count('#passkeys [data-passkey]')).toBe(1);
      expect(late.has('#add-passkey')).toBe(false);
    }
    const again = await (await browser.visit(`${world.issuer}/account`)).follow('#fresh-proof');
    const fresh = await again.fill({ identifier: address, password }).press('#sign-in');
    expect((await fresh.press('[data-passkey] button')).count('#passkeys [data-passkey]')).toBe(0);
  });

  test('without JavaScript cannot be added, and the page says so', async () => {
    const page = await (await openAccount(await newCitizen())).press('#add-passkey');
    expect(page.status).toBe(422);
    expect(page.text('#problems')).toContain('JavaScript');
  });

  test('made for another account or another browser are refused', async () => {
    const mine = await openAccount(await newCitizen());
    const theirs = await openAccount(await newCitizen(), world.browser());
    const refused = await mine.fill({ credential: passkeyFor(theirs) }).press('#add-passkey');
    expect(refused.status).toBe(422);
    expect(refused.count('#passkeys [data-passkey]')).toBe(0);
  });
});

describe('sessions', () => {
  test('of the same person elsewhere can be ended here', async () => {
    const address = await newCitizen();
    const lost = world.browser();
    await openAccount(address, lost);
    const here = await openAccount(address);
    expect(here.count('#sessions [data-session]')).toBe(2);
    const after = await here.press('#sessions button');
    expect(after.count('#sessions [data-session]')).toBe(1);
    expect((await lost.visit(`${world.issuer}/account`)).has('input[name=password]')).toBe(true);
    expect((await browser.visit(`${world.issuer}/account`)).has('#connected-apps')).toBe(true);
  });

  test('are shared with the apps: signed in there, signed in here, and signed out everywhere', async () => {
    const address = await newCitizen();
    const health = await world.app();
    await signIn(await browser.visit((await health.startSignIn()).url), address);
    const page = await browser.visit(`${world.issuer}/account`);
    expect(page.has('#connected-apps')).toBe(true);
    const gone = await (await page.press('#sign-out')).press('#logout-yes');
    expect(gone.has('#logout-done')).toBe(true);
    expect((await browser.visit((await health.startSignIn()).url)).has('input[name=password]')).toBe(true);
    const stale = await page.press('#sign-out');
    expect(stale.text('#error-code')).toBe('session_required');
  });

  test('end when the account is disabled', async () => {
    const address = await newCitizen();
    const page = await openAccount(address);
    expect(page.has('#connected-apps')).toBe(true);
    await world.database.execute(
      `update accounts set state = 'disabled' where (shard, id) in (select shard, account_id from sessions)`,
    );
    expect((await browser.visit(`${world.issuer}/account`)).has('#connected-apps')).toBe(false);
    expect((await page.press('#sign-out')).text('#error-code')).toBe('session_required');
  });
});

describe('a form that was not filled in on this page', () => {
  test.each([
    ['without the token', {}, undefined],
    ['with a made-up token', { csrf: 'A'.repeat(43) }, undefined],
    ['from another origin', undefined, 'https://jahat.example'],
    ['from nowhere (Origin: null)', undefined, 'null'],
  ])('is refused %s', async (_case, fields, origin) => {
    const page = await openAccount(await newCitizen());
    const form = fields ?? { csrf: page.value('csrf') ?? '' };
    const answer = await browser.post(
      `${world.issuer}/account`,
      { action: 'sign-out', ...form },
      origin ?? world.issuer,
    );
    expect(answer.status).toBe(403);
    expect(answer.text('#error-code')).toBe('csrf_mismatch');
  });

  test('is taken with an Origin header or without one, and without Sec-Fetch-Site', async () => {
    const page = await openAccount(await newCitizen());
    const form = { action: 'sign-out', csrf: page.value('csrf') ?? '' };
    expect((await browser.post(`${world.issuer}/account`, form, world.issuer)).has('#logout-yes')).toBe(true);
    expect((await browser.post(`${world.issuer}/account`, form)).has('#logout-yes')).toBe(true);
  });
});

test('the page is complete in both languages', async () => {
  const address = await newCitizen();
  const health = await world.app();
  await allow(await signIn(await browser.visit((await health.startSignIn()).url), address));
  for (const [language, heading] of [
    ['id', 'Layanan terhubung'],
    ['en', 'Connected services'],
  ] as const) {
    const page = await browser.visit(`${world.issuer}/account?lang=${language}`);
    expect(page.attribute('html', 'lang')).toBe(language);
    expect(page.text('#connected-apps h2')).toBe(heading);
  }
});
