/** The owner of a frozen account opens it again, by what was there a week before; nobody else learns or does anything. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import { freeze } from '#src/oidc/account-end.ts';
import { confirmContact } from '#src/people/account-contacts.ts';
import { listAccountContacts, loadAccount } from '#src/people/accounts.ts';
import { listMessages } from '#src/people/messages.ts';
import { listPasskeys } from '#src/people/passkeys.ts';
import { findPasswordDate } from '#src/people/passwords.ts';
import { countRecoveryCodes, makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { notifyContacts } from '#src/web/messages.ts';
import { signInByPasskey } from '#test/races/crowd.ts';
import { givePasskey } from '#test/security/scene.ts';
import type { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { Page } from '#test/support/browser-agent.ts';
import { useClock } from '#test/support/clock.ts';
import { setPassword } from '#test/support/passwords.ts';
import { openWorld, password, type World } from '#test/support/world.ts';
import { passkeyAddedMessage } from '#views/messages.ts';

const DAY = 24 * 3600 * 1000;

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

const pass = useClock();
const later = (days: number) => pass((days * DAY) / 1000);

let made = 0;

/** Somebody with a passkey, printed codes and a mailbox of long ago. */
async function owner(): Promise<{ id: string; address: string; device: SoftwareAuthenticator; codes: string[] }> {
  made += 1;
  const address = `beku-${made}@contoh.id`;
  const { database, secrets } = world.house;
  const id = await world.citizen(address, { name: `Pemilik ${made}` });
  const device = await givePasskey(world, id);
  const codes = await makeRecoveryCodes(database, secrets, id);
  later(30);
  return { id, address, device, codes };
}

/** What somebody adds who has been in the account. */
async function intrude(id: string) {
  made += 1;
  const { database, secrets } = world.house;
  const contact = { kind: 'email', value: `penyusup-${made}@contoh.id` } as const;
  const device = await givePasskey(world, id);
  await setPassword(database, id, 'rahasia penyusup 1');
  await database.transaction((tx) => confirmContact(tx, secrets, { accountId: id, contact, device: undefined }));
  return { device, contact };
}

const hold = (id: string) =>
  world.database.transaction((tx) => freeze(tx, world.house.secrets, id, { reason: 'not-me' }));

const stateOf = async (id: string) => (await loadAccount(world.database, world.house.secrets, id)).state;

const signInPage = () => world.browser().visit(`${world.issuer}/account`);

async function codeSentTo(address: string): Promise<string> {
  const { code } = await world.message(address);
  if (!code) throw new Error(`no code was sent to ${address}`);
  return code;
}

async function recoverBy(address: string): Promise<Page> {
  const page = await signInPage();
  const recovery = await page.follow('#recover');
  return recovery.fill({ identifier: address }).press('#continue');
}

test('by a passkey and a code to a contact: what came in the week before goes, and the owner is in', async () => {
  const { id, address, device } = await owner();
  const { database, secrets } = world.house;
  const thief = await intrude(id);
  later(6.9);
  await hold(id);

  const page = await signInByPasskey(await signInPage(), device);
  expect(page.text('h1')).toBe('Akun ini dibekukan');
  // The thief's mailbox is not offered.
  expect(page.count('input[name=contact]')).toBe(1);
  const code = await (await page.press('#send-open-code')).fill({ code: '000000' }).press('#continue');
  expect(code.status).toBe(422);
  expect(await stateOf(id)).toBe('frozen');
  const inside = await code.fill({ code: await codeSentTo(address) }).press('#continue');
  expect(inside.has('#connected-apps')).toBe(true);
  expect(await stateOf(id)).toBe('active');

  expect(await listPasskeys(database, id)).toHaveLength(1);
  expect(await findPasswordDate(database, id)).toBeUndefined();
  expect((await listAccountContacts(database, secrets, id)).map(({ value }) => value)).toEqual([address]);
  expect(await countRecoveryCodes(database, id)).toBe(10);
  const sent = await listMessages(database, secrets, { to: { kind: 'email', value: address }, limit: 10 });
  expect(sent.map(({ subject }) => subject).join()).toContain('dibuka lagi');
  const refused = await signInByPasskey(await signInPage(), thief.device);
  expect(refused.has('#passkey')).toBe(true);
});

test('by a code to a contact and a printed code: a new way to sign in ends it', async () => {
  const { id, address, codes } = await owner();
  await hold(id);
  const asked = await recoverBy(address);
  const page = await asked.fill({ code: await codeSentTo(address) }).press('#continue');
  expect(page.text('h1')).toBe('Akun ini dibekukan');
  const wrong = await page.fill({ 'recovery-code': '0000-0000-0000-0000' }).press('#open-with-code');
  expect(wrong.status).toBe(422);
  expect(await stateOf(id)).toBe('frozen');
  const opened = await wrong.fill({ 'recovery-code': codes[0] ?? '' }).press('#open-with-code');
  expect(await stateOf(id)).toBe('active');
  expect(opened.has('#create-passkey')).toBe(true);
});

test('a passkey, codes or a contact of the last week open nothing', async () => {
  const { id, address } = await owner();
  const { database, secrets } = world.house;
  const thief = await intrude(id);
  const codes = await makeRecoveryCodes(database, secrets, id);
  later(6.9);
  await hold(id);
  const browser = world.browser();
  const byPasskey = await signInByPasskey(await browser.visit(`${world.issuer}/account`), thief.device);
  expect(byPasskey.has('#open-at-desk')).toBe(true);
  expect(byPasskey.has('#send-open-code')).toBe(false);
  // Neither is a press taken that the page does not offer.
  const csrf = byPasskey.value('csrf') ?? '';
  for (const action of ['send-open-code', 'resend', 'continue', 'open-with-code'])
    await browser.post(String(byPasskey.url), { csrf, action, contact: '1', code: '123456' }, world.issuer);
  const asked = await recoverBy(address);
  const page = await asked.fill({ code: await codeSentTo(address) }).press('#continue');
  expect(page.has('#open-at-desk')).toBe(true);
  expect(codes).toHaveLength(10);
  const ofThief = await recoverBy(thief.contact.value);
  const there = await ofThief.fill({ code: await codeSentTo(thief.contact.value) }).press('#continue');
  expect(there.has('#open-at-desk')).toBe(true);
  expect(await stateOf(id)).toBe('frozen');
});

test('a wrong passkey, and the right one of a disabled account, learn nothing', async () => {
  const { id, device } = await owner();
  await world.database.execute(`update accounts set state = 'disabled' where shard = $1 and id = $2`, [
    shardOf(id),
    id,
  ]);
  const disabled = await signInByPasskey(await signInPage(), device);
  const other = await owner();
  await hold(other.id);
  await world.database.execute('delete from passkeys where shard = $1 and account_id = $2', [
    ...[shardOf(other.id), other.id],
  ]);
  const unknown = await signInByPasskey(await signInPage(), other.device);
  for (const page of [disabled, unknown]) {
    expect(page.status).toBe(422);
    expect(page.text('main')).not.toContain('dibekukan');
  }
  expect(disabled.text('#problems')).toBe(unknown.text('#problems'));
});

test('a password alone learns nothing either', async () => {
  made += 1;
  const address = `beku-${made}@contoh.id`;
  const id = await world.citizen(address, { password });
  await hold(id);
  const page = (await signInPage()).fill({ identifier: address, password });
  expect((await page.press('#sign-in')).text('main')).not.toContain('dibekukan');
});

test('the first proof holds for a quarter of an hour', async () => {
  const { id, address, device } = await owner();
  await hold(id);
  const page = await signInByPasskey(await signInPage(), device);
  const code = await page.press('#send-open-code');
  later(16 / (24 * 60));
  const late = await code.fill({ code: await codeSentTo(address) }).press('#continue');
  expect(late.has('#connected-apps')).toBe(false);
  expect(await stateOf(id)).toBe('frozen');
});

test('of two presses at once one opens the account, and what was opened meanwhile is not opened again', async () => {
  const { id, address, device } = await owner();
  await hold(id);
  const page = await signInByPasskey(await signInPage(), device);
  const code = (await page.press('#send-open-code')).fill({ code: await codeSentTo(address) });
  await Promise.all([code.press('#continue'), code.press('#continue'), code.press('#continue')]);
  expect(await stateOf(id)).toBe('active');
  const events = await world.database.query(
    `select kind from account_events where shard = $1 and account_id = $2 and kind = 'account.reactivated'`,
    [shardOf(id), id],
  );
  expect(events).toHaveLength(1);
});

test('a notice of before it was opened freezes it no more: whoever holds one could go on for a month', async () => {
  const { id, address, device } = await owner();
  const thief = await intrude(id);
  const { database, house } = world;
  await database.transaction((tx) => notifyContacts(house, tx, id, passkeyAddedMessage));
  const { link = '' } = await world.message(thief.contact.value);
  later(0.1);
  await hold(id);
  const page = await signInByPasskey(await signInPage(), device);
  await (await page.press('#send-open-code')).fill({ code: await codeSentTo(address) }).press('#continue');
  expect(await stateOf(id)).toBe('active');

  later(0.1);
  const old = await world.browser().visit(link);
  expect([old.has('#freeze'), old.status]).toEqual([false, 410]);
  // One that was written since does.
  await database.transaction((tx) => notifyContacts(house, tx, id, passkeyAddedMessage));
  const { link: newer = '' } = await world.message(address);
  expect((await world.browser().visit(newer)).status).toBe(200);
});

test('an account that is younger than a week opens by what it was opened with', async () => {
  const address = 'beku-muda@contoh.id';
  const id = await world.citizen(address, { name: 'Pemilik Muda' });
  const device = await givePasskey(world, id);
  later(2);
  const thief = await intrude(id);
  later(1);
  await hold(id);
  const ofThief = await signInByPasskey(await signInPage(), thief.device);
  expect(ofThief.has('#open-at-desk')).toBe(true);
  const page = await signInByPasskey(await signInPage(), device);
  expect(page.count('input[name=contact]')).toBe(1);
  const inside = await (await page.press('#send-open-code'))
    .fill({ code: await codeSentTo(address) })
    .press('#continue');
  expect(inside.has('#connected-apps')).toBe(true);
  expect(await listPasskeys(world.database, id)).toHaveLength(1);
});
