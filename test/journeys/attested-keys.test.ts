import { afterAll, beforeAll, expect, test } from 'vitest';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { type MetadataService, MODEL, openMetadataService } from '#test/support/metadata.ts';
import type { Page } from '#test/support/page.ts';
import type { Overrides } from '#test/support/relying-party.ts';
import { allow, createPasskey, openWorld, password, type World } from '#test/support/world.ts';

let service: MetadataService;
let world: World;

beforeAll(async () => {
  service = await openMetadataService();
  world = await openWorld({
    settings: { PASSKEY_METADATA_FILE: service.path, PASSKEY_METADATA_ROOT_FILE: service.rootsPath },
  });
  await world.declare({ client_id: 'brankas', min_authentication: 'phrh' });
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await service?.[Symbol.asyncDispose]();
});

const essential = (value: string) => ({
  claims: JSON.stringify({ id_token: { acr: { essential: true, value }, amr: null } }),
});

const told = { claims: JSON.stringify({ id_token: { acr: null } }) };

async function request(browser: BrowserAgent, overrides: Overrides = told, clientId = 'brankas') {
  const app = await world.app({ clientId, scope: 'openid' });
  const attempt = await app.startSignIn(overrides);
  const page = await browser.visit(attempt.url);
  return { page, arrive: async (at: Page) => (await app.finishSignIn(attempt, await allow(at))).claims() };
}

function use(page: Page, device: SoftwareAuthenticator): Promise<Page> {
  const credential = device.get(page.json('#passkey-options'), { origin: world.issuer });
  return page.fill({ credential: JSON.stringify(credential) }).press('#passkey');
}

const securityKey = () => new SoftwareAuthenticator({ aaguid: MODEL, attestedBy: service.attestedBy });

test('discovery offers what a known maker makes possible', async () => {
  const { acr_values_supported } = (await (
    await fetch(`${world.issuer}/.well-known/openid-configuration`)
  ).json()) as Record<string, unknown>;
  expect(acr_values_supported).toEqual(['aal1', 'aal2', 'aal3', 'phr', 'phrh']);
});

test('an app that lets nobody in without hardware gets somebody with a new key of a known maker, and later the same key', async () => {
  await world.citizen('kunci-usb@contoh.id', { password });
  const device = securityKey();
  const { page, arrive } = await request(world.browser(), essential('aal3'));
  expect(page.text('#insists')).toContain('kunci keamanan');
  const offer = await page.fill({ identifier: 'kunci-usb@contoh.id', password }).press('#sign-in');
  expect(offer.json<{ attestation: string }>('#passkey-options').attestation).toBe('direct');
  const claims = await arrive(await createPasskey(offer, device));
  expect(claims).toMatchObject({ acr: 'aal3', amr: expect.arrayContaining(['pop', 'hwk', 'user', 'mfa']) });

  const browser = world.browser();
  const later = await request(browser);
  expect((await later.arrive(await use(later.page, device)))?.acr).toBe('aal3');
  const silent = await request(browser, { ...essential('phrh'), prompt: 'none' });
  expect((await silent.arrive(silent.page))?.acr).toBe('phrh');
});

test('a key that nobody vouches for is added, said to be not enough, and the app gets access_denied', async () => {
  await world.citizen('kunci-ponsel@contoh.id', { password });
  const { page } = await request(world.browser());
  const offer = await page.fill({ identifier: 'kunci-ponsel@contoh.id', password }).press('#sign-in');
  const refused = await createPasskey(offer, new SoftwareAuthenticator({ synced: true }));
  expect(refused.status).toBe(422);
  expect(refused.text('#problems')).toContain('tidak menjamin perangkat kerasnya');
  const back = await refused.press('#skip-passkey');
  expect(back.url.searchParams.get('error')).toBe('access_denied');
});

test('somebody with a synced passkey signs in with it first, and adds the hardware then', async () => {
  await world.citizen('dua-kunci@contoh.id', { password });
  const phone = new SoftwareAuthenticator({ synced: true });
  const first = await request(world.browser(), essential('phr'), 'puskesmas-online');
  const offered = await first.page.fill({ identifier: 'dua-kunci@contoh.id', password }).press('#sign-in');
  expect(offered.json<{ attestation?: string }>('#passkey-options').attestation).not.toBe('direct');
  await createPasskey(offered, phone);

  const { page, arrive } = await request(world.browser());
  const byPassword = await page.fill({ identifier: 'dua-kunci@contoh.id', password }).press('#sign-in');
  expect([byPassword.status, byPassword.has('#create-passkey')]).toEqual([422, false]);
  const offer = await use(byPassword, phone);
  expect((await arrive(await createPasskey(offer, securityKey())))?.acr).toBe('aal3');
});

test('the account page registers a security key with its model, and tells it from others', async () => {
  await world.citizen('kunci-akun@contoh.id', { password });
  const browser = world.browser();
  const page = await browser.visit(`${world.issuer}/account`);
  const account = await page.fill({ identifier: 'kunci-akun@contoh.id', password }).press('#sign-in');
  expect(account.json<{ attestation?: string }>('#passkey-options').attestation).not.toBe('direct');
  const asking = await account.follow('#hardware-key');
  const key = securityKey();
  const credential = key.create(asking.json('#passkey-options'), { origin: world.issuer });
  const added = await asking.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
  expect(added.text('[data-passkey]')).toContain('pembuatnya dikenal');
  const { page: safe, arrive } = await request(world.browser());
  expect((await arrive(await use(safe, key)))?.acr).toBe('aal3');
});

test('a broken file keeps nobody out, is said once at the start, and nobody reaches aal3', async () => {
  await using lame = await openWorld({ settings: { PASSKEY_METADATA_FILE: '/nowhere/blob.jwt' } });
  expect(lame.log.filter((line) => line.includes('PASSKEY_METADATA_FILE'))).toEqual([
    expect.stringContaining('/nowhere/blob.jwt cannot be read (ENOENT). Until it is put right nobody reaches aal3'),
  ]);
  const app = await lame.app();
  const page = await lame.browser().visit((await app.startSignIn(essential('aal3'))).url);
  expect(page.url.searchParams.get('error')).toBe('unmet_authentication_requirements');
  expect((await lame.browser().visit((await app.startSignIn()).url)).has('#sign-in')).toBe(true);
});
