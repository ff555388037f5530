/** `/account/contacts` over HTTP, without JavaScript. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { parseIdentifier } from '#src/people/identifiers.ts';
import { listMessages, type SentMessage } from '#src/people/messages.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { setPassword } from '#test/support/passwords.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let made = 0;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world?.[Symbol.asyncDispose]());

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});

afterEach(() => vi.useRealTimers());

const DAY = 24 * 3600 * 1000;
const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);

interface Citizen {
  readonly id: string;
  readonly address: string;
  readonly browser: BrowserAgent;
}

/** Somebody whose password is a day old, so that it may remove what came before it. */
async function newCitizen(profile: object = {}): Promise<Citizen> {
  made += 1;
  const address = `kontak-${made}@contoh.id`;
  const id = await world.citizen(address, { password, profile });
  pass(DAY);
  return { id, address, browser: world.browser() };
}

function newNumber(): string {
  made += 1;
  return `+62814000${String(made).padStart(5, '0')}`;
}

async function openContacts({ browser, address }: Citizen): Promise<Page> {
  const page = await browser.visit(`${world.issuer}/account/contacts`);
  const opened = page.has('#sign-in') ? await signIn(page, address) : page;
  // What is told of a sign-in is older than what comes next.
  pass(1_000);
  return opened;
}

function sentTo(address: string): Promise<SentMessage[]> {
  const to = parseIdentifier(address);
  if (!to) throw new Error(`${address} is no address`);
  return listMessages(world.database, world.house.secrets, { to, limit: 100 });
}

const codeTo = async (address: string) => (await sentTo(address))[0]?.code ?? '';

async function add(citizen: Citizen, typed: string, { signIn: toSignIn = false } = {}): Promise<Page> {
  const page = (await openContacts(citizen)).fill({ address: typed });
  if (toSignIn) page.tick('signs-in');
  const asked = await page.press('#add');
  return asked.fill({ code: await codeTo(typed) }).press('#continue');
}

const row = (address: string) => `[data-contact="${address}"]`;

function pressIn(page: Page, address: string, value: string): Promise<Page> {
  pass(1_000);
  return page.press(`${row(address)} button[value="${value}"]`);
}

test('a number typed any way is added by a code; every contact that was there is told, and apps get it', async () => {
  const citizen = await newCitizen();
  const number = newNumber();
  const typed = `0${number.slice(3, 6)} ${number.slice(6, 10)}-${number.slice(10)}`;
  const asked = await (await openContacts(citizen)).fill({ address: typed }).press('#add');
  expect(asked.hops.map(({ method, status }) => [method, status])).toEqual([
    ['POST', 303],
    ['GET', 200],
  ]);
  expect(asked.url.search).not.toContain(number.slice(3));
  expect((await sentTo(number))[0]?.text).toMatch(/@localhost #\d{6}$/);
  const done = await asked.fill({ code: await codeTo(number) }).press('#continue');
  expect(done.text('.notice')).toBe('Kontak ditambahkan.');
  expect(done.text(row(number))).toContain('Diberikan kepada layanan');
  const [told] = await sentTo(citizen.address);
  expect(told?.subject).toMatch(/^Kontak baru/);
  expect(told?.link).toContain('/not-me?token=');
  // The new one knows.
  expect(await sentTo(number)).toHaveLength(1);
});

test('a wrong code says so and leaves a way on; another one can be sent', async () => {
  const citizen = await newCitizen();
  const number = newNumber();
  const asked = await (await openContacts(citizen)).fill({ address: number }).press('#add');
  const code = await codeTo(number);
  const wrong = await asked.fill({ code: code === '000000' ? '000001' : '000000' }).press('#continue');
  expect([wrong.status, wrong.has('#code-problem')]).toEqual([422, true]);
  expect((await wrong.press('#resend')).status).toBe(429);
  pass(31_000);
  const again = await wrong.press('#resend');
  const done = await again.fill({ code: await codeTo(number) }).press('#continue');
  expect(done.has(row(number))).toBe(true);
});

test('until the code is right, an address looks the same whether it is free, shared, or another account’s', async () => {
  const citizen = await newCitizen();
  const [free, taken, shared] = [newNumber(), newNumber(), newNumber()];
  await world.citizen(taken);
  await newCitizen({ phone_number: shared, phone_number_verified: true });
  const seen = [];
  for (const address of [free, taken, shared]) {
    const page = await openContacts(citizen);
    page.fill({ address: address }).tick('signs-in');
    let asked = page;
    const sent = await world.sentFor(async () => {
      asked = await page.press('#add');
    });
    const statements = sent.map(({ text }) => text);
    const messages = (await sentTo(address)).map(({ text, code = '' }) => text.replaceAll(code, 'X'));
    seen.push({ status: asked.status, main: asked.text('main').replaceAll(address, 'X'), statements, messages });
    pass(31_000);
  }
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
});

test('many presses at once with the right code add one contact and tell of it once; so do many that remove it', async () => {
  const citizen = await newCitizen();
  const number = newNumber();
  const asked = await (await openContacts(citizen)).fill({ address: number }).press('#add');
  const form = { csrf: asked.value('csrf') ?? '', action: 'continue', code: await codeTo(number) };
  // Each holds a connection while it waits for the first; more would be told that the server is busy.
  const many = world.house.config.databaseConnections;
  const press = (at: URL, fields: Record<string, string>) =>
    Promise.all(Array.from({ length: many }, () => citizen.browser.post(at, fields, world.issuer)));
  const told = async (subject: RegExp) =>
    (await sentTo(citizen.address)).filter((message) => subject.test(message.subject)).length;

  const answers = await press(asked.url, form);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(await told(/^Kontak baru/)).toBe(1);
  const page = await openContacts(citizen);
  expect(page.attributes('[data-contact]', 'data-contact')).toEqual([citizen.address, number]);
  const removals = await press(page.url, { csrf: page.value('csrf') ?? '', action: 'remove', contact: number });
  expect(removals.filter(({ status }) => status === 200)).toHaveLength(many);
  expect(await told(/^Kontak dihapus/)).toBe(1);
});

test('a sign-up keeps the browser in which its address was proven, but not one that others use', async () => {
  for (const shared of [false, true]) {
    const address = `daftar-${shared}@contoh.id`;
    const browser = world.browser();
    const page = await (await browser.visit((await (await world.app()).startSignIn()).url)).follow('#sign-up');
    page.fill({ identifier: address });
    if (shared) page.tick('shared-device');
    const asked = await page.press('#continue');
    const named = await asked.fill({ code: await codeTo(address) }).press('#continue');
    await named.fill({ name: 'Daftar', password: 'empat kata acak baru' }).press('#continue');
    const [contact] = await world.database.query<{ first_device: Buffer | null; device_hash: Buffer | null }>(
      `select c.first_device, d.device_hash from identifiers i join contacts c on c.account_id = i.account_id
       left join devices d on d.account_id = i.account_id where i.value_index = $1`,
      [world.house.secrets.index('email', address)],
    );
    expect(contact?.first_device ?? null).toEqual(contact?.device_hash ?? null);
    expect(contact?.first_device === null).toBe(shared);
  }
});

test('another account’s address is refused to who holds it, by a sentence that names nobody; as a contact it may be shared', async () => {
  const citizen = await newCitizen();
  const mother = await newCitizen();
  const family = newNumber();
  await add(mother, family, { signIn: true });
  const refused = await add(citizen, family, { signIn: true });
  expect(refused.status).toBe(422);
  expect(refused.text('#problems')).toContain('sudah dipakai untuk masuk ke akun lain');
  expect(refused.has(row(family))).toBe(false);
  pass(31_000);
  const done = await add(citizen, family);
  expect(done.text(row(family))).toContain('Akun lain juga memakainya');
  expect(done.text(row(family))).not.toContain('Untuk masuk');
});

test('one signs in with a new address, and no more with one that was taken off', async () => {
  const citizen = await newCitizen();
  const number = newNumber();
  const done = await add(citizen, number, { signIn: true });
  expect(done.text(row(number))).toContain('Untuk masuk');
  expect((await sentTo(citizen.address))[0]?.subject).toMatch(/^Alamat masuk baru/);
  const byNumber = await signIn(await world.browser().visit(`${world.issuer}/account`), number);
  expect(byNumber.has('#person')).toBe(true);
  const early = await pressIn(await openContacts(citizen), citizen.address, 'stop-signing-in');
  expect([early.status, early.text('#problems')]).toEqual([422, expect.stringContaining('baru ditambahkan hari ini')]);
  pass(DAY);
  const left = await pressIn(await openContacts(citizen), citizen.address, 'stop-signing-in');
  expect(left.text('.notice')).toContain('tidak lagi dipakai untuk masuk');
  const refused = await signIn(await world.browser().visit(`${world.issuer}/account`), citizen.address);
  expect(refused.status).toBe(422);
});

test('a contact that is removed is told, and can still freeze the account', async () => {
  const citizen = await newCitizen();
  const other = `lain-${citizen.address}`;
  await add(citizen, other);
  const done = await pressIn(await openContacts(citizen), other, 'remove');
  expect(done.has(row(other))).toBe(false);
  for (const contact of [other, citizen.address])
    expect((await sentTo(contact))[0]?.subject).toMatch(/^Kontak dihapus/);
  const frozen = await (await world.browser().visit((await sentTo(other))[0]?.link ?? '')).press('#freeze');
  expect(frozen.has('#frozen-done')).toBe(true);
  expect((await citizen.browser.visit(`${world.issuer}/account/contacts`)).has('#sign-in')).toBe(true);
});

test('the last contact and the last address to sign in with cannot be taken off, and the page says why', async () => {
  const citizen = await newCitizen();
  const last = await pressIn(await openContacts(citizen), citizen.address, 'remove');
  expect([last.status, last.text('#problems')]).toEqual([422, expect.stringContaining('kontak terakhir')]);
  const number = newNumber();
  await add(citizen, number);
  pass(DAY);
  const only = await pressIn(await openContacts(citizen), citizen.address, 'remove');
  expect([only.status, only.text('#problems')]).toEqual([422, expect.stringContaining('satu-satunya alamat')]);
  // What was refused has told nobody anything.
  expect((await sentTo(citizen.address)).filter(({ subject }) => subject.includes('dihapus'))).toEqual([]);
});

test('apps are given the address that is chosen', async () => {
  const citizen = await newCitizen();
  const other = `pilih-${citizen.address}`;
  await add(citizen, other);
  await pressIn(await openContacts(citizen), other, 'give-out');
  const app = await world.app();
  const attempt = await app.startSignIn();
  const consent = await citizen.browser.visit(attempt.url);
  const tokens = await app.finishSignIn(attempt, await consent.press('#consent-allow'));
  expect(await app.userinfo(tokens.access_token)).toMatchObject({ email: other, email_verified: true });
});

test('the page and each of its buttons ask for a proof of the last five minutes, and come back', async () => {
  const citizen = await newCitizen();
  const page = await openContacts(citizen);
  const number = newNumber();
  pass(5 * 60_000 + 1_000);
  const asked = await page.fill({ address: number }).press('#add');
  expect(asked.has('#sign-in')).toBe(true);
  expect(await sentTo(number)).toEqual([]);
  const back = await signIn(asked, citizen.address);
  expect(back.url.pathname).toBe('/account/contacts');
  expect(back.has(row(number))).toBe(false);
});

test('a way to sign in that is less than a day old takes off no older address', async () => {
  made += 1;
  const address = `kontak-${made}@contoh.id`;
  const id = await world.citizen(address, { profile: { phone_number: newNumber(), phone_number_verified: true } });
  pass(3_600_000);
  await setPassword(world.database, id, password);
  const page = await openContacts({ id, address, browser: world.browser() });
  const [number] = page.attributes('[data-contact]', 'data-contact').filter((value) => value !== address);
  const refused = await pressIn(page, number ?? '', 'remove');
  expect([refused.status, refused.text('#problems')]).toEqual([422, expect.stringContaining('belum sehari')]);
});

test('the code page of one session is nothing in another, and an altered one leads back to the list', async () => {
  const [citizen, stranger] = [await newCitizen(), await newCitizen()];
  const number = newNumber();
  const asked = await (await openContacts(citizen)).fill({ address: number }).press('#add');
  await openContacts(stranger);
  expect((await stranger.browser.visit(asked.url)).has('#contacts')).toBe(true);
  const altered = await citizen.browser.visit(`${asked.url.href.slice(0, -4)}zzzz`);
  expect(altered.has('#contacts')).toBe(true);
});

test('a code that was sent to add a contact signs nobody in', async () => {
  const citizen = await newCitizen();
  const other = await newCitizen();
  const asked = await (await world.browser().visit(`${world.issuer}/account`))
    .fill({ identifier: other.address })
    .press('#send-code');
  pass(31_000);
  await (await openContacts(citizen)).fill({ address: other.address }).press('#add');
  const refused = await asked.fill({ code: await codeTo(other.address) }).press('#continue');
  expect(refused.status).toBe(422);
});

test('a recycled number: who holds it now gets no code and is told what to do; its owner confirms it and it counts again', async () => {
  const number = newNumber();
  const id = await world.citizen(number, { password });
  const citizen = { id, address: number, browser: world.browser() };
  await add(citizen, `surat-${id.slice(0, 8)}@contoh.id`);
  pass(91 * DAY);

  const stranger = world.browser();
  const asked = await (await stranger.visit(`${world.issuer}/account`))
    .fill({ identifier: number })
    .press('#send-code');
  expect(asked.has('#code')).toBe(true);
  const [told] = await sentTo(number);
  expect(told?.code).toBeUndefined();
  expect(told?.text).toMatch(/Buat akun sendiri dengan email/);
  // The account stays its owner's, also for who proves the number on an account of their own.
  const holder = await newCitizen();
  expect((await add(holder, number, { signIn: true })).text('#problems')).toContain('akun lain');

  pass(31_000);
  const page = await openContacts(citizen);
  expect((await citizen.browser.visit(`${world.issuer}/account`)).text('#person')).toContain('lebih dari 90 hari');
  expect(page.text(row(number))).toContain('lebih dari 90 hari');
  const confirming = await pressIn(page, number, 'confirm');
  const done = await confirming.fill({ code: await codeTo(number) }).press('#continue');
  expect(done.text('.notice')).toBe('Kontak dikonfirmasi lagi.');
  pass(31_000);
  const again = await (await world.browser().visit((await (await world.app()).startSignIn()).url))
    .fill({ identifier: number })
    .press('#send-code');
  const entered = await again.fill({ code: await codeTo(number) }).press('#continue');
  expect(entered.has('#consent-allow')).toBe(true);
});

test('the page speaks English as well, with its messages in the language of the account', async () => {
  const citizen = { ...(await newCitizen()), browser: world.browser({ language: 'en' }) };
  const page = await openContacts(citizen);
  expect(page.text('h1')).toBe('Contacts and sign-in addresses');
  const number = newNumber();
  const asked = await page.fill({ address: number }).press('#add');
  expect((await sentTo(number))[0]?.text).toMatch(/is your Lawang code/);
  await asked.fill({ code: await codeTo(number) }).press('#continue');
  expect((await sentTo(citizen.address))[0]?.subject).toMatch(/^Kontak baru/);
});
