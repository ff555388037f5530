/** The cookie that an account knows a browser by proves nothing about anybody, whatever is done to it. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent, Cookie, Page } from '#test/support/browser-agent.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let made = 0;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

/** Somebody signed in at their account page, in a browser that their account now knows. */
async function somebody(): Promise<{ id: string; address: string; browser: BrowserAgent; cookie: Cookie }> {
  made += 1;
  const address = `perangkat.${made}@contoh.id`;
  const id = await world.citizen(address, { password });
  const browser = world.browser();
  await enter(browser, address);
  return { id, address, browser, cookie: deviceOf(browser) as Cookie };
}

const enter = async (browser: BrowserAgent, address: string): Promise<Page> =>
  signIn(await browser.visit(`${world.issuer}/account`), address);

const deviceOf = (browser: BrowserAgent) => browser.cookies.all.find(({ name }) => name === 'device');

const knownTo = async (id: string) =>
  (await world.database.query('select 1 from devices where account_id = $1', [id])).length;

const changes: readonly [string, (value: string) => string][] = [
  ['cut short', (value) => value.slice(0, -1)],
  ['another id under the same proof', (value) => `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`],
  ['without a proof', (value) => value.split('.')[0] ?? ''],
  ['a proof alone', (value) => `.${value.split('.')[1]}`],
  ['made longer', (value) => `${value}.A`],
  ['empty', () => ''],
  ['not of our alphabet', () => '%00%ff;\u00e9'],
  ['very long', (value) => value.repeat(80)],
  ['a prototype', () => '__proto__'],
];

test.each(changes)('%s, it is no browser that the account knows, and the sign-in goes on', async (_name, change) => {
  const { id, address, cookie } = await somebody();
  const other = world.browser();
  other.cookies.put({ ...cookie, value: change(cookie.value) });
  const page = await enter(other, address);
  expect(page.has('#person')).toBe(true);
  expect(await knownTo(id)).toBe(2);
  expect(deviceOf(other)?.value).toMatch(/^[\w-]{43}\.[\w-]+$/);
  expect(deviceOf(other)?.value).not.toBe(cookie.value);
});

test('alone it opens nothing, in whatever browser it is put', async () => {
  const { address, cookie } = await somebody();
  const thief = world.browser();
  thief.cookies.put(cookie);
  const page = await thief.visit(`${world.issuer}/account`);
  expect(page.has('#sign-in')).toBe(true);
  expect(page.html).not.toContain(address);
});

test('the session’s cookie under its name, or the reverse, is nobody’s', async () => {
  const { id, address, browser, cookie } = await somebody();
  const session = browser.cookies.all.find(({ name }) => name === 'session') as Cookie;
  const mixed = world.browser();
  mixed.cookies.put({ ...session, value: cookie.value });
  mixed.cookies.put({ ...cookie, value: session.value });
  expect((await mixed.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
  await enter(mixed, address);
  expect(await knownTo(id)).toBe(2);
});

test('planted before a sign-in, it tells whoever planted it nothing and lets them in nowhere', async () => {
  const { cookie: planted, browser: attacker } = await somebody();
  const { id, address } = await somebody();
  const victim = world.browser();
  victim.cookies.put(planted);
  await enter(victim, address);
  expect(await knownTo(id)).toBe(2);
  const page = await attacker.visit(`${world.issuer}/account`);
  expect(page.html).not.toContain(address);
  expect(page.count('[data-session]')).toBe(1);
});

test('two people in one browser: each account knows it on its own, and nobody is signed in as the other', async () => {
  const { id: first, address, browser } = await somebody();
  const { id: second, address: other } = await somebody();
  const switched = await signIn(await browser.visit(`${world.issuer}/account/confirm`), other);
  const page = await switched.submit();
  expect(page.text('#person')).toContain(other);
  expect(page.text('#person')).not.toContain(address);
  expect(page.count('[data-session]')).toBe(2);
  const hash = async (id: string) =>
    (
      await world.database.query<{ h: Buffer }>('select device_hash as h from sessions where account_id = $1', [id])
    ).map(({ h }) => h?.toString('hex'));
  expect(await hash(first)).toEqual([]);
  expect(new Set(await hash(second)).size).toBe(2);
  expect(await knownTo(first)).toBe(1);
  expect(await knownTo(second)).toBe(2);
});

test('a stolen session cookie, with the device’s beside it, changes no way to sign in six minutes later', async () => {
  const { id, browser } = await somebody();
  const thief = world.browser();
  for (const cookie of browser.cookies.all) thief.cookies.put(cookie);
  const page = await thief.visit(`${world.issuer}/account`);
  const options = page.json('#passkey-options');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 6 * 60_000 });
  const credential = JSON.stringify(new SoftwareAuthenticator().create(options as never, { origin: world.issuer }));
  const csrf = page.value('csrf') ?? '';
  const refused = await thief.post(`${world.issuer}/account`, { csrf, action: 'add-passkey', credential });
  expect(refused.status).toBe(422);
  expect(refused.has('#fresh-proof')).toBe(true);
  for (const path of ['/account/password', '/account/authenticator-app', '/account/recovery-codes'])
    expect((await thief.visit(`${world.issuer}${path}`)).has('#sign-in'), path).toBe(true);
  expect(await world.database.query('select 1 from passkeys where account_id = $1', [id])).toEqual([]);
});
