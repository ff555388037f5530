/** No other site, and no other browser, can fill in a form for somebody (security line 31). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInto } from '#test/oidc/flows.ts';
import { type Answer, type BrowserAgent, exchange } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  app = await world.app();
});

afterAll(() => world[Symbol.asyncDispose]());

/** A form that stands open in a browser, and whether sending it has changed anything. */
interface OpenForm {
  readonly browser: BrowserAgent;
  readonly page: Page;
  readonly path: string;
  readonly fields: Record<string, string>;
  /** The hidden field that belongs to the browser. */
  readonly token: 'csrf' | 'xsrf';
  hasChanged(): Promise<boolean>;
}

let people = 0;

/** Somebody whom no other form has anything to do with. */
async function newcomer(): Promise<string> {
  people += 1;
  const identifier = `warga${people}@contoh.id`;
  await world.citizen(identifier, { password });
  return identifier;
}

async function signedIn(identifier?: string): Promise<BrowserAgent> {
  const browser = world.browser();
  await signInto(app, browser, {}, identifier ?? (await newcomer()));
  return browser;
}

async function isSignedIn(browser: BrowserAgent): Promise<boolean> {
  return (await browser.visit(`${world.issuer}/account`)).has('#connected-apps');
}

async function grants(): Promise<number> {
  const [row] = await world.database.query<{ n: string }>(
    'select count(*) as n from permissions where ended_at is null',
  );
  return Number(row?.n);
}

/** Every form there is, each by the button that matters most. */
const forms: Record<string, () => Promise<OpenForm>> = {
  'sign in': async () => {
    const browser = world.browser();
    const page = await browser.visit((await app.startSignIn()).url);
    const fields = { action: 'sign-in', identifier: 'dewi@contoh.id', password, csrf: page.value('csrf') ?? '' };
    const hasChanged = async () => (await browser.visit(page.url)).has('#consent-allow');
    return { browser, page, path: page.url.pathname, fields, token: 'csrf', hasChanged };
  },
  'ask for a code': async () => {
    const browser = world.browser();
    const page = await browser.visit((await app.startSignIn()).url);
    people += 1;
    const identifier = `paksa${people}@contoh.id`;
    const fields = { action: 'send-code', identifier, csrf: page.value('csrf') ?? '' };
    const hasChanged = () =>
      world.message(identifier).then(
        () => true,
        () => false,
      );
    return { browser, page, path: page.url.pathname, fields, token: 'csrf', hasChanged };
  },
  consent: async () => {
    const browser = world.browser();
    const page = await (await browser.visit((await app.startSignIn()).url))
      .fill({ identifier: await newcomer(), password })
      .press('#sign-in');
    const before = await grants();
    const fields = { action: 'allow', terms: page.value('terms') ?? '', csrf: page.value('csrf') ?? '' };
    return {
      browser,
      page,
      path: page.url.pathname,
      fields,
      token: 'csrf',
      hasChanged: async () => (await grants()) !== before,
    };
  },
  disconnect: async () => {
    const browser = await signedIn();
    const page = await browser.visit(`${world.issuer}/account`);
    const before = await grants();
    const fields = { action: 'disconnect', client: 'puskesmas-online', csrf: page.value('csrf') ?? '' };
    return {
      browser,
      page,
      path: '/account',
      fields,
      token: 'csrf',
      hasChanged: async () => (await grants()) !== before,
    };
  },
  'end a session': async () => {
    const identifier = await newcomer();
    const [browser, elsewhere] = [await signedIn(identifier), await signedIn(identifier)];
    const page = await browser.visit(`${world.issuer}/account`);
    const fields = { action: 'end-session', session: page.value('session') ?? '', csrf: page.value('csrf') ?? '' };
    const hasChanged = async () => !(await isSignedIn(elsewhere));
    return { browser, page, path: '/account', fields, token: 'csrf', hasChanged };
  },
  'sign out': async () => {
    const browser = await signedIn();
    const page = await browser.visit(`${world.issuer}/logout`);
    const fields = { logout: 'yes', xsrf: page.value('xsrf') ?? '' };
    return {
      browser,
      page,
      path: '/logout/confirm',
      fields,
      token: 'xsrf',
      hasChanged: async () => !(await isSignedIn(browser)),
    };
  },
};

function post(
  { browser, path }: OpenForm,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
  by: BrowserAgent = browser,
): Promise<Answer> {
  const url = new URL(path, world.issuer);
  return exchange(url, {
    method: 'POST',
    headers: {
      accept: 'text/html',
      'content-type': 'application/x-www-form-urlencoded',
      cookie: by.cookies.header(url) ?? '',
      ...headers,
    },
    body: new URLSearchParams(fields).toString(),
  });
}

/** One way to send a form that its browser's owner did not send. */
const forgeries: Record<string, (form: OpenForm) => Promise<Answer>> = {
  'no token': (form) => post(form, { ...form.fields, [form.token]: '' }),
  'token left out': (form) => {
    const { [form.token]: _, ...fields } = form.fields;
    return post(form, fields);
  },
  'a token of no browser': (form) =>
    post(form, { ...form.fields, [form.token]: Buffer.alloc(32, 1).toString('base64url') }),
  'a shortened token': (form) =>
    post(form, { ...form.fields, [form.token]: (form.fields[form.token] ?? '').slice(0, -2) }),
  'the token of another browser': async (form) => {
    const other = await (form.token === 'xsrf' ? signedIn() : Promise.resolve(world.browser()));
    const page = await other.visit(form.token === 'xsrf' ? `${world.issuer}/logout` : (await app.startSignIn()).url);
    return post(form, { ...form.fields, [form.token]: page.value(form.token) ?? '' });
  },
  'from another origin': (form) => post(form, form.fields, { origin: 'https://jahat.example' }),
  'from a look-alike origin': (form) => post(form, form.fields, { origin: `${world.issuer}.jahat.example` }),
  'from another port of this host': (form) => post(form, form.fields, { origin: 'http://localhost:1' }),
  'from a hidden origin': (form) => post(form, form.fields, { origin: 'null' }),
  'from another site': (form) => post(form, form.fields, { 'sec-fetch-site': 'cross-site' }),
  'from a sibling host': (form) => post(form, form.fields, { 'sec-fetch-site': 'same-site' }),
};

test.each(Object.keys(forms))('%s: every forgery is refused with a page, and changes nothing', async (name) => {
  const form = await forms[name]?.();
  if (!form) throw new Error(`no form ${name}`);
  for (const [how, forge] of Object.entries(forgeries)) {
    const said = await forge(form);
    expect([how, said.status, /id="error-code"[^>]*>([^<]*)/.exec(said.body)?.[1]]).toEqual([
      how,
      403,
      'csrf_mismatch',
    ]);
    expect([how, said.headers.get('location')]).toEqual([how, null]);
    expect([how, await form.hasChanged()]).toEqual([how, false]);
  }
});

test.each(Object.keys(forms))('%s: works as sent by old browsers and by new ones', async (name) => {
  const ways = [{}, { origin: world.issuer }, { origin: world.issuer, 'sec-fetch-site': 'same-origin' }];
  for (const headers of ways) {
    const form = await forms[name]?.();
    if (!form) throw new Error(`no form ${name}`);
    const said = await post(form, form.fields, headers);
    expect([headers, said.status]).toEqual([headers, 303]);
    expect([headers, await form.hasChanged()]).toEqual([headers, true]);
  }
});

test('a browser without cookies can send nothing', async () => {
  for (const open of Object.values(forms)) {
    const form = await open();
    const said = await post(form, form.fields, {}, world.browser());
    expect(said.status).toBeGreaterThanOrEqual(400);
    expect(said.status).toBeLessThan(500);
    expect(await form.hasChanged()).toBe(false);
  }
});

test("an interaction of one browser is useless in another: nobody is signed in as somebody else's choice", async () => {
  const attacker = world.browser();
  const page = await attacker.visit((await app.startSignIn()).url);
  await page.fill({ identifier: 'budi@contoh.id', password }).press('#sign-in');
  const victim = world.browser();
  const started = await victim.visit((await app.startSignIn()).url);
  const shown = await victim.visit(page.url);
  expect([shown.status, shown.text('#error-code')]).toEqual([400, 'interaction_expired']);
  const resumed = await victim.visit(`${world.issuer}/authorize/${page.url.pathname.split('/').at(-1)}`);
  expect([resumed.status, resumed.text('#error-code')]).toEqual([400, 'interaction_expired']);
  // Its own goes on as if nothing had been.
  expect((await signIn(started)).status).toBe(0);
});

test("another browser's answer does not finish a sign-in, although its address is known", async () => {
  const attacker = world.browser();
  const attempt = await app.startSignIn();
  const page = await attacker.visit(attempt.url);
  const consent = await page.fill({ identifier: 'budi@contoh.id', password }).press('#sign-in');
  const victim = await signedIn();
  const said = await post(
    { browser: victim, page, path: consent.url.pathname, fields: {}, token: 'csrf', hasChanged: async () => false },
    { action: 'allow', csrf: consent.value('csrf') ?? '' },
  );
  expect(said.status).toBeGreaterThanOrEqual(400);
  expect(said.headers.get('location')).toBeNull();
});
