/** What phones read of our squares, on paper and on screens, by the eyes of a real reader. */
import { TOTP, URI } from 'otpauth';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ReceiptKeys, readReceiptKeys, verifyReceipt } from '#src/consents/receipts.ts';
import { scan } from '#test/support/scanner.ts';
import { openStage, type Stage, signInByPassword } from './stage.ts';
import type { Visitor } from './visitor.ts';

/** Of a sheet of A4, as browsers measure: 96 to an inch. */
const sheet = { width: 794, height: 1123 };
const MILLIMETRES = 25.4 / 96;

let stage: Stage;
let me: Visitor;

beforeAll(async () => {
  stage = await openStage();
  me = await stage.visitor({ withDevice: false, deviceScaleFactor: 2 });
});
afterAll(async () => {
  await me?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

/** Every claim of OpenID Connect Core §5.1 at the app that asks for most: the longest receipt of the sandbox. */
async function allowEverything(page: Page): Promise<void> {
  await page.goto(stage.tax);
  await page.click('#sign-in');
  await signInByPassword(page, 'budi@contoh.id');
  await page.waitForSelector('#consent-allow');
  for (const box of await page.locator('input[name=claim]').all()) await box.check();
  await page.click('#consent-allow');
  await page.waitForSelector('#signed-in-name');
}

async function readFrom(page: Page): Promise<{ text: string; moduleWidth: number }> {
  const [read, ...others] = await scan(await page.screenshot({ fullPage: true }));
  expect(others).toEqual([]);
  const box = await page.locator('img.qr').boundingBox();
  const modules = 17 + 4 * (read?.version ?? 40) + 2 * 4;
  return { text: read?.text ?? '', moduleWidth: (box?.width ?? 0) / modules };
}

async function publicKeys(): Promise<ReceiptKeys> {
  const keys = readReceiptKeys(await (await fetch(`${stage.world.issuer}/receipts/keys.json`)).text());
  if (!keys) throw new Error('no keys');
  return keys;
}

test('the square of a receipt is read from paper and from a phone, and verifies without us', async () => {
  const { page } = me;
  await allowEverything(page);
  await page.goto(`${stage.world.issuer}/account/apps/pajak-daerah`);
  const keys = await publicKeys();
  const receipts = await page
    .locator('a[href^="/account/receipts/"]')
    .evaluateAll((links) => links.map((link) => (link as unknown as { href: string }).href));
  expect(receipts.length).toBeGreaterThan(0);
  for (const receipt of new Set(receipts)) {
    await page.goto(receipt);
    const onScreen = await readFrom(page);
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize(sheet);
    const onPaper = await readFrom(page);
    expect(onPaper).toEqual({ text: onScreen.text, moduleWidth: expect.any(Number) });
    expect(onPaper.moduleWidth * MILLIMETRES).toBeGreaterThan(0.4);
    expect(onPaper.text.split('#')[0]).toBe(`${stage.world.issuer}/receipts/verify`);
    expect(await verifyReceipt(onPaper.text, keys)).toMatchObject({ kind: 'genuine', receipt: { form: 'short' } });
    await page.emulateMedia({ media: 'screen' });
    await page.setViewportSize({ width: 390, height: 844 });
  }
});

test('an authenticator app reads its secret off the screen', async () => {
  const { page } = me;
  await page.context().clearCookies();
  await page.goto(`${stage.world.issuer}/account/authenticator-app`);
  await signInByPassword(page);
  await page.click('#begin');
  await page.waitForSelector('img.qr');
  const { text } = await readFrom(page);
  expect(text).toBe(await page.getAttribute('#open-app', 'href'));
  const app = URI.parse(text);
  if (!(app instanceof TOTP)) throw new Error('it is no app of codes by time');
  await page.fill('#code', app.generate());
  await page.click('#confirm');
  await page.waitForSelector('.notice-done');
});
