import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { BrowserAgent, exchange } from '#test/support/browser-agent.ts';
import { openFakeProvider } from './provider.ts';

const file = new URL('../../clients/quick-start/app.js', import.meta.url);

it('is what docs/integrate.md shows, word for word', () => {
  const guide = readFileSync(new URL('../../docs/integrate.md', import.meta.url), 'utf8');
  expect(guide).toContain(readFileSync(file, 'utf8'));
});

it('signs in and out with four variables, and survives what it does not expect', async () => {
  const provider = await openFakeProvider();
  const home = `http://localhost:${await freePort()}`;
  const app = spawn(process.execPath, [file.pathname], {
    env: {
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: 'puskesmas-online',
      OIDC_CLIENT_SECRET: 'sandbox-puskesmas-online-secret-0123456789',
      OIDC_REDIRECT_URI: `${home}/callback`,
    },
  });
  onTestFinished(async () => {
    app.kill();
    await provider[Symbol.asyncDispose]();
  });
  await once(app.stdout, 'data');
  const browser = new BrowserAgent();
  for (const odd of ['//', '/%00', '/nowhere', '/callback?code=x', '/callback?code=x&state=undefined'])
    expect((await exchange(home + odd)).status).toBeGreaterThanOrEqual(400);
  const page = await (await browser.visit(home)).follow('#sign-in');
  expect(page.text('#signed-in-name')).toBe('Siti Rahayu');
  const callback = page.hops.find(({ url }) => url.pathname === '/callback')?.url ?? home;
  expect((await browser.visit(callback)).status).toBe(400);
  expect((await page.press('#sign-out')).has('#signed-out')).toBe(true);
  expect((await browser.visit(home)).has('#sign-in')).toBe(true);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
