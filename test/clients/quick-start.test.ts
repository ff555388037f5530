import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { BrowserAgent, exchange } from '#test/support/browser-agent.ts';
import { findFreePort } from '#test/support/free-port.ts';
import { python, pythonLacks } from '#test/support/python.ts';
import { expectRefusals, sendLogout } from './logout-tokens.ts';
import { openFakeProvider } from './provider.ts';

const directory = new URL('../../clients/quick-start/', import.meta.url);
const file = new URL('app.js', directory);

it('is what docs/integrate.md shows, word for word', () => {
  const guide = readFileSync(new URL('../../docs/integrate.md', import.meta.url), 'utf8');
  expect(guide).toContain(readFileSync(file, 'utf8'));
});

/** A provider, and the app as its developer starts it, with four variables. */
async function start(command: string, ...parameters: string[]) {
  const provider = await openFakeProvider();
  const home = `http://localhost:${await findFreePort()}`;
  const app = spawn(command, parameters, {
    env: {
      PATH: process.env.PATH,
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
  await until(home);
  return { provider, home };
}

async function until(home: string): Promise<void> {
  await vi.waitFor(() => exchange(home), { timeout: 20_000, interval: 50 });
}

const stacks = [
  { stack: 'Node.js', lacks: undefined, command: [process.execPath, file.pathname] as const },
  {
    stack: 'Python',
    lacks: pythonLacks('flask', 'authlib', 'requests', 'jwt', 'cryptography'),
    command: [python, new URL('app.py', directory).pathname] as const,
  },
];

it('signs in and out with four variables, and survives what it does not expect', async () => {
  const { home } = await start(process.execPath, file.pathname);
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

it.for(stacks)('signs out where a logout token says so: $stack', async ({ lacks, command }, { skip }) => {
  skip(lacks !== undefined, lacks);
  const { provider, home } = await start(...command);
  const browser = new BrowserAgent();
  const isIn = async () => (await browser.visit(home)).has('#signed-in-name');
  const signIn = async () => void (await (await browser.visit(home)).follow('#sign-in'));
  await signIn();
  await expectRefusals(home, provider);
  await sendLogout(home, await provider.tell({ claims: { sid: 'sesi-lain' } }));
  await sendLogout(home, await provider.tell({ claims: { sub: 'budi', sid: undefined } }));
  expect(await isIn()).toBe(true);
  for (const claims of [{}, { sub: undefined }, { sid: undefined }]) {
    const jti = crypto.randomUUID();
    const answer = await sendLogout(home, await provider.tell({ claims: { ...claims, jti } }));
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await isIn()).toBe(false);
    await signIn();
    // Sent once more, it is answered as before and signs nobody out of what began since.
    expect((await sendLogout(home, await provider.tell({ claims: { ...claims, jti } }))).status).toBe(200);
    expect(await isIn()).toBe(true);
  }
});

it('does not take a logout token for refused when the keys did not come', async () => {
  const { provider, home } = await start(process.execPath, file.pathname);
  const token = await provider.tell({});
  await provider[Symbol.asyncDispose]();
  expect((await sendLogout(home, token)).status).toBe(503);
});
