/** What counts once, tried many times at the same moment on real PostgreSQL: exactly one wins. */
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { answerOf, ask, assertion, basic, goThrough, newClientKey, refusalOf, signInto } from '#test/oidc/flows.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { exchange } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, secretOf, signIn, type World } from '#test/support/world.ts';
import { enrol, kindsOf, passkeyCitizen, race, signInByPasskey } from './crowd.ts';

const TRIES = 50;

let world: World;
let app: RelyingParty;
let pushing: RelyingParty;

beforeAll(async () => {
  world = await openWorld({ settings: { DATABASE_CONNECTIONS: '16' } });
  await world.declare({ client_id: 'berputar', rotate_refresh: true }, { client_id: 'mendorong' });
  app = await world.app({ clientId: 'berputar', scope: 'openid profile offline_access' });
  pushing = await world.app({ clientId: 'mendorong', par: true });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

/** A sign-in of somebody new, who stays in for as long as the consent holds. */
const offline = { prompt: 'consent' };

async function newCode(): Promise<{ code: string; codeVerifier: string }> {
  const { codeVerifier, url } = await app.startSignIn(offline);
  return { code: answerOf(await goThrough(world.browser(), url)).get('code') ?? '', codeVerifier };
}

async function expectDead(tokens: { access_token: string; refresh_token?: string | undefined }): Promise<void> {
  expect(await refusalOf(app.userinfo(tokens.access_token))).toBe('401 invalid_token');
  expect(await app.introspect(tokens.access_token)).toEqual({ active: false });
  expect(await refusalOf(app.refresh(tokens.refresh_token ?? ''))).toBe('400 invalid_grant');
}

describe('an authorization code', () => {
  test('is redeemed once, and what it brought ends with the second try (RFC 6749 §4.1.2)', async () => {
    const { code, codeVerifier } = await newCode();
    const { won, lost } = await race(TRIES, () => app.redeem(code, codeVerifier));
    expect(won).toHaveLength(1);
    expect(kindsOf(lost)).toEqual(['400 invalid_grant']);
    for (const tokens of won) await expectDead(tokens);
  });

  test('ends its tokens also when the replay comes later', async () => {
    const { code, codeVerifier } = await newCode();
    const tokens = await app.redeem(code, codeVerifier);
    expect(await app.userinfo(tokens.access_token)).toMatchObject({ name: 'Siti Rahayu' });
    expect(await refusalOf(app.redeem(code, codeVerifier))).toBe('400 invalid_grant');
    await expectDead(tokens);
  });

  test('that a thief tries with a wrong verifier or as another app stays good for its owner', async () => {
    const { code, codeVerifier } = await newCode();
    const other = await world.app({ clientId: 'mendorong' });
    expect(await refusalOf(app.redeem(code, `${codeVerifier}x`))).toBe('400 invalid_grant');
    expect(await refusalOf(other.redeem(code, codeVerifier))).toBe('400 invalid_grant');
    expect(await app.redeem(code, codeVerifier)).toHaveProperty('access_token');
  });
});

describe('a refresh token that rotates', () => {
  test('is used once, and a second use ends the family (RFC 9700 §4.14.2)', async () => {
    const { tokens } = await signInto(app, world.browser(), offline);
    const { won, lost } = await race(TRIES, () => app.refresh(tokens.refresh_token ?? ''));
    expect(won).toHaveLength(1);
    expect(kindsOf(lost)).toEqual(['400 invalid_grant']);
    for (const next of won) await expectDead(next);
    await expectDead(tokens);
  });

  test('ends the family also when the old one comes back later', async () => {
    const { tokens } = await signInto(app, world.browser(), offline);
    const second = await app.refresh(tokens.refresh_token ?? '');
    const third = await app.refresh(second.refresh_token ?? '');
    expect(await refusalOf(app.refresh(second.refresh_token ?? ''))).toBe('400 invalid_grant');
    await expectDead(third);
  });
});

describe('a pushed request', () => {
  const tabs = (count: number, url: URL) => {
    const browser = world.browser();
    return Promise.all(Array.from({ length: count }, () => browser.visit(url)));
  };
  const codesOf = (pages: readonly Page[]) => pages.filter((page) => page.url.searchParams.has('code'));

  test('is completed once, however many tabs complete it (RFC 9126 §7.3)', async () => {
    const { device } = await passkeyCitizen(world, 'banyak-tab@contoh.id');
    const { url } = await pushing.startSignIn();
    // Half as many as there are connections: whoever waits for one on a busy machine is told to come again.
    const pages = await tabs(Math.floor(world.house.config.databaseConnections / 2), url);
    const answers = await Promise.all(pages.map((page) => signInByPasskey(page, device)));
    expect(codesOf(answers)).toHaveLength(1);
    for (const page of answers.filter((each) => !each.url.searchParams.has('code')))
      expect(page.url.searchParams.get('error') ?? page.text('#error-code')).toMatch(/^invalid_request(_uri)?$/);
    expect((await world.browser().visit(url)).text('#error-code')).toBe('invalid_request');
  });

  test('that waited for its person longer than it lives is completed once all the same', async () => {
    const { url } = await pushing.startSignIn({ prompt: 'consent' });
    const browser = world.browser();
    const pages = await Promise.all([browser.visit(url), browser.visit(url), browser.visit(url)]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 60_000 });
    const answers: Page[] = [];
    for (const page of pages) answers.push(await signIn(page));
    expect(codesOf(answers)).toHaveLength(1);
  });
});

describe('a proof with a number of its own', () => {
  const requestToken = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(`${world.issuer}/token`, { form: { grant_type: 'client_credentials', ...form }, headers });
  const tally = (answers: readonly { status: number; json: Record<string, unknown> }[]) =>
    answers.map(({ status, json }) => `${status} ${json.error ?? 'ok'}`).sort();

  test('a DPoP proof counts once (RFC 9449 §11.1)', async () => {
    const { privateKey, jwk } = await newClientKey();
    const { kid: _k, use: _u, alg: _a, d: _d, ...key } = { d: undefined, ...jwk };
    const proof = await new SignJWT({ htm: 'POST', htu: `${world.issuer}/token`, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: key })
      .setIssuedAt()
      .sign(privateKey);
    const headers = { ...basic('mesin-data', secretOf('mesin-data')), dpop: proof };
    const { won } = await race(TRIES, () => requestToken({}, headers));
    const [winner, ...losers] = tally(won);
    expect(winner).toBe('200 ok');
    expect(new Set(losers)).toEqual(new Set(['400 invalid_grant']));
  });

  test('a client assertion counts once (RFC 7523 §3)', async () => {
    const key = await newClientKey();
    await world.declare({
      client_id: 'mesin-berkunci',
      type: 'machine',
      redirect_uris: undefined,
      post_logout_redirect_uris: undefined,
      scope: undefined,
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.jwk] },
    });
    const form = {
      client_id: 'mesin-berkunci',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(key, 'mesin-berkunci', world.issuer),
    };
    const { won } = await race(TRIES, () => requestToken(form));
    const [winner, ...losers] = tally(won);
    expect(winner).toBe('200 ok');
    expect(new Set(losers)).toEqual(new Set(['401 invalid_client']));
  });
});

describe('on the pages', () => {
  const openSignIn = async () => {
    const browser = world.browser();
    const attempt = await app.startSignIn();
    return { browser, attempt, page: await browser.visit(attempt.url) };
  };

  test('a one-time code opens one way', async () => {
    const { page } = await openSignIn();
    const asked = await page.fill({ identifier: 'baru@contoh.id' }).press('#send-code');
    const { code } = await world.message('baru@contoh.id');
    asked.fill({ code: code ?? '' });
    const { won } = await race(20, () => asked.press('#continue'));
    const through = won.filter((next) => next.status === 200 && next.has('input[name="name"]'));
    const refused = won.filter((next) => next.status === 422);
    expect([through.length, refused.length]).toEqual([1, 19]);
  });

  test('wrong codes tried at once share their five attempts', async () => {
    const { page } = await openSignIn();
    const asked = await page.fill({ identifier: 'tebak@contoh.id' }).press('#send-code');
    const { code = '' } = await world.message('tebak@contoh.id');
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0');
    asked.fill({ code: wrong });
    await race(20, () => asked.press('#continue'));
    expect((await asked.fill({ code }).press('#continue')).status).toBe(422);
  });

  test('a passkey answer signs in once', async () => {
    const { device } = await passkeyCitizen(world, 'satu@contoh.id');
    const { page } = await openSignIn();
    const credential = JSON.stringify(device.get(page.json('#passkey-options'), { origin: world.issuer }));
    page.fill({ credential });
    const { won } = await race(20, () => page.press('#passkey'));
    expect(won.filter((next) => next.has('#consent-allow'))).toHaveLength(1);
    expect(won.filter((next) => next.status === 422)).toHaveLength(19);
  });

  test('one answer of an authenticator makes one passkey', async () => {
    const { id, device } = await passkeyCitizen(world, 'dua@contoh.id');
    const browser = world.browser();
    const account = await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
    const made = new SoftwareAuthenticator().create(account.json('#passkey-options'), { origin: world.issuer });
    account.fill({ credential: JSON.stringify(made) });
    await race(10, () => account.press('#add-passkey'));
    const count = `select count(*)::int as passkeys from passkeys where account_id = $1`;
    expect(await world.database.first(count, [id])).toEqual({ passkeys: 2 });
  });

  test('one passkey goes to one account, of several that register it at once', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, (_, i) => world.citizen(`rebut-${i}@contoh.id`)));
    const credentialId = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url');
    const { won } = await race(ids.length, (i) => {
      const device = new SoftwareAuthenticator();
      const { create } = device;
      device.create = (options, asking) => create.call(device, options, { ...asking, credentialId });
      return enrol(world, ids[i] ?? '', device);
    });
    expect(won).toHaveLength(1);
  });

  test('an interaction is resumed once', async () => {
    const { browser, page } = await openSignIn();
    const resume = `${world.issuer}/authorize/${page.url.pathname.split('/').at(-1)}`;
    browser.stopAt(resume);
    expect((await signIn(page, 'wayan@contoh.id')).url.href).toBe(resume);
    const cookie = browser.cookies.header(new URL(resume)) ?? '';
    const answers = await race(20, () => exchange(resume, { headers: { cookie, accept: 'text/html' } }));
    const codes = answers.won.filter(({ headers }) => headers.get('location')?.includes('code='));
    expect(codes).toHaveLength(1);
    expect(answers.won.filter(({ body }) => body.includes('interaction_expired'))).toHaveLength(19);
  });

  test('a consent allowed by an impatient finger is on record once', async () => {
    const { device, id } = await passkeyCitizen(world, 'tiga@contoh.id');
    const { page } = await openSignIn();
    const credential = JSON.stringify(device.get(page.json('#passkey-options'), { origin: world.issuer }));
    const consent = await page.fill({ credential }).press('#passkey');
    const { won } = await race(10, () => consent.press('#consent-allow'));
    expect(won.filter((next) => next.url.searchParams.has('code'))).toHaveLength(1);
    const count = `select count(*)::int as consents from permissions where account_id = $1 and ended_at is null`;
    expect(await world.database.first(count, [id])).toEqual({ consents: 1 });
  });
});
