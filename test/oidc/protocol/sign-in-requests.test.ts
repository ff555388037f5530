import type { AuthenticationResponseJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { answered, claimsOf, curious, everyScope, signInto } from '#test/oidc/flows.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { useClock } from '#test/support/clock.ts';
import type { Page } from '#test/support/page.ts';
import type { Overrides, RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;
let device: SoftwareAuthenticator;
const holder = 'pemilik@contoh.id';

beforeAll(async () => {
  world = await openWorld();
  await world.declare(curious('curious'), curious('second'));
  app = await world.app({ clientId: 'curious', scope: 'openid' });
  device = await makePasskey();
});
afterAll(() => world?.[Symbol.asyncDispose]());
const later = useClock();

const request = async (browser: BrowserAgent, overrides: Overrides = {}, from = app) => {
  const attempt = await from.startSignIn(overrides);
  const page = await browser.visit(attempt.url);
  return { attempt, page };
};

const asksForPassword = (page: Page) => page.has('input[name="password"]');
const acr = (member: object) => ({ claims: JSON.stringify({ id_token: { acr: member } }) });

/** Lets somebody without a passkey make one, where an app insists on it. */
async function makePasskey(): Promise<SoftwareAuthenticator> {
  await world.citizen(holder, { password, name: 'Pemilik Kunci' });
  const made = new SoftwareAuthenticator();
  const { attempt, page } = await request(world.browser(), acr({ essential: true, value: 'aal2' }));
  page.fill({ identifier: holder, password });
  const offer = await page.press('#sign-in');
  expect(offer.has('#create-passkey')).toBe(true);
  const credential = made.create(offer.json('#passkey-options'), { origin: world.issuer });
  offer.fill({ credential: JSON.stringify(credential) });
  const arrived = await allow(await offer.press('#create-passkey'));
  expect((await app.finishSignIn(attempt, arrived)).claims()?.acr).toBe('aal2');
  return made;
}

/** Presses the passkey button of a sign-in page, as its script would. */
async function byPasskey(page: Page): Promise<Page> {
  const options = page.json<PublicKeyCredentialRequestOptionsJSON>('#passkey-options');
  const credential: AuthenticationResponseJSON = device.get(options, { origin: world.issuer });
  page.fill({ credential: JSON.stringify(credential) });
  return allow(await page.press('#passkey'));
}

describe('acr (OpenID EAP ACR Values 1.0): an app is told what it asked for and is true', () => {
  let strong: BrowserAgent;
  let weak: BrowserAgent;

  beforeAll(async () => {
    strong = world.browser();
    await byPasskey((await request(strong)).page);
    weak = world.browser();
    await signInto(app, weak);
  });

  const told = async (browser: BrowserAgent, overrides: Overrides) => {
    const { attempt, page } = await request(browser, { ...overrides, prompt: 'none' });
    return (await app.finishSignIn(attempt, page)).claims()?.acr;
  };

  test.each<[string, Overrides, string]>([
    ['nothing in particular', acr({}), 'aal2'],
    ['aal1', { acr_values: 'aal1' }, 'aal1'],
    ['aal2', { acr_values: 'aal2' }, 'aal2'],
    ['phr', { acr_values: 'phr' }, 'phr'],
    ['phr before aal2', { acr_values: 'phr aal2' }, 'phr'],
    ['aal2 before phr', { acr_values: 'aal2 phr' }, 'aal2'],
    ['something unknown, then aal1', { acr_values: 'x aal1' }, 'aal1'],
    ['something unknown', { acr_values: 'urn:x' }, 'aal2'],
    ['phrh, which takes hardware', { acr_values: 'phrh' }, 'aal2'],
    ['aal1 by claims', acr({ value: 'aal1' }), 'aal1'],
    ['aal1, essential', acr({ essential: true, value: 'aal1' }), 'aal1'],
    ['phr, essential', acr({ essential: true, value: 'phr' }), 'phr'],
    ['phr or aal2, essential', acr({ essential: true, values: ['phr', 'aal2'] }), 'phr'],
    ['phrh or aal1, essential', acr({ essential: true, values: ['phrh', 'aal1'] }), 'aal1'],
  ])('a passkey, asked for %s', async (_what, overrides, answer) => {
    expect(await told(strong, overrides)).toBe(answer);
  });

  test.each<[string, Overrides, string]>([
    ['aal1', { acr_values: 'aal1' }, 'aal1'],
    ['aal2 or else aal1', { acr_values: 'aal2 aal1' }, 'aal1'],
    ['aal2, not essential', { acr_values: 'aal2' }, 'aal1'],
    ['aal2 by claims, not essential', acr({ value: 'aal2' }), 'aal1'],
    ['aal2 or aal1, essential', acr({ essential: true, values: ['aal2', 'aal1'] }), 'aal1'],
  ])('a password, asked for %s', async (_what, overrides, answer) => {
    expect(await told(weak, overrides)).toBe(answer);
  });

  test.each([
    ['aal2', acr({ essential: true, value: 'aal2' })],
    ['phr', acr({ essential: true, value: 'phr' })],
    ['phr or aal2', acr({ essential: true, values: ['phr', 'aal2'] })],
  ])('a password where %s is essential is not enough', async (_what, overrides) => {
    const { page } = await request(weak, { ...overrides, prompt: 'none' });
    expect(answered(page)).toMatchObject({ error: 'login_required', iss: world.issuer });
  });

  test('a password session is led to the page that asks for a passkey, and no further without one', async () => {
    const browser = world.browser();
    const first = await request(browser);
    const tokens = await app.finishSignIn(first.attempt, await signIn(first.page, holder));
    const { attempt, page } = await request(browser, acr({ essential: true, value: 'aal2' }));
    expect(page.url.pathname).toMatch(/^\/interaction\//);
    expect(page.has('#passkey')).toBe(true);
    const claims = (await app.finishSignIn(attempt, await byPasskey(page))).claims();
    expect(claims).toMatchObject({ acr: 'aal2', sub: tokens.claims()?.sub });
    expect(await told(browser, acr({ essential: true, value: 'phr' }))).toBe('phr');
  });

  test('a password does not do at a first sign-in either', async () => {
    const { page } = await request(world.browser(), acr({ essential: true, value: 'aal2' }));
    page.fill({ identifier: holder, password });
    const refused = await page.press('#sign-in');
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(refused.url.origin).toBe(world.issuer);
  });

  test('who declines to make a passkey goes back with an error', async () => {
    await world.citizen('tanpa-kunci@contoh.id', { password });
    const { page } = await request(world.browser(), acr({ essential: true, value: 'aal2' }));
    const offer = await signIn(page, 'tanpa-kunci@contoh.id');
    expect(offer.has('#create-passkey')).toBe(true);
    expect(answered(await offer.press('#skip-passkey'))).toMatchObject({ error: 'access_denied', iss: world.issuer });
  });

  test('amr says how: a password, or a key with user verification (RFC 8176)', async () => {
    const amr = { claims: JSON.stringify({ id_token: { amr: null } }), prompt: 'none' };
    const ask = async (browser: BrowserAgent) => {
      const { attempt, page } = await request(browser, amr);
      return (await app.finishSignIn(attempt, page)).claims()?.amr;
    };
    expect(await ask(weak)).toEqual(['pwd']);
    expect(await ask(strong)).toEqual(expect.arrayContaining(['pop', 'user', 'mfa']));
  });
});

describe('max_age', () => {
  test('0 always signs in anew', async () => {
    const browser = world.browser();
    await signInto(app, browser);
    const { attempt, page } = await request(browser, { max_age: '0' });
    expect(asksForPassword(page)).toBe(true);
    expect((await app.finishSignIn(attempt, await signIn(page))).claims()).toHaveProperty('auth_time');
  });

  test('a sign-in that is too old is repeated, one within it is not', async () => {
    const browser = world.browser();
    await signInto(app, browser);
    later(120);
    expect(answered((await request(browser, { max_age: '180' })).page)).toHaveProperty('code');
    expect(asksForPassword((await request(browser, { max_age: '60' })).page)).toBe(true);
    expect(answered((await request(browser, { max_age: '60', prompt: 'none' })).page)).toMatchObject({
      error: 'login_required',
    });
  });

  test('a cancelled re-authentication does not count as one', async () => {
    const browser = world.browser();
    await signInto(app, browser);
    later(120);
    const { page } = await request(browser, { max_age: '60' });
    expect(answered(await page.press('#cancel'))).toMatchObject({ error: 'access_denied' });
    const silent = await request(browser, { max_age: '60', prompt: 'none' });
    expect(answered(silent.page)).toMatchObject({ error: 'login_required' });
    const plain = await request(browser, { prompt: 'none' });
    expect(answered(plain.page)).toHaveProperty('code');
  });
});

describe('prompt', () => {
  test('none: login_required without a session, consent_required without a consent', async () => {
    const browser = world.browser();
    expect(answered((await request(browser, { prompt: 'none' })).page)).toMatchObject({ error: 'login_required' });
    await signInto(app, browser);
    const second = await world.app({ clientId: 'second', scope: 'openid' });
    expect(answered((await request(browser, { prompt: 'none' }, second)).page)).toMatchObject({
      error: 'consent_required',
      iss: world.issuer,
    });
    expect(answered((await request(browser, { prompt: 'none', scope: 'openid phone' })).page)).toMatchObject({
      error: 'consent_required',
    });
  });

  test('login: a wrong password does not count, a cancelled one neither', async () => {
    const browser = world.browser();
    const first = await signInto(app, browser, { max_age: '9999' });
    later(30);
    const { page } = await request(browser, { prompt: 'login' });
    page.fill({ identifier: 'siti@contoh.id', password: 'wrong' });
    const refused = await page.press('#sign-in');
    expect(refused.status).toBe(422);
    expect(answered(await refused.press('#cancel'))).toMatchObject({ error: 'access_denied' });
    const { attempt, page: silent } = await request(browser, { prompt: 'none', max_age: '9999' });
    const claims = (await app.finishSignIn(attempt, silent)).claims();
    expect(claims?.auth_time).toBe(first.tokens.claims()?.auth_time);
  });

  test('login cannot be gone round by the address of the answer', async () => {
    const browser = world.browser();
    await signInto(app, browser);
    const { page } = await request(browser, { prompt: 'login' });
    const uid = page.url.pathname.split('/').at(-1);
    const resumed = await browser.visit(`${world.issuer}/authorize/${uid}`);
    expect(resumed.status).not.toBe(0);
    expect(asksForPassword(resumed)).toBe(true);
  });

  test('consent: asks again although it is on record', async () => {
    const browser = world.browser();
    await signInto(app, browser, { scope: 'openid email' });
    const { attempt, page } = await request(browser, { scope: 'openid email', prompt: 'consent' });
    expect(page.has('#consent-allow')).toBe(true);
    expect(asksForPassword(page)).toBe(false);
    expect((await app.finishSignIn(attempt, await allow(page))).claims()?.aud).toBe('curious');
  });

  test('login consent: both, in one go', async () => {
    const browser = world.browser();
    await signInto(app, browser, { scope: 'openid email' });
    const { attempt, page } = await request(browser, { scope: 'openid email', prompt: 'login consent' });
    expect(asksForPassword(page)).toBe(true);
    page.fill({ identifier: 'siti@contoh.id', password });
    const consent = await page.press('#sign-in');
    expect(consent.has('#consent-allow')).toBe(true);
    expect((await app.finishSignIn(attempt, await allow(consent))).claims()?.aud).toBe('curious');
  });
});

describe('id_token_hint', () => {
  test('of the one who is signed in: silent', async () => {
    const browser = world.browser();
    const { tokens } = await signInto(app, browser);
    const { page } = await request(browser, { id_token_hint: tokens.id_token, prompt: 'none' });
    expect(answered(page)).toHaveProperty('code');
  });

  test('an expired one still says who', async () => {
    const { tokens } = await signInto(app, world.browser());
    later(2 * 3600);
    const browser = world.browser();
    await signInto(app, browser);
    const { page } = await request(browser, { id_token_hint: tokens.id_token, prompt: 'none' });
    expect(answered(page)).toHaveProperty('code');
  });

  test('of another: login_required when silent, the sign-in page otherwise', async () => {
    const siti = await signInto(app, world.browser());
    const browser = world.browser();
    await signInto(app, browser, {}, 'dewi@contoh.id');
    const hint = { id_token_hint: siti.tokens.id_token };
    expect(answered((await request(browser, { ...hint, prompt: 'none' })).page)).toMatchObject({
      error: 'login_required',
    });
    expect(asksForPassword((await request(browser, hint)).page)).toBe(true);
  });

  test('of another app, or altered: invalid_request', async () => {
    const browser = world.browser();
    const second = await world.app({ clientId: 'second', scope: 'openid' });
    const { tokens } = await signInto(second, browser);
    expect(answered((await request(browser, { id_token_hint: tokens.id_token, prompt: 'none' })).page)).toMatchObject({
      error: 'invalid_request',
    });
    const [header, , signature] = (tokens.id_token ?? '').split('.');
    const claims = { ...claimsOf(tokens.id_token), aud: 'curious' };
    const altered = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    expect(answered((await request(browser, { id_token_hint: altered })).page)).toMatchObject({
      error: 'invalid_request',
    });
  });
});

describe('login_hint and ui_locales', () => {
  test('the hint stands in the field, and a wrong press keeps what was typed', async () => {
    const { page } = await request(world.browser(), { login_hint: '0812 3456 7890' });
    expect(page.value('identifier')).toBe('0812 3456 7890');
    page.fill({ identifier: 'siti@contoh.id', password: 'wrong' });
    expect((await page.press('#sign-in')).value('identifier')).toBe('siti@contoh.id');
  });

  test.each([
    ['id', 'id'],
    ['en', 'en'],
    ['en-US id', 'en'],
    ['fr ja en', 'en'],
    ['fr', 'id'],
    ['', 'id'],
  ])('%s: the page is in %s', async (ui_locales, language) => {
    const { page } = await request(world.browser(), { ui_locales });
    expect(page.attribute('html', 'lang')).toBe(language);
  });

  test('what the person chose goes before what the app asks', async () => {
    const browser = world.browser();
    await browser.visit(`${world.issuer}/?lang=en`);
    expect((await request(browser, { ui_locales: 'id' })).page.attribute('html', 'lang')).toBe('en');
  });
});

describe('a sign-in that has begun', () => {
  test('waits half an hour, then leads back to its start', async () => {
    const { attempt, page } = await request(world.browser());
    later(29 * 60);
    expect((await app.finishSignIn(attempt, await signIn(page))).claims()?.aud).toBe('curious');
    vi.useRealTimers();
    const late = await request(world.browser());
    later(31 * 60);
    const over = await signIn(late.page);
    expect(over.status).toBe(400);
    expect(over.text('#error-code')).toBe('interaction_expired');
    expect(over.has('#back-to-app')).toBe(true);
  });
});

test('renewed tokens keep the acr that the app was told', async () => {
  const browser = world.browser();
  const offline = { scope: everyScope, prompt: 'consent', acr_values: 'aal1' };
  const { attempt, page } = await request(browser, offline);
  const tokens = await app.finishSignIn(attempt, await byPasskey(page));
  expect(tokens.claims()?.acr).toBe('aal1');
  const renewed = await app.refresh(tokens.refresh_token ?? '');
  expect(claimsOf(renewed.id_token).acr).toBe('aal1');
});
