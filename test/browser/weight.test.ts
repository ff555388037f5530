/** How much a page costs somebody on a slow network: bytes as they travel, and how often the browser has to ask. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, type Stage } from './stage.ts';

const KB = 1024;
const SIGN_IN_PAGE = 14 * KB;

interface Loaded {
  readonly address: string;
  /** Body and headers as sent. */
  readonly bytes: number;
}

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

/** Notes everything the page loads from now on. */
async function weigh(page: Page): Promise<Loaded[]> {
  const loaded: Loaded[] = [];
  const addresses = new Map<string, string>();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  devtools.on('Network.requestWillBeSent', ({ requestId, request, redirectResponse }) => {
    if (redirectResponse) loaded.push({ address: redirectResponse.url, bytes: redirectResponse.encodedDataLength });
    addresses.set(requestId, request.url);
  });
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const address = addresses.get(requestId) ?? '';
    if (!address.startsWith('data:')) loaded.push({ address, bytes: encodedDataLength });
  });
  return loaded;
}

function sum(loaded: readonly Loaded[]): number {
  return loaded.reduce((total, { bytes }) => total + bytes, 0);
}

it('the first sign-in page is complete with 14 KB and four questions in a row', async () => {
  await using visitor = await stage.visitor();
  const app = await stage.world.app({ redirectUri: `${stage.health}/callback` });
  const loaded = await weigh(visitor.page);
  await visitor.page.goto((await app.startSignIn()).url.href, { waitUntil: 'networkidle' });
  await visitor.page.waitForSelector('#sign-in');
  // Connecting, the redirect, the page, and then at once all that it names: nothing that is loaded loads more.
  const named = (await namedBy(visitor.page)).map((address) => new URL(address).pathname);
  await loadIcon(visitor.page, loaded);
  const paths = loaded.map(({ address }) => new URL(address).pathname).sort();
  expect(paths).toEqual([...named, '/authorize', new URL(visitor.page.url()).pathname].sort());
  expect(sum(loaded)).toBeGreaterThan(4 * KB);
  expect(sum(loaded)).toBeLessThanOrEqual(SIGN_IN_PAGE);
});

it('what a page names is kept: the next page costs its own text only', async () => {
  await using visitor = await stage.visitor();
  await visitor.page.goto(`${stage.world.issuer}/help`, { waitUntil: 'networkidle' });
  const loaded = await weigh(visitor.page);
  await visitor.page.goto(`${stage.world.issuer}/privacy`, { waitUntil: 'networkidle' });
  const travelled = loaded.filter(({ bytes }) => bytes > 0);
  expect(travelled.map(({ address }) => new URL(address).pathname)).toEqual(['/privacy']);
});

/** A Chromium without windows leaves the icon out; it counts all the same. */
async function loadIcon(page: Page, loaded: readonly Loaded[]): Promise<void> {
  const icon = await page.locator('link[rel=icon]').getAttribute('href');
  if (loaded.some(({ address }) => new URL(address).pathname === icon)) return;
  await page.evaluate(`fetch(${JSON.stringify(icon)}).then((answer) => answer.blob())`);
  await expect.poll(() => loaded.some(({ address }) => new URL(address).pathname === icon)).toBe(true);
}

async function namedBy(page: Page): Promise<string[]> {
  const script = `[...document.querySelectorAll('link[href], script[src], img[src]')].map((it) => it.href || it.src)`;
  return (await page.evaluate(script)) as string[];
}
