/** What programs hold on to: ids, names and forms that no change of language or design may move. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { type BrowserAgent, exchange, type Page } from '#test/support/browser-agent.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, password, type World } from '#test/support/world.ts';

interface Hooks {
  readonly has: readonly string[];
  readonly lacks?: readonly string[];
}

/** Every page of an interaction, with what must be on it. */
const interactionPages: Readonly<Record<string, Hooks>> = {
  'sign in': {
    has: ['[name=identifier]', '[name=password]', '#sign-in', '#passkey', '#send-code', '#cancel', 'a#sign-up'],
  },
  'sign up': { has: ['[name=identifier]', '#continue'], lacks: ['[name=password]'] },
  code: { has: ['[name=code]', '#continue', '#resend'], lacks: ['[name=identifier]', '[name=password]'] },
  name: {
    has: ['[name=name]', '[name=password]', '#continue', '#create-passkey', '[name=credential]'],
    lacks: ['[name=identifier]'],
  },
  offer: { has: ['#create-passkey', '#skip-passkey'], lacks: ['[name=identifier]', '[name=password]'] },
  consent: {
    has: ['#consent-allow', '#consent-deny', '[type=checkbox][name=claim]'],
    lacks: ['[name=identifier]', '[name=password]', '[checked]'],
  },
};

let world: World;
let health: RelyingParty;
/** By language, then by page. */
const seen: Record<string, Record<string, Page>> = {};

beforeAll(async () => {
  world = await openWorld();
  health = await world.app();
  for (const language of ['id', 'en']) seen[language] = await visitAll(world.browser({ language }), language);
});

afterAll(() => world[Symbol.asyncDispose]());

/** A new account is made on the way; its password comes later, so that the page that offers a passkey is met. */
async function visitAll(browser: BrowserAgent, language: string): Promise<Record<string, Page>> {
  const address = `kait.${language}@contoh.id`;
  const signIn = await browser.visit((await health.startSignIn()).url);
  const signUp = await signIn.follow('#sign-up');
  const code = await signUp.fill({ identifier: address }).press('#continue');
  const name = await code.fill({ code: (await world.message(address)).code ?? '' }).press('#continue');
  const offer = await name.fill({ name: 'Kait', birthdate: '21-04-1990' }).press('#continue');
  const consent = await offer.press('#skip-passkey');
  await allow(await browser.visit(consent.url));
  const notFound = await browser.visit(`${world.issuer}/tidak-ada`);
  const { account, logout, loggedOut } = await visitAccount(world.browser({ language }), `akun.${language}@contoh.id`);
  return { 'sign in': signIn, 'sign up': signUp, code, name, offer, consent, notFound, account, logout, loggedOut };
}

async function visitAccount(browser: BrowserAgent, address: string) {
  await world.citizen(address, { password });
  const page = await browser.visit((await health.startSignIn()).url);
  await allow(await page.fill({ identifier: address, password }).press('#sign-in'));
  const before = await browser.visit(`${world.issuer}/account`);
  const credential = new SoftwareAuthenticator().create(before.json('#passkey-options'), { origin: world.issuer });
  const account = await before.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
  const logout = await browser.visit(`${world.issuer}/logout`);
  return { account, logout, loggedOut: await logout.press('#logout-yes') };
}

function pageOf(language: string, name: string): Page {
  const page = seen[language]?.[name];
  if (!page) throw new Error(`${name} was not seen in ${language}`);
  return page;
}

const languages = ['id', 'en'];
const everyInteractionPage = languages.flatMap((language) =>
  Object.entries(interactionPages).map(([name, hooks]) => ({ language, name, hooks })),
);

describe.each(everyInteractionPage)('$name in $language', ({ language, name, hooks }) => {
  test('has its fields and buttons, each once', () => {
    const page = pageOf(language, name);
    expect(page.url.pathname).toMatch(/^\/interaction\/[\w-]+$/);
    expect(page.attribute('html', 'lang')).toBe(language);
    const [boxes, others] = [
      hooks.has.filter((hook) => hook.includes('checkbox')),
      hooks.has.filter((hook) => !hook.includes('checkbox')),
    ];
    expect(others.filter((hook) => page.count(hook) !== 1)).toEqual([]);
    expect(boxes.filter((hook) => page.count(hook) === 0)).toEqual([]);
    expect((hooks.lacks ?? []).filter((hook) => page.has(hook))).toEqual([]);
  });

  test('has one form, posted to this server with the token of the browser', () => {
    const page = pageOf(language, name);
    expect(page.count('form')).toBe(1);
    expect(page.attribute('form', 'method')).toBe('post');
    const action = page.attribute('form', 'action');
    if (action !== undefined) expect(new URL(action, page.url).origin).toBe(world.issuer);
    expect(page.html).not.toMatch(/formaction/i);
    expect(page.attribute('form input[name=csrf]', 'type')).toBe('hidden');
    expect(page.attribute('form input[name=csrf]', 'value')).toMatch(/^[\w-]{43}$/);
  });

  test('has buttons that submit a name and a value, in double quotes', () => {
    const page = pageOf(language, name);
    const buttons = page.html.match(/<button\b[^>]*>/g) ?? [];
    expect(buttons.length).toBeGreaterThan(0);
    for (const button of buttons) {
      expect(button).toMatch(/ type="submit"/);
      expect(button).toMatch(/ name="[\w-]+"/);
      expect(button).toMatch(/ value="[\w-]+"/);
      expect(button).not.toMatch(/='/);
    }
  });

  test('has no id twice', () => {
    const ids = pageOf(language, name).attributes('[id]', 'id');
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });
});

test.each(Object.keys(interactionPages).concat('notFound', 'account', 'logout', 'loggedOut'))(
  '%s has the same ids, names and values in both languages',
  (name) => {
    const [inId, inEn] = languages.map((language) => pageOf(language, name));
    for (const attribute of ['id', 'name', 'data-client']) {
      expect(inEn?.attributes(`[${attribute}]`, attribute)).toEqual(inId?.attributes(`[${attribute}]`, attribute));
    }
    const choices = (page: Page | undefined) => page?.attributes('button', 'value');
    if (name !== 'account') expect(choices(inEn)).toEqual(choices(inId));
  },
);

test.each(languages)('a claim is offered by its own name, and only what is optional, in %s', (language) => {
  const offered = pageOf(language, 'consent').attributes('[name=claim]', 'value');
  expect(offered).toEqual(expect.arrayContaining(['given_name', 'birthdate', 'gender']));
  expect(offered.filter((claim) => ['name', 'email', 'email_verified', 'sub'].includes(claim))).toEqual([]);
  expect(new Set(offered).size).toBe(offered.length);
});

describe.each(languages)('outside an interaction, in %s', (language) => {
  test('the account page has its parts', () => {
    const page = pageOf(language, 'account');
    expect(page.count('#connected-apps [data-client=puskesmas-online] button.disconnect')).toBe(1);
    expect(page.count('#passkeys [data-passkey]')).toBe(1);
    expect(page.attribute('[data-passkey]', 'data-passkey')).toMatch(/^[\w-]{20,}$/);
    expect(page.has('#sessions')).toBe(true);
  });

  test('signing out asks, and says that it is done', () => {
    const asked = pageOf(language, 'logout');
    expect([asked.count('form'), asked.count('#logout-yes'), asked.count('#logout-no')]).toEqual([1, 1, 1]);
    expect(pageOf(language, 'loggedOut').has('#logout-done')).toBe(true);
  });

  test('an error has its code, its reference and a way back', () => {
    const page = pageOf(language, 'notFound');
    expect(page.text('#error-code')).toBe('not_found');
    expect(page.text('#error-reference')).toMatch(/\w/);
    expect(page.has('a#back-to-app')).toBe(true);
  });
});

test('a program without a browser signs in with cookies, an Origin header and no Sec-Fetch', async () => {
  const { url } = await health.startSignIn();
  const jar = new Map<string, string>();
  const ask = async (address: URL | string, form?: Record<string, string>) => {
    const answer = await exchange(new URL(address, world.issuer), {
      headers: {
        accept: 'text/html',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form && { origin: world.issuer, 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form && { method: 'POST', body: new URLSearchParams(form).toString() }),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    return answer;
  };
  const hidden = (body: string) =>
    Object.fromEntries(
      [...body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
        name,
        value,
      ]),
    );

  const interaction = (await ask(url)).headers.get('location') ?? '';
  const signInPage = await ask(interaction);
  const sent = await ask(interaction, {
    ...hidden(signInPage.body),
    identifier: 'siti@contoh.id',
    password,
    action: 'sign-in',
  });
  expect(sent.status).toBe(303);
  const consent = await ask(sent.headers.get('location') ?? '');
  expect(consent.body).toContain('id="consent-allow"');
  const allowed = await ask(interaction, { ...hidden(consent.body), action: 'allow' });
  const resumed = await ask(allowed.headers.get('location') ?? '');
  expect(resumed.headers.get('location')).toMatch(/^http:\/\/localhost:3001\/callback\?code=/);
});
