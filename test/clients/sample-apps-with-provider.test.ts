import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SampleApps, startSampleApps } from '#clients/sample-apps.ts';
import { type AppNotices, startAppNotices } from '#src/jobs/app-notices.ts';
import { listDeliveries } from '#src/oidc/deliveries.ts';
import { applyRegistrations, readRegistrations } from '#src/registry/registrations.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

const MINUTES = 60 * 1000;

let world: World;
let apps: SampleApps;
let notices: AppNotices;
const log: string[] = [];

beforeAll(async () => {
  world = await openWorld();
  apps = await startSampleApps({
    issuer: world.issuer,
    host: '127.0.0.1',
    ports: [0, 0],
    log: (line) => log.push(line),
  });
  await registerHere();
  const { database, secrets, log: own, keys, config } = world.house;
  notices = startAppNotices({ database, secrets, log: own, keys, config }, { everyMs: 1_000_000_000 });
});

/** The registrations of the sandbox as they are, but for the ports at which the apps of this test are. */
async function registerHere(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lawang-sample-apps-'));
  const paths = ['dinas-kesehatan.yaml', 'badan-pendapatan-daerah.yaml'].map((name) => join(folder, name));
  for (const [i, path] of paths.entries()) {
    const original = new URL(`../../clients/registrations/${path.slice(folder.length + 1)}`, import.meta.url);
    const text = await readFile(original, 'utf8');
    await writeFile(path, text.replaceAll(`http://localhost:${3001 + i}/`, `${apps.urls[i]}/`));
  }
  const { database, secrets, config, clients } = world.house;
  const { registrations, mistakes } = await readRegistrations(paths, config);
  expect(mistakes).toEqual([]);
  await applyRegistrations(database, secrets, registrations, { actor: 'test', environment: {}, mode: config.mode });
  await clients.refresh();
  await rm(folder, { recursive: true });
}

afterEach(() => void vi.useRealTimers());

afterAll(async () => {
  await notices?.stop();
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

/** What an agency is asked for; anything else that an app says is a complaint. */
const isTask = (line: string) => line.includes('withdrawal');

describe('is told at once, without asking,', () => {
  beforeEach(async () => {
    await notices.deliverDue();
    log.splice(0, log.length, ...log.filter((line) => !isTask(line)));
  });

  /** What a page of the app says, which asked nothing of the provider. */
  const seenAt = async (browser: BrowserAgent, app: string) => {
    const page = await browser.visit(app);
    expect(page.hops.map(({ url }) => url.href)).toEqual([`${app}/`]);
    return page;
  };

  it('of a sign-out at another app, which ends this browser alone', async () => {
    const { browser } = await arrive('Endah');
    await allow(await (await browser.visit(tax())).follow('#sign-in'));
    const elsewhere = world.browser();
    await signIn(await (await elsewhere.visit(health())).follow('#sign-in'), 'endah@contoh.id');
    const question = await (await browser.visit(tax())).press('#sign-out');
    if (question.has('#logout-yes')) await question.press('#logout-yes');
    // The token goes to both apps by which this session came in, and each event beside it.
    expect(await notices.deliverDue()).toBe(4);
    expect((await seenAt(browser, health())).has('#signed-out-elsewhere')).toBe(true);
    expect((await elsewhere.visit(health())).text('#signed-in-name')).toBe('Endah');
  });

  it('of a permission that ended, and what its agency has to answer', async () => {
    const { browser } = await arrive('Fajar');
    const elsewhere = world.browser();
    await signIn(await (await elsewhere.visit(health())).follow('#sign-in'), 'fajar@contoh.id');
    const app = await browser.visit(`${world.issuer}/account/apps/puskesmas-online`);
    await app.press('.disconnect');
    expect(await notices.deliverDue()).toBe(2);
    for (const each of [browser, elsewhere]) expect((await seenAt(each, health())).has('#permission-ended')).toBe(true);
    // A consent and a notice ended at once: each is answered for.
    const task = /^puskesmas-online: service-left: say within 3 x 24 hours .+withdrawal [0-9a-f-]{36}/;
    expect(log.filter(isTask)).toEqual([expect.stringMatching(task), expect.stringMatching(task)]);
  });

  it('and took every notice', async () => {
    for (const clientId of ['puskesmas-online', 'pajak-daerah']) {
      const deliveries = await listDeliveries(world.database, clientId, { limit: 100 });
      for (const { channel, state, answer } of deliveries)
        expect([state, answer]).toEqual(['delivered', channel === 'logout' ? '200' : '202']);
    }
  });
});

it('takes a cancelled sign-in kindly', async () => {
  const browser = world.browser();
  const asked = await (await browser.visit(health())).follow('#sign-in');
  expect((await asked.press('#cancel')).has('#refused')).toBe(true);
});

it('had nothing to complain about', () => {
  expect(log.filter((line) => !isTask(line))).toEqual([]);
});
