import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SampleApps, startSampleApps } from '#clients/sample-apps.ts';
import { findBarriers } from '#test/browser/barriers.ts';
import { launchChromium } from '#test/support/chromium.ts';
import { type FakeProvider, openFakeProvider } from './provider.ts';

let provider: FakeProvider;
let apps: SampleApps;
let browser: Browser;

beforeAll(async () => {
  provider = await openFakeProvider();
  apps = await startSampleApps({ issuer: provider.issuer, host: '127.0.0.1', ports: [0, 0] });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await apps.stop();
  await provider[Symbol.asyncDispose]();
});

/** Widths do not change what axe sees, so it looks once; nothing may stick out at any of them. */
async function expectReadable(page: Page): Promise<void> {
  expect(await findBarriers(page, { byEveryRule: true })).toEqual([]);
  for (const width of [1280, 390, 320]) {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth'), `${width} px`).toBeLessThanOrEqual(width);
  }
}

it.each([
  ['health', 'id', 'light'],
  ['health', 'en', 'dark'],
  ['tax', 'id', 'dark'],
  ['tax', 'en', 'light'],
] as const)('%s app, %s, %s: everybody can read it, and signing out leads back', async (app, language, colorScheme) => {
  const url = apps.urls[app === 'health' ? 0 : 1] ?? '';
  const claims = { name: 'Siti Rahayu Wulandari Kusumaningrum', email: `${'panjang'.repeat(6)}@contoh.id` };
  Object.assign(provider.behaviour, { subject: 'siti', claims });
  const context = await browser.newContext({ colorScheme, viewport: { width: 320, height: 800 } });
  const page = await context.newPage();
  await page.goto(`${url}/?lang=${language}`);
  await expectReadable(page);
  await page.click('#sign-in');
  await page.waitForSelector('#signed-in-name');
  await expectReadable(page);
  await page.goto(`${url}/callback?state=x`);
  await expectReadable(page);
  await page.goto(url);
  await page.click('#sign-out');
  await page.waitForURL(`${url}/signed-out`);
  await expectReadable(page);
  await context.close();
});
