import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chromium, findChromium, launchChromium, unpackChromium } from './chromium.ts';

let server: Server;

beforeAll(async () => {
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><title>Gerbang</title><h1>Selamat datang</h1>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

/** What a browser test needs: pages, drawn text, and passkeys by a virtual authenticator. */
async function expectToWork(found: Chromium): Promise<void> {
  const browser = await launchChromium(found);
  try {
    const page = await browser.newPage();
    await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
    expect(await page.title()).toBe('Gerbang');
    const heading = await page.getByRole('heading', { name: 'Selamat datang' }).boundingBox();
    expect(heading?.height).toBeGreaterThan(10);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
    } as const;
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
    expect(authenticatorId).toMatch(/./);
  } finally {
    await browser.close();
  }
}

test('the Chromium of this machine opens a page', async () => {
  await expectToWork(await findChromium());
});

test.runIf(process.platform === 'linux' && process.arch === 'x64')('the Chromium of npm opens a page', async () => {
  await expectToWork(await unpackChromium());
});
