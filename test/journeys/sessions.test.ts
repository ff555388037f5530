/** How sessions begin, change and end, and that whatever hangs on them ends with them (OWASP ASVS 5.0, chapter 7). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setClientState } from '#src/registry/client-writes.ts';
import { answerOf, ask, basic, goThrough, refusalOf, signInto } from '#test/oidc/flows.ts';
import { type Citizen, passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import { setAccountState } from '#test/support/account-state.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { useClock } from '#test/support/clock.ts';
import { setPassword } from '#test/support/passwords.ts';
import type { RelyingParty, Tokens } from '#test/support/relying-party.ts';
import { openWorld, secretOf, signIn, type World } from '#test/support/world.ts';

const MINUTE = 60_000;

let world: World;
let app: RelyingParty;
let people = 0;

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: 'berputar', rotate_refresh: true }, { client_id: 'kedua' });
  app = await world.app({ clientId: 'berputar', scope: 'openid profile offline_access' });
});
afterAll(() => world?.[Symbol.asyncDispose]());
const pass = useClock();
const wait = (milliseconds: number) => pass(milliseconds / 1000);

/** Somebody new, signed in at the account page and at the app, there also while they are away. */
async function somebody(): Promise<{ citizen: Citizen; browser: BrowserAgent; tokens: Tokens }> {
  people += 1;
  const citizen = await passkeyCitizen(world, `orang.${people}@contoh.id`);
  const browser = world.browser();
  await signInByPasskey(await browser.visit(`${world.issuer}/account`), citizen.device);
  const { tokens } = await signInto(app, browser, { prompt: 'consent' });
  return { citizen, browser, tokens };
}

const sessionId = (browser: BrowserAgent) => browser.cookies.all.find(({ name }) => name === 'session')?.value;

/** Asks an app's silent question. That the session was used is on record when it resolves. */
const isSignedIn = async (browser: BrowserAgent, from = app) => {
  const answer = answerOf(await browser.visit((await from.startSignIn({ prompt: 'none' })).url));
  await world.database.settle();
  return answer.has('code');
};

async function expectEnded({ access_token, refresh_token = '' }: Tokens): Promise<void> {
  expect(await refusalOf(app.userinfo(access_token))).toBe('401 invalid_token');
  expect(await app.introspect(access_token)).toEqual({ active: false });
  expect(await refusalOf(app.refresh(refresh_token))).toBe('400 invalid_grant');
}

describe('what ends a sign-in ends at once, with all that hangs on it:', () => {
  test('withdrawal on the account page', async () => {
    const { browser, tokens } = await somebody();
    const code = answerOf(await goThrough(browser, (await app.startSignIn()).url)).get('code') ?? '';
    const account = await browser.visit(`${world.issuer}/account`);
    await account.press('[data-client=berputar] .disconnect');
    await expectEnded(tokens);
    expect(await refusalOf(app.redeem(code, 'x'.repeat(43)))).toBe('400 invalid_grant');
    const again = answerOf(await browser.visit((await app.startSignIn({ prompt: 'none' })).url));
    expect(again.get('error')).toBe('consent_required');
  });

  test.each(['disabled', 'frozen'] as const)('an account that is %s', async (state) => {
    const { citizen, browser, tokens } = await somebody();
    await world.database.transaction((tx) => setAccountState(tx, citizen.id, state));
    await expectEnded(tokens);
    expect(await isSignedIn(browser)).toBe(false);
    expect((await browser.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
    const refused = await signInByPasskey(await browser.visit((await app.startSignIn()).url), citizen.device);
    // The owner of a frozen account is told how to open it again; nobody is let in.
    expect(refused.has(state === 'frozen' ? '#frozen' : '#sign-in')).toBe(true);
    expect((await browser.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
  });

  test('an account that is deleted', async () => {
    const { citizen, browser, tokens } = await somebody();
    await world.database.execute('delete from accounts where id = $1', [citizen.id]);
    await expectEnded(tokens);
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('an app that is suspended, for a resource server too', async () => {
    await world.declare({ client_id: 'sekejap' });
    const brief = await world.app({ clientId: 'sekejap', scope: 'openid profile offline_access' });
    const { browser } = await somebody();
    const { tokens, attempt } = await signInto(brief, browser, { prompt: 'consent' });
    const resource = 'https://mesin-data.contoh.go.id/';
    const asked = await brief.startSignIn({ resource });
    const code = answerOf(await goThrough(browser, asked.url)).get('code') ?? '';
    const forMachine = await brief.redeem(code, asked.codeVerifier, { resource });
    const headers = basic('mesin-data', secretOf('mesin-data'));
    const introspect = () => ask(`${world.issuer}/introspect`, { form: { token: forMachine.access_token }, headers });
    expect((await introspect()).json.active).toBe(true);

    await world.database.transaction((tx) => setClientState(tx, 'sekejap', 'suspended', 'test'));
    await expect.poll(() => world.house.clients.find('sekejap')?.state).toBe('suspended');
    expect(await refusalOf(brief.userinfo(tokens.access_token))).toBe('401 invalid_token');
    expect(await refusalOf(brief.refresh(tokens.refresh_token ?? ''))).toBe('401 invalid_client');
    expect(await introspect()).toMatchObject({ status: 200, json: { active: false } });
    expect((await browser.visit(attempt.url)).text('#error-code')).toBe('client_unavailable');
  });

  test('signing out', async () => {
    const { browser } = await somebody();
    const health = await world.app();
    const { tokens } = await signInto(health, browser);
    await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');
    expect(await refusalOf(health.userinfo(tokens.access_token))).toBe('401 invalid_token');
    expect(await health.introspect(tokens.access_token)).toEqual({ active: false });
    expect(await isSignedIn(browser, health)).toBe(false);
  });

  test('a request in flight: of refreshes and a withdrawal at the same moment, nothing comes out alive', async () => {
    for (const _ of Array(4)) {
      const { browser, tokens } = await somebody();
      const account = await browser.visit(`${world.issuer}/account`);
      const [page, refreshed, opened] = await Promise.all([
        account.press('[data-client=berputar] .disconnect'),
        app.refresh(tokens.refresh_token ?? '').catch(() => undefined),
        browser.visit((await app.startSignIn()).url),
      ]);
      expect(page.has('[data-client=berputar]')).toBe(false);
      expect(opened.status).toBeLessThan(500);
      if (refreshed) await expectEnded(refreshed);
      await expectEnded(tokens);
    }
  });
});

describe('a session has a new id', () => {
  test('at sign-in: a cookie planted before is useless', async () => {
    const { browser: attacker } = await somebody();
    await (await attacker.visit(`${world.issuer}/logout`)).press('#logout-yes');
    const victim = world.browser();
    const planted = { name: 'session', value: 'AA'.padEnd(45, 'x'), domain: 'localhost', hostOnly: true, path: '/' };
    victim.cookies.put({ ...planted, secure: false, httpOnly: true, sameSite: 'lax', expires: undefined });
    await signIn(await victim.visit((await app.startSignIn()).url));
    expect(sessionId(victim)).not.toBe(planted.value);
    const thief = world.browser();
    thief.cookies.put({ ...planted, secure: false, httpOnly: true, sameSite: 'lax', expires: undefined });
    expect(await isSignedIn(thief)).toBe(false);
  });

  test('when somebody proves anew who they are, and the id before opens nothing', async () => {
    const { citizen, browser, tokens } = await somebody();
    const thief = world.browser();
    for (const cookie of browser.cookies.all) thief.cookies.put(cookie);
    expect(await isSignedIn(thief)).toBe(true);
    const before = sessionId(browser);
    await signInByPasskey(await browser.visit((await app.startSignIn({ prompt: 'login' })).url), citizen.device);
    expect(sessionId(browser)).not.toBe(before);
    expect(await isSignedIn(thief)).toBe(false);
    expect(await isSignedIn(browser)).toBe(true);
    expect(await app.userinfo(tokens.access_token)).toHaveProperty('sub');
  });

  test('when another person signs in; no token of the one before is theirs', async () => {
    const { browser, tokens } = await somebody();
    const before = sessionId(browser);
    const page = await browser.visit((await app.startSignIn({ prompt: 'login' })).url);
    const attempt = await app.startSignIn({ prompt: 'login' });
    const other = await browser.visit(attempt.url);
    const switched = await signIn(other, 'wayan@contoh.id');
    const arrived = switched.status === 0 ? switched : await switched.submit();
    const mine = await app.finishSignIn(attempt, arrived);
    expect(mine.claims()?.sub).not.toBe(tokens.claims()?.sub);
    expect(await app.userinfo(mine.access_token)).toMatchObject({ name: 'Wayan' });
    expect(sessionId(browser)).not.toBe(before);
    const late = await signIn(page, 'wayan@contoh.id');
    expect(late.status).toBeLessThan(500);
    expect(late.url.searchParams.has('code')).toBe(false);
    const silent = await app.startSignIn({ prompt: 'none' });
    const again = await app.finishSignIn(silent, await browser.visit(silent.url));
    expect(again.claims()?.sub).toBe(mine.claims()?.sub);
  });
});

describe('a session ends by itself', () => {
  test('after an hour without use', async () => {
    const { browser } = await somebody();
    wait(59 * MINUTE);
    expect(await isSignedIn(browser)).toBe(true);
    wait(59 * MINUTE);
    expect(await isSignedIn(browser)).toBe(true);
    wait(61 * MINUTE);
    expect(await isSignedIn(browser)).toBe(false);
    expect((await browser.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
  });

  test('a day after the sign-in, however much it is used', async () => {
    const { browser } = await somebody();
    for (let used = 0; used < 26; used += 1) {
      wait(55 * MINUTE);
      expect(await isSignedIn(browser)).toBe(true);
    }
    wait(15 * MINUTE);
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('a copied cookie does not outlive it, and a new proof begins a new day', async () => {
    const { citizen, browser } = await somebody();
    for (let used = 0; used < 25; used += 1) {
      wait(55 * MINUTE);
      await isSignedIn(browser);
    }
    await signInByPasskey(await browser.visit((await app.startSignIn({ prompt: 'login' })).url), citizen.device);
    for (let used = 0; used < 3; used += 1) {
      wait(50 * MINUTE);
      expect(await isSignedIn(browser)).toBe(true);
    }
  });
});

describe('how long a session lives follows its assurance', () => {
  let strict: World;
  let hall: RelyingParty;

  beforeAll(async () => {
    strict = await openWorld({ settings: { SESSION_LIMITS: 'aal1=20m/3h,aal2=5m/1h' } });
    hall = await strict.app({ scope: 'openid' });
  });
  afterAll(() => strict?.[Symbol.asyncDispose]());

  const isIn = async (browser: BrowserAgent) => {
    const answer = answerOf(await browser.visit((await hall.startSignIn({ prompt: 'none' })).url));
    await strict.database.settle();
    return answer.has('code');
  };

  /** Signed in by password at the app, in an account that has a passkey too. */
  async function byPassword(): Promise<{ citizen: Citizen; browser: BrowserAgent }> {
    people += 1;
    const citizen = await passkeyCitizen(strict, `jenjang.${people}@contoh.id`);
    await setPassword(strict.database, citizen.id, 'bukan sandi biasa');
    const browser = strict.browser();
    await signIn(
      await browser.visit((await hall.startSignIn()).url),
      `jenjang.${people}@contoh.id`,
      'bukan sandi biasa',
    );
    return { citizen, browser };
  }

  test('without use', async () => {
    const { browser } = await byPassword();
    wait(19 * MINUTE);
    expect(await isIn(browser)).toBe(true);
    wait(21 * MINUTE);
    expect(await isIn(browser)).toBe(false);
  });

  test('in all', async () => {
    const { browser } = await byPassword();
    for (let used = 0; used < 11; used += 1) {
      wait(16 * MINUTE);
      expect(await isIn(browser)).toBe(true);
    }
    wait(6 * MINUTE);
    expect(await isIn(browser)).toBe(false);
  });

  test('from a step-up on; the same session goes on, and its limits are written with its row', async () => {
    const { citizen, browser } = await byPassword();
    const row = () =>
      strict.database.first<{ uid: string; idle_seconds: number }>(
        'select uid, idle_seconds from sessions where account_id = $1',
        [citizen.id],
      );
    const before = await row();
    expect(before).toMatchObject({ idle_seconds: 20 * 60 });
    wait(19 * MINUTE);
    const page = await browser.visit((await hall.startSignIn({ prompt: 'login', acr_values: 'phr' })).url);
    expect(answerOf(await signInByPasskey(page, citizen.device)).has('code')).toBe(true);
    expect(await row()).toEqual({ ...before, idle_seconds: 5 * 60 });
    wait(4 * MINUTE);
    expect(await isIn(browser)).toBe(true);
    wait(6 * MINUTE);
    expect(await isIn(browser)).toBe(false);
  });

  test('the end in all counts from the step-up, too', async () => {
    const { citizen, browser } = await byPassword();
    const page = await browser.visit((await hall.startSignIn({ prompt: 'login' })).url);
    await signInByPasskey(page, citizen.device);
    for (let used = 0; used < 14; used += 1) {
      wait(4 * MINUTE);
      expect(await isIn(browser)).toBe(true);
    }
    wait(4.5 * MINUTE);
    expect(await isIn(browser)).toBe(false);
  });
});

describe('after signing out', () => {
  test('the back button and other tabs cannot go on', async () => {
    const { browser } = await somebody();
    const tab = await browser.visit((await (await world.app({ clientId: 'kedua' })).startSignIn()).url);
    const account = await browser.visit(`${world.issuer}/account`);
    const old = { ...Object.fromEntries(browser.cookies.all.map((cookie) => [cookie.name, cookie])) };
    await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');
    expect(sessionId(browser)).toBeUndefined();
    const resumed = await tab.press('#consent-allow');
    expect(resumed.url.searchParams.has('code')).toBe(false);
    expect(resumed.status).toBeLessThan(500);
    expect((await account.press('#sign-out')).status).toBe(401);
    for (const cookie of Object.values(old)) browser.cookies.put(cookie);
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('"no" leaves everything signed in; nobody is signed out without a click', async () => {
    const { browser, tokens } = await somebody();
    const page = await browser.visit(`${world.issuer}/logout`);
    expect(page.has('#logout-yes')).toBe(true);
    expect(await isSignedIn(browser)).toBe(true);
    await page.press('#logout-no');
    expect(await isSignedIn(browser)).toBe(true);
    expect(await app.userinfo(tokens.access_token)).toHaveProperty('sub');
  });

  test('an image or a foreign form signs nobody out', async () => {
    const { browser } = await somebody();
    await browser.visit(`${world.issuer}/logout?client_id=berputar`);
    await browser.post(`${world.issuer}/logout/confirm`, { logout: 'yes' }, 'https://jahat.example');
    await browser.post(`${world.issuer}/logout/confirm`, { logout: 'yes', xsrf: 'x' }, 'https://jahat.example');
    expect(await isSignedIn(browser)).toBe(true);
  });
});

describe('a cookie that was tampered with is nobody\u2019s', () => {
  const variants: readonly [string, (value: string) => string][] = [
    ['cut short', (value) => value.slice(0, -1)],
    ['one character changed', (value) => value.slice(0, -1) + (value.endsWith('A') ? 'B' : 'A')],
    ['another shard', (value) => `${value.startsWith('A') ? 'B' : 'A'}${value.slice(1)}`],
    ['made longer', (value) => `${value}A`],
    ['empty', () => ''],
    ['not of our alphabet', () => '%00%ff;\u00e9'],
    ['very long', (value) => value.repeat(80)],
    ['a prototype', () => '__proto__'],
  ];
  test.each(variants)('%s', async (_name, change) => {
    const { browser } = await somebody();
    for (const name of ['session', 'session.sig']) {
      const tampered = world.browser();
      for (const cookie of browser.cookies.all)
        tampered.cookies.put(cookie.name === name ? { ...cookie, value: change(cookie.value) } : cookie);
      const said = await tampered.visit((await app.startSignIn({ prompt: 'none' })).url);
      expect(said.status).toBe(0);
      expect(said.url.searchParams.get('error')).toBe('login_required');
      expect((await tampered.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
    }
    expect(await isSignedIn(browser)).toBe(true);
  });

  test('cookies swapped between two people, or between two names', async () => {
    const [{ browser: one }, { browser: two }] = [await somebody(), await somebody()];
    const mixed = world.browser();
    for (const cookie of one.cookies.all) mixed.cookies.put(cookie);
    for (const cookie of two.cookies.all) if (cookie.name === 'session') mixed.cookies.put(cookie);
    expect(await isSignedIn(mixed)).toBe(false);
    const renamed = world.browser();
    for (const cookie of one.cookies.all)
      renamed.cookies.put({ ...cookie, name: cookie.name.replace('session', 'interaction') });
    expect((await renamed.visit(`${world.issuer}/interaction/${sessionId(one)}`)).status).toBeLessThan(500);
  });
});
