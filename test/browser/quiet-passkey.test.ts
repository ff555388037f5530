/** What the script does by itself: a passkey after a sign-in by password, and the word about the browser of an app. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { openStage, type Stage, signInByPassword } from './stage.ts';
import type { Visitor, VisitorOptions } from './visitor.ts';

let stage: Stage;
let me: Visitor;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

afterEach(async () => {
  expect(me.complaints).toEqual([]);
  await me[Symbol.asyncDispose]();
});

async function visit(options: VisitorOptions = {}): Promise<Page> {
  me = await stage.visitor(options);
  return me.page;
}

/**
 * Plays a browser that makes passkeys by itself (Web Authentication Level 3 §5.1.3), which Chromium's virtual device does
 * not: what it answers is real, and nobody was asked for it.
 */
async function makesPasskeys(page: Page, device: SoftwareAuthenticator): Promise<void> {
  const untouched = { origin: stage.world.issuer, userPresent: false, userVerified: false };
  await page.exposeFunction('makePasskey', (options: Parameters<SoftwareAuthenticator['create']>[0]) => {
    const made = device.create(options, untouched);
    return { id: made.id, ...made.response };
  });
  const content = `
    const toText = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=/g, '');
    const toBytes = (text) =>
      Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (one) => one.charCodeAt(0)).buffer;
    const create = navigator.credentials.create.bind(navigator.credentials);
    PublicKeyCredential.getClientCapabilities = async () => ({ conditionalCreate: true });
    navigator.credentials.create = async (asked) => {
      if (asked.mediation !== 'conditional') return create(asked);
      const { challenge, user, ...rest } = asked.publicKey;
      const json = { ...rest, challenge: toText(challenge), user: { ...user, id: toText(user.id) } };
      const { id, clientDataJSON, attestationObject, transports } = await window.makePasskey(json);
      return {
        id, rawId: toBytes(id), type: 'public-key', getClientExtensionResults: () => ({}),
        response: {
          clientDataJSON: toBytes(clientDataJSON), attestationObject: toBytes(attestationObject),
          getTransports: () => transports,
        },
      };
    };`;
  await page.addInitScript({ content });
}

/** What the browser was told about its passkeys. */
async function hearsSignals(page: Page): Promise<() => Promise<string[]>> {
  const content = `
    window.signals = [];
    for (const method of ['signalUnknownCredential', 'signalAllAcceptedCredentials', 'signalCurrentUserDetails'])
      PublicKeyCredential[method] = async (news) => void window.signals.push(method + ' ' + Object.keys(news).sort());`;
  await page.addInitScript({ content });
  return async () => (await page.evaluate('window.signals')) as string[];
}

it('a passkey is made while the consent page is read, and no page more is shown', async () => {
  const page = await visit();
  const device = new SoftwareAuthenticator({ synced: true });
  await makesPasskeys(page, device);
  await page.goto(`${stage.health}/sign-in`);
  me.screens.length = 0;
  const kept = page.waitForResponse((answer) => answer.request().method() === 'POST' && answer.status() === 204);
  await signInByPassword(page, 'wayan@contoh.id');
  await kept;
  await page.click('#consent-allow');
  await page.waitForSelector('#signed-in-name');
  expect(me.screens).toHaveLength(2);
  expect(device.credentials).toHaveLength(1);
  expect((await stage.world.message('wayan@contoh.id')).subject).toMatch(/Kunci sandi baru/);
  await page.goto(`${stage.world.issuer}/account`);
  expect(await page.locator('[data-passkey]').count()).toBe(1);
  expect(await page.locator('#passkey-card').count()).toBe(0);
});

it('on the account page the card goes away when one was made', async () => {
  const page = await visit();
  await makesPasskeys(page, new SoftwareAuthenticator({ synced: true }));
  await page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(page, 'dewi@contoh.id');
  await page.waitForSelector('#connected-apps');
  await expect.poll(() => page.locator('#passkey-card').count()).toBe(0);
  await page.reload();
  expect(await page.locator('[data-passkey]').count()).toBe(1);
});

it('where the browser makes none, the card offers one and can be put off; the button beside it still works', async () => {
  const page = await visit();
  const signals = await hearsSignals(page);
  await page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(page, 'budi@contoh.id');
  await page.locator('#passkey-card').waitFor();
  expect(await signals()).toEqual([
    'signalAllAcceptedCredentials allAcceptedCredentialIds,rpId,userId',
    'signalCurrentUserDetails displayName,name,rpId,userId',
  ]);
  await page.click('#passkey-later');
  await page.waitForSelector('#connected-apps');
  expect(await page.locator('#passkey-card').count()).toBe(0);
  await page.click('#add-passkey');
  await page.waitForSelector('[data-passkey]');
});

it('what the server does not keep, the device is told to forget', async () => {
  const page = await visit();
  await makesPasskeys(page, new SoftwareAuthenticator({ synced: true }));
  const signals = await hearsSignals(page);
  // Posted with another token it is refused, and nobody sees a word of it.
  await page.route('**/account', (route) =>
    route.request().method() === 'POST' ? route.fulfill({ status: 422, body: '' }) : route.continue(),
  );
  await page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(page, 'siti@contoh.id');
  await expect.poll(signals).toContain('signalUnknownCredential credentialId,rpId');
  expect(await page.locator('#passkey-message').textContent()).toBe('');
});

const instagram =
  'Mozilla/5.0 (Linux; Android 14; SM-A155F; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/129.0.0.0 Mobile Safari/537.36 Instagram 350.0.0.30.112';

it('inside an app the page says why passkeys fail and what to open, and the password works', async () => {
  const page = await visit({ userAgent: instagram, withDevice: false });
  await page.addInitScript({ content: 'delete window.PublicKeyCredential;' });
  await page.goto(`${stage.health}/sign-in`);
  await page.getByRole('heading', { name: 'Kunci sandi tidak bisa dipakai di dalam Instagram' }).waitFor();
  await page.click('#real-address');
  expect(await page.evaluate('getSelection().toString()')).toBe(await page.inputValue('#real-address'));
  expect(await page.inputValue('#real-address')).toMatch(/^http:\/\/localhost:3001/);
  await signInByPassword(page);
  await page.waitForSelector('#consent-allow');
});

it('what the browser can do counts more than what it calls itself', async () => {
  const page = await visit({ userAgent: instagram });
  await page.goto(`${stage.health}/sign-in`);
  await expect.poll(() => page.locator('#built-in').count()).toBe(0);
  await me[Symbol.asyncDispose]();
  const silent = await visit({ withDevice: false });
  await silent.addInitScript({ content: 'delete window.PublicKeyCredential;' });
  await silent.goto(`${stage.health}/sign-in`);
  await silent.locator('#passkey-message').filter({ hasText: 'di dalam aplikasi lain' }).waitFor();
});
