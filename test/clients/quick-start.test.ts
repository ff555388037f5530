import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BrowserAgent, exchange } from '#test/support/browser-agent.ts';
import { findFreePort } from '#test/support/free-port.ts';
import { php, phpLacks } from '#test/support/php.ts';
import { python, pythonLacks } from '#test/support/python.ts';
import { startApp } from '#test/support/started-app.ts';
import { expectRefusals, sendLogout } from './logout-tokens.ts';
import { type Algorithm, openFakeProvider, type Said } from './provider.ts';

const directory = new URL('../../clients/quick-start/', import.meta.url);
const file = new URL('app.js', directory);

it('is what docs/integrate.md shows, word for word', () => {
  const guide = readFileSync(new URL('../../docs/integrate.md', import.meta.url), 'utf8');
  expect(guide).toContain(readFileSync(file, 'utf8'));
});

interface Stack {
  readonly stack: string;
  /** Why it cannot be run here. */
  readonly lacks: string | undefined;
  command(home: URL): readonly [program: string, ...parameters: string[]];
  /** What the provider signs with. */
  alg?: Algorithm;
}

const stacks: readonly Stack[] = [
  { stack: 'Node.js', lacks: undefined, command: () => [process.execPath, file.pathname] },
  {
    stack: 'Python',
    lacks: pythonLacks('flask', 'authlib', 'requests', 'jwt', 'cryptography'),
    command: () => [python, new URL('app.py', directory).pathname],
  },
  {
    stack: 'PHP',
    lacks: phpLacks(),
    command: ({ host }) => [php, '-S', host, new URL('index.php', directory).pathname],
  },
];

/** The console registers an app in PHP for RS256, which the usual libraries know. */
const signedEachWay: readonly Stack[] = [
  ...stacks,
  ...stacks.filter(({ stack }) => stack === 'PHP').map((of) => ({ ...of, stack: 'PHP, RS256', alg: 'RS256' as const })),
];

/** A provider, and the app as its developer starts it, with four variables. */
async function start({ command, alg }: Stack) {
  const provider = await openFakeProvider(0, alg);
  const home = `http://localhost:${await findFreePort()}`;
  const folder = await mkdtemp(join(tmpdir(), 'lawang-quick-start-'));
  const env = {
    PATH: process.env.PATH,
    TMPDIR: folder,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: 'puskesmas-online',
    OIDC_CLIENT_SECRET: 'sandbox-puskesmas-online-secret-0123456789',
    OIDC_REDIRECT_URI: `${home}/callback`,
  };
  onTestFinished(async () => {
    await provider[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const { said } = await startApp(command(new URL(home)), home, { env });
  return { provider, home, said };
}

it.for(stacks)(
  'signs in and out with four variables, and survives what it does not expect: $stack',
  async (stack, { skip }) => {
    skip(stack.lacks !== undefined, stack.lacks);
    const { provider, home } = await start(stack);
    const browser = new BrowserAgent();
    for (const odd of [
      '/%00',
      '/nowhere',
      '/callback?code=x',
      '/callback?code=x&state=undefined',
      '/callback?state[]=x',
    ])
      expect([odd, String((await exchange(home + odd)).status)]).toEqual([odd, expect.stringMatching(/^4/)]);
    // No address, or one slash too many: that is for each server to say.
    expect((await exchange(`${home}//`)).status).toBeLessThan(500);
    const page = await (await browser.visit(home)).follow('#sign-in');
    expect(page.text('#signed-in-name')).toBe('Siti Rahayu');
    const callback = page.hops.find(({ url }) => url.pathname === '/callback')?.url ?? home;
    expect((await browser.visit(callback)).status).toBe(400);
    const left = await page.press('#sign-out');
    expect([left.has('#signed-out'), left.url.href]).toEqual([true, `${home}/signed-out`]);
    const hint = provider.requests.at(-1)?.searchParams.get('id_token_hint');
    expect(hint).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((await browser.visit(home)).has('#sign-in')).toBe(true);
    // The button of a page from before does no harm.
    expect((await page.press('#sign-out')).has('#signed-out')).toBe(true);
    expect(provider.requests.at(-1)?.searchParams.has('id_token_hint')).toBe(false);
  },
);

it.for(stacks)('says what the provider refused: $stack', async (stack, { skip }) => {
  skip(stack.lacks !== undefined, stack.lacks);
  const { provider, home } = await start(stack);
  const tell = async () => {
    const page = await (await new BrowserAgent().visit(home)).follow('#sign-in');
    return [page.status, page.text()] as const;
  };
  provider.behaviour.refusal = 'access_denied';
  expect(await tell()).toEqual([400, expect.stringContaining('access_denied')]);
  provider.behaviour.refusal = undefined;
  for (const refusal of ['invalid_client', 'invalid_grant']) {
    provider.behaviour.tokenError = refusal;
    expect(await tell()).toEqual([400, expect.stringContaining(refusal)]);
  }
  provider.behaviour.tokenError = undefined;
  provider.behaviour.claims = { sub: 'budi', name: 'Budi Santoso' };
  expect((await tell())[0]).toBe(400);
  provider.behaviour.claims = {};
  provider.behaviour.signsWithForeignKey = true;
  expect(String((await tell())[0])).toMatch(/^[45]/);
});

it.for(signedEachWay)('signs out where a logout token says so: $stack', async (stack, { skip }) => {
  skip(stack.lacks !== undefined, stack.lacks);
  const { provider, home } = await start(stack);
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

it.for(stacks)('takes an event once, and refuses what is none: $stack', async (stack, { skip }) => {
  skip(stack.lacks !== undefined, stack.lacks);
  const { provider, home, said } = await start(stack);
  const tell = async (changes: Said = {}) => {
    const events = { [`${provider.issuer}/event-types/consent-withdrawn`]: { withdrawal: 'w-1' } };
    const token = await provider.tell({ typ: 'secevent+jwt', ...changes, claims: { events, ...changes.claims } });
    const headers = { 'content-type': 'application/secevent+jwt' };
    return (await exchange(`${home}/events`, { method: 'POST', headers, body: token })).status;
  };
  for (const forged of [
    { by: 'nothing' },
    { by: 'foreign' },
    { by: 'secret' },
    { typ: 'logout+jwt' },
    { claims: { aud: 'pajak-daerah' } },
    { claims: { iss: 'https://jahat.contoh.id' } },
    { claims: { events: undefined } },
    { claims: { iat: Math.floor(Date.now() / 1000) - 600 } },
  ] satisfies Said[])
    expect([forged, await tell(forged)]).toEqual([forged, 400]);
  const jti = crypto.randomUUID();
  for (const _ of ['once', 'again']) expect(await tell({ claims: { jti } })).toBe(202);
  await expect.poll(said).toContain('event: ');
  expect(said().match(/w-1/g)).toHaveLength(1);
});

it.for(stacks)('does not take for refused what comes while the keys cannot be had: $stack', async (stack, { skip }) => {
  skip(stack.lacks !== undefined, stack.lacks);
  const { provider, home } = await start(stack);
  const token = await provider.tell({});
  await provider[Symbol.asyncDispose]();
  expect((await sendLogout(home, token)).status).toBe(503);
  const headers = { 'content-type': 'application/secevent+jwt' };
  const event = await provider.tell({ typ: 'secevent+jwt', claims: { events: {} } });
  expect((await exchange(`${home}/events`, { method: 'POST', headers, body: event })).status).toBe(503);
});
