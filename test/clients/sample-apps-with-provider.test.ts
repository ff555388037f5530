import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type SampleApps, startSampleApps } from '#clients/sample-apps.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

const MINUTES = 60 * 1000;

let world: World;
let apps: SampleApps;
const log: string[] = [];

beforeAll(async () => {
  world = await openWorld();
  apps = await startSampleApps({
    issuer: world.issuer,
    host: '127.0.0.1',
    ports: [0, 0],
    log: (line) => log.push(line),
  });
});

afterEach(() => void vi.useRealTimers());

afterAll(async () => {
  await apps?.stop();
  await world?.[Symbol.asyncDispose]();
});

const health = () => apps.urls[0] ?? '';
const tax = () => apps.urls[1] ?? '';

/** Signs a new citizen in to the health app, in a browser of their own. */
async function arrive(name: string): Promise<{ browser: BrowserAgent; page: Page }> {
  const identifier = `${name.toLowerCase()}@contoh.id`;
  await world.citizen(identifier, { name, password });
  const browser = world.browser();
  const page = await signIn(await (await browser.visit(health())).follow('#sign-in'), identifier);
  return { browser, page };
}

it('signs in to one app, and to the other by consent alone', async () => {
  const { browser, page } = await arrive('Ani');
  expect(page.text('#signed-in-name')).toBe('Ani');
  const consent = await (await browser.visit(tax())).follow('#sign-in');
  expect(consent.has('[name=password]')).toBe(false);
  expect((await allow(consent)).text('#signed-in-name')).toBe('Ani');
});

it('is one click from the list of services, for whoever is signed in', async () => {
  const { browser } = await arrive('Gita');
  await allow(await (await browser.visit(tax())).follow('#sign-in'));
  const services = await browser.visit(`${world.issuer}/account/services`);
  const link = new URL(services.attribute('[data-service=pajak-daerah] a', 'href') ?? '');
  expect([link.pathname, link.searchParams.get('iss')]).toEqual(['/sign-in', world.issuer]);
  const page = await browser.visit(`${tax()}${link.pathname}${link.search}`);
  expect([page.url.href, page.text('#signed-in-name')]).toEqual([`${tax()}/`, 'Gita']);
});

it('goes on silently when the access token has expired', async () => {
  const { browser } = await arrive('Bayu');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * MINUTES });
  const page = await browser.visit(health());
  expect(page.hops.map(({ url }) => url.pathname)).toEqual(['/', '/authorize', '/callback', '/']);
  expect(page.text('#signed-in-name')).toBe('Bayu');
});

it('signs out at one app, and the other says so at its next request', async () => {
  const { browser } = await arrive('Citra');
  await allow(await (await browser.visit(tax())).follow('#sign-in'));
  const question = await (await browser.visit(health())).press('#sign-out');
  const done = question.has('#logout-yes') ? await question.press('#logout-yes') : question;
  expect(done.url.href).toBe(`${health()}/signed-out`);
  const page = await browser.visit(tax());
  expect(page.has('#signed-out-elsewhere')).toBe(true);
  expect(page.has('#sign-in')).toBe(true);
});

it('notices at its next request that it was disconnected', async () => {
  const { browser } = await arrive('Dodi');
  const account = await browser.visit(`${world.issuer}/account`);
  await account.press('[data-client=puskesmas-online] .disconnect');
  const page = await browser.visit(health());
  expect(page.has('#permission-ended')).toBe(true);
  expect(page.has('#sign-in')).toBe(true);
});

it('takes a cancelled sign-in kindly', async () => {
  const browser = world.browser();
  const asked = await (await browser.visit(health())).follow('#sign-in');
  expect((await asked.press('#cancel')).has('#refused')).toBe(true);
});

it('had nothing to complain about', () => {
  expect(log).toEqual([]);
});
