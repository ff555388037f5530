/** A sign-in is gone through by the browser that began it, also when a sibling host plants cookies (security line 17). */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { answered } from '#test/oidc/flows.ts';
import { browseBehindProxy } from '#test/support/behind-proxy.ts';
import { type BrowserAgent, CookieJar } from '#test/support/browser-agent.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

const issuer = 'https://masuk.contoh.go.id';

let secure: World;
let world: World;

beforeAll(async () => {
  [secure, world] = await Promise.all([openWorld({ settings: { ISSUER: issuer, SANDBOX_PUBLIC: 'on' } }), openWorld()]);
});
afterAll(async () => {
  await secure?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

/** A browser of the https deployment, behind its proxy. */
function browse(jar: CookieJar) {
  const ask = browseBehindProxy(secure, issuer, jar);
  return async (path: string, form?: Record<string, string>) => {
    const { status, body, headers } = await ask(path, form);
    return { status, body, location: headers.get('location') ?? '' };
  };
}

/** Signs in as Budi and stops in front of the engine: only the redirect to `/authorize/:uid` is left. */
async function almostSignedIn() {
  const jar = new CookieJar();
  const visit = browse(jar);
  const begun = await visit((await visit('/account')).location);
  const { pathname } = new URL(begun.location, issuer);
  const csrf = /name="csrf" value="([^"]*)"/.exec((await visit(pathname)).body)?.[1] ?? '';
  const { location } = await visit(pathname, { csrf, action: 'sign-in', identifier: 'budi@contoh.id', password });
  expect(new URL(location, issuer).pathname).toMatch(/^\/authorize\//);
  return { jar, visit, interaction: pathname, resume: location };
}

/** What a hijacked `lain.contoh.go.id` can put into a browser: everything but cookies of another host alone. */
function plant(from: CookieJar, into: CookieJar): void {
  for (const { name, value, path } of from.all)
    into.keep(new URL('https://lain.contoh.go.id/'), [
      `${name}=${value}; Domain=contoh.go.id; Path=${path}; Secure; HttpOnly`,
    ]);
}

test('cookies planted by a sibling host make nobody take part in a sign-in that somebody else has begun', async () => {
  const attacker = await almostSignedIn();
  const jar = new CookieJar();
  plant(attacker.jar, jar);
  expect(jar.all.map(({ name }) => name).sort()).toEqual([
    '__Secure-interaction',
    '__Secure-interaction.sig',
    '__Secure-resume',
    '__Secure-resume.sig',
  ]);
  const victim = browse(jar);
  for (const path of [attacker.resume, attacker.interaction]) {
    const said = await victim(path);
    expect([said.status, said.body]).toEqual([400, expect.stringContaining('interaction_expired')]);
  }
  expect(jar.all.map(({ name }) => name)).not.toContain('__Host-session');
  expect((await victim('/account')).location).toMatch(/\/authorize\?/);

  const completed = await attacker.visit(attacker.resume);
  expect(completed.location).toContain('/account/callback?code=');
  expect(attacker.jar.all.filter(({ name }) => name.startsWith('__Host-begun-'))).toEqual([]);
});

test('the cookie of one interaction does not serve for another', async () => {
  const attacker = await almostSignedIn();
  const own = await almostSignedIn();
  plant(attacker.jar, own.jar);
  const begun = own.jar.all.find(({ name }) => name.startsWith('__Host-begun-'));
  expect(begun?.path).toBe('/');
  const uid = attacker.resume.split('/').at(-1);
  if (begun) own.jar.put({ ...begun, name: `__Host-begun-${uid}` });
  expect((await own.visit(attacker.resume)).status).toBe(400);
  expect((await own.visit(own.resume)).location).toContain('/account/callback?code=');
});

const begunIn = (browser: BrowserAgent) =>
  browser.cookies.all.map(({ name }) => name).filter((name) => name.startsWith('begun-'));

test('on http, too, nobody goes on in another browser, and what is over leaves nothing in its own', async () => {
  const app = await world.app();
  const attacker = world.browser();
  const attempt = await app.startSignIn();
  const page = await attacker.visit(attempt.url);
  const victim = world.browser();
  for (const cookie of attacker.cookies.all) if (!cookie.name.startsWith('begun-')) victim.cookies.put(cookie);
  expect((await victim.visit(page.url)).text('#error-code')).toBe('interaction_expired');
  expect(begunIn(attacker)).toHaveLength(1);
  expect(answered(await signIn(page))).toHaveProperty('code');
  expect(begunIn(attacker)).toEqual([]);
});

test('whoever declines leaves nothing either', async () => {
  const browser = world.browser();
  const page = await browser.visit((await (await world.app()).startSignIn()).url);
  expect(answered(await page.press('#cancel'))).toMatchObject({ error: 'access_denied' });
  expect(begunIn(browser)).toEqual([]);
});

test('fifteen sign-ins stay open in one browser; one more ends the oldest, and the cookies stay small', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const app = await world.app();
    const browser = world.browser();
    const pages = [];
    for (let i = 0; i < 40; i += 1) {
      vi.setSystemTime(Date.now() + 1_000);
      pages.push(await browser.visit((await app.startSignIn()).url));
    }
    expect(begunIn(browser)).toHaveLength(15);
    expect(browser.cookies.header(new URL('/', world.issuer))?.length).toBeLessThan(1_500);
    expect((await browser.visit(pages[24]?.url ?? '')).text('#error-code')).toBe('interaction_expired');
    for (const page of pages.slice(25)) expect((await browser.visit(page.url)).has('#sign-in')).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test('ten tabs that a new browser opens at once all go on', async () => {
  const app = await world.app();
  const browser = world.browser();
  const pages = await Promise.all(Array.from({ length: 10 }, async () => browser.visit((await app.startSignIn()).url)));
  for (const page of pages) expect((await browser.visit(page.url)).has('#sign-in')).toBe(true);
  expect(begunIn(browser)).toHaveLength(10);
});
