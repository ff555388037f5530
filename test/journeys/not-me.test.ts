/** "This wasn't me": where the link of a notice leads. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { parseIdentifier } from '#src/people/identifiers.ts';
import { listMessages, type SentMessage } from '#src/people/messages.ts';
import { sealNotMe } from '#src/people/not-me.ts';
import { setAccountState } from '#test/support/account-state.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let made = 0;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

interface Citizen {
  readonly id: string;
  readonly address: string;
  readonly phone: string;
}

async function newCitizen(): Promise<Citizen> {
  made += 1;
  const address = `warga-${made}@contoh.id`;
  const phone = `+62812000${String(made).padStart(5, '0')}`;
  const profile = { phone_number: phone, phone_number_verified: true };
  return { id: await world.citizen(address, { password, profile }), address, phone };
}

/** A citizen whose account somebody has added a passkey to; the thief is signed in, with an app. */
async function attacked() {
  const citizen = await newCitizen();
  const thief = world.browser();
  const page = await signIn(await thief.visit(`${world.issuer}/account`), citizen.address);
  const credential = new SoftwareAuthenticator().create(page.json('#passkey-options'), { origin: world.issuer });
  await page.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
  const app = await world.app({ clientId: 'pajak-daerah', scope: 'openid offline_access' });
  const attempt = await app.startSignIn({ prompt: 'consent' });
  const arrived = await (await thief.visit(attempt.url)).press('#consent-allow');
  return { ...citizen, thief, app, tokens: await app.finishSignIn(attempt, arrived) };
}

function sentTo(address: string): Promise<SentMessage[]> {
  const to = parseIdentifier(address);
  if (!to) throw new Error(`${address} is no address`);
  return listMessages(world.database, world.house.secrets, { to, limit: 100 });
}

const linkTo = async (address: string) => (await sentTo(address))[0]?.link ?? '';

async function eventsOf(id: string, kind: string): Promise<object[]> {
  const rows = await world.database.query<{ details: object }>(
    'select details from account_events where account_id = $1 and kind = $2',
    [id, kind],
  );
  return rows.map(({ details }) => details);
}

const stateOf = async (id: string) =>
  (await world.database.first<{ state: string }>('select state from accounts where id = $1', [id]))?.state;

/** How many rows of each table concern an account. */
async function traceOf(id: string): Promise<object> {
  const tables = ['sessions', 'grants', 'account_events', 'contacts', 'passkeys', 'passwords', 'recoveries'];
  const counts = tables.map(async (table) => [
    table,
    (await world.database.query(`select 1 from ${table} where account_id = $1`, [id])).length,
  ]);
  return { ...Object.fromEntries(await Promise.all(counts)), state: await stateOf(id) };
}

test('the button ends everything at once, freezes the account and tells every contact; nothing begins with it', async () => {
  const { id, address, phone, thief, app, tokens } = await attacked();
  const link = await linkTo(address);
  const page = await world.browser().visit(link);
  expect(page.status).toBe(200);
  expect(page.headers.get('referrer-policy')).toBe('same-origin');
  expect(page.headers.get('cache-control')).toBe('no-store');

  const done = await page.press('#freeze');
  expect(done.hops.map(({ method, status }) => [method, status])).toEqual([
    ['POST', 303],
    ['GET', 200],
  ]);
  expect(done.has('#frozen-done')).toBe(true);
  expect(done.has('form')).toBe(false);
  expect(await stateOf(id)).toBe('frozen');
  expect(await eventsOf(id, 'account.frozen')).toEqual([{ by: 'owner', reason: 'not-me' }]);
  await expect(app.userinfo(tokens.access_token)).rejects.toMatchObject({ status: 401 });
  await expect(app.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  expect((await thief.visit(`${world.issuer}/account`)).has('#sign-in')).toBe(true);
  for (const contact of [address, phone]) expect((await sentTo(contact))[0]?.subject).toMatch(/dibekukan/);
  expect(await traceOf(id)).toMatchObject({ sessions: 0, grants: 0, recoveries: 0, passkeys: 1, passwords: 1 });
});

test('programs find the link in the outbox of a sandbox', async () => {
  const { address } = await attacked();
  const { body } = await exchange(`${world.issuer}/sandbox/outbox.json?to=${address}`);
  const [message] = JSON.parse(body);
  expect(message).toMatchObject({ to: address, channel: 'email', link: await linkTo(address) });
  expect(message.text).toContain(message.link);
});

test('the phone got a link too, and whoever presses after the other sees what is done', async () => {
  const { id, address, phone } = await attacked();
  const [late, early] = [
    await world.browser().visit(await linkTo(phone)),
    await world.browser().visit(await linkTo(address)),
  ];
  await early.press('#freeze');
  expect((await late.press('#freeze')).has('#frozen-done')).toBe(true);
  expect((await world.browser().visit(late.url)).has('#frozen-done')).toBe(true);
  expect(await eventsOf(id, 'account.frozen')).toHaveLength(1);
});

test('fifty presses at once are one', async () => {
  const { id, address, phone } = await attacked();
  const link = await linkTo(address);
  const pages = await Promise.all(Array.from({ length: 50 }, () => world.browser().visit(link)));
  const answers = await Promise.all(pages.map((page) => page.press('#freeze')));
  // Some may be told that the server is busy, and may press again.
  expect(answers.filter((answer) => !answer.has('#frozen-done') && answer.status !== 503)).toEqual([]);
  expect(answers.some((answer) => answer.has('#frozen-done'))).toBe(true);
  expect(await eventsOf(id, 'account.frozen')).toHaveLength(1);
  for (const contact of [address, phone])
    expect((await sentTo(contact)).filter(({ subject }) => /dibekukan/.test(subject))).toHaveLength(1);
});

test('a scanner that opens every link of every message changes nothing', async () => {
  const { id, address, phone } = await attacked();
  const before = await traceOf(id);
  const messages = [...(await sentTo(address)), ...(await sentTo(phone))];
  const links = messages.flatMap(({ text }) => text.match(/https?:\/\/\S+/g) ?? []);
  expect(links.filter((link) => link.includes('/not-me?'))).toHaveLength(2);
  const [counted] = await world.database.query<{ count: string }>('select count(*) from outbox');
  for (const link of links)
    for (const method of ['GET', 'HEAD', 'GET']) {
      const { status } = await exchange(link, { method, headers: { accept: 'text/html' } });
      expect(status).toBeLessThan(400);
    }
  expect(await traceOf(id)).toEqual(before);
  expect(await world.database.query('select count(*) from outbox')).toEqual([counted]);
});

test('a post from elsewhere, or from a browser that has not seen the page, changes nothing', async () => {
  const { id, address } = await attacked();
  const link = new URL(await linkTo(address));
  const token = link.searchParams.get('token') ?? '';
  const stranger = world.browser();
  expect((await stranger.post(`${world.issuer}/not-me`, { token }, world.issuer)).text('#error-code')).toBe(
    'csrf_mismatch',
  );
  const page = await stranger.visit(link);
  const form = { csrf: page.value('csrf') ?? '', token };
  expect((await stranger.post(`${world.issuer}/not-me`, form, 'https://jahat.example')).status).toBe(403);
  expect(await stateOf(id)).toBe('active');
});

test('a link that is not ours, was altered, is too old, or whose account is gone leads to a sentence', async () => {
  const { id } = await newCitizen();
  const { secrets } = world.house;
  const token = sealNotMe(secrets, { accountId: id, at: new Date() });
  const old = sealNotMe(secrets, { accountId: id, at: new Date(Date.now() - 31 * 24 * 3600 * 1000) });
  const nobody = sealNotMe(secrets, { accountId: crypto.randomUUID(), at: new Date() });
  // In the middle: the last character has bits that say nothing.
  const half = token.length >> 1;
  const altered = `${token.slice(0, half)}${token[half] === 'z' ? 'y' : 'z'}${token.slice(half + 1)}`;
  for (const odd of ['', 'x', altered, old, nobody]) {
    const page = await world.browser().visit(`${world.issuer}/not-me?token=${odd}`);
    expect([page.status, page.text('#error-code')]).toEqual([410, 'notice_over']);
  }
  expect((await world.browser().visit(`${world.issuer}/not-me?token=a&token=b`)).status).toBe(410);
});

test('an account that may not be used already has nothing to press', async () => {
  const { id } = await newCitizen();
  await setAccountState(world.database, id, 'disabled');
  const token = sealNotMe(world.house.secrets, { accountId: id, at: new Date() });
  const page = await world.browser().visit(`${world.issuer}/not-me?token=${token}`);
  expect(page.has('#frozen-done')).toBe(true);
  expect(page.has('#freeze')).toBe(false);
});

test('both pages speak the language of their reader', async () => {
  const { address } = await attacked();
  const link = await linkTo(address);
  const page = await world.browser({ language: 'en' }).visit(link);
  expect(page.text('h1')).toBe('Was this not you?');
  const switched = await page.follow({ text: 'Indonesia' });
  expect(switched.text('#freeze')).toBe('Bekukan akun');
  expect((await switched.press('#freeze')).text('h1')).toBe('Akun ini tidak bisa dipakai siapa pun');
});

test('a number that nobody has proven for 90 days is told, but cannot freeze the account', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const citizen = await newCitizen();
  vi.setSystemTime(Date.now() + 91 * 24 * 3600 * 1000);
  const page = await signIn(await world.browser().visit(`${world.issuer}/account`), citizen.address);
  // The sign-in is told as well, a moment before.
  vi.setSystemTime(Date.now() + 1_000);
  const credential = new SoftwareAuthenticator().create(page.json('#passkey-options'), { origin: world.issuer });
  await page.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
  const messages = await sentTo(citizen.phone);
  expect(messages.map(({ text }) => text).filter((text) => text.includes('Kunci sandi baru'))).toHaveLength(1);
  for (const { text } of messages) expect(text).not.toContain('not-me');
  expect((await sentTo(citizen.address))[0]?.text).toContain('not-me');
});

test('links name the issuer whatever a request says, and no log knows their tokens', async () => {
  const citizen = await newCitizen();
  const forged = { host: 'jahat.example', 'x-forwarded-host': 'jahat.example' };
  const browser = world.browser({ headers: forged });
  const page = await signIn(await browser.visit(`${world.issuer}/account`), citizen.address);
  const credential = new SoftwareAuthenticator().create(page.json('#passkey-options'), { origin: world.issuer });
  await page.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
  const [message] = await sentTo(citizen.address);
  const links = message?.text.match(/https?:\/\/\S+/g) ?? [];
  expect(links.length).toBeGreaterThan(1);
  for (const link of links) expect(new URL(link).origin).toBe(world.issuer);
  await world.browser({ headers: forged }).visit(message?.link ?? '');
  const token = new URL(message?.link ?? '').searchParams.get('token') ?? '';
  expect(world.log.join('')).toContain('"/not-me"');
  expect(world.log.join('')).not.toContain(token);
});
