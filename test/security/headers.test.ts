/** What every answer tells the browser not to allow (security line 30), on every address there is. */
import { createHash } from 'node:crypto';
import { type DefaultTreeAdapterMap, parse } from 'parse5';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browseBehindProxy } from '#test/support/behind-proxy.ts';
import { type Answer, CookieJar, exchange } from '#test/support/browser-agent.ts';
import { openWorld, password, type World } from '#test/support/world.ts';
import { assetPath } from '#views/assets.ts';
import { openScene, requestsOf, routesOf, type Scene, send, type Wanted } from './scene.ts';

let world: World;
let scene: Scene;
/** Every address as browser and as program, with some that are wrong. */
let answers: { wanted: Wanted; html: boolean; said: Answer }[];

beforeAll(async () => {
  world = await openWorld();
  scene = await openScene(world);
  const wrong: Wanted[] = [
    { method: 'GET', path: '/nothing-here' },
    { method: 'GET', path: '/authorize?client_id=nobody' },
    { method: 'GET', path: '/interaction/nobody' },
    { method: 'POST', path: '/help', form: {} },
    { method: 'GET', path: '/%00' },
    // Signs out by a form that sends itself, because nobody is signed in.
    { method: 'GET', path: '/logout' },
    { method: 'GET', path: assetPath('lawang.css') },
    { method: 'GET', path: assetPath('passkey.js') },
  ];
  answers = [];
  for (const wanted of [...requestsOf(scene), ...wrong])
    for (const html of [true, false]) answers.push({ wanted, html, said: await send(world, wanted, html) });
});

afterAll(() => world[Symbol.asyncDispose]());

function nameOf({ method, path }: Wanted): string {
  return `${method} ${path.split('?', 1)[0]}`;
}

test('the walk passes every address that the server knows, and every endpoint that discovery names', async () => {
  const patternOf = (path: string) => new RegExp(`^${path.replace(/[:*]\w+/g, '[^/]+')}$`);
  const walked = answers.map(({ wanted }) => ({ method: wanted.method, path: wanted.path.split('?', 1)[0] ?? '' }));
  const routes = await routesOf(world);
  expect(routes.length).toBeGreaterThanOrEqual(30);
  const missed = routes.filter(
    (route) =>
      !['/livez', '/readyz'].includes(route.path) &&
      !walked.some(({ method, path }) => method === route.method && patternOf(route.path).test(path)),
  );
  expect(missed).toEqual([]);
  const discovery = JSON.parse((await exchange(`${world.issuer}/.well-known/openid-configuration`)).body);
  const endpoints = Object.entries<string>(discovery)
    .filter(([name]) => /_endpoint$|^jwks_uri$/.test(name))
    .map(([, url]) => new URL(url).pathname);
  expect(endpoints.length).toBeGreaterThan(6);
  expect(endpoints.filter((path) => !routes.some((route) => route.path === path))).toEqual([]);
});

/** What only programs ask, answered with no page: nothing in it could be framed, run, or lead anywhere. */
function isForPrograms({ wanted, said }: (typeof answers)[number]): boolean {
  const path = wanted.path.split('?', 1)[0] ?? '';
  const isPage = said.headers.get('content-type')?.startsWith('text/html');
  const fixed = ['/token', '/userinfo', '/introspect', '/revoke', '/par', '/jwks'];
  return !isPage && (fixed.includes(path) || /^\/(api\/|register)/.test(path));
}

test('what only programs ask has the strictest policy, and a page in its place that of every page', () => {
  const programs = answers.filter(isForPrograms);
  expect(programs.length).toBeGreaterThan(6);
  for (const { said } of programs)
    expect(said.headers.get('content-security-policy')).toBe(
      "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    );
});

test('every answer has the strict policy and no unsafe source', () => {
  for (const answer of answers) {
    const { wanted, said } = answer;
    const name = nameOf(wanted);
    const policy = said.headers.get('content-security-policy') ?? '';
    expect([name, policy]).toEqual([name, expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'/)]);
    expect([name, policy]).not.toEqual([name, expect.stringMatching(/unsafe-|\*|strict-dynamic|data:.*script/)]);
    expect(policy).toContain("base-uri 'none'");
    expect(said.headers.get('x-content-type-options')).toBe('nosniff');
    expect(said.headers.get('x-powered-by')).toBeNull();
    expect(said.headers.get('server')).toBeNull();
    if (isForPrograms(answer)) continue;
    expect(said.headers.get('x-frame-options')).toBe('DENY');
    expect(said.headers.get('cross-origin-opener-policy')).toBe('same-origin');
  }
});

test('on http nothing asks for https', () => {
  for (const { said } of answers) {
    expect(said.headers.get('strict-transport-security')).toBeNull();
    for (const cookie of said.headers.getSetCookie()) expect(cookie).not.toMatch(/secure|__Host-|__Secure-/i);
  }
});

test('every cookie is kept from scripts and from other sites', () => {
  const cookies = [...answers.flatMap(({ said }) => said.headers.getSetCookie())];
  expect(cookies.length).toBeGreaterThan(10);
  for (const cookie of cookies) {
    expect(cookie).toMatch(/; httponly/i);
    expect(cookie).toMatch(/; samesite=lax/i);
    expect(cookie).not.toMatch(/; domain=/i);
  }
});

type Node = DefaultTreeAdapterMap['node'];
type Element = DefaultTreeAdapterMap['element'];

function elementsOf(node: Node): Element[] {
  const children = 'childNodes' in node ? node.childNodes.flatMap(elementsOf) : [];
  return 'tagName' in node ? [node, ...children] : children;
}

test('no page has anything of its own to run or from elsewhere to load', () => {
  const pages = answers.filter(({ said }) => said.headers.get('content-type')?.includes('html'));
  expect(pages.length).toBeGreaterThan(20);
  for (const { wanted, said } of pages) {
    const where = nameOf(wanted);
    for (const { tagName, attrs, childNodes } of elementsOf(parse(said.body))) {
      const of = (name: string) => attrs.find((attribute) => attribute.name === name)?.value;
      expect([where, attrs.map(({ name }) => name).filter((name) => /^on|^style$|^srcdoc$/.test(name))]).toEqual([
        where,
        [],
      ]);
      expect(['iframe', 'object', 'embed', 'base', 'style', 'applet']).not.toContain(tagName);
      if (tagName === 'meta') expect(of('http-equiv') ?? '').not.toMatch(/refresh|policy|cookie/i);
      if (tagName === 'script' && of('src') === undefined && of('type') !== 'application/json') {
        // Only the engine's form that sends itself: its policy names the script by its hash.
        const [text] = childNodes;
        const hash = createHash('sha256')
          .update(text && 'value' in text ? text.value : '')
          .digest('base64');
        expect(said.headers.get('content-security-policy')).toContain(`'sha256-${hash}'`);
      }
      if (tagName === 'script' && of('src') !== undefined)
        expect([where, of('src')]).toEqual([where, expect.stringMatching(/^\/assets\//)]);
      if (tagName === 'link') expect(of('href')).toMatch(/^\/assets\//);
      if (['img', 'source', 'audio', 'video'].includes(tagName)) expect(of('src')).toMatch(/^\/(?![/\\])/);
      if (tagName === 'form') expect(new URL(of('action') ?? '/', world.issuer).origin).toBe(world.issuer);
      expect(of('formaction')).toBeUndefined();
      if (tagName === 'a') expect(of('href') ?? '/').toMatch(/^([/?#](?![/\\])|https?:\/\/|$)/);
    }
  }
});

test('pages with a form tell their own origin where they come from, everything else nobody', () => {
  for (const { wanted, said } of answers.filter((answer) => !isForPrograms(answer))) {
    const hasForm = /<form\b[^>]*method="post"/.test(said.body);
    const policy = said.headers.get('referrer-policy');
    expect([nameOf(wanted), policy]).toEqual([nameOf(wanted), hasForm ? 'same-origin' : 'no-referrer']);
  }
});

test('a form is answered with a page or with 303, never with a redirect that repeats it', () => {
  const redirects = answers.filter(
    ({ wanted, said }) => wanted.method === 'POST' && said.status >= 300 && said.status < 400,
  );
  expect(redirects.length).toBeGreaterThan(4);
  for (const { wanted, said } of redirects) expect([nameOf(wanted), said.status]).toEqual([nameOf(wanted), 303]);
});

test('nothing personal is kept by a cache', () => {
  for (const { wanted, html, said } of answers) {
    const isShared = /^\/(assets|jwks|receipts\/keys|\.well-known|api\/v1\/(openapi|catalogue)|coverage|apps)\b/.test(
      wanted.path,
    );
    if (isShared || said.status >= 300 || said.body === '') continue;
    const control = said.headers.get('cache-control');
    expect([nameOf(wanted), html, control]).toEqual([nameOf(wanted), html, expect.stringContaining('no-store')]);
  }
});

test('the way back to the app is in the form policy of exactly its pages', async () => {
  const policyOf = (path: string) =>
    answers.find(({ wanted }) => wanted.path === path)?.said.headers.get('content-security-policy');
  expect(policyOf(scene.signInPage.url.pathname)).toContain("form-action 'self' http://localhost:3001;");
  for (const path of ['/', '/help', '/nothing-here', '/account'])
    expect(policyOf(path)).toContain("form-action 'self';");
});

test('on https: HSTS, Secure everywhere, and the session cookie bound to this host', async () => {
  const issuer = 'https://masuk.contoh.go.id';
  await using secure = await openWorld({ settings: { ISSUER: issuer, SANDBOX_PUBLIC: 'on' } });
  const jar = new CookieJar();
  const lines: string[] = [];
  const browse = browseBehindProxy(secure, issuer, jar);
  const ask = async (path: string, form?: Record<string, string>) => {
    const said = await browse(path, form);
    expect(said.headers.get('strict-transport-security')).toMatch(/^max-age=\d{8,}/);
    lines.push(...said.headers.getSetCookie());
    return said;
  };
  const { location } = Object.fromEntries((await ask('/account')).headers);
  const interaction = (await ask(location ?? '')).headers.get('location') ?? '';
  const page = await ask(interaction);
  const csrf = /name="csrf" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
  const signedIn = await ask(interaction, { csrf, action: 'sign-in', identifier: 'siti@contoh.id', password });
  expect(signedIn.status).toBe(303);
  const resumed = await ask(signedIn.headers.get('location') ?? '');
  expect((await ask(resumed.headers.get('location') ?? '')).headers.get('location')).toMatch(/\/account$/);
  expect((await ask('/account')).status).toBe(200);
  expect(lines.length).toBeGreaterThan(4);
  for (const line of lines) {
    expect(line).toMatch(/; secure/i);
    expect(line).not.toMatch(/; domain=/i);
    expect(line).toMatch(/^__(Host|Secure)-/);
    if (line.startsWith('__Host-')) expect(line).toMatch(/; path=\/(;|$)/i);
  }
  const names = new Set(jar.all.map(({ name }) => name.replace(/\.sig$/, '')));
  expect([...names]).toEqual(expect.arrayContaining(['__Host-session', '__Host-browser']));
});
