/** What a browser test stands on: a sandbox of its own, both sample apps beside it, and one Chromium. */
import type { Browser, Page } from 'playwright-core';
import { startSampleApps } from '#clients/sample-apps.ts';
import { launchChromium } from '#test/support/chromium.ts';
import { openWorld, password, type World, type WorldOptions } from '#test/support/world.ts';
import { openVisitor, type Visitor, type VisitorOptions } from './visitor.ts';

export interface Stage extends AsyncDisposable {
  readonly world: World;
  readonly browser: Browser;
  /** Where the sample apps are: the health centre, and the tax office. */
  readonly health: string;
  readonly tax: string;
  visitor(options?: VisitorOptions): Promise<Visitor>;
}

export async function openStage(options: WorldOptions = {}): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  try {
    const world = stack.use(await openWorld(options));
    const apps = await startSampleApps({ issuer: world.issuer, host: '127.0.0.1', ports: [0, 0] });
    stack.defer(() => apps.stop());
    const browser = await launchChromium();
    stack.defer(() => browser.close());
    const [health = '', tax = ''] = apps.urls;
    return {
      world,
      browser,
      health,
      tax,
      visitor: (visitor) => openVisitor(browser, visitor),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Fills in the sign-in page and sends it. */
export async function signInByPassword(page: Page, identifier = 'siti@contoh.id', secret = password): Promise<void> {
  await page.fill('#identifier', identifier);
  await page.fill('#password', secret);
  await page.click('#sign-in');
}

/** From the account page: ends the session of this browser. */
export async function signOutHere(page: Page): Promise<void> {
  await page.click('#sign-out');
  await page.click('#logout-yes');
  await page.waitForSelector('#logout-done');
}

/** On the code page: types the code that was sent. */
export async function typeCode(page: Page, world: World, address: string): Promise<void> {
  await page.waitForSelector('#code');
  const { code } = await world.message(address);
  await page.fill('#code', code ?? '');
  await page.click('#continue');
}

/** From the sign-in page of an app to the consent page, with a new account and a passkey on the visitor's device. */
export async function signUpWithPasskey(page: Page, world: World, address: string, name: string): Promise<void> {
  await page.fill('#identifier', address);
  await page.click('#send-code');
  await typeCode(page, world, address);
  await page.fill('#name', name);
  await page.click('#create-passkey');
  await page.waitForSelector('#consent-allow');
}
