/** Logos: fetched from where an app declares them, checked, and shown from here alone. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { startLogos } from '#src/jobs/logos.ts';
import { loadClient } from '#src/registry/clients.ts';
import { findLogoProblem } from '#src/registry/logos.ts';
import { openWorld, type World } from '#test/support/world.ts';

const drawing = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><path d="M0 0h9v9z"/></svg>';

let world: World;
let agency: Server;
let answers: (path: string) => { status?: number; body: string | Buffer };
let asked = 0;

beforeAll(async () => {
  world = await openWorld();
  agency = createServer((request, response) => {
    asked += 1;
    const { status = 200, body } = answers(request.url ?? '');
    response.writeHead(status, { 'content-type': 'text/html', location: 'http://169.254.169.254/' }).end(body);
  });
  await new Promise<void>((resolve) => agency.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  agency.close();
  await world?.[Symbol.asyncDispose]();
});
afterEach(() => void vi.useRealTimers());

const at = (path: string): string => `http://127.0.0.1:${(agency.address() as AddressInfo).port}${path}`;

const declare = (client_id: string, logo_uri: string | undefined) =>
  world.declare({ client_id, ...(logo_uri && { logo_uri }), scope: 'openid' });

/** Fetches what is due, by a process that may ask these networks inside. */
async function fetchDue(intranetAllowlist: string[] = ['127.0.0.0/8']): Promise<number> {
  const job = startLogos({ database: world.database, log: createLog('silent'), config: { intranetAllowlist } });
  const count = await job.fetchDue();
  await job.stop();
  await world.house.clients.refresh();
  return count;
}

test('a logo is fetched once, cleaned, and shown where people sign in', async () => {
  answers = () => ({ body: drawing });
  await declare('bergambar', at('/logo.svg'));
  expect(await fetchDue()).toBe(1);
  expect(await fetchDue()).toBe(0);
  const { logoDigest } = await loadClient(world.database, 'bergambar');
  const logo = await fetch(`${world.issuer}/logos/${logoDigest}`);
  expect(logo.headers.get('content-type')).toBe('image/svg+xml');
  expect(logo.headers.get('content-security-policy')).toMatch(/^default-src 'none'; sandbox;/);
  expect(logo.headers.get('x-content-type-options')).toBe('nosniff');
  expect(await logo.text()).not.toContain('script');

  const app = await world.app({ clientId: 'bergambar', scope: 'openid' });
  const page = await world.browser().visit((await app.startSignIn()).url);
  expect(page.attribute('.tile img', 'src')).toBe(`/logos/${logoDigest}`);
});

test('another address takes the old picture away at once', async () => {
  answers = () => ({ body: drawing });
  await declare('pindah', at('/satu.svg'));
  await fetchDue();
  const { logoDigest: first } = await loadClient(world.database, 'pindah');
  expect(first).toBeDefined();
  await declare('pindah', at('/dua.svg'));
  expect((await loadClient(world.database, 'pindah')).logoDigest).toBeUndefined();
  await declare('pindah', undefined);
  expect(await fetchDue()).toBe(0);
});

test('a picture that nobody shows any more is forgotten', async () => {
  const own = drawing.replace('h9', 'h7');
  answers = () => ({ body: own });
  await declare('berdua-satu', at('/s.svg'));
  await declare('berdua-dua', at('/s.svg'));
  await fetchDue();
  const { logoDigest } = await loadClient(world.database, 'berdua-satu');
  expect((await loadClient(world.database, 'berdua-dua')).logoDigest).toBe(logoDigest);
  await declare('berdua-satu', undefined);
  expect((await fetch(`${world.issuer}/logos/${logoDigest}`)).status).toBe(200);
  await declare('berdua-dua', undefined);
  expect((await fetch(`${world.issuer}/logos/${logoDigest}`)).status).toBe(404);
});

test.each<[string, () => ReturnType<typeof answers>, string]>([
  ['a page', () => ({ body: '<html></html>' }), 'no-picture'],
  ['a redirect', () => ({ status: 302, body: '' }), 'unreachable'],
  ['a lot', () => ({ body: Buffer.alloc(300 * 1024) }), 'too-large'],
  ['nothing', () => ({ status: 404, body: '' }), 'unreachable'],
])('%s at its address is no logo, and the app keeps its initials', async (what, answer, problem) => {
  answers = answer;
  const id = `salah-${what.replaceAll(' ', '-')}`;
  await declare(id, at('/x'));
  await fetchDue();
  expect((await loadClient(world.database, id)).logoDigest).toBeUndefined();
  expect(await findLogoProblem(world.database, id)).toBe(problem);
});

test('nothing inside is asked for a logo (security line 33)', async () => {
  answers = () => ({ body: drawing });
  await declare('dalam', at('/logo.svg'));
  asked = 0;
  expect(await fetchDue([])).toBe(1);
  expect(asked).toBe(0);
  expect(await findLogoProblem(world.database, 'dalam')).toBe('unreachable');
});

test('a good logo stays while its server is away', async () => {
  answers = () => ({ body: drawing });
  await declare('setia', at('/logo.svg'));
  await fetchDue();
  const { logoDigest } = await loadClient(world.database, 'setia');
  answers = () => ({ status: 503, body: '' });
  vi.setSystemTime(Date.now() + 8 * 24 * 3_600_000);
  expect(await fetchDue()).toBeGreaterThan(0);
  expect((await loadClient(world.database, 'setia')).logoDigest).toBe(logoDigest);
});
