import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type SampleApps, startSampleApps } from '#clients/sample-apps.ts';
import { readSignInSettings } from '#clients/sign-in.ts';
import { BrowserAgent, exchange, type Page } from '#test/support/browser-agent.ts';
import { expectRefusals, sendLogout } from './logout-tokens.ts';
import { type Behaviour, type FakeProvider, openFakeProvider, type Said, SID } from './provider.ts';

interface Scene {
  provider: FakeProvider;
  health: string;
  tax: string;
  browser: BrowserAgent;
  log: string[];
}

async function openScene(behaviour: Partial<Behaviour> = {}): Promise<Scene> {
  const provider = await openFakeProvider();
  Object.assign(provider.behaviour, behaviour);
  const log: string[] = [];
  const apps = await start(provider.issuer, log);
  onTestFinished(async () => {
    await apps.stop();
    await provider[Symbol.asyncDispose]();
  });
  const [health = '', tax = ''] = apps.urls;
  return { provider, health, tax, browser: new BrowserAgent(), log };
}

function start(issuer: string, log: string[] = []): Promise<SampleApps> {
  return startSampleApps({ issuer, host: '127.0.0.1', ports: [0, 0], log: (line) => log.push(line) });
}

async function signIn(browser: BrowserAgent, app: string): Promise<Page> {
  return (await browser.visit(app)).follow('#sign-in');
}

function way(page: Page): string[] {
  return page.hops.map(({ url }) => url.pathname);
}

function callbackOf(page: Page): URL {
  const hop = page.hops.find(({ url }) => url.pathname === '/callback');
  if (!hop) throw new Error('no callback on the way');
  return hop.url;
}

describe('signing in', () => {
  it('asks by code with PKCE, state and nonce, and shows the name', async () => {
    const { provider, health, browser } = await openScene();
    const page = await signIn(browser, health);
    expect(page.text('#signed-in-name')).toBe('Siti Rahayu');
    expect(page.url.href).toBe(`${health}/`);
    const asked = provider.requests.find(({ pathname }) => pathname === '/authorize')?.searchParams;
    expect(Object.fromEntries(asked ?? [])).toMatchObject({
      client_id: 'puskesmas-online',
      response_type: 'code',
      redirect_uri: `${health}/callback`,
      scope: 'openid profile email',
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      ui_locales: 'id',
    });
  });

  it('shows what was allowed and nothing else, whatever it contains', async () => {
    const address = { formatted: 'Jalan Pemuda 1\nSemarang' };
    const { tax, browser } = await openScene({ claims: { name: '<b onclick=x>&"', phone_number: '+62811', address } });
    const page = await signIn(browser, tax);
    expect(page.text('#signed-in-name')).toBe('<b onclick=x>&"');
    expect(page.has('b')).toBe(false);
    expect(page.texts('#claims dt')).toEqual(['Nama', 'Nomor telepon', 'Alamat']);
    expect(page.texts('#claims dd')).toEqual(['<b onclick=x>&"', '+62811', 'Jalan Pemuda 1, Semarang']);
  });

  it('begins from a portal that names the right provider, goes nowhere else, and refuses another one', async () => {
    const { provider, health, browser } = await openScene();
    const begin = (query: Record<string, string>) => browser.visit(`${health}/sign-in?${new URLSearchParams(query)}`);
    const page = await begin({ iss: provider.issuer, target_link_uri: 'https://jahat.contoh.id/', login_hint: 'siti' });
    expect(page.text('#signed-in-name')).toBe('Siti Rahayu');
    expect(page.url.href).toBe(`${health}/`);
    const asked = provider.requests.length;
    for (const iss of ['https://lain.contoh.go.id', `${provider.issuer}/`, '']) {
      const refused = await begin({ iss });
      expect([refused.status, refused.has('#problem'), refused.has('#sign-in')]).toEqual([400, true, true]);
    }
    expect(provider.requests.length).toBe(asked);
  });

  it('gives the browser a new session id, unreadable for scripts', async () => {
    const { health, browser } = await openScene();
    const sessionOf = () => browser.cookies.all.find(({ name }) => name === 'puskesmas-online-session');
    browser.stopAt(`${health}/callback`);
    const before = await signIn(browser, health);
    const planted = sessionOf();
    const second = new BrowserAgent();
    if (planted) second.cookies.put(planted);
    await second.visit(before.url);
    const after = second.cookies.all.find(({ name }) => name === 'puskesmas-online-session');
    expect(after?.value).not.toBe(planted?.value);
    expect(after).toMatchObject({ httpOnly: true, sameSite: 'lax', path: '/' });
    expect((await browser.visit(health)).has('#sign-in')).toBe(true);
  });

  it('keeps two tabs apart', async () => {
    const { health, browser } = await openScene();
    browser.stopAt(`${health}/callback`);
    const [one, two] = [await signIn(browser, health), await signIn(browser, health)];
    const cookies = browser.cookies;
    const resumed = new BrowserAgent();
    for (const cookie of cookies.all) resumed.cookies.put(cookie);
    expect((await resumed.visit(two.url)).has('#signed-in-name')).toBe(true);
    expect((await resumed.visit(one.url)).has('#signed-in-name')).toBe(true);
  });

  it('starts although the provider is not there yet, and works once it is', async () => {
    const first = await openFakeProvider();
    const port = Number(new URL(first.issuer).port);
    await first[Symbol.asyncDispose]();
    const log: string[] = [];
    const apps = await start(first.issuer, log);
    onTestFinished(() => apps.stop());
    const browser = new BrowserAgent();
    const page = await signIn(browser, apps.urls[0] ?? '');
    expect([page.status, page.text('h1')]).toEqual([503, 'Lawang sedang tidak dapat dihubungi']);
    expect(log).toEqual(['puskesmas-online: unreachable: fetch failed']);
    await using _provider = await openFakeProvider(port);
    expect((await page.follow('#sign-in')).text('#signed-in-name')).toBe('Siti Rahayu');
  });
});

describe('a sign-in that must not succeed', () => {
  it.each<[string, Partial<Behaviour>, number, string]>([
    ['another issuer beside the code', { callbackIssuer: 'http://jahat.id' }, 502, 'not-trusted'],
    ['another nonce', { idToken: { nonce: 'x' } }, 502, 'not-trusted'],
    ['another audience', { idToken: { aud: 'pajak-daerah' } }, 502, 'not-trusted'],
    ['another issuer in the ID token', { idToken: { iss: 'http://jahat.id' } }, 502, 'not-trusted'],
    ['a foreign signature', { signsWithForeignKey: true }, 502, 'not-trusted'],
    ['a refused code', { tokenError: 'invalid_grant' }, 502, 'provider-refused: invalid_grant'],
    ['a refused secret', { tokenError: 'invalid_client' }, 502, 'provider-refused: invalid_client'],
    ['a refused scope', { refusal: 'invalid_scope' }, 502, 'provider-refused: invalid_scope'],
  ])('%s', async (_what, behaviour, status, logged) => {
    const { health, browser, log } = await openScene(behaviour);
    const page = await signIn(browser, health);
    expect(page.status).toBe(status);
    expect(page.has('#problem #sign-in')).toBe(true);
    expect(log).toEqual([expect.stringContaining(logged)]);
    expect((await browser.visit(health)).has('#signed-in-name')).toBe(false);
  });

  it('says kindly that one said no, and offers to try again', async () => {
    const { provider, health, browser } = await openScene({ refusal: 'access_denied' });
    const page = await signIn(browser, health);
    expect(page.url.pathname).toBe('/');
    expect(page.text('#refused')).toContain('Anda membatalkan masuk');
    provider.behaviour.refusal = undefined;
    expect((await page.follow('#sign-in')).has('#signed-in-name')).toBe(true);
  });

  it('does not end the session of somebody who is signed in already', async () => {
    const { provider, health, browser } = await openScene();
    await signIn(browser, health);
    provider.behaviour.refusal = 'access_denied';
    expect((await browser.visit(`${health}/sign-in`)).has('#signed-in-name')).toBe(true);
  });

  it.each(['', '?code=x', '?state=x&code=x', '?state=x&state=y&error=access_denied', '?error=%3Cb%3E'])(
    'a callback nobody asked for: %s',
    async (query) => {
      const { health, browser, provider } = await openScene();
      const page = await browser.visit(`${health}/callback${query}`);
      expect([page.status, page.text('h1')]).toEqual([400, 'Masuk ini sudah selesai atau kedaluwarsa']);
      expect(provider.requests).toEqual([]);
    },
  );

  it('a callback a second time, or in another browser', async () => {
    const { health, browser } = await openScene();
    const callback = callbackOf(await signIn(browser, health));
    expect((await browser.visit(callback)).status).toBe(400);
    expect((await new BrowserAgent().visit(callback)).status).toBe(400);
    expect((await browser.visit(health)).has('#signed-in-name')).toBe(true);
  });
});

describe('a session that goes on, or does not', () => {
  it('is renewed silently when the tokens are over', async () => {
    const { provider, health, browser } = await openScene();
    await signIn(browser, health);
    provider.forget();
    const page = await browser.visit(health);
    expect(way(page)).toEqual(['/', '/authorize', '/callback', '/']);
    expect(page.text('#signed-in-name')).toBe('Siti Rahayu');
    const asked = provider.requests.findLast(({ pathname }) => pathname === '/authorize')?.searchParams;
    expect(asked?.get('prompt')).toBe('none');
    expect(asked?.get('id_token_hint')).toMatch(/^ey/);
  });

  it('ends with a sentence when the person signed out at another service', async () => {
    const { health, tax, browser } = await openScene();
    await signIn(browser, health);
    await signIn(browser, tax);
    const out = await (await browser.visit(health)).press('#sign-out');
    expect(out.url.href).toBe(`${health}/signed-out`);
    expect(out.has('#sign-in')).toBe(true);
    const page = await browser.visit(tax);
    expect(page.text('#signed-out-elsewhere')).toContain('Anda sudah keluar dari akun Lawang di layanan lain');
    expect(page.has('#sign-in')).toBe(true);
    expect((await browser.visit(tax)).hops).toHaveLength(1);
  });

  it.each([
    ['login_required', '#signed-out-elsewhere'],
    ['consent_required', '#permission-ended'],
    ['temporarily_unavailable', '#session-ended'],
  ])('ends at %s', async (silentRefusal, notice) => {
    const { provider, health, browser } = await openScene({ silentRefusal });
    await signIn(browser, health);
    provider.forget();
    expect((await browser.visit(health)).has(notice)).toBe(true);
  });

  it('ends when somebody else is signed in by now', async () => {
    const { provider, health, browser } = await openScene();
    await signIn(browser, health);
    provider.behaviour.subject = 'budi';
    provider.forget();
    const page = await browser.visit(health);
    expect(page.has('#signed-in-name')).toBe(false);
    expect(page.has('#signed-out-elsewhere')).toBe(true);
  });

  it('never goes round in circles', async () => {
    const { provider, health, browser } = await openScene();
    await signIn(browser, health);
    provider.behaviour.userinfoStatus = 401;
    const page = await browser.visit(health);
    expect(way(page)).toEqual(['/', '/authorize', '/callback', '/', '/']);
    expect(page.has('#session-ended')).toBe(true);
  });

  it('stays open while the provider is down', async () => {
    const { provider, health, browser } = await openScene();
    await signIn(browser, health);
    provider.behaviour.userinfoStatus = 503;
    const page = await browser.visit(health);
    expect(page.text('#signed-in-name')).toBe('Siti Rahayu');
    expect(page.has('#unreachable')).toBe(true);
  });

  it('lasts eight hours at most', async () => {
    const { health, browser } = await openScene();
    await signIn(browser, health);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 60 * 60 * 1000 });
    onTestFinished(() => void vi.useRealTimers());
    expect((await browser.visit(health)).has('#sign-in')).toBe(true);
  });

  it('ends here without a session too', async () => {
    const { health, browser } = await openScene();
    expect((await browser.post(`${health}/sign-out`, {})).url.href).toBe(`${health}/signed-out`);
  });
});

describe('pages', () => {
  it('are in both languages, and the choice stays', async () => {
    const { health, tax, browser } = await openScene();
    expect((await browser.visit(health)).attribute('html', 'lang')).toBe('id');
    const english = await (await browser.visit(health)).follow({ text: 'English' });
    expect(english.text('#sign-in')).toBe('Sign in with Lawang');
    expect((await browser.visit(`${health}/signed-out`)).text('h1')).toBe('You are signed out');
    expect((await browser.visit(tax)).attribute('html', 'lang')).toBe('id');
  });

  it('come with careful headers and their style', async () => {
    const { health, provider, browser } = await openScene();
    const page = await browser.visit(health);
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`form-action 'self' ${provider.issuer};`);
    expect(page.headers.get('cache-control')).toBe('no-store');
    const style = await exchange(`${health}${page.attribute('[rel=stylesheet]', 'href')}`);
    expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8');
  });

  it.each([
    ['GET', '/nowhere', 404],
    ['GET', '//jahat.id/callback', 404],
    ['GET', '/%00%ff', 404],
    ['POST', '/', 404],
    ['GET', '/sign-out', 404],
    ['HEAD', '/', 200],
    ['GET', `/?${'x'.repeat(20_000)}`, 431],
  ])('%s %.20s is answered with %i', async (method, path, status) => {
    const { health } = await openScene();
    expect((await exchange(health + path, { method })).status).toBe(status);
  });

  it('refuse oversized cookies and what is no HTTP', async () => {
    const { health, browser } = await openScene();
    expect((await exchange(health, { headers: { cookie: `a=${'x'.repeat(100_000)}` } })).status).toBe(431);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(health).port), '127.0.0.1', () => socket.write('halo\r\n\r\n'));
      socket.on('data', (data) => resolve(data.toString())).on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*cannot be read/s);
    expect((await browser.visit(health)).status).toBe(200);
  });
});

describe('starting', () => {
  it('says which port is taken, and leaves nothing running', async () => {
    const { health, provider } = await openScene();
    const taken = Number(new URL(health).port);
    const attempt = startSampleApps({ issuer: provider.issuer, host: '127.0.0.1', ports: [0, taken] });
    await expect(attempt).rejects.toMatchObject({ code: 'EADDRINUSE', port: taken });
  });

  it('reads the four variables and names a missing one', () => {
    const environment = {
      OIDC_ISSUER: 'https://masuk.contoh.id',
      OIDC_CLIENT_ID: 'layanan',
      OIDC_CLIENT_SECRET: 'rahasia',
      OIDC_REDIRECT_URI: 'https://layanan.contoh.go.id/callback',
    };
    expect(readSignInSettings(environment).issuer).toBe('https://masuk.contoh.id');
    expect(() => readSignInSettings({ ...environment, OIDC_CLIENT_SECRET: '' })).toThrow(
      'OIDC_CLIENT_SECRET is not set',
    );
  });
});

describe('what the provider tells', () => {
  const sendEvent = (app: string, body: string, type = 'application/secevent+jwt') =>
    exchange(`${app}/events`, { method: 'POST', headers: { 'content-type': type }, body });
  const eventOf = (type: string, payload: object = {}, claims: Said['claims'] = {}): Said => ({
    typ: 'secevent+jwt',
    claims: {
      sub_id: { format: 'iss_sub', sub: 'siti' },
      events: { [`https://contoh.id/${type}`]: payload },
      ...claims,
    },
  });
  const asked = ({ requests }: FakeProvider, path: string) =>
    requests.filter(({ pathname }) => pathname === path).length;

  it('by a logout token ends the session that it names, and nothing is asked of the provider any more', async () => {
    const { provider, health, browser } = await openScene();
    await signIn(browser, health);
    await expectRefusals(health, provider);
    for (const claims of [{ sid: 'sesi-lain' }, { sub: 'budi', sid: undefined }, { sub: 'budi' }])
      expect((await sendLogout(health, await provider.tell({ claims }))).status).toBe(200);
    expect((await browser.visit(health)).has('#signed-in-name')).toBe(true);
    const jti = 'sekali';
    const answer = await sendLogout(health, await provider.tell({ claims: { jti } }));
    expect([answer.status, answer.headers.get('cache-control'), answer.body]).toEqual([200, 'no-store', '']);
    const before = asked(provider, '/userinfo');
    const page = await browser.visit(health);
    expect([page.has('#signed-out-elsewhere'), page.has('#sign-in')]).toEqual([true, true]);
    expect(asked(provider, '/userinfo')).toBe(before);
    // The same word once more ends nothing that began since.
    await signIn(browser, health);
    expect((await sendLogout(health, await provider.tell({ claims: { jti } }))).status).toBe(200);
    expect((await browser.visit(health)).has('#signed-in-name')).toBe(true);
    await sendLogout(health, await provider.tell({ claims: { sid: undefined } }));
    expect((await browser.visit(health)).has('#signed-out-elsewhere')).toBe(true);
  });

  it('by an event says why, whichever of the two comes first', async () => {
    const { provider, health, browser, log } = await openScene();
    const logout = async () => sendLogout(health, await provider.tell({ claims: { sid: undefined } }));
    const left = async () =>
      sendEvent(health, await provider.tell(eventOf('consent-withdrawn', { withdrawal: 'w-1' })));
    for (const ways of [
      [logout, left],
      [left, logout],
    ]) {
      await signIn(browser, health);
      for (const tell of ways) expect([200, 202]).toContain((await tell()).status);
      expect((await browser.visit(health)).has('#permission-ended')).toBe(true);
    }
    expect(log[0]).toContain('consent-withdrawn: say within 3 x 24 hours what became of the data (withdrawal w-1)');
  });

  it('that changes nothing here is taken and changes nothing', async () => {
    const { provider, health, browser } = await openScene();
    await signIn(browser, health);
    const session = {
      format: 'complex',
      user: { format: 'iss_sub', sub: 'siti' },
      session: { format: 'opaque', id: SID },
    };
    for (const said of [
      eventOf('verification', {}, { sub_id: { format: 'opaque', id: 'puskesmas-online' } }),
      eventOf('session-revoked', {}, { sub_id: session }),
      eventOf('consent-narrowed'),
      eventOf('consent-withdrawn', {}, { sub_id: { format: 'iss_sub', sub: 'budi' } }),
    ])
      expect((await sendEvent(health, await provider.tell(said))).status).toBe(202);
    expect((await browser.visit(health)).has('#signed-in-name')).toBe(true);
  });

  it.each<[string, Said, string]>([
    ['nobody signed', { by: 'nothing' }, 'invalid_request'],
    ['somebody else signed', { by: 'foreign' }, 'invalid_key'],
    ['is of another issuer', { claims: { iss: 'https://jahat.contoh.id' } }, 'invalid_issuer'],
    ['is for another app', { claims: { aud: 'pajak-daerah' } }, 'invalid_audience'],
    ['is a logout token', { typ: 'logout+jwt' }, 'invalid_request'],
    ['has no event', { claims: { events: {} } }, 'invalid_request'],
  ])('by an event that %s is refused with its code', async (_what, changes, err) => {
    const { provider, health } = await openScene();
    const right = eventOf('consent-withdrawn');
    const token = await provider.tell({ ...right, ...changes, claims: { ...right.claims, ...changes.claims } });
    const answer = await sendEvent(health, token);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([400, { err }]);
  });

  it('is refused in another form, or when it is too long', async () => {
    const { provider, health } = await openScene();
    const token = await provider.tell(eventOf('consent-withdrawn'));
    expect((await sendEvent(health, token, 'text/plain')).status).toBe(400);
    expect((await sendEvent(health, 'x'.repeat(20_000))).status).toBe(400);
  });

  it('is asked for again when the keys did not come', async () => {
    const { provider, health } = await openScene();
    const token = await provider.tell({});
    await provider[Symbol.asyncDispose]();
    expect((await sendLogout(health, token)).status).toBe(503);
  });
});
