import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, signIn, type World } from '#test/support/world.ts';

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

/** Asks how the person signed in. OpenID Connect Core §5.5. */
const proof = { claims: JSON.stringify({ id_token: { acr: null, amr: null } }) };
const goodPassword = 'rumput tetangga selalu hijau';

/** From the app to the page that asks for the code that was sent. */
async function askForCode(browser: BrowserAgent, address: string): Promise<Page> {
  const signInPage = await browser.visit((await health.startSignIn()).url);
  const page = await signInPage.follow('#sign-up');
  return page.fill({ identifier: address }).press('#continue');
}

async function enterCode(page: Page, address: string): Promise<Page> {
  const { code = '' } = await world.message(address);
  return page.fill({ code }).press('#continue');
}

async function reachName(address: string): Promise<Page> {
  return enterCode(await askForCode(world.browser(), address), address);
}

describe('a new account', () => {
  test('with a passkey comes into the app with what a passkey proves, and into the account page with the same session', async () => {
    const browser = world.browser();
    const attempt = await health.startSignIn(proof);
    const signInPage = await browser.visit(attempt.url);
    const codePage = await (await signInPage.follow('#sign-up'))
      .fill({ identifier: 'ayu@contoh.id' })
      .press('#continue');
    const namePage = await enterCode(codePage, 'ayu@contoh.id');
    const device = new SoftwareAuthenticator();
    const credential = device.create(namePage.json('#passkey-options'), { origin: world.issuer });
    namePage.fill({ name: 'Ayu', credential: JSON.stringify(credential) });
    const arrived = await allow(await namePage.press('#create-passkey'));
    const tokens = await health.finishSignIn(attempt, arrived);
    expect(tokens.claims()).toMatchObject({ acr: 'aal2' });
    expect(tokens.claims()?.amr).toEqual(expect.arrayContaining(['pop', 'user', 'otp']));
    const told = await health.userinfo(tokens.access_token);
    expect(told).toMatchObject({ name: 'Ayu', email: 'ayu@contoh.id', email_verified: true });
    expect(told).not.toHaveProperty('family_name');
    const account = await browser.visit(`${world.issuer}/account`);
    expect(account.count('#passkeys [data-passkey]')).toBe(1);
    expect(account.count('#connected-apps [data-client]')).toBe(1);
  });

  test('with a password comes into the app, and back by it', async () => {
    const namePage = await reachName('bayu@contoh.id');
    expect(await allow(await namePage.fill({ name: 'Bayu', password: goodPassword }).press('#continue'))).toMatchObject(
      { status: 0 },
    );
    const attempt = await health.startSignIn(proof);
    const back = await signIn(await world.browser().visit(attempt.url), 'bayu@contoh.id', goodPassword);
    expect((await health.finishSignIn(attempt, back)).claims()?.acr).toBe('aal1');
  });

  test('begins from the sign-in page too, by a code to an address that nobody has', async () => {
    const page = await world.browser().visit((await health.startSignIn()).url);
    const codePage = await page.fill({ identifier: 'citra@contoh.id' }).press('#send-code');
    expect((await enterCode(codePage, 'citra@contoh.id')).has('input[name=name]')).toBe(true);
  });

  test('by phone gets its code as a short message', async () => {
    const page = await askForCode(world.browser(), '0812 3456 7899');
    expect(page.text('main')).toContain('0812 3456 7899');
    const message = await world.message('+6281234567899');
    // The last line lets phones fill it in, and only here: origin-bound one-time codes.
    expect(message.text.split('\n').at(-1)).toBe(`@localhost #${message.code}`);
    const namePage = await page.fill({ code: message.code ?? '' }).press('#continue');
    const consent = await namePage.fill({ name: 'Dian', password: goodPassword }).press('#continue');
    expect(consent.has('#consent-allow')).toBe(true);
  });

  test('without a password and without a passkey is offered one, and comes in without', async () => {
    const offer = await (await reachName('eka@contoh.id')).fill({ name: 'Eka' }).press('#continue');
    expect(offer.has('#skip-passkey')).toBe(true);
    expect((await allow(await offer.press('#skip-passkey'))).url.searchParams.has('code')).toBe(true);
  });

  test('takes one name as it is, and a name of many words', async () => {
    const page = await reachName('fajar@contoh.id');
    const refused = await page.fill({ name: '   ', password: goodPassword }).press('#continue');
    expect(refused.status).toBe(422);
    expect(refused.attribute('input[name=name]', 'aria-invalid')).toBe('true');
    const consent = await refused
      .fill({ name: "Raden Ayu O'Brien-Kusumaningrat <b>", password: goodPassword })
      .press('#continue');
    expect(consent.text('main')).toContain("Raden Ayu O'Brien-Kusumaningrat <b>");
  });

  test.each([
    ['pendek', /8/],
    ['password', /mudah ditebak/],
    ['gita@contoh.id', /mudah ditebak/],
    ['x'.repeat(257), /256/],
  ])('refuses the password %.20s and keeps the name', async (password, words) => {
    const page = await (await reachName('gita@contoh.id')).fill({ name: 'Gita', password }).press('#continue');
    expect(page.status).toBe(422);
    expect(page.value('name')).toBe('Gita');
    expect(page.value('password')).toBeFalsy();
    expect(page.text('#problems')).toMatch(words);
  });
});

describe('the code', () => {
  test('is refused when wrong, with a page that goes on, and good afterwards', async () => {
    const page = await askForCode(world.browser(), 'hadi@contoh.id');
    const { code = '' } = await world.message('hadi@contoh.id');
    const wrong = code === '111111' ? '222222' : '111111';
    const refused = await page.fill({ code: wrong }).press('#continue');
    expect(refused.status).toBe(422);
    expect(refused.attribute('input[name=code]', 'aria-invalid')).toBe('true');
    const namePage = await refused.fill({ code: `${code.slice(0, 3)} ${code.slice(3)}` }).press('#continue');
    expect(namePage.has('input[name=name]')).toBe(true);
  });

  test('is replaced by a new one on demand', async () => {
    const page = await askForCode(world.browser(), 'indra@contoh.id');
    const { code: first = '' } = await world.message('indra@contoh.id');
    expect((await page.press('#resend')).status).toBe(429);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    const again = await page.press('#resend');
    const { code: second = '' } = await world.message('indra@contoh.id');
    expect(second).not.toBe(first);
    expect((await again.fill({ code: first }).press('#continue')).status).toBe(422);
    expect((await again.fill({ code: second }).press('#continue')).has('input[name=name]')).toBe(true);
  });

  test('of one browser is worth nothing in another', async () => {
    const mine = await askForCode(world.browser(), 'joni@contoh.id');
    const { code = '' } = await world.message('joni@contoh.id');
    const other = await askForCode(world.browser(), 'joni@contoh.id');
    expect((await other.fill({ code }).press('#continue')).status).toBe(422);
    expect((await enterCode(mine, 'joni@contoh.id')).status).toBeGreaterThanOrEqual(200);
  });

  test('to an address that has an account signs in there, and no second account comes to be', async () => {
    const page = await enterCode(await askForCode(world.browser(), 'siti@contoh.id'), 'siti@contoh.id');
    expect(page.has('input[name=name]')).toBe(false);
    expect(page.text('main')).toContain('Siti Rahayu');
  });

  test('of two tabs that sign up at once makes one account', async () => {
    const [one, two] = [world.browser(), world.browser()];
    const first = await enterCode(await askForCode(one, 'kiki@contoh.id'), 'kiki@contoh.id');
    const second = await enterCode(await askForCode(two, 'kiki@contoh.id'), 'kiki@contoh.id');
    const opened = await first.fill({ name: 'Kiki', password: goodPassword }).press('#continue');
    expect(opened.text('main')).toContain('Kiki');
    const entered = await second.fill({ name: 'Bukan Kiki', password: goodPassword }).press('#continue');
    expect(entered.has('#consent-allow')).toBe(true);
    expect(entered.text('main')).toContain('Anda masuk sebagai Kiki.');
  });

  test('for an account with a passkey is none: the message says why, the page does not', async () => {
    const device = new SoftwareAuthenticator();
    const namePage = await reachName('lina@contoh.id');
    const credential = device.create(namePage.json('#passkey-options'), { origin: world.issuer });
    await namePage.fill({ name: 'Lina', credential: JSON.stringify(credential) }).press('#create-passkey');
    const forLina = await askForCode(world.browser(), 'lina@contoh.id');
    const forNobody = await askForCode(world.browser(), 'mira@contoh.id');
    expect(forLina.text('main').replace('lina', '')).toBe(forNobody.text('main').replace('mira', ''));
    const { code, text } = await world.message('lina@contoh.id');
    expect(code).toBeUndefined();
    expect(text).toContain('kunci sandi');
  });

  test('alone does not open the account page: a passkey is asked for, and going without leads back to the front page', async () => {
    const browser = world.browser();
    await (await reachName('nina@contoh.id')).fill({ name: 'Nina' }).press('#continue');
    const page = await browser.visit(`${world.issuer}/account`);
    const codePage = await page.fill({ identifier: 'nina@contoh.id' }).press('#send-code');
    const offer = await enterCode(codePage, 'nina@contoh.id');
    expect(offer.has('#create-passkey')).toBe(true);
    const left = await offer.press('#skip-passkey');
    expect(left.url.href).toBe(`${world.issuer}/`);
    expect((await browser.visit(`${world.issuer}/account`)).has('input[name=password]')).toBe(true);
  });
});
