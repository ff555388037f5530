/** Guessing is limited per account and network, and never locks the owner out (security line 29). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LimitName, limits } from '#src/base/limits.ts';
import { metrics } from '#src/base/metrics.ts';
import type { Refusal } from '#src/base/refusals.ts';
import { createThrottles } from '#src/people/throttles.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import { openWorld, password, type World } from '#test/support/world.ts';
import { givePasskey } from './scene.ts';

/** Behind a proxy, so that a test can call from anywhere. */
let world: World;

beforeAll(async () => {
  world = await openWorld({ settings: { RATE_LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8' } });
});

afterAll(() => world[Symbol.asyncDispose]());

function from(forwarded: string, there: World = world): BrowserAgent {
  return there.browser({ headers: { 'x-forwarded-for': forwarded } });
}

async function openSignIn(browser: BrowserAgent, there: World = world): Promise<Page> {
  return browser.visit((await (await there.app()).startSignIn()).url);
}

async function guess(browser: BrowserAgent, who: string, secret = 'tebakan salah', there: World = world) {
  const page = await openSignIn(browser, there);
  return page.fill({ identifier: who, password: secret }).press('#sign-in');
}

/** Guesses as often as one network may at one account. */
async function useUp(forwarded: string, who: string, there: World = world): Promise<void> {
  const page = await openSignIn(from(forwarded, there), there);
  for (let i = 0; i < limits.password_from_network_to_account.points; i += 1) {
    const refused = await page.fill({ identifier: who, password: `tebakan ${i}` }).press('#sign-in');
    expect(refused.status).toBe(422);
  }
}

/** Answered with 429, `Retry-After` in seconds, and a page that says how long. */
function expectHeldUp(page: Page, seconds: number): void {
  expect(page.status).toBe(429);
  const wait = Number(page.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(seconds);
  expect(page.text('main')).toMatch(/Tunggu \d+ (detik|menit|jam)/);
}

test('ten wrong passwords from one network: the next waits, right or wrong; elsewhere the owner gets in', async () => {
  await useUp('203.0.113.7', 'siti@contoh.id');
  expectHeldUp(await guess(from('203.0.113.7'), 'siti@contoh.id'), 30);
  expectHeldUp(await guess(from('203.0.113.99'), 'siti@contoh.id', password), 30);
  expectHeldUp(await guess(from('203.0.113.7'), 'SITI@contoh.id ', password), 30);
  expect((await guess(from('198.51.100.1'), 'siti@contoh.id', password)).has('#consent-allow')).toBe(true);
  expect((await guess(from('203.0.113.7'), 'budi@contoh.id', password)).has('#consent-allow')).toBe(true);
});

test('English says it in English', async () => {
  await useUp('203.0.117.7', 'wayan@contoh.id');
  const browser = world.browser({ language: 'en', headers: { 'x-forwarded-for': '203.0.117.7' } });
  expect((await guess(browser, 'wayan@contoh.id')).text('main')).toMatch(/Wait \d+ (second|minute|hour)s?/);
});

test('an account under attack from everywhere: passwords wait, its passkey opens it at once', async () => {
  const id = await world.citizen('sasaran@contoh.id', { password });
  const device = await givePasskey(world, id);
  const { house } = world;
  const throttles = createThrottles(house.database, house.secrets, { enabled: true });
  for (let i = 0; i < limits.password_to_account.points; i += 1) await throttles.take('password_to_account', id);
  const page = await guess(from('192.0.2.44'), 'sasaran@contoh.id', password);
  expectHeldUp(page, 30);

  const options = page.json<Parameters<typeof device.get>[0]>('#passkey-options');
  page.fill({ credential: JSON.stringify(device.get(options, { origin: world.issuer })) });
  expect((await page.press('#passkey')).has('#consent-allow')).toBe(true);
});

test('an unknown address is held up like a known one', async () => {
  await useUp('203.0.114.7', 'nihil@contoh.id');
  expectHeldUp(await guess(from('203.0.114.7'), 'nihil@contoh.id'), 30);
});

test('many people at once cannot each have ten tries in flight', async () => {
  const pages = await Promise.all(Array.from({ length: 30 }, () => openSignIn(from('203.0.115.7'))));
  const answers = await Promise.all(
    pages.map((page) => page.fill({ identifier: 'dewi@contoh.id', password: 'tebakan salah' }).press('#sign-in')),
  );
  expect(answers.filter(({ status }) => status === 422)).toHaveLength(limits.password_from_network_to_account.points);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(20);
});

test('codes: ten from one network to one address, then one after another, and one every half minute from one page', async () => {
  const ask = async () => {
    const page = await openSignIn(from('203.0.116.7'));
    return page.fill({ identifier: 'banjir@contoh.id' }).press('#send-code');
  };
  for (let i = 0; i < limits.code_from_network_to_address.points; i += 1) {
    const page = await ask();
    expect(page.has('#resend')).toBe(true);
    if (i === 0) expectHeldUp(await page.press('#resend'), 30);
  }
  expectHeldUp(await ask(), 30);
});

test('the left end of X-Forwarded-For is what the caller says, the right end what our proxy saw', async () => {
  await useUp('203.0.118.7', 'budi@contoh.id');
  const far = [
    '1.2.3.4, 203.0.118.7',
    '::1,9.9.9.9 ,203.0.118.7',
    'siti, <script>,203.0.118.7',
    '203.0.118.7, 10.1.2.3',
  ];
  for (const forwarded of far) expectHeldUp(await guess(from(forwarded), 'budi@contoh.id'), 30);
  for (const near of ['203.0.118.7, 198.51.101.9', '198.51.101.9:4711', '203.0.118.7, 198.51.101.10, 10.0.0.1'])
    expect((await guess(from(near), 'budi@contoh.id', password)).has('#consent-allow')).toBe(true);
});

test('who is no proxy of ours gains nothing by saying who calls', async () => {
  await using open = await openWorld({ settings: { RATE_LIMITS: 'on' } });
  await useUp('203.0.113.7', 'siti@contoh.id', open);
  for (const forwarded of ['198.51.100.1', '127.0.0.1', '::ffff:8.8.8.8'])
    expectHeldUp(await guess(from(forwarded, open), 'siti@contoh.id', password, open), 30);
});

/** A browser that has signed in to an account before, and is signed out again. */
async function browserOf(who: string, forwarded: string, there: World = world): Promise<BrowserAgent> {
  const browser = from(forwarded, there);
  const page = await guess(browser, who, password, there);
  expect(page.has('#consent-allow')).toBe(true);
  return browser;
}

/** What a browser answers to the options of the page with a passkey. */
async function pressPasskey(page: Page, device: Awaited<ReturnType<typeof givePasskey>>, there: World): Promise<Page> {
  const options = page.json<Parameters<typeof device.get>[0]>('#passkey-options');
  page.fill({ credential: JSON.stringify(device.get(options, { origin: there.issuer })) });
  return page.press('#passkey');
}

test('a browser that the account knows is held up by nobody else: not by its network, nor by an attack on the account', async () => {
  const id = await world.citizen('kenal@contoh.id', { password });
  const browser = await browserOf('kenal@contoh.id', '203.0.119.7');
  const { house } = world;
  const throttles = createThrottles(house.database, house.secrets, { enabled: true });
  const useUpAll = async (limit: LimitName, key: string) => {
    while (!(await throttles.take(limit, key).catch((refused: Refusal) => refused)));
  };
  await useUp('203.0.119.7', 'kenal@contoh.id');
  await useUpAll('password_to_account', id);
  await useUpAll('password_from_network', '203.0.119.0/24');
  expectHeldUp(await guess(from('203.0.119.7'), 'kenal@contoh.id', password), 30);
  expectHeldUp(await guess(from('198.51.100.7'), 'kenal@contoh.id', password), 30);
  expectHeldUp(await guess(from('203.0.119.7'), 'rina@contoh.id', password), 30);
  expect((await guess(browser, 'kenal@contoh.id', password)).has('#consent-allow')).toBe(true);

  // It has no more tries than others, and is unknown to other accounts.
  expectHeldUp(await guess(browser, 'rina@contoh.id', password), 30);
  for (let i = 0; i < limits.password_from_device.points; i += 1)
    expect((await guess(browser, 'kenal@contoh.id')).status).toBe(422);
  expectHeldUp(await guess(browser, 'kenal@contoh.id', password), 30);
});

test('stolen passwords tried on many accounts from many networks: slowed in all, but for passkeys and browsers that are known', async () => {
  const settings = { RATE_LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.0/8', LIMITS: 'password_in_all=12/3600' };
  await using stuffed = await openWorld({ settings });
  const device = await givePasskey(stuffed, await stuffed.citizen('kunci@contoh.id'));
  const browser = await browserOf('siti@contoh.id', '203.0.113.7', stuffed);
  const statuses: number[] = [];
  for (let i = 0; i < 20; i += 1)
    statuses.push(
      (await guess(from(`198.18.${i}.1`, stuffed), `korban-${i}@contoh.id`, 'dicuri dari tempat lain', stuffed)).status,
    );
  expect(statuses).toEqual([...Array(12).fill(422), ...Array(8).fill(429)]);

  const page = await guess(from('192.0.2.44', stuffed), 'budi@contoh.id', password, stuffed);
  expectHeldUp(page, 3600);
  expect((await pressPasskey(page, device, stuffed)).has('#consent-allow')).toBe(true);
  expect((await guess(browser, 'siti@contoh.id', password, stuffed)).has('#consent-allow')).toBe(true);
  const told = await metrics.getSingleMetricAsString('lawang_limits_hit_total');
  expect(told).toMatch(/lawang_limits_hit_total\{limit="password_in_all"\} [1-9]/);
});

test('where Redis counts and cannot be reached, each process counts by itself, and its password is in no log', async () => {
  const settings = { RATE_LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.0/8', REDIS_URL: 'redis://:geheim@127.0.0.1:9' };
  await using away = await openWorld({ settings });
  await useUp('203.0.113.7', 'siti@contoh.id', away);
  const page = await guess(from('203.0.113.7', away), 'siti@contoh.id', password, away);
  expect(page.status).toBe(429);
  expect((await guess(from('198.51.100.1', away), 'siti@contoh.id', password, away)).has('#consent-allow')).toBe(true);
  expect(away.log.join('')).toContain('Redis does not answer');
  expect(away.log.join('')).not.toContain('geheim');
});
