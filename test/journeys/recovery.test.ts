import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import { confirmContact } from '#src/people/account-contacts.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { listMessages } from '#src/people/messages.ts';
import { identityAssurance, recordEvidence } from '#src/people/proofing.ts';
import { readRecoveries } from '#src/people/recoveries.ts';
import { makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { hasTotp } from '#src/people/totp.ts';
import { givePasskey } from '#test/security/scene.ts';
import { setAccountState } from '#test/support/account-state.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { useMovedClock } from '#test/support/clock.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

const hour = 3600;
const day = 24 * hour;
const proof = { claims: JSON.stringify({ id_token: { acr: null, amr: null } }) };
const newPassword = 'rumput tetangga selalu hijau';

let world: World;
let health: RelyingParty;
let tax: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  health = await world.app();
  tax = await world.app({ clientId: 'pajak-daerah', scope: 'openid profile email phone offline_access' });
});

afterAll(() => world[Symbol.asyncDispose]());

const pass = useMovedClock();

let made = 0;

interface Citizen {
  readonly id: string;
  readonly mail: string;
  readonly phone: string;
}

/** Somebody with a password, an e-mail address to sign in with, and a phone; each confirmed in a browser of its own. */
async function citizen(): Promise<Citizen> {
  made += 1;
  const mail = `pulih-${made}@contoh.id`;
  const phone = `+6281277${10000 + made}`;
  const profile = { phone_number: phone, phone_number_verified: true };
  const id = await world.citizen(mail, { name: 'Sari', password, profile });
  await change('update contacts set first_device = value_index where shard = $1 and account_id = $2', id);
  return { id, mail, phone };
}

/** What happens to an account otherwise: `$1` and `$2` are its shard and id. */
async function change(statement: string, id: string): Promise<void> {
  await world.database.for(shardOf(id)).execute(statement, [shardOf(id), id]);
}

async function openRecovery(browser: BrowserAgent, app = health): Promise<Page> {
  return (await browser.visit((await app.startSignIn(proof)).url)).follow('#recover');
}

/** The first contact, typed and not yet proven. */
async function typeContact(browser: BrowserAgent, contact: string): Promise<Page> {
  return (await openRecovery(browser)).fill({ identifier: contact }).press('#continue');
}

async function enterCode(page: Page, from: string): Promise<Page> {
  const code = (await listSent(from)).find((message) => message.code)?.code ?? '';
  pass(1);
  return page.fill({ code }).press('#continue');
}

/** Both contacts proven, in a new browser: from there the wait begins, or the account opens. */
async function proveBoth({ mail, phone }: Citizen, browser = world.browser()): Promise<Page> {
  const ways = await enterCode(await typeContact(browser, mail), mail);
  return enterCode(await ways.press('#send-second-code'), phone);
}

/** Newest first; of the same moment in any order. */
function listSent(address: string) {
  const kind = address.includes('@') ? 'email' : 'phone';
  return listMessages(world.database, world.house.secrets, { to: { kind, value: address }, limit: 100 });
}

async function messagesTo(address: string): Promise<string[]> {
  return (await listSent(address)).map(({ subject }) => subject);
}

async function cancelLink(address: string): Promise<string> {
  const found = (await listSent(address)).map(({ text }) => text.match(/http\S+\/recovery\/cancel\?token=[\w-]+/)?.[0]);
  return found.find((link) => link) ?? '';
}

async function isSignedIn(browser: BrowserAgent): Promise<boolean> {
  return (await browser.visit(`${world.issuer}/account`)).has('#sessions');
}

describe('with a printed code', () => {
  test('the owner comes back into the app they were on the way to; every sub, the consents and the passkeys stay', async () => {
    const sari = await citizen();
    const [code = ''] = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, sari.id));
    await givePasskey(world, sari.id);
    const before = world.browser();
    const first = await health.startSignIn();
    const atHealth = await signIn(await before.visit(first.url), sari.mail);
    const atTax = await tax.startSignIn();
    const subs = [
      (await health.finishSignIn(first, atHealth)).claims()?.sub,
      (await tax.finishSignIn(atTax, await allow(await before.visit(atTax.url)))).claims()?.sub,
    ];

    const browser = world.browser();
    const attempt = await health.startSignIn(proof);
    const page = await (await browser.visit(attempt.url)).follow('#recover');
    const codePage = await page.fill({ identifier: sari.mail }).press('#continue');
    const ways = await enterCode(codePage, sari.mail);
    const newWay = await ways.fill({ 'recovery-code': code.toLowerCase() }).press('#use-recovery-code');
    expect((await messagesTo(sari.phone))[0]).toBe('Kode pemulihan akun Lawang Anda dipakai');
    pass(1);
    const arrived = await newWay.fill({ password: newPassword }).press('#continue');

    // No consent is asked for: it is the same account.
    const tokens = await health.finishSignIn(attempt, arrived);
    expect(tokens.claims()).toMatchObject({ sub: subs[0], acr: 'aal1' });
    const again = await tax.startSignIn();
    expect((await tax.finishSignIn(again, await browser.visit(again.url))).claims()?.sub).toBe(subs[1]);
    expect(await isSignedIn(before)).toBe(false);
    const account = await browser.visit(`${world.issuer}/account`);
    expect(account.count('#passkeys [data-passkey]')).toBe(1);
    expect((await loadAccount(world.database, world.house.secrets, sari.id)).restrictedAt).toBeUndefined();
    for (const contact of [sari.mail, sari.phone])
      expect(await messagesTo(contact)).toContain('Akun Lawang Anda sudah dipulihkan');
    const oldWay = await signIn(await world.browser().visit((await health.startSignIn()).url), sari.mail, password);
    expect(oldWay.status).toBe(422);
  });

  test('a new passkey is made, and what the app is told of this sign-in is only what was shown: codes', async () => {
    const sari = await citizen();
    const [code = ''] = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, sari.id));
    const attempt = await health.startSignIn(proof);
    const page = await (await world.browser().visit(attempt.url)).follow('#recover');
    const ways = await enterCode(await page.fill({ identifier: sari.phone }).press('#continue'), sari.phone);
    const newWay = await ways.fill({ 'recovery-code': code }).press('#use-recovery-code');
    const device = new SoftwareAuthenticator();
    const credential = JSON.stringify(device.create(newWay.json('#passkey-options'), { origin: world.issuer }));
    const arrived = await allow(await newWay.fill({ credential }).press('#create-passkey'));
    const claims = (await health.finishSignIn(attempt, arrived)).claims();
    expect(claims?.acr).toBe('aal1');
    expect(claims?.amr).not.toContain('pop');
    expect(claims?.amr).not.toContain('mfa');
  });

  test('an app that asks for more gets it by the new passkey itself', async () => {
    const sari = await citizen();
    const [code = ''] = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, sari.id));
    const essential = { claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['aal2'] } } }) };
    const attempt = await health.startSignIn(essential);
    const page = await (await world.browser().visit(attempt.url)).follow('#recover');
    const ways = await enterCode(await page.fill({ identifier: sari.mail }).press('#continue'), sari.mail);
    const newWay = await ways.fill({ 'recovery-code': code }).press('#use-recovery-code');
    const device = new SoftwareAuthenticator();
    const credential = JSON.stringify(device.create(newWay.json('#passkey-options'), { origin: world.issuer }));
    const signInPage = await newWay.fill({ credential }).press('#create-passkey');
    const shown = JSON.stringify(device.get(signInPage.json('#passkey-options'), { origin: world.issuer }));
    const arrived = await allow(await signInPage.fill({ credential: shown }).press('#passkey'));
    expect((await health.finishSignIn(attempt, arrived)).claims()?.acr).toBe('aal2');
  });

  test('who cannot read any contact comes back by the password and a printed code, and by neither alone', async () => {
    const sari = await citizen();
    const [code = ''] = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, sari.id));
    await givePasskey(world, sari.id);
    const page = await (await typeContact(world.browser(), sari.mail)).follow('#lost-contact');
    const wrongPassword = await page.fill({ password: 'bukan ini', 'recovery-code': code }).press('#use-recovery-code');
    expect([wrongPassword.status, wrongPassword.has('#create-passkey')]).toEqual([422, false]);
    const wrongCode = await wrongPassword
      .fill({ password, 'recovery-code': 'AAAA-BBBB-CCCC-DDDD' })
      .press('#use-recovery-code');
    expect([wrongCode.status, wrongCode.has('#create-passkey')]).toEqual([422, false]);
    const newWay = await wrongCode.fill({ password, 'recovery-code': code }).press('#use-recovery-code');
    expect(newWay.has('#create-passkey')).toBe(true);
  });

  test('a lost authenticator app is removed where its owner says so, and asked for otherwise', async () => {
    for (const isLost of [true, false]) {
      const sari = await citizen();
      const { database, house } = world;
      await change(
        `insert into totp_keys (shard, account_id, sealed, created_at, confirmed_at, last_step)
         values ($1, $2, '\\x00', '2026-01-01', '2026-01-01', 1)`,
        sari.id,
      );
      const [code = ''] = await database.transaction((tx) => makeRecoveryCodes(tx, house.secrets, sari.id));
      const ways = await enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
      const newWay = await ways.fill({ 'recovery-code': code }).press('#use-recovery-code');
      if (isLost) newWay.tick('lost-app');
      const arrived = await allow(await newWay.fill({ password: newPassword }).press('#continue'));
      expect(arrived.url.searchParams.has('code')).toBe(true);
      expect(await hasTotp(database, sari.id)).toBe(!isLost);
      pass(60);
    }
  });

  test('who is signed in still, and asked to prove it again, comes back into the app too', async () => {
    const sari = await citizen();
    const [code = ''] = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, sari.id));
    const browser = world.browser();
    const page = await browser.visit(`${world.issuer}/account`);
    await page.fill({ identifier: sari.mail, password }).press('#sign-in');
    pass(60);
    const attempt = await health.startSignIn({ ...proof, prompt: 'login' });
    const recovery = await (await browser.visit(attempt.url)).follow('#recover');
    const ways = await enterCode(await recovery.fill({ identifier: sari.mail }).press('#continue'), sari.mail);
    const newWay = await ways.fill({ 'recovery-code': code }).press('#use-recovery-code');
    const arrived = await allow(await newWay.fill({ password: newPassword }).press('#continue'));
    expect((await health.finishSignIn(attempt, arrived)).claims()?.acr).toBe('aal1');
    expect(await isSignedIn(browser)).toBe(true);
  });

  test('a wrong, used or made-up code opens nothing, and the page goes on', async () => {
    const sari = await citizen();
    const [code = ''] = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, sari.id));
    const ways = await enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
    const refused = await ways.fill({ 'recovery-code': 'AAAA-BBBB-CCCC-DDDD' }).press('#use-recovery-code');
    expect(refused.status).toBe(422);
    expect(refused.attribute('#recovery-code', 'aria-invalid')).toBe('true');
    const newWay = await refused.fill({ 'recovery-code': code }).press('#use-recovery-code');
    expect(newWay.has('#create-passkey')).toBe(true);
    pass(1);
    const other = await enterCode(await typeContact(world.browser(), sari.phone), sari.phone);
    expect((await other.fill({ 'recovery-code': code }).press('#use-recovery-code')).status).toBe(422);
  });
});

describe('with two contacts', () => {
  test('waits a day, opens for who proves both again, and keeps what is verified shut', async () => {
    const sari = await citizen();
    const before = world.browser();
    await (await before.visit(`${world.issuer}/account`)).fill({ identifier: sari.mail, password }).press('#sign-in');
    const waiting = await proveBoth(sari);
    expect(waiting.has('#recovery-waiting')).toBe(true);
    expect(waiting.has('#send-second-code')).toBe(false);
    for (const contact of [sari.mail, sari.phone]) expect(await cancelLink(contact)).not.toBe('');
    expect(await isSignedIn(before)).toBe(true);

    pass(day - 60);
    expect((await enterCode(await typeContact(world.browser(), sari.mail), sari.mail)).has('#recovery-waiting')).toBe(
      true,
    );
    pass(61);
    const newWay = await proveBoth(sari);
    const arrived = await allow(await newWay.fill({ password: newPassword }).press('#continue'));
    expect(arrived.url.searchParams.has('code')).toBe(true);
    expect(await isSignedIn(before)).toBe(false);
    expect((await loadAccount(world.database, world.house.secrets, sari.id)).restrictedAt).toEqual(new Date());
    for (const contact of [sari.mail, sari.phone])
      expect(await messagesTo(contact)).toContain('Akun Lawang Anda sudah dipulihkan');
  });

  test('every app knows the person by the name from before, and asks for no consent again', async () => {
    const sari = await citizen();
    const subsIn = async (browser: BrowserAgent, secret: string) => {
      const subs = [];
      for (const app of [health, tax]) {
        const attempt = await app.startSignIn();
        const page = await browser.visit(attempt.url);
        const arrived = page.has('#password') ? await signIn(page, sari.mail, secret) : page;
        const asked = arrived.has('#consent-allow');
        subs.push([asked, (await app.finishSignIn(attempt, await allow(arrived))).claims()?.sub]);
      }
      return subs;
    };
    const before = await subsIn(world.browser(), password);
    await proveBoth(sari);
    pass(day);
    const newWay = await proveBoth(sari);
    await newWay.fill({ password: newPassword }).press('#continue');
    pass(1);
    expect(await subsIn(world.browser(), newPassword)).toEqual(before.map(([, sub]) => [false, sub]));
  });

  test('one contact alone gets nobody further, after the wait neither', async () => {
    const sari = await citizen();
    await proveBoth(sari);
    pass(day);
    const ways = await enterCode(await typeContact(world.browser(), sari.phone), sari.phone);
    const second = await ways.press('#send-second-code');
    const { code = '' } = await world.message(sari.mail);
    const wrong = code === '111111' ? '222222' : '111111';
    expect((await second.fill({ code: wrong }).press('#continue')).status).toBe(422);
  });

  test('a link in the notice cancels: looking at it does nothing, and any contact may', async () => {
    const sari = await citizen();
    await proveBoth(sari);
    const link = await cancelLink(sari.phone);
    const scanner = world.browser();
    for (let look = 0; look < 3; look += 1) expect((await scanner.visit(link)).has('#cancel-recovery')).toBe(true);
    expect((await scanner.post(link, { action: 'cancel-recovery' }, world.issuer)).status).toBe(403);
    const owner = world.browser();
    pass(1);
    const cancelled = await (await owner.visit(link)).press('#cancel-recovery');
    expect(cancelled.has('#recovery-cancelled')).toBe(true);
    expect(await isSignedIn(owner)).toBe(false);
    const { state } = await loadAccount(world.database, world.house.secrets, sari.id);
    expect(state).toBe('active');
    expect((await messagesTo(sari.mail))[0]).toBe('Pemulihan akun Lawang dibatalkan');
    pass(day);
    const ways = await enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
    expect(ways.has('#recovery-waiting')).toBe(false);
    expect(ways.has('#send-second-code')).toBe(true);
  });

  test('is closed after two that were cancelled; who has proven nothing sees no difference', async () => {
    const sari = await citizen();
    for (let round = 0; round < 2; round += 1) {
      await proveBoth(sari);
      await (await world.browser().visit(await cancelLink(sari.mail))).press('#cancel-recovery');
      pass(60);
    }
    const untouched = await typeContact(world.browser(), (await citizen()).mail);
    const codePage = await typeContact(world.browser(), sari.mail);
    expect(codePage.text('main').replace(sari.mail, '')).toBe(
      untouched.text('main').replace(/pulih-\d+@contoh.id/, ''),
    );
    const ways = await enterCode(codePage, sari.mail);
    expect(ways.has('#contacts-closed')).toBe(true);
    expect(ways.has('#send-second-code')).toBe(false);
    expect(ways.has('#use-recovery-code')).toBe(true);
  });

  test('a number that may be somebody else’s by now is told, and gets nothing that cancels', async () => {
    const sari = await citizen();
    const other = `lagi-${made}@contoh.id`;
    const contact = { kind: 'email', value: other } as const;
    await world.database.transaction((tx) =>
      confirmContact(tx, world.house.secrets, { accountId: sari.id, contact, device: Buffer.from('other') }),
    );
    pass(91 * day);
    const ways = await enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
    await enterCode(await ways.press('#send-second-code'), other);
    expect((await readRecoveries(world.database, sari.id)).waiting).toBeDefined();
    expect((await messagesTo(sari.phone)).join()).toContain('sedang dipulihkan');
    expect([await cancelLink(sari.phone), (await cancelLink(other)) !== '']).toEqual(['', true]);
  });

  test('whoever has proven one contact may cancel on the page', async () => {
    const sari = await citizen();
    await proveBoth(sari);
    pass(60);
    const ways = await enterCode(await typeContact(world.browser(), sari.phone), sari.phone);
    const cancelled = await ways.press('#cancel-recovery');
    expect(cancelled.has('#recovery-waiting')).toBe(false);
    expect(cancelled.has('#send-second-code')).toBe(true);
  });

  test('contacts of one device count as one, until one is older than a month', async () => {
    const sari = await citizen();
    await change(`update contacts set first_device = '\\x01' where shard = $1 and account_id = $2`, sari.id);
    const reach = async () => enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
    expect((await reach()).has('#no-second-contact')).toBe(true);
    pass(29 * day);
    expect((await reach()).has('#no-second-contact')).toBe(true);
    pass(2 * day);
    expect((await reach()).has('#send-second-code')).toBe(true);
  });

  test('a contact that others have too is neither the first nor the second', async () => {
    const sari = await citizen();
    await world.citizen(`keluarga-${made}@contoh.id`, {
      profile: { phone_number: sari.phone, phone_number_verified: true },
    });
    const ways = await enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
    expect(ways.has('#no-second-contact')).toBe(true);
    await typeContact(world.browser(), sari.phone);
    const { code, text } = await world.message(sari.phone);
    expect(code).toBeUndefined();
    expect(text).not.toMatch(/\d{6}/);
  });

  test('a number that nobody has proven for ninety days is told, and proves nothing', async () => {
    const sari = await citizen();
    await proveBoth(sari);
    pass(91 * day);
    const ways = await enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
    expect(ways.has('#no-second-contact')).toBe(true);
    await typeContact(world.browser(), sari.phone);
    expect((await world.message(sari.phone)).code).toBeUndefined();
  });

  test('an account that opens with passkeys alone is given none but a passkey', async () => {
    const sari = await citizen();
    await givePasskey(world, sari.id);
    await change('delete from passwords where shard = $1 and account_id = $2', sari.id);
    await proveBoth(sari);
    pass(day);
    const newWay = await proveBoth(sari);
    expect(newWay.has('#create-passkey')).toBe(true);
    expect(newWay.has('input[name=password]')).toBe(false);
    const csrf = newWay.value('csrf') ?? '';
    const forged = await world
      .browser()
      .post(newWay.url, { csrf, action: 'continue', password: newPassword }, world.issuer);
    expect(forged.status).toBeGreaterThanOrEqual(400);
  });

  test('does not open an account that was frozen meanwhile', async () => {
    const sari = await citizen();
    await proveBoth(sari);
    pass(day);
    const newWay = await proveBoth(sari);
    await setAccountState(world.database, sari.id, 'frozen');
    const refused = await newWay.fill({ password: newPassword }).press('#continue');
    expect(refused.status).toBe(403);
    expect((await loadAccount(world.database, world.house.secrets, sari.id)).restrictedAt).toBeUndefined();
  });
});

describe('after two contacts', () => {
  /** Somebody with evidence, a passkey and a sheet of codes of before, whose account two contacts have opened. */
  async function recovered() {
    const sari = await citizen();
    const { database, house } = world;
    const evidence = { accountId: sari.id, level: 'ial2', method: 'desk', recordedBy: 'uji' } as const;
    await database.transaction((tx) => recordEvidence(tx, evidence));
    const [code = ''] = await database.transaction((tx) => makeRecoveryCodes(tx, house.secrets, sari.id));
    await proveBoth(sari);
    pass(day);
    const newWay = await proveBoth(sari);
    const browser = world.browser();
    pass(1);
    await newWay.fill({ password: newPassword }).press('#continue');
    const page = await browser.visit(`${world.issuer}/account`);
    const account = await page.fill({ identifier: sari.mail, password: newPassword }).press('#sign-in');
    const post = (path: string, form: Record<string, string>) =>
      browser.post(`${world.issuer}${path}`, { csrf: account.value('csrf') ?? '', ...form }, world.issuer);
    return { sari, account, code, post };
  }

  test('the page says what is closed, and nothing that is proven of the person counts', async () => {
    const { sari, account } = await recovered();
    expect(account.has('#restricted')).toBe(true);
    expect(account.has('#identity')).toBe(false);
    expect(await identityAssurance(world.database, sari.id)).toBeUndefined();
  });

  test.each([
    ['an authenticator app over the owner’s ways', '/account/authenticator-app', { action: 'begin' }],
    ['new recovery codes, which void the owner’s', '/account/recovery-codes', { action: 'make' }],
    ['the end of the account', '/account/end', { action: 'close', sure: 'yes' }],
  ])('is refused: %s', async (_, path, form) => {
    const { sari, post } = await recovered();
    const refused = await post(path, form);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    const { state } = await loadAccount(world.database, world.house.secrets, sari.id);
    expect(state).toBe('active');
  });

  test('no app is a way round it: one that insists on a passkey has none made', async () => {
    const { sari } = await recovered();
    const essential = { claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'phr' } } }) };
    const browser = world.browser();
    const page = await browser.visit((await health.startSignIn(essential)).url);
    const answer = await page.fill({ identifier: sari.mail, password: newPassword }).press('#sign-in');
    expect(answer.has('#create-passkey')).toBe(false);
    expect(answer.status).toBe(403);
    expect(answer.text('#problems')).toContain('baru dipulihkan lewat dua kontak');
  });

  test('the owner’s passkey stays and signs in; the codes on the owner’s paper stay good', async () => {
    const sari = await citizen();
    const device = await givePasskey(world, sari.id);
    const { database, house } = world;
    const [code = ''] = await database.transaction((tx) => makeRecoveryCodes(tx, house.secrets, sari.id));
    await proveBoth(sari);
    pass(day);
    const newWay = await proveBoth(sari);
    pass(1);
    await newWay.fill({ password: newPassword }).press('#continue');
    const owner = world.browser();
    const page = await owner.visit(`${world.issuer}/account`);
    const shown = JSON.stringify(device.get(page.json('#passkey-options'), { origin: world.issuer }));
    const account = await page.fill({ credential: shown }).press('#passkey');
    expect(account.count('#passkeys [data-passkey]')).toBe(1);
    const refused = await account.press('#passkeys [data-passkey] button.stop');
    expect([refused.status, refused.text('#error-code')]).toEqual([403, 'account_restricted']);
    pass(1);
    const ways = await enterCode(await typeContact(world.browser(), sari.phone), sari.phone);
    expect((await ways.fill({ 'recovery-code': code }).press('#use-recovery-code')).has('#create-passkey')).toBe(true);
  });

  test('all is open again once somebody proves anew who the person is', async () => {
    const { sari, post } = await recovered();
    pass(1);
    const evidence = { accountId: sari.id, level: 'ial2', method: 'desk', recordedBy: 'uji' } as const;
    await world.database.transaction((tx) => recordEvidence(tx, evidence));
    expect(await identityAssurance(world.database, sari.id)).toBe('ial2');
    const account = await post('/account', { action: 'disconnect', client: 'nihil' });
    expect(account.has('#restricted')).toBe(false);
    expect(account.has('#identity')).toBe(true);
    expect((await post('/account/authenticator-app', { action: 'begin' })).status).toBe(200);
  });

  test('somebody who is signed in sees that a recovery waits, and cancels it', async () => {
    const sari = await citizen();
    await proveBoth(sari);
    pass(1);
    const page = await world.browser().visit(`${world.issuer}/account`);
    const account = await page.fill({ identifier: sari.mail, password }).press('#sign-in');
    expect(account.has('#recovering')).toBe(true);
    const cancelled = await account.press('#cancel-recovery');
    expect(cancelled.has('#recovering')).toBe(false);
    expect((await readRecoveries(world.database, sari.id)).waiting).toBeUndefined();
  });

  test('where an authenticator app stands behind the password, a password does not do', async () => {
    const sari = await citizen();
    await change(
      `insert into totp_keys (shard, account_id, sealed, created_at, confirmed_at, last_step)
       values ($1, $2, '\\x00', '2026-01-01', '2026-01-01', 1)`,
      sari.id,
    );
    await proveBoth(sari);
    pass(day);
    const newWay = await proveBoth(sari);
    expect(newWay.has('input[name=password]')).toBe(false);
    expect(newWay.has('#lost-app')).toBe(false);
  });
});

describe('each step needs the proof of the step before', () => {
  /** Presses that no page in front of the person offers. */
  const skips = [
    { action: 'use-recovery-code', 'recovery-code': 'AAAA-BBBB-CCCC-DDDD' },
    { action: 'send-second-code', contact: '1' },
    { action: 'send-second-code', contact: '2' },
    { action: 'cancel-recovery' },
    { action: 'continue', password: newPassword },
    { action: 'continue', code: '' },
    { action: 'create-passkey', credential: '{}' },
    // What every object has.
    { action: 'hasOwnProperty' },
    { action: '__defineGetter__' },
  ];

  async function hashOf({ id }: Citizen): Promise<unknown> {
    const query = 'select hash from passwords where shard = $1 and account_id = $2';
    return world.database.for(shardOf(id)).first(query, [shardOf(id), id]);
  }

  test.each(['sign-in', 'first code', 'ways', 'second code'] as const)(
    'from the step "%s" nothing opens that is not its own',
    async (at) => {
      const sari = await citizen();
      const old = await hashOf(sari);
      const browser = world.browser();
      let page = await openRecovery(browser);
      if (at !== 'sign-in') page = await page.fill({ identifier: sari.mail }).press('#continue');
      if (at === 'ways' || at === 'second code') page = await enterCode(page, sari.mail);
      if (at === 'second code') page = await page.press('#send-second-code');
      const address = page.url.href.replace(/\?.*/, '');
      for (const skip of skips) {
        if (at === 'ways' && skip.action === 'send-second-code') continue;
        const answer = await browser.post(address, { csrf: page.value('csrf') ?? '', ...skip }, world.issuer);
        expect([skip, answer.has('#create-passkey'), answer.status >= 500]).toEqual([skip, false, false]);
      }
      expect(await hashOf(sari)).toEqual(old);
      expect(await isSignedIn(browser)).toBe(false);
    },
  );

  test('a proof of one interaction is none in another, also of the same browser', async () => {
    const sari = await citizen();
    const browser = world.browser();
    await enterCode(await typeContact(browser, sari.mail), sari.mail);
    const other = await openRecovery(browser);
    const address = other.url.href.replace(/\?.*/, '');
    const csrf = other.value('csrf') ?? '';
    const answer = await browser.post(address, { csrf, action: 'send-second-code', contact: '1' }, world.issuer);
    expect(answer.has('input[name=code]')).toBe(false);
  });

  test('a code for signing in is none for a recovery, nor the other way round', async () => {
    const sari = await citizen();
    const browser = world.browser();
    const signInPage = await browser.visit((await health.startSignIn()).url);
    const signInCode = await signInPage.fill({ identifier: sari.mail }).press('#send-code');
    const { code: forSignIn = '' } = await world.message(sari.mail);
    pass(1);
    const entry = await browser.visit(`${signInCode.url.href}?page=recovery`);
    const recovery = await entry.fill({ identifier: sari.mail }).press('#continue');
    const { code: forRecovery = '' } = await world.message(sari.mail);
    expect(forRecovery).not.toBe(forSignIn);
    expect((await recovery.fill({ code: forSignIn }).press('#continue')).status).toBe(422);
    const back = await browser.visit((await health.startSignIn()).url);
    const again = await back.fill({ identifier: sari.mail }).press('#send-code');
    expect((await again.fill({ code: forRecovery }).press('#continue')).status).toBe(422);
  });

  test('a proof grows old: a quarter of an hour for a contact, five minutes for the last one', async () => {
    const sari = await citizen();
    const [code = ''] = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, sari.id));
    const ways = await enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
    pass(15 * 60 + 1);
    const stale = await ways.fill({ 'recovery-code': code }).press('#use-recovery-code');
    expect(stale.status).toBe(422);
    expect(stale.has('input[name=identifier]')).toBe(true);
    pass(60);
    const fresh = await enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
    const newWay = await fresh.fill({ 'recovery-code': code }).press('#use-recovery-code');
    pass(5 * 60 + 1);
    const late = await newWay.fill({ password: newPassword }).press('#continue');
    expect(late.status).toBe(422);
    expect(late.text('#problems')).toContain('terlalu lama');
  });

  test('the last step counts once, however many tabs press it', async () => {
    const sari = await citizen();
    const [code = ''] = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, sari.id));
    const ways = await enterCode(await typeContact(world.browser(), sari.mail), sari.mail);
    const newWay = await ways.fill({ 'recovery-code': code }).press('#use-recovery-code');
    const passwords = Array.from({ length: 8 }, (_, i) => `${newPassword} ${i}`);
    await Promise.all(passwords.map((secret) => newWay.fill({ password: secret }).press('#continue')));
    const events = await world.database
      .for(shardOf(sari.id))
      .query(`select 1 from account_events where shard = $1 and account_id = $2 and kind = 'account.recovered'`, [
        shardOf(sari.id),
        sari.id,
      ]);
    expect(events).toHaveLength(1);
  });

  test('of two browsers that have proven both contacts one completes the recovery', async () => {
    const sari = await citizen();
    await proveBoth(sari);
    pass(day);
    const one = await proveBoth(sari);
    pass(40);
    const two = await proveBoth(sari);
    const pages = await Promise.all([one, two].map((page) => page.fill({ password: newPassword }).press('#continue')));
    expect(pages.map(({ status }) => status).sort()).toEqual([200, 422]);
  });

  test('a link that was altered, or is of nobody, cancels nothing', async () => {
    const sari = await citizen();
    await proveBoth(sari);
    const link = new URL(await cancelLink(sari.mail));
    const token = link.searchParams.get('token') ?? '';
    const altered = `${token.slice(0, -3)}${token.endsWith('AAA') ? 'BBB' : 'AAA'}`;
    for (const text of ['', 'x', altered, newIdIn(0)]) {
      link.searchParams.set('token', text);
      expect((await world.browser().visit(link)).status).toBe(404);
    }
  });
});
