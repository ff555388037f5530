/** The browser as an account knows it: by a cookie that outlives sessions. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let made = 0;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

async function newCitizen(): Promise<{ id: string; address: string }> {
  made += 1;
  const address = `warga.${made}@contoh.id`;
  return { id: await world.citizen(address, { password }), address };
}

async function enter(browser: BrowserAgent, address: string): Promise<void> {
  const page = await signIn(await browser.visit(`${world.issuer}/account/confirm`), address);
  // Another one was signed in here: the engine's own page signs them out first.
  await (page.has('#person') ? page : page.submit());
}

const cookieOf = (browser: BrowserAgent) => browser.cookies.all.find(({ name }) => name === 'device');

const knownTo = async (id: string) =>
  (await world.database.query('select 1 from devices where account_id = $1', [id])).length;

test('a browser is remembered at sign-in, not before, and by the same cookie the next time', async () => {
  const { id, address } = await newCitizen();
  const browser = world.browser();
  await browser.visit(`${world.issuer}/account`);
  expect(cookieOf(browser)).toBeUndefined();
  await enter(browser, address);
  const cookie = cookieOf(browser);
  expect(cookie?.expires).toBeGreaterThan(Date.now() + 300 * 24 * 3600 * 1000);
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'lax' });
  await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');
  expect(cookieOf(browser)?.value).toBe(cookie?.value);
  await enter(browser, address);
  expect(cookieOf(browser)?.value).toBe(cookie?.value);
  expect(await knownTo(id)).toBe(1);
  await enter(world.browser(), address);
  expect(await knownTo(id)).toBe(2);
});

test('a wrong password remembers nothing', async () => {
  const { id, address } = await newCitizen();
  const browser = world.browser();
  await signIn(await browser.visit(`${world.issuer}/account`), address, 'bukan kata sandinya');
  expect(cookieOf(browser)).toBeUndefined();
  expect(await knownTo(id)).toBe(0);
});

test('two people in one browser each make it known to their own account', async () => {
  const [one, two] = [await newCitizen(), await newCitizen()];
  const browser = world.browser();
  await enter(browser, one.address);
  expect(await knownTo(two.id)).toBe(0);
  await enter(browser, two.address);
  expect(await knownTo(one.id)).toBe(1);
  expect(await knownTo(two.id)).toBe(1);
});
