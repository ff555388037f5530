import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { setUpApp } from '#test/support/authenticator-app.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import type { Overrides, RelyingParty } from '#test/support/relying-party.ts';
import { allow, createPasskey, openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: 'arsip' }, { client_id: 'dompet', min_authentication: 'aal2' });
  app = await world.app({ clientId: 'arsip', scope: 'openid' });
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(() => {
  // In the middle of a step of an authenticator app.
  vi.useFakeTimers({ toFake: ['Date'], now: Math.floor(Date.now() / 30_000) * 30_000 + 15_000 });
});
afterEach(() => void vi.useRealTimers());

const later = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000);
const told = { claims: JSON.stringify({ id_token: { acr: null, amr: null, sid: null } }) };
const essential = (value: string) => ({
  claims: JSON.stringify({ id_token: { acr: { essential: true, value }, amr: null } }),
});

async function request(browser: BrowserAgent, overrides: Overrides = told, from = app) {
  const attempt = await from.startSignIn(overrides);
  const page = await browser.visit(attempt.url);
  const arrive = async (at: Page) => (await from.finishSignIn(attempt, await allow(at))).claims();
  return { page, arrive };
}

/** Types the password on the sign-in page. */
function byPassword(page: Page, who: string): Promise<Page> {
  return page.fill({ identifier: who, password }).press('#sign-in');
}

function byPasskey(page: Page, device: SoftwareAuthenticator): Promise<Page> {
  const credential = device.get(page.json('#passkey-options'), { origin: world.issuer });
  return page.fill({ credential: JSON.stringify(credential) }).press('#passkey');
}

let people = 0;

/** Somebody with a password and nothing else. */
async function newcomer(): Promise<{ address: string; accountId: string }> {
  people += 1;
  const address = `warga-dua-langkah-${people}@contoh.id`;
  return { address, accountId: await world.citizen(address, { password }) };
}

/** Somebody who has set up an authenticator app, the day before yesterday unless told otherwise. */
async function careful(daysAgo = 2) {
  const one = await newcomer();
  const phone = await setUpApp(world, one.accountId);
  const shard = shardOf(one.accountId);
  const since = new Date(Date.now() - daysAgo * 24 * 3600 * 1000);
  await world.database
    .for(shard)
    .execute('update totp_keys set confirmed_at = $3 where shard = $1 and account_id = $2', [
      shard,
      one.accountId,
      since,
    ]);
  return { ...one, phone };
}

/** Somebody with a passkey beside the password. */
async function keyHolder() {
  const one = await newcomer();
  const device = new SoftwareAuthenticator({ synced: true });
  const { page } = await request(world.browser(), essential('aal2'));
  const offer = await byPassword(page, one.address);
  await createPasskey(offer, device);
  return { ...one, device };
}

describe('an authenticator app that somebody has set up', () => {
  test('may be skipped on its first day, and then proves nothing: somebody else may have set it up', async () => {
    const { address } = await careful(0);
    const { page, arrive } = await request(world.browser());
    const second = await byPassword(page, address);
    expect([second.has('#code'), second.has('#skip-second-factor')]).toEqual([true, true]);
    expect(await arrive(await second.press('#skip-second-factor'))).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
    const { page: insisting } = await request(world.browser(), essential('aal2'));
    expect((await byPassword(insisting, address)).has('#skip-second-factor')).toBe(false);
  });

  test('is asked for after every password, and makes it aal2', async () => {
    const { address, phone } = await careful();
    const { page, arrive } = await request(world.browser());
    const second = await byPassword(page, address);
    expect(second.has('#code')).toBe(true);
    expect(second.has('#skip-second-factor')).toBe(false);
    const claims = await arrive(await second.fill({ code: phone.show() }).press('#continue'));
    expect(claims).toMatchObject({ acr: 'aal2', amr: expect.arrayContaining(['pwd', 'otp', 'mfa']) });
  });

  test('wrong codes stay on the page, a clock that is off is named, and one code counts once', async () => {
    const { address, phone } = await careful();
    const { page } = await request(world.browser());
    const second = await byPassword(page, address);
    const wrong = await second.fill({ code: '000000' }).press('#continue');
    expect([wrong.status, wrong.has('#code'), wrong.has('.wrong')]).toEqual([422, true, true]);
    const off = await second.fill({ code: phone.showAt(-600) }).press('#continue');
    expect(off.text('.wrong')).toMatch(/Jam .*10 menit/);
    const code = phone.show();
    expect((await second.fill({ code }).press('#continue')).has('#consent-allow')).toBe(true);
    const again = await byPassword((await request(world.browser())).page, address);
    expect((await again.fill({ code }).press('#continue')).status).toBe(422);
  });

  test('is asked for after a code by mail too, which stays what it is', async () => {
    const { address, phone } = await careful();
    const { page, arrive } = await request(world.browser());
    const mailed = await page.fill({ identifier: address }).press('#send-code');
    const second = await mailed.fill({ code: (await world.message(address)).code ?? '' }).press('#continue');
    expect(second.text('main')).toContain('autentikator');
    const claims = await arrive(await second.fill({ code: phone.show() }).press('#continue'));
    expect(claims).toMatchObject({ acr: 'aal1', amr: ['otp'] });
  });

  test('opens the account page; skipping it by hand does not', async () => {
    const { address, phone } = await careful();
    const browser = world.browser();
    const second = await byPassword(await browser.visit(`${world.issuer}/account`), address);
    const csrf = second.value('csrf') ?? '';
    const skipped = await browser.post(String(second.url), { csrf, action: 'skip-second-factor' }, world.issuer);
    expect(skipped.has('#code')).toBe(true);
    expect((await browser.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
    expect((await second.fill({ code: phone.show() }).press('#continue')).url.pathname).toBe('/account');
  });

  test('is not shown to whoever knows no password', async () => {
    const { address } = await careful();
    const { page } = await request(world.browser());
    const refused = await page.fill({ identifier: address, password: 'salah sekali' }).press('#sign-in');
    expect([refused.status, refused.has('#code'), refused.has('#sign-in')]).toEqual([422, false, true]);
  });
});

describe('a code to another contact', () => {
  test('beside a password is aal2, goes to no address that was typed, and is named by a mask', async () => {
    const { page, arrive } = await request(world.browser(), essential('aal2'));
    const second = await byPassword(page, 'dewi@contoh.id');
    expect(second.has('#code')).toBe(false);
    expect(second.text('#send-to-first')).toContain('•••• 0003');
    expect(second.has('#send-to-second')).toBe(false);
    const asked = await second.press('#send-to-first');
    const { code = '' } = await world.message('+6281200000003');
    expect((await asked.fill({ code: code === '111111' ? '222222' : '111111' }).press('#continue')).status).toBe(422);
    const claims = await arrive(await asked.fill({ code }).press('#continue'));
    expect(claims).toMatchObject({ acr: 'aal2', amr: expect.arrayContaining(['pwd', 'otp', 'sms', 'mfa']) });
  });

  test('is not offered beside a passkey, nor to a contact that a family shares', async () => {
    const { address, device } = await keyHolder();
    const wished = await request(world.browser(), { acr_values: 'aal2' });
    const second = await byPassword(wished.page, address);
    expect([second.has('#passkey'), second.has('#send-to-first'), second.has('#code')]).toEqual([true, false, false]);
    expect((await byPasskey(second, device)).has('#consent-allow')).toBe(true);

    const { address: shared } = await newcomer();
    const lone = await byPassword((await request(world.browser(), { acr_values: 'aal2' })).page, shared);
    expect(lone.has('#consent-allow')).toBe(true);
  });
});

describe('an app that wishes for more than the session holds', () => {
  async function inSession(who: string): Promise<{ browser: BrowserAgent; sid: unknown; authTime: number }> {
    const browser = world.browser();
    const { page, arrive } = await request(browser, { ...told, max_age: '9999' });
    const claims = await arrive(await byPassword(page, who));
    return { browser, sid: claims?.sid, authTime: Number(claims?.auth_time) };
  }

  test('leads straight to the passkey, in the same session, with a new auth_time and a new id', async () => {
    const { address, accountId, device } = await keyHolder();
    const { browser, sid, authTime } = await inSession(address);
    const sessions = () =>
      world.database.query<{ uid: string; id: string }>(
        `select uid, encode(id_hash, 'hex') as id from sessions where account_id = $1 order by uid`,
        [accountId],
      );
    later(600);
    const { page, arrive } = await request(browser, { ...told, acr_values: 'phr', max_age: '9999' });
    expect([page.has('#passkey'), page.has('#skip-second-factor')]).toEqual([true, true]);
    const before = await sessions();
    const claims = await arrive(await byPasskey(page, device));
    expect(claims).toMatchObject({ acr: 'phr', sid });
    expect(sid).toEqual(expect.any(String));
    expect(Number(claims?.auth_time)).toBeGreaterThanOrEqual(authTime + 600);
    const after = await sessions();
    expect(after.map(({ uid }) => uid)).toEqual(before.map(({ uid }) => uid));
    expect(after.filter(({ id }) => !before.some((one) => one.id === id))).toHaveLength(1);
  });

  test('is told what is true when the person goes on without it, and asks again next time only', async () => {
    const { address } = await keyHolder();
    const { browser } = await inSession(address);
    const { page, arrive } = await request(browser, { acr_values: 'phr', ...told });
    expect((await arrive(await page.press('#skip-second-factor')))?.acr).toBe('aal1');
    expect((await request(browser, { acr_values: 'phr aal1' })).page.status).toBe(0);
    expect((await request(browser, { acr_values: 'phr' })).page.has('#skip-second-factor')).toBe(true);
  });

  test('is told what is true when the account cannot reach it, without a page', async () => {
    const { address } = await newcomer();
    const { browser } = await inSession(address);
    for (const acr_values of ['aal2', 'phr', 'aal3', 'urn:gold']) {
      const { page, arrive } = await request(browser, { ...told, acr_values });
      expect([acr_values, page.status]).toEqual([acr_values, 0]);
      expect((await arrive(page))?.acr).toBe('aal1');
    }
  });

  test('is never a reason to ask where nothing may be asked', async () => {
    const { address } = await keyHolder();
    const { browser } = await inSession(address);
    const { page, arrive } = await request(browser, { ...told, acr_values: 'aal2', prompt: 'none' });
    expect((await arrive(page))?.acr).toBe('aal1');
  });

  test('is asked for at a first sign-in too, and the consent page comes after either answer', async () => {
    const { address } = await keyHolder();
    const second = await world.app({ clientId: 'puskesmas-online', scope: 'openid' });
    const { page } = await request(world.browser(), { acr_values: 'aal2' }, second);
    const asked = await byPassword(page, address);
    expect(asked.has('#skip-second-factor')).toBe(true);
    expect((await asked.press('#skip-second-factor')).has('#consent-allow')).toBe(true);
  });
});

describe('somebody who set up an authenticator app in a session by password', () => {
  async function begin() {
    const { address, accountId } = await newcomer();
    const browser = world.browser();
    const { page, arrive } = await request(browser);
    expect((await arrive(await byPassword(page, address)))?.acr).toBe('aal1');
    return { browser, address, phone: await setUpApp(world, accountId) };
  }

  test('goes straight to its code', async () => {
    const { browser, phone } = await begin();
    const { page, arrive } = await request(browser, essential('aal2'));
    expect([page.has('#code'), page.has('#skip-second-factor')]).toEqual([true, false]);
    const claims = await arrive(await page.fill({ code: phone.show() }).press('#continue'));
    expect(claims).toMatchObject({ acr: 'aal2', amr: expect.arrayContaining(['pwd', 'otp', 'mfa']) });
    expect((await request(browser, { ...essential('aal2'), prompt: 'none' })).page.status).toBe(0);
    expect((await request(browser, { acr_values: 'aal1' })).page.status).toBe(0);
  });

  test('types an old password again before it, so that nothing old passes for fresh', async () => {
    const { browser, address, phone } = await begin();
    later(301);
    const { page, arrive } = await request(browser, { ...essential('aal2'), max_age: '99999' });
    expect([page.has('#code'), page.has('input[name="password"]')]).toEqual([false, true]);
    const second = await byPassword(page, address);
    const claims = await arrive(await second.fill({ code: phone.show() }).press('#continue'));
    expect(claims?.acr).toBe('aal2');
  });

  test('gets no further with an old password by sending the code by hand', async () => {
    const { browser, phone } = await begin();
    later(299);
    const { page } = await request(browser, essential('aal2'));
    expect(page.has('#code')).toBe(true);
    later(2);
    const refused = await page.fill({ code: phone.showAt(0) }).press('#continue');
    expect([refused.status, refused.has('input[name="password"]')]).toEqual([422, true]);
    const silent = await request(browser, { ...essential('aal2'), prompt: 'none' });
    expect(silent.page.url.searchParams.get('error')).toBe('login_required');
  });

  test('is offered the password again where a wish needs it', async () => {
    const { browser, address, phone } = await begin();
    later(301);
    const { page, arrive } = await request(browser, { ...told, acr_values: 'aal2' });
    expect([page.has('#code'), page.has('#sign-in-again')]).toEqual([false, true]);
    const second = await byPassword(await page.press('#sign-in-again'), address);
    const claims = await arrive(await second.fill({ code: phone.show() }).press('#continue'));
    expect(claims?.acr).toBe('aal2');
  });

  test('signs in from the beginning where the app also wants it recent', async () => {
    const { browser } = await begin();
    later(60);
    const { page } = await request(browser, { ...essential('aal2'), max_age: '30' });
    expect([page.has('#code'), page.has('input[name="password"]')]).toEqual([false, true]);
  });

  test('cannot pass by the code of the app for a passkey', async () => {
    const { browser, phone } = await begin();
    const { page } = await request(browser, essential('phr'));
    expect(page.has('#code')).toBe(false);
    const { page: wished } = await request(browser, { acr_values: 'aal2' });
    await allow(await wished.fill({ code: phone.show() }).press('#continue'));
    const silent = await request(browser, { ...essential('phr'), prompt: 'none' });
    expect(silent.page.url.searchParams.get('error')).toBe('login_required');
  });
});

describe('an app with a minimum in the registry', () => {
  const open = (overrides: Overrides, browser = world.browser()) =>
    world.app({ clientId: 'dompet', scope: 'openid' }).then((wallet) => request(browser, overrides, wallet));

  test('takes no less, whatever its request says', async () => {
    const { address, device } = await keyHolder();
    const { page } = await open({ acr_values: 'aal1' });
    expect((await byPassword(page, address)).status).toBe(422);
    const { page: again, arrive } = await open({ acr_values: 'aal1' });
    expect((await arrive(await byPasskey(again, device)))?.acr).toBe('aal1');
  });

  test('is refused in silence, and leads a session to what is missing', async () => {
    const { address, device } = await keyHolder();
    const browser = world.browser();
    await signIn((await request(browser)).page, address);
    const silent = await open({ prompt: 'none' }, browser);
    expect(silent.page.url.searchParams.get('error')).toBe('login_required');
    const { page, arrive } = await open(told, browser);
    expect(page.text('main')).toContain('dompet meminta');
    expect(page.has('#skip-second-factor')).toBe(false);
    expect((await arrive(await byPasskey(page, device)))?.acr).toBe('aal2');
  });

  test('does not get by with less when the page’s other buttons are pressed by hand', async () => {
    const { address, phone } = await careful();
    const browser = world.browser();
    const { page } = await open({}, browser);
    const second = await byPassword(page, address);
    const csrf = second.value('csrf') ?? '';
    for (const action of [
      'skip-second-factor',
      'skip-passkey',
      'send-to-first',
      'send-to-third',
      'resend',
      'use-app',
    ]) {
      const after = await browser.post(String(second.url), { csrf, action }, world.issuer);
      expect([action, after.status, after.has('#code')]).toEqual([action, 200, true]);
    }
    expect((await second.fill({ code: phone.show() }).press('#continue')).has('#consent-allow')).toBe(true);
  });

  test('gets access_denied when the person goes back', async () => {
    const { address } = await careful();
    const { page } = await open({});
    const second = await byPassword(page, address);
    const csrf = second.value('csrf') ?? '';
    expect(csrf).not.toBe('');
    expect((await second.press('#cancel')).url.searchParams.get('error')).toBe('access_denied');
  });

  test('that nobody here can reach is refused at once', async () => {
    await world.declare({ client_id: 'brankas', min_authentication: 'phrh' });
    const safe = await world.app({ clientId: 'brankas', scope: 'openid' });
    const { page } = await request(world.browser(), {}, safe);
    expect(page.url.searchParams.get('error')).toBe('unmet_authentication_requirements');
  });
});
