/** Where something went wrong a page says what, who acts now and what to do next; nobody has to guess the way back. */
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { setClientState } from '#src/registry/client-writes.ts';
import type { Page } from '#test/support/browser-agent.ts';
import { eventually } from '#test/support/eventually.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let health: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  health = await world.app();
});

afterAll(() => world[Symbol.asyncDispose]());

afterEach(() => {
  vi.useRealTimers();
});

const toApp = 'http://localhost:3001/sign-in';
const toFront = '/';

/** A whole error page, with its way back. */
function expectErrorPage(page: Page, expected: { status: number; code: string; back: string; language?: 'id' | 'en' }) {
  expect([page.status, page.text('#error-code')]).toEqual([expected.status, expected.code]);
  expect(page.text('#error-reference')).toMatch(/^[\dA-Z]{5}-[\dA-Z]{5}$/);
  expect(page.headers.get('request-reference')).toBe(page.text('#error-reference'));
  expect(page.attribute('#back-to-app', 'href')).toBe(expected.back);
  expect(page.attribute('html', 'lang')).toBe(expected.language ?? 'id');
  expect(page.text('h1')).toMatch(/\w/);
  expect(page.text('main p')).toMatch(/\w/);
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(world.log.some((line) => line.includes(page.text('#error-reference')))).toBe(true);
}

const languages = ['id', 'en'] as const;

describe.each(languages)('in %s', (language) => {
  const browserOf = () => world.browser({ language });

  test('an interaction that never was, or is another browser’s', async () => {
    const page = await browserOf().visit(`${world.issuer}/interaction/tidak-ada`);
    expectErrorPage(page, { status: 400, code: 'interaction_expired', back: toFront, language });
    const mine = await browserOf().visit((await health.startSignIn()).url);
    const theirs = await browserOf().visit(mine.url);
    expectErrorPage(theirs, { status: 400, code: 'interaction_expired', back: toFront, language });
  });

  test('an interaction that took too long leads back to its app', async () => {
    const page = await browserOf().visit((await health.startSignIn({ ui_locales: language })).url);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31 * 60_000 });
    page.fill({ identifier: 'siti@contoh.id', password });
    expectErrorPage(await page.press('#sign-in'), { status: 400, code: 'interaction_expired', back: toApp, language });
  });

  test('the back button after coming into the app', async () => {
    const browser = browserOf();
    const page = await browser.visit((await health.startSignIn()).url);
    await signIn(page);
    const expected = { status: 400, code: 'interaction_expired', back: toApp, language };
    expectErrorPage(await page.fill({ identifier: 'siti@contoh.id', password }).press('#sign-in'), expected);
    expectErrorPage(await browser.visit(page.url), expected);
  });

  test('an app that nobody registered', async () => {
    const page = await browserOf().visit(
      `${world.issuer}/authorize?client_id=tidak-ada&response_type=code&scope=openid`,
    );
    expectErrorPage(page, { status: 404, code: 'client_not_found', back: toFront, language });
  });

  test('an app that wants to go where it must not', async () => {
    const { url } = await health.startSignIn({ redirect_uri: 'https://jahat.example/callback' });
    const page = await browserOf().visit(url);
    expect(page.hops).toHaveLength(1);
    expectErrorPage(page, { status: 400, code: 'redirect_uri_mismatch', back: toApp, language });
  });

  test('a page that does not exist', async () => {
    const page = await browserOf().visit(`${world.issuer}/tidak-ada`);
    expectErrorPage(page, { status: 404, code: 'not_found', back: toFront, language });
  });

  test('a form whose cookie is gone', async () => {
    const browser = browserOf();
    const page = await browser.visit((await health.startSignIn()).url);
    const form = { action: 'sign-in', identifier: 'siti@contoh.id', password };
    const answer = await browser.post(page.url, form, world.issuer);
    expectErrorPage(answer, { status: 403, code: 'csrf_mismatch', back: toApp, language });
  });

  test('an app that was stopped, before the sign-in and in the middle of it', async () => {
    await world.declare({ client_id: `berhenti-${language}`, initiate_login_uri: toApp });
    const app = await world.app({ clientId: `berhenti-${language}` });
    const begun = await app.startSignIn();
    const page = await browserOf().visit(begun.url);
    await setClientState(world.database, `berhenti-${language}`, 'suspended', 'test');
    await world.house.clients.refresh();
    const expected = { status: 403, code: 'client_unavailable', back: toApp, language };
    expectErrorPage(await browserOf().visit(begun.url), expected);
    expectErrorPage(await page.fill({ identifier: 'siti@contoh.id', password }).press('#sign-in'), expected);
  });

  test('a choice that no page offers, and a body that is no form', async () => {
    const browser = browserOf();
    const page = await browser.visit((await health.startSignIn()).url);
    const form = { csrf: page.value('csrf') ?? '', action: 'sesuatu' };
    const answer = await browser.post(page.url, form, world.issuer);
    expectErrorPage(answer, { status: 400, code: 'invalid_request', back: toApp, language });
  });
});

test('a disabled account is told nothing on the sign-in page, and on the consent page that it cannot be used', async () => {
  const page = await world.browser().visit((await health.startSignIn()).url);
  const unknown = await page.fill({ identifier: 'tiada@contoh.id', password }).press('#sign-in');
  const disabled = await page.fill({ identifier: 'joko@contoh.id', password }).press('#sign-in');
  expect([disabled.status, disabled.text('#problems')]).toEqual([unknown.status, unknown.text('#problems')]);

  const id = await world.citizen('berhenti@contoh.id', { password });
  const consent = await (await world.browser().visit((await health.startSignIn()).url))
    .fill({ identifier: 'berhenti@contoh.id', password })
    .press('#sign-in');
  expect(consent.has('#consent-allow')).toBe(true);
  await world.database.execute(`update accounts set state = 'disabled' where id = $1`, [id]);
  expectErrorPage(await allow(consent), { status: 403, code: 'account_unavailable', back: toApp });
});

test('the button on a page that was left behind shows where things stand now', async () => {
  const browser = world.browser();
  const signInPage = await browser.visit((await health.startSignIn()).url);
  const consent = await signInPage.fill({ identifier: 'dewi@contoh.id', password }).press('#sign-in');
  expect(consent.has('#consent-allow')).toBe(true);
  const signUp = await signInPage.follow('#sign-up');
  expect(signUp.has('#consent-allow')).toBe(true);
});

test('the same answer pressed twice arrives at the app once', async () => {
  const browser = world.browser();
  const consent = await (await browser.visit((await health.startSignIn()).url))
    .fill({ identifier: 'wayan@contoh.id', password })
    .press('#sign-in');
  expect((await consent.press('#consent-allow')).url.searchParams.has('code')).toBe(true);
  const twice = await consent.press('#consent-allow');
  expectErrorPage(twice, { status: 400, code: 'interaction_expired', back: toApp });
});

test('a sign-out that was finished is finished', async () => {
  const browser = world.browser();
  await signIn(await browser.visit((await health.startSignIn()).url));
  const asked = await browser.visit(`${world.issuer}/logout`);
  await asked.press('#logout-yes');
  const twice = await asked.press('#logout-yes');
  expect(twice.status).toBe(400);
  expect(twice.has('#error-code')).toBe(true);
  expect(twice.has('#back-to-app')).toBe(true);
});

test('a program that asks for JSON gets a problem document with the same code and reference', async () => {
  const answer = await fetch(`${world.issuer}/tidak-ada`, { headers: { accept: 'application/json' } });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await answer.json()).toMatchObject({
    code: 'not_found',
    status: 404,
    reference: answer.headers.get('request-reference'),
  });
});

test('a database that is gone is said so, with when to come back; nothing is lost when it is there again', async () => {
  await using own = await openWorld();
  const browser = own.browser();
  const page = await browser.visit((await (await own.app()).startSignIn()).url);
  page.fill({ identifier: 'siti@contoh.id', password });
  const name = new URL(own.databaseUrl).pathname.slice(1);
  const admin = new pg.Client({ connectionString: inject('adminUrl') });
  await admin.connect();
  try {
    await admin.query(`alter database ${name} allow_connections false`);
    // What is told to end may still answer for a moment.
    const end = 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1';
    await eventually(async () => expect((await admin.query(end, [name])).rowCount).toBe(0));
    for (const gone of [await page.press('#sign-in'), await browser.visit(page.url)]) {
      expect([gone.status, gone.text('#error-code')]).toEqual([503, 'database_unavailable']);
      expect(Number(gone.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(gone.text('#error-reference')).toMatch(/\w/);
      expect(gone.has('#back-to-app')).toBe(true);
    }
    await admin.query(`alter database ${name} allow_connections true`);
  } finally {
    await admin.end();
  }
  expect((await page.press('#sign-in')).has('#consent-allow')).toBe(true);
});
