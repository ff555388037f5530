/**
 * Twelve ways in which somebody tries to become somebody else, each with real parts: a software authenticator, the messages
 * that were sent, a clock that moves. In each the thief ends with no session, no token and nothing changed, and the owner
 * gets in afterwards under the same number at every app.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { setUpApp } from '#test/support/authenticator-app.ts';
import { type BrowserAgent, exchange, type Page } from '#test/support/browser-agent.ts';
import { openWorld, password, type World } from '#test/support/world.ts';
import { byPasskey, byPassword, Cast, DAY, guessCodes, type Owner, pass } from './cast.ts';

let world: World;
let cast: Cast;

beforeAll(async () => {
  world = await openWorld();
  cast = await Cast.open(world);
});

afterAll(() => world?.[Symbol.asyncDispose]());

beforeEach(() => {
  // In the middle of a step of an authenticator app.
  vi.useFakeTimers({ toFake: ['Date'], now: Math.floor(Date.now() / 30_000) * 30_000 + 15_000 });
});

afterEach(() => vi.useRealTimers());

const newPassword = 'rumput tetangga selalu hijau';

/** Moves a thief's browser to where somebody else's is: every cookie that was there. */
function steal(from: BrowserAgent): BrowserAgent {
  const thief = world.browser();
  for (const cookie of from.cookies.all) thief.cookies.put(cookie);
  return thief;
}

async function expectRefused(answer: Promise<Page>, status = 422): Promise<void> {
  expect((await answer).status).toBe(status);
}

test('1. a recycled number: who has it now gets no code, for signing in or for a recovery', async () => {
  const owner = await cast.owner();
  pass(91 * DAY);
  await cast.attack(owner, async (stranger) => {
    await guessCodes(await cast.askForCode(stranger, owner.phone));
    expect(await cast.newestHasCode(owner.phone)).toBe(false);
    pass(60);
    await guessCodes(await cast.recover(stranger, owner.phone));
    expect(await cast.newestHasCode(owner.phone)).toBe(false);
  });
  await cast.expectAtHome(owner, byPassword(owner.phone));
});

test('2. a swapped SIM: its messages open nothing beside a passkey, and one contact recovers nothing', async () => {
  const owner = await cast.owner({ passkey: true, sheet: true });
  pass(31 * DAY);
  await cast.attack(owner, async (thief) => {
    await guessCodes(await cast.askForCode(thief, owner.phone));
    expect(await cast.newestHasCode(owner.phone)).toBe(false);
    for (const wait of [60, DAY]) {
      pass(wait);
      const ways = await cast.proveInRecovery(thief, owner.phone);
      expect(ways.has('#use-recovery-code')).toBe(true);
      await expectRefused(ways.fill({ 'recovery-code': 'AAAA-BBBB-CCCC-DDDD' }).press('#use-recovery-code'));
      await guessCodes(await ways.press('#send-second-code'));
    }
  });
  await cast.expectAtHome(owner, byPasskey(owner.device));
});

test('3. a thief with the phone: contacts of one phone are one, and its passkey asks for the finger', async () => {
  const owner = await cast.owner({ passkey: true });
  await cast.enter(owner.browser, byPasskey(owner.device));
  const thief = steal(owner.browser);
  pass(DAY);
  const play = async () => {
    await expectRefused(byPasskey(owner.device, { userVerified: false })(await cast.signInPage(thief)));
    // The lock screen shows every message that arrives.
    for (const contact of [owner.mail, owner.phone]) {
      await cast.askForCode(thief, contact);
      expect(await cast.newestHasCode(contact)).toBe(false);
      pass(60);
      const ways = await cast.proveInRecovery(thief, contact);
      expect([ways.has('#use-recovery-code'), ways.has('#send-second-code')]).toEqual([true, false]);
      pass(60);
    }
  };
  await cast.attack(owner, play, thief);
  await cast.expectAtHome(owner, byPasskey(owner.device));
});

test('4. a former partner: what they knew, added and share is worth nothing once the owner has cleared up', async () => {
  const owner = await cast.owner({ passkey: true });
  const partner = world.browser();
  const theirs = new SoftwareAuthenticator({ synced: true });
  await byPassword(owner.mail)(await cast.visit(partner, '/account'));
  // Beside the owner's passkey a password alone adds nothing, so it was done on the owner's open phone.
  await byPasskey(owner.device)(await cast.visit(owner.browser, '/account/confirm'));
  await cast.addPasskey(owner.browser, theirs);
  await world.citizen('mantan@contoh.id', { profile: { phone_number: owner.phone, phone_number_verified: true } });
  pass(20 * 60);

  expect((await cast.sentTo(owner.mail)).some(({ subject }) => subject.startsWith('Kunci sandi baru'))).toBe(true);
  const home = world.browser();
  const account = await byPasskey(owner.device)(await cast.visit(home, '/account'));
  const { credentials } = theirs;
  await account.press(`[data-passkey="${credentials[0]?.id}"] button[value=remove-passkey]`);
  const form = await cast.visit(home, '/account/password');
  await form.fill({ 'current-password': password, 'new-password': newPassword }).press('#save');
  pass(60);

  const play = async () => {
    await expectRefused(byPassword(owner.mail)(await cast.signInPage(partner)));
    await expectRefused(byPasskey(theirs)(await cast.signInPage(partner)));
    await cast.askForCode(partner, owner.phone);
    expect(await cast.newestHasCode(owner.phone)).toBe(false);
    await cast.recover(partner, owner.phone);
    expect(await cast.newestHasCode(owner.phone)).toBe(false);
  };
  await cast.attack(owner, play, partner);
  await cast.expectAtHome(owner, byPassword(owner.mail, newPassword));
});

test('5. a phished password, and a code that was phished with it: the code counted once', async () => {
  const owner = await cast.owner({ sheet: true });
  const phone = await setUpApp(world, owner.id);
  pass(2 * DAY);
  const shown = phone.showAt(0);
  const withApp = (code: string) => async (page: Page) =>
    (await byPassword(owner.mail)(page)).fill({ code }).press('#continue');
  expect(await cast.enter(world.browser(), withApp(shown))).toEqual(owner.subs);

  await cast.attack(owner, async (thief) => {
    const asked = await byPassword(owner.mail)(await cast.signInPage(thief));
    expect([asked.has('#code'), asked.has('#skip-second-factor')]).toEqual([true, false]);
    await expectRefused(asked.fill({ code: shown }).press('#continue'));
    await expectRefused(asked.fill({ code: phone.showAt(-60) }).press('#continue'));
    const csrf = asked.value('csrf') ?? '';
    await thief.post(asked.url, { csrf, action: 'skip-second-factor' }, world.issuer);
    await thief.post(asked.url, { csrf, action: 'allow' }, world.issuer);
    const lost = await (await cast.recover(thief, owner.mail)).follow('#lost-contact');
    await expectRefused(lost.fill({ password, 'recovery-code': 'AAAA-BBBB-CCCC-DDDD' }).press('#use-recovery-code'));
  });
  pass(60);
  await cast.expectAtHome(owner, withApp(phone.showAt(0)));
});

test('6. a sign-up that somebody began before the owner of the address did: it is nobody’s until a code says so', async () => {
  const mail = 'belum-ada@contoh.id';
  const attacker = await cast.owner();
  const early = world.browser();
  const open = await cast.askForCode(early, mail);
  const csrf = open.value('csrf') ?? '';
  // Without the code there is no name page and no account, whatever is posted.
  for (const form of [{ action: 'continue', name: 'Saya', password: newPassword }, { action: 'create-passkey' }])
    await early.post(open.url, { csrf, ...form }, world.issuer);
  pass(60);
  const page = await byPassword(attacker.mail)(await cast.visit(attacker.browser, '/account/contacts'));
  const asked = await page.fill({ address: mail }).tick('signs-in').press('#add');
  pass(60);

  const victim = world.browser();
  await expectRefused(victim.visit(open.url), 400);
  const codePage = await cast.askForCode(victim, mail);
  const named = await codePage.fill({ code: await cast.codeTo(mail) }).press('#continue');
  await named.fill({ name: 'Pemilik Sebenarnya', password: newPassword }).press('#continue');
  const subs = await cast.enter(victim, byPassword(mail, newPassword));
  const row = await world.database.first<{ id: string }>(
    'select account_id as id from contacts where account_id <> $1 order by created_at desc limit 1',
    [attacker.id],
  );
  const owner: Owner = { ...attacker, id: row?.id ?? '', mail, subs };
  expect(subs).not.toEqual(attacker.subs);

  await cast.attack(
    owner,
    async () => {
      await guessCodes(open);
      await guessCodes(asked);
      await expectRefused(byPassword(mail)(await cast.signInPage(early)));
    },
    early,
  );
  const contacts = await cast.visit(attacker.browser, '/account/contacts');
  expect(contacts.has(`[data-contact="${mail}"]`)).toBe(false);
  expect(await cast.enter(world.browser(), byPassword(attacker.mail))).toEqual(attacker.subs);
  await cast.expectAtHome(owner, byPassword(mail, newPassword));
});

test('7. stuffing: a stolen list with the right password in it, tried from many networks', async () => {
  const settings = { RATE_LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.0/8', LIMITS: 'password_in_all=12/60' };
  await using stuffed = await openWorld({ settings });
  const there = await Cast.open(stuffed);
  const owner = await there.owner({ passkey: true });
  const from = (network: number) => stuffed.browser({ headers: { 'x-forwarded-for': `198.18.${network}.1` } });
  const list = Array.from({ length: 20 }, (_, i) => [`korban-${i}@contoh.id`, 'dicuri dari tempat lain'] as const);
  const last = from(99);
  const play = async () => {
    for (const [i, [who, secret]] of list.entries()) await byPassword(who, secret)(await there.signInPage(from(i)));
    await expectRefused(byPassword(owner.mail)(await there.signInPage(last)), 429);
  };
  await there.attack(owner, play, last);
  // Meanwhile the owner waits nowhere: not where they were before, and not with the passkey.
  expect(await there.enter(owner.browser, byPassword(owner.mail))).toEqual(owner.subs);
  await there.expectAtHome(owner, byPasskey(owner.device));
});

test('8. a stolen cookie changes nothing, and is worth nothing after the owner’s next proof', async () => {
  const owner = await cast.owner({ passkey: true, sheet: true });
  const account = await byPasskey(owner.device)(await cast.visit(owner.browser, '/account/confirm'));
  const thief = steal(owner.browser);
  const before = await cast.traceOf(owner);
  const csrf = account.value('csrf') ?? '';
  const credential = JSON.stringify(
    new SoftwareAuthenticator().create(account.json('#passkey-options'), { origin: world.issuer }),
  );
  pass(6 * 60);
  const tries: [string, Record<string, string>][] = [
    ['/account', { action: 'add-passkey', credential }],
    ['/account', { action: 'keep-passkey', credential }],
    ['/account', { action: 'remove-passkey', passkey: owner.device.credentials[0]?.id ?? '' }],
    ['/account/password', { action: 'save', 'current-password': password, 'new-password': newPassword }],
    ['/account/password', { action: 'switch-off' }],
    ['/account/contacts', { action: 'add', address: 'pencuri@contoh.id', 'signs-in': 'yes' }],
    ['/account/contacts', { action: 'remove', contact: owner.mail }],
    ['/account/authenticator-app', { action: 'begin' }],
    ['/account/recovery-codes', { action: 'make' }],
    ['/account/end', { action: 'close', understood: 'yes' }],
  ];
  for (const [path, form] of tries) await thief.post(`${world.issuer}${path}`, { csrf, ...form }, world.issuer);
  await world.database.settle();
  expect(await cast.traceOf(owner)).toEqual(before);

  await byPasskey(owner.device)(await cast.visit(owner.browser, '/account/confirm'));
  await cast.attack(owner, async () => undefined, thief);
  const again = steal(owner.browser);
  await (await cast.visit(owner.browser, '/logout')).press('#logout-yes');
  await cast.attack(owner, async () => undefined, again);
  await cast.expectAtHome(owner, byPasskey(owner.device));
});

test('9. a mail scanner that opens every link of every message, and presses what it can', async () => {
  const owner = await cast.owner({ passkey: true, sheet: true });
  pass(31 * DAY);
  const lost = world.browser();
  const ways = await cast.proveInRecovery(lost, owner.mail);
  const second = await ways.press('#send-second-code');
  await second.fill({ code: await cast.codeTo(owner.phone) }).press('#continue');
  const messages = [...(await cast.sentTo(owner.mail)), ...(await cast.sentTo(owner.phone))];
  const links = [...new Set(messages.flatMap(({ text }) => text.match(/https?:\/\/\S+/g) ?? []))];
  expect(links.some((link) => link.includes('/not-me?'))).toBe(true);
  expect(links.some((link) => link.includes('/recovery/cancel?'))).toBe(true);
  await cast.attack(owner, async (scanner) => {
    for (const link of [...links, ...links]) {
      await scanner.visit(link);
      await exchange(link, { method: 'HEAD' });
      await exchange(link, { method: 'POST' });
      for (const action of ['freeze', 'cancel-recovery'])
        await world.browser().post(link, { action, token: new URL(link).searchParams.get('token') ?? '' });
    }
  });
  await cast.expectAtHome(owner, byPasskey(owner.device));
});

test('10. a phone that others use: ten minutes later nothing of the owner is on it, and the family’s number proves nothing', async () => {
  const owner = await cast.owner();
  const family = world.browser();
  const page = (await cast.visit(family, '/account')).tick('shared-device');
  const account = await byPassword(owner.mail)(page);
  expect([account.has('#passkey-card'), account.has('#quiet-passkey')]).toEqual([false, false]);
  await world.citizen('adik@contoh.id', { profile: { phone_number: owner.phone, phone_number_verified: true } });
  pass(11 * 60);
  const play = async () => {
    await cast.recover(family, owner.phone);
    expect(await cast.newestHasCode(owner.phone)).toBe(false);
  };
  await cast.attack(owner, play, family);
  await cast.expectAtHome(owner, byPassword(owner.mail));
});

test('11. a look-alike origin that passes everything on: what the owner’s device signs there is good for nothing here', async () => {
  const owner = await cast.owner({ passkey: true });
  await cast.attack(owner, async (relay) => {
    const port = new URL(world.issuer).port;
    const lookAlikes = [
      'https://lawang.example',
      `http://localhost.lawang.example:${port}`,
      `http://localhost:1${port}`,
    ];
    for (const origin of lookAlikes)
      await expectRefused(byPasskey(owner.device, { origin })(await cast.signInPage(relay)));
    await expectRefused(byPasskey(owner.device, { rpId: 'lawang.example' })(await cast.signInPage(relay)));
    await expectRefused(byPasskey(owner.device, { crossOrigin: true })(await cast.signInPage(relay)));
    // An honest answer on the owner's own page, carried over to the thief's.
    const honest = await cast.signInPage(world.browser());
    const credential = owner.device.get(honest.json('#passkey-options'), { origin: world.issuer });
    const page = await cast.signInPage(relay);
    await expectRefused(page.fill({ credential: JSON.stringify(credential) }).press('#passkey'));
  });
  await cast.expectAtHome(owner, byPasskey(owner.device));
});

test('12. a recovery that was watched, and is played again: its codes, its last step and its pages are spent', async () => {
  const owner = await cast.owner({ sheet: true });
  const [code = ''] = owner.codes;
  const browser = world.browser();
  const codePage = await cast.recover(browser, owner.mail);
  const mailed = await cast.codeTo(owner.mail);
  const ways = await codePage.fill({ code: mailed }).press('#continue');
  const newWay = await ways.fill({ 'recovery-code': code }).press('#use-recovery-code');
  const watcher = steal(browser);
  await newWay.fill({ password: newPassword }).press('#continue');
  pass(60);

  await cast.attack(
    owner,
    async () => {
      const csrf = newWay.value('csrf') ?? '';
      const steps = [
        { action: 'continue', code: mailed },
        { action: 'use-recovery-code', 'recovery-code': code },
        { action: 'continue', password: 'jahat sekali tetapi panjang' },
      ];
      for (const form of steps) await watcher.post(newWay.url, { csrf, ...form }, world.issuer);
      const other = world.browser();
      const again = await cast.recover(other, owner.mail);
      await expectRefused(again.fill({ code: mailed }).press('#continue'));
      const skipped = {
        csrf: again.value('csrf') ?? '',
        action: 'use-recovery-code',
        'recovery-code': owner.codes[1] ?? '',
      };
      await other.post(again.url, skipped, world.issuer);
      pass(60);
      const proven = await cast.proveInRecovery(world.browser(), owner.mail);
      await expectRefused(proven.fill({ 'recovery-code': code }).press('#use-recovery-code'));
    },
    watcher,
  );
  await expectRefused(byPassword(owner.mail)(await cast.signInPage(world.browser())));
  await cast.expectAtHome(owner, byPassword(owner.mail, newPassword));
});
