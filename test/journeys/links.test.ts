/** Every link and every form that a page shows leads somewhere: walked from the home page on, as somebody who is signed in. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** Ways out, which would end the walk. */
const waysOut = /^\/(logout|sandbox)/;
/** So many pages of one kind are enough: they come from one function. */
const OF_A_KIND = 2;

interface Walk {
  /** Kinds of pages that were opened: their paths with `:id` for what names one of many. */
  readonly kinds: ReadonlySet<string>;
  /** What leads nowhere, with where it stands. */
  readonly broken: readonly string[];
}

/** Opens what is linked below `within`, page by page; its forms are sent with an action that no page knows. */
async function walk(browser: BrowserAgent, begin: string, within: RegExp): Promise<Walk> {
  const waiting = [{ link: begin, from: 'the start' }];
  const seen = new Set<string>();
  const kinds = new Map<string, number>();
  const broken: string[] = [];
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { link, from } = next;
    const url = new URL(link, world.issuer);
    url.searchParams.delete('lang');
    const address = `${url.pathname}${url.search}`;
    const kind = kindOf(url);
    if (seen.has(address) || !within.test(url.pathname) || (kinds.get(kind) ?? 0) >= OF_A_KIND) continue;
    seen.add(address);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const page = await browser.visit(url);
    if (page.status !== 200) broken.push(`${from} → ${address}: ${page.status}`);
    if (!page.headers.get('content-type')?.startsWith('text/html')) continue;
    broken.push(...(await sendForms(browser, page)), ...lostFragments(page));
    for (const href of page.attributes('a', 'href')) {
      const target = URL.parse(href, page.url.href);
      if (target?.origin === world.issuer && !waysOut.test(target.pathname))
        waiting.push({ link: target.href, from: page.url.pathname });
    }
  }
  return { kinds: new Set([...kinds.keys()].map((kind) => kind.split('?')[0] ?? kind)), broken };
}

function kindOf({ pathname, searchParams }: URL): string {
  const path = pathname
    .replace(/^(\/account\/(?:releases|receipts|apps)\/)[^/.]+/, '$1:id')
    .replace(/^(\/console\/(?:apps|agencies)\/)[^/.]+/, '$1:id')
    .replace(/[0-9a-f-]{32,36}/g, ':id');
  return `${path}?${[...searchParams.keys()].sort()}`;
}

/** A page may answer as it likes, but there has to be one that answers. */
async function sendForms(browser: BrowserAgent, page: Page): Promise<string[]> {
  const csrf = page.count('input[name=csrf]') > 0 ? page.value('csrf') : undefined;
  const named = page.attributes('form[method=post]', 'action');
  const targets = page.count('form[method=post]') > named.length ? [...named, page.url.href] : named;
  const broken: string[] = [];
  for (const target of new Set(targets.map((each) => new URL(each, page.url).href))) {
    const { status } = await browser.post(target, { csrf: csrf ?? '', action: 'tidak-ada' }, world.issuer);
    if (status >= 500 || status === 405 || status === 404)
      broken.push(`${page.url.pathname} sends to ${target}: ${status}`);
  }
  return broken;
}

/** Links to a place in the page itself. */
function lostFragments(page: Page): string[] {
  return page
    .attributes('a', 'href')
    .filter((href) => /^#[\w-]+$/.test(href) && !page.has(href))
    .map((href) => `${page.url.pathname} → ${href}`);
}

test('on a person’s own pages', async () => {
  const browser = world.browser();
  await world.citizen('penjelajah@contoh.id', { name: 'Dian Jelajah', password });
  for (const clientId of ['puskesmas-online', 'pajak-daerah'])
    await signInto(await world.app({ clientId }), browser, {}, 'penjelajah@contoh.id');
  const { kinds, broken } = await walk(browser, '/account', /^\/(account|receipts)(\/|$)/);
  expect(broken).toEqual([]);
  for (const path of [
    'apps',
    'apps/:id',
    'services',
    'releases',
    'releases/:id',
    'receipts/:id',
    'data',
    'data/correct',
    'end',
  ])
    expect(kinds).toContain(`/account/${path}`);
  for (const path of ['/account/receipts/:id.jws', '/account/data.json', '/receipts/verify', '/receipts/keys.json'])
    expect(kinds).toContain(path);
  const app = await browser.visit(`${world.issuer}/account/apps/pajak-daerah`);
  const releases = await browser.visit(new URL(app.attribute('#read .hint a', 'href') ?? '', app.url));
  expect(releases.value('app')).toBe('pajak-daerah');
  expect(new Set(releases.texts('[data-release] h3'))).toEqual(new Set(['Pajak Daerah']));
  const release = await browser.visit(new URL(releases.attribute('[data-release] h3 a', 'href') ?? '', app.url));
  const receipts = release.attributes('a', 'href').filter((href) => href.startsWith('/account/receipts/'));
  expect(receipts).not.toEqual([]);
  for (const receipt of receipts)
    expect((await browser.visit(new URL(receipt, app.url))).text('#receipt')).toContain('Pajak Daerah');
});

test('on the pages of an agency', async () => {
  const dewi = await colleague(world, 'penjelajah-konsol@contoh.id', {
    'dinas-kesehatan': ['owner', 'developer', 'desk'],
  });
  const { browser } = await openConsole(world, dewi);
  const { kinds, broken } = await walk(browser, '/console', /^\/console(\/|$)/);
  expect(broken).toEqual([]);
  for (const path of ['apps/:id/deliveries', 'apps/:id/reports', 'apps/:id/figures', 'desk/releases'])
    expect(kinds).toContain(`/console/${path}`);
});
