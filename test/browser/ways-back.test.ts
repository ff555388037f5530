/** Each way back into an account, as it is done in a browser, in both languages. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import { freeze } from '#src/oidc/account-end.ts';
import { makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { password } from '#test/support/world.ts';
import { openStage, type Stage, signInByPassword, typeCode } from './stage.ts';
import type { HeldPasskey, Visitor, VisitorOptions } from './visitor.ts';

const HOUR = 3600 * 1000;

let stage: Stage;
let me: Visitor;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage[Symbol.asyncDispose]());

afterEach(async () => {
  vi.useRealTimers();
  expect(me.complaints).toEqual([]);
  await me[Symbol.asyncDispose]();
});

function later(hours: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * HOUR });
}

let people = 0;

interface Owner {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly codes: readonly string[];
}

/** Somebody with a password, printed codes, and two contacts that were confirmed on devices of their own. */
async function openOwner(): Promise<Owner> {
  people += 1;
  const [name, email, phone] = [`Kembali ${people}`, `kembali-${people}@contoh.id`, `+6281277${30_000 + people}`];
  const { database, house } = stage.world;
  const profile = { phone_number: phone, phone_number_verified: true };
  const id = await stage.world.citizen(email, { name, password, profile });
  await database
    .for(shardOf(id))
    .execute('update contacts set first_device = value_index where shard = $1 and account_id = $2', [shardOf(id), id]);
  const codes = await database.transaction((tx) => makeRecoveryCodes(tx, house.secrets, id));
  return { id, name, email, phone, codes };
}

/** Makes a passkey on a device of the owner's, and takes it from there. */
async function makePasskey({ email }: Owner): Promise<HeldPasskey> {
  await using before = await stage.visitor();
  await before.page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(before.page, email);
  await before.page.click('#add-passkey');
  await before.page.waitForSelector('[data-passkey]');
  const [held] = await before.device.passkeys();
  if (!held) throw new Error('no passkey was made');
  return { ...held, signCount: held.signCount + 100 };
}

/** From the app to the page for somebody who cannot sign in. */
async function cannotSignIn(): Promise<void> {
  await me.page.goto(`${stage.health}/sign-in`);
  await me.page.click('#recover');
  await me.page.waitForSelector('#continue[value=recover]');
}

/** And from there to what follows a code to the first contact. */
async function proveContact({ email }: Owner): Promise<void> {
  await cannotSignIn();
  await me.page.fill('#identifier', email);
  await me.page.click('#continue');
  await typeCode(me.page, stage.world, email);
}

async function proveSecondContact({ phone }: Owner): Promise<void> {
  await me.page.click('#send-second-code');
  await typeCode(me.page, stage.world, phone);
}

async function makeNewPasskey(): Promise<void> {
  await me.page.waitForSelector('#create-passkey');
  await me.device.reacts(true);
  await me.page.click('#create-passkey');
}

async function arrive({ name }: Owner): Promise<void> {
  await me.page.click('#consent-allow');
  await me.page.waitForSelector('#signed-in-name');
  expect(await me.page.textContent('#signed-in-name')).toBe(name);
}

const words = {
  id: { waiting: /Waktu tunggu sampai/, restricted: /loket layanan/, frozen: 'Akun ini dibekukan' },
  en: { waiting: /waiting time ends on/, restricted: /service desk/, frozen: 'This account is frozen' },
};

describe.each(['id', 'en'] as const)('in %s', (language) => {
  const word = words[language];

  /** The app speaks a language too, and hands it on. */
  async function visit(options: VisitorOptions = {}): Promise<void> {
    me = await stage.visitor({ locale: language, ...options });
    await me.page.goto(`${stage.health}/?lang=${language}`);
    if (options.withDevice !== false) await me.device.reacts(false);
  }

  it('the passkey of a phone opens the account on a computer that has none', async () => {
    const owner = await openOwner();
    const held = await makePasskey(owner);
    await visit({ withDevice: false });
    await me.device.plugIn('cable');
    await cannotSignIn();
    await me.device.keep(held);
    await me.page.click('#passkey');
    await arrive(owner);
  });

  it('a printed code makes a new passkey at once', async () => {
    await visit();
    const owner = await openOwner();
    await proveContact(owner);
    await me.page.fill('[name=recovery-code]', owner.codes[0] ?? '');
    await me.page.click('#use-recovery-code');
    await makeNewPasskey();
    await arrive(owner);
    expect(await me.device.passkeys()).toHaveLength(1);
  });

  it('two contacts open it after a day, both proven again; what is older than that stays closed', async () => {
    await visit();
    const owner = await openOwner();
    await proveContact(owner);
    await proveSecondContact(owner);
    await me.page.locator('#recovery-waiting').filter({ hasText: word.waiting }).waitFor();
    later(23);
    await proveContact(owner);
    await me.page.waitForSelector('#recovery-waiting');
    expect(await me.page.locator('#send-second-code').count()).toBe(0);
    later(1.1);
    await proveContact(owner);
    await proveSecondContact(owner);
    await makeNewPasskey();
    await arrive(owner);
    await me.page.goto(`${stage.world.issuer}/account`);
    await me.page.locator('#restricted').filter({ hasText: word.restricted }).waitFor();
  });

  it('a frozen account opens by an old passkey and a code to an old contact', async () => {
    await visit();
    const owner = await openOwner();
    const held = await makePasskey(owner);
    later(24 * 30);
    await stage.world.database.transaction((tx) =>
      freeze(tx, stage.world.house.secrets, owner.id, { reason: 'not-me' }),
    );
    const { page, device } = me;
    await device.keep(held);
    await device.reacts(true);
    await page.goto(`${stage.health}/sign-in`);
    await page.getByRole('heading', { name: word.frozen }).waitFor();
    await page.locator('input[name=contact]').first().check();
    await page.click('#send-open-code');
    await page.waitForSelector('#code');
    const sent = await Promise.allSettled([owner.email, owner.phone].map((to) => stage.world.message(to)));
    const code = sent.map((one) => one.status === 'fulfilled' && one.value.code).find(Boolean);
    await page.fill('#code', code || '');
    await page.click('#continue');
    await arrive(owner);
  });

  it('a frozen account opens by a code to an old contact and an old printed code, with a new passkey', async () => {
    await visit();
    const owner = await openOwner();
    later(24 * 30);
    await stage.world.database.transaction((tx) =>
      freeze(tx, stage.world.house.secrets, owner.id, { reason: 'not-me' }),
    );
    await proveContact(owner);
    await me.page.getByRole('heading', { name: word.frozen }).waitFor();
    await me.page.fill('[name=recovery-code]', owner.codes[0] ?? '');
    await me.page.click('#open-with-code');
    await makeNewPasskey();
    await arrive(owner);
  });
});
