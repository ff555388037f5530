import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openStage, type Stage, signInByPassword, signUpWithPasskey, typeCode } from './stage.ts';
import type { HeldPasskey, Visitor } from './visitor.ts';

let stage: Stage;
let me: Visitor;

beforeAll(async () => {
  stage = await openStage();
  await signUpWati();
});

afterAll(() => stage[Symbol.asyncDispose]());

beforeEach(async () => {
  me = await stage.visitor();
});

afterEach(async () => {
  vi.useRealTimers();
  expect(me.complaints).toEqual([]);
  await me[Symbol.asyncDispose]();
});

/** Someone with an account, a passkey and a consent for the health app. */
const wati = 'wati@contoh.id';
let passkeyOfWati: HeldPasskey;

async function signUpWati(): Promise<void> {
  await using visitor = await stage.visitor();
  const { page, device } = visitor;
  await page.goto(`${stage.health}/sign-in`);
  await signUpWithPasskey(page, stage.world, wati, 'Wati Lestari');
  await page.click('#consent-allow');
  await page.waitForSelector('#signed-in-name');
  const [held] = await device.passkeys();
  if (!held) throw new Error('no passkey was made');
  passkeyOfWati = held;
}

/** Puts the passkey on the visitor's device; it counts on from the last time. */
async function beWati(): Promise<void> {
  passkeyOfWati = { ...passkeyOfWati, signCount: passkeyOfWati.signCount + 100 };
  await me.device.keep(passkeyOfWati);
}

async function setStateOfWati(state: string): Promise<void> {
  await stage.world.database.execute(
    'update accounts set state = $1 where id in (select account_id from passkeys where credential_id = $2)',
    [state, Buffer.from(passkeyOfWati.credentialId, 'base64')],
  );
}

/** Opens the sign-in page of the health app with nobody touching the device, so that the page stays. */
async function openSignIn(): Promise<void> {
  await me.device.reacts(false);
  await me.page.goto(`${stage.health}/sign-in`);
  await me.page.waitForSelector('#passkey');
}

async function expectMessage(text: RegExp): Promise<void> {
  await me.page.locator('#passkey-message').filter({ hasText: text }).waitFor();
}

describe('a citizen with a new account', () => {
  it('is inside the first app after four screens, and inside the second by consent alone', async () => {
    const { page } = me;
    await page.goto(stage.health);
    me.screens.length = 0;
    await page.click('#sign-in');
    await signUpWithPasskey(page, stage.world, 'baru@contoh.id', 'Siti Baru');
    await page.click('#consent-allow');
    await page.waitForSelector('#signed-in-name');
    expect(await page.textContent('#signed-in-name')).toBe('Siti Baru');
    const [passkey] = await me.device.passkeys();
    expect(passkey).toMatchObject({ rpId: 'localhost', isResidentCredential: true, userName: 'baru@contoh.id' });
    expect(me.screens.slice(0, -1).every((address) => address.startsWith(`${stage.world.issuer}/interaction/`))).toBe(
      true,
    );
    expect(me.screens).toHaveLength(4 + 1);

    me.screens.length = 0;
    await page.goto(`${stage.tax}/sign-in`);
    expect(await page.locator('#password').count()).toBe(0);
    await page.click('#consent-allow');
    await page.waitForSelector('#signed-in-name');
    expect(me.screens).toHaveLength(1 + 1);

    await page.click('#sign-out');
    await page.click('#logout-yes');
    await page.waitForURL(`${stage.tax}/signed-out`);
    await page.goto(stage.health);
    expect(await page.locator('#signed-in-name').count()).toBe(0);
    await page.locator('#signed-out-elsewhere').waitFor();
  });

  it('is offered the passkey in the field and comes in by one screen', async () => {
    await beWati();
    await me.page.goto(`${stage.health}/sign-in`);
    await me.page.waitForSelector('#signed-in-name');
    expect(me.screens.map((address) => new URL(address).origin)).toEqual([stage.world.issuer, stage.health]);
  });

  it('comes in by the button as well', async () => {
    await beWati();
    await openSignIn();
    await me.device.reacts(true);
    await me.page.click('#passkey');
    await me.page.waitForSelector('#signed-in-name');
    const [passkey] = await me.device.passkeys();
    expect(passkey?.signCount).toBeGreaterThan(1);
  });

  it('opens the account page with the passkey', async () => {
    await beWati();
    await me.page.goto(`${stage.world.issuer}/account`);
    await me.page.waitForSelector('#connected-apps');
    expect(await me.page.locator('[data-passkey]').count()).toBe(1);
  });
});

describe('when the device does not help', () => {
  it('a closed dialog leaves the page with a sentence, and the other ways work', async () => {
    await openSignIn();
    await me.page.click('#passkey');
    await me.page.locator('#passkey[aria-busy=true]').waitFor();
    const url = me.page.url();
    await me.device.replace();
    await expectMessage(/Belum selesai/);
    expect(me.page.url()).toBe(url);
    expect(await me.page.locator('#passkey[aria-busy]').count()).toBe(0);
    await signInByPassword(me.page);
    await me.page.waitForSelector('#consent-allow');
  });

  it('a finger that is not recognised leaves the page with a sentence, and the next try works', async () => {
    await beWati();
    await me.device.recognises(false);
    await openSignIn();
    await me.device.reacts(true);
    await me.page.click('#passkey');
    await expectMessage(/Belum selesai/);
    await me.device.recognises(true);
    await me.page.click('#passkey');
    await me.page.waitForSelector('#signed-in-name');
  });

  it('another device, without the passkey, leaves the page with a sentence', async () => {
    await me.page.goto(`${stage.health}/sign-in`);
    await me.page.click('#passkey');
    await expectMessage(/Belum selesai/);
    // A code is no way round the passkey: the message says so, and the page does not tell.
    await me.page.fill('#identifier', wati);
    await me.page.click('#send-code');
    await me.page.waitForSelector('#code');
    expect((await stage.world.message(wati)).code).toBeUndefined();
  });

  it('a passkey that no account has is refused kindly, once, and the device forgets it', async () => {
    await me.device.keep({ ...passkeyOfWati, credentialId: Buffer.from('of a deleted account').toString('base64') });
    await me.page.goto(`${stage.health}/sign-in`);
    await me.page.locator('#problems').filter({ hasText: 'Kunci sandi itu tidak bisa dipakai di sini' }).waitFor();
    expect(await me.page.locator('#passkey-signal').textContent()).toContain(
      Buffer.from('of a deleted account').toString('base64url'),
    );
    await expect.poll(() => me.device.passkeys()).toEqual([]);
    await signInByPassword(me.page);
    await me.page.waitForSelector('#consent-allow');
  });

  it('a passkey of a disabled account is refused in the same words, and the device keeps it', async () => {
    await beWati();
    await setStateOfWati('disabled');
    await me.page.goto(`${stage.health}/sign-in`);
    await me.page.locator('#problems').filter({ hasText: 'Kunci sandi itu tidak bisa dipakai di sini' }).waitFor();
    expect(await me.page.locator('#passkey-signal').count()).toBe(0);
    expect(await me.device.passkeys()).toHaveLength(1);
    await setStateOfWati('active');
  });

  it('a passkey that cannot be made leaves the name page as it is; a password makes the account', async () => {
    const { page } = me;
    await me.device.recognises(false);
    await page.goto(`${stage.health}/sign-in`);
    await page.fill('#identifier', 'tanpa-kunci@contoh.id');
    await page.click('#send-code');
    await typeCode(page, stage.world, 'tanpa-kunci@contoh.id');
    await page.fill('#name', 'Tanpa Kunci');
    await page.click('#create-passkey');
    await expectMessage(/Belum selesai/);
    expect(await page.inputValue('#name')).toBe('Tanpa Kunci');
    await page.fill('#password', 'kuda baterai staples benar');
    await page.click('#continue');
    await page.click('#consent-allow');
    expect(await page.textContent('#signed-in-name')).toBe('Tanpa Kunci');
  });
});

describe('on the account page', () => {
  it('a passkey is added and removed, and each time a notice goes out', async () => {
    const { page } = me;
    await page.goto(`${stage.world.issuer}/account`);
    await signInByPassword(page);
    await page.click('#add-passkey');
    await page.waitForSelector('[data-passkey]');
    await page.getByRole('status').filter({ hasText: 'sudah ditambahkan' }).waitFor();
    expect((await stage.world.message('siti@contoh.id')).subject).toMatch(/Kunci sandi baru/);

    // The same device a second time: it says so itself, and nothing is added.
    await page.click('#add-passkey');
    await expectMessage(/sudah punya kunci sandi/);
    await me.device.forget();
    await page.click('#add-passkey');
    await expect.poll(() => page.locator('[data-passkey]').count()).toBe(2);

    await page.locator('[data-passkey] button[value=remove-passkey]').first().click();
    await page.getByRole('status').filter({ hasText: 'sudah dihapus' }).waitFor();
    expect(await page.locator('[data-passkey]').count()).toBe(1);
    expect((await stage.world.message('siti@contoh.id')).subject).toMatch(/dihapus/);
    expect(await me.device.passkeys()).toHaveLength(1);
    const id = await page.locator('[data-passkey]').getAttribute('data-passkey');
    expect(id).toBe(Buffer.from((await me.device.passkeys())[0]?.credentialId ?? '', 'base64').toString('base64url'));
  });

  it('the only way to sign in cannot be removed', async () => {
    const { page } = me;
    await beWati();
    await page.goto(`${stage.world.issuer}/account`);
    await page.click('[data-passkey] button[value=remove-passkey]');
    await page.locator('#problems').filter({ hasText: 'satu-satunya cara' }).waitFor();
    expect(await page.locator('[data-passkey]').count()).toBe(1);
  });

  it('more than five minutes after the sign-in it asks for a fresh one before anything changes', async () => {
    const { page } = me;
    await page.goto(`${stage.world.issuer}/account`);
    await signInByPassword(page, 'budi@contoh.id');
    await page.waitForSelector('#add-passkey');
    const minutesLater = Date.now() + 5 * 60_000 + 1_000;
    vi.useFakeTimers({ toFake: ['Date'], now: minutesLater });
    // The page from before: what it sends is refused.
    await page.click('#add-passkey');
    await page.locator('#problems').filter({ hasText: 'pastikan sekali lagi' }).waitFor();
    expect(await page.locator('[data-passkey]').count()).toBe(0);
    expect(await page.locator('#add-passkey').count()).toBe(0);

    await me.device.forget();
    await page.click('#fresh-proof');
    await page.getByRole('heading', { name: 'Pastikan ini Anda' }).waitFor();
    await signInByPassword(page, 'budi@contoh.id');
    await page.click('#add-passkey');
    await expect.poll(() => page.locator('[data-passkey]').count()).toBe(1);
  });
});
