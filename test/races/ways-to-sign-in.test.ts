/** Two changes of the ways to sign in at the same moment: each would be right alone. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { freeze } from '#src/oidc/account-end.ts';
import { hasPassword } from '#src/people/passwords.ts';
import { countRecoveryCodes } from '#src/people/recovery-codes.ts';
import { hasTotp } from '#src/people/totp.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { setUpApp } from '#test/support/authenticator-app.ts';
import { eventually } from '#test/support/eventually.ts';
import { openWorld, password, type World } from '#test/support/world.ts';
import { enrol, signInByPasskey } from './crowd.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

const passADay = () => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * 3600_000 });

test('the last passkey and the password are not both removed', async () => {
  const id = await world.citizen('dua-tab@contoh.id', { password });
  const device = new SoftwareAuthenticator();
  await enrol(world, id, device);
  passADay();
  const browser = world.browser();
  const account = await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
  const page = await browser.visit(`${world.issuer}/account/password`);
  const answers = await Promise.all([
    account.press('[data-passkey] .stop'),
    page.press('#switch-off'),
    account.press('[data-passkey] .stop'),
    page.press('#switch-off'),
  ]);
  expect(answers.some(({ status }) => status === 422)).toBe(true);
  const passkeys = await world.database.query('select 1 from passkeys where account_id = $1', [id]);
  const left = passkeys.length + ((await hasPassword(world.database, id)) ? 1 : 0);
  expect(left).toBe(1);
});

test('of twenty presses on "make codes" one sheet is good', async () => {
  const id = await world.citizen('banyak-lembar@contoh.id', { password });
  const browser = world.browser();
  const begun = await browser.visit(`${world.issuer}/account/recovery-codes`);
  const page = await begun.fill({ identifier: 'banyak-lembar@contoh.id', password }).press('#sign-in');
  await Promise.all(Array.from({ length: 20 }, () => page.press('#make')));
  expect(await countRecoveryCodes(world.database, id)).toBe(10);
});

test('a code of an authenticator app opens one of twenty browsers', async () => {
  const id = await world.citizen('satu-kode@contoh.id', { password });
  const phone = await setUpApp(world, id);
  const code = phone.show();
  const pages = [];
  for (let i = 0; i < 20; i += 1) {
    const page = await world.browser().visit(`${world.issuer}/account`);
    pages.push(await page.fill({ identifier: 'satu-kode@contoh.id', password }).press('#sign-in'));
  }
  const ends = await Promise.all(pages.map((page) => page.fill({ code }).press('#continue')));
  expect(ends.filter((page) => page.has('#connected-apps'))).toHaveLength(1);
});

test('nothing is taken off while the account is being frozen', async () => {
  const id = await world.citizen('dibekukan@contoh.id', { password });
  const device = new SoftwareAuthenticator();
  await enrol(world, id, device);
  await setUpApp(world, id);
  passADay();
  const browser = world.browser();
  const account = await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
  const pages = [
    [account, '[data-passkey] .stop'],
    [await browser.visit(`${world.issuer}/account/password`), '#switch-off'],
    [await browser.visit(`${world.issuer}/account/authenticator-app`), '#remove'],
  ] as const;
  world.statements.length = 0;
  const presses = await world.database.transaction(async (tx) => {
    await freeze(tx, world.house.secrets, id, { reason: 'not-me' });
    const pressed = pages.map(([page, button]) => page.press(button));
    const waiting = () => world.statements.filter((text) => text.includes('for no key update'));
    await eventually(() => expect(waiting()).toHaveLength(3));
    return { pressed };
  });
  for (const answer of await Promise.all(presses.pressed)) expect(answer.status).toBe(403);
  const { database } = world;
  const passkeys = await database.query('select 1 from passkeys where account_id = $1', [id]);
  expect([passkeys.length, await hasPassword(database, id), await hasTotp(database, id)]).toEqual([1, true, true]);
});
