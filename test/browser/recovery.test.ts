import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { openStage, type Stage, signInByPassword, signUpWithPasskey, typeCode } from './stage.ts';
import type { Visitor } from './visitor.ts';

let stage: Stage;
let me: Visitor;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

beforeEach(async () => {
  me = await stage.visitor();
});

afterEach(async () => {
  expect(me.complaints).toEqual([]);
  await me[Symbol.asyncDispose]();
});

/** From the app to the page for somebody who cannot sign in. */
async function cannotSignIn(): Promise<void> {
  await me.device.reacts(false);
  await me.page.goto(`${stage.health}/sign-in`);
  await me.page.click('#recover');
  await me.page.waitForSelector('#continue[value=recover]');
}

it('a passkey of another device opens the account from there, into the app', async () => {
  await using before = await stage.visitor();
  await before.page.goto(`${stage.health}/sign-in`);
  await signUpWithPasskey(before.page, stage.world, 'ganti@contoh.id', 'Ganti Ponsel');
  await before.page.click('#consent-allow');
  await before.page.waitForSelector('#signed-in-name');
  const [held] = await before.device.passkeys();
  if (!held) throw new Error('no passkey was made');

  await cannotSignIn();
  await me.device.keep({ ...held, signCount: held.signCount + 100 });
  await me.device.reacts(true);
  await me.page.click('#passkey');
  await me.page.waitForSelector('#signed-in-name');
  expect(await me.page.textContent('#signed-in-name')).toBe('Ganti Ponsel');
});

it('a printed code makes a new passkey, which is the way in from then on', async () => {
  const address = 'hilang@contoh.id';
  const id = await stage.world.citizen(address, { name: 'Hilang Ponsel', password: 'kuda laut minum kopi' });
  const { database, house } = stage.world;
  const [code = ''] = await database.transaction((tx) => makeRecoveryCodes(tx, house.secrets, id));

  await cannotSignIn();
  const { page, device } = me;
  await page.fill('#identifier', address);
  await page.click('#continue');
  await typeCode(page, stage.world, address);
  await page.fill('[name=recovery-code]', code);
  await page.click('#use-recovery-code');
  await page.waitForSelector('#create-passkey');
  await device.reacts(true);
  await page.click('#create-passkey');
  await page.click('#consent-allow');
  await page.waitForSelector('#signed-in-name');
  expect(await device.passkeys()).toHaveLength(1);

  await page.click('#sign-out');
  await page.click('#logout-yes');
  await page.goto(`${stage.health}/sign-in`);
  await page.waitForSelector('#signed-in-name');
  expect(await page.textContent('#signed-in-name')).toBe('Hilang Ponsel');
});

it('somebody who is signed in is shown that the account is being recovered, and stops it by one press', async () => {
  const { page } = me;
  const [mail, phone] = ['terkejut@contoh.id', '+6281277700001'];
  const profile = { phone_number: phone, phone_number_verified: true };
  const id = await stage.world.citizen(mail, { name: 'Terkejut', password: 'kuda laut minum kopi', profile });
  await stage.world.database.execute('update contacts set first_device = value_index where account_id = $1', [id]);
  await using thief = await stage.visitor();
  await thief.device.reacts(false);
  await thief.page.goto(`${stage.health}/sign-in`);
  await thief.page.click('#recover');
  await thief.page.fill('#identifier', mail);
  await thief.page.click('#continue[value=recover]');
  await typeCode(thief.page, stage.world, mail);
  await thief.page.click('#send-second-code');
  await typeCode(thief.page, stage.world, phone);
  await thief.page.waitForSelector('#recovery-waiting');

  await me.device.reacts(false);
  await page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(page, mail, 'kuda laut minum kopi');
  await page.click('#recovering #cancel-recovery');
  await page.waitForSelector('.notice-done');
  expect(await page.locator('#recovering').count()).toBe(0);
});
