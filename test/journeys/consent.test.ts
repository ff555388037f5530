import { expect, test, vi } from 'vitest';
import type { Page } from '#test/support/page.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

const claimsAbout = ['name', 'email', 'email_verified', 'phone_number', 'phone_number_verified', 'birthdate'] as const;

/** An app of these claims, `name` required; what is not said of it stays as it was. */
async function declare(world: World, more: Record<string, unknown> = {}): Promise<void> {
  const claims = claimsAbout.map((name) => ({
    name,
    required: name === 'name',
    basis: 'consent',
    purpose: 'Menguji.',
    'purpose#en': 'To test.',
  }));
  await world.declare({ client_id: 'uji-izin', claims, ...more });
}

async function openApp(world: World, scope: string) {
  return world.app({ clientId: 'uji-izin', scope, redirectUri: 'http://localhost:3001/callback' });
}

async function signIn(page: Page): Promise<Page> {
  return page.fill({ identifier: 'budi@contoh.id', password }).press('#sign-in');
}

async function allowAll(page: Page): Promise<Page> {
  for (const claim of page.attributes('input[name="claim"]', 'value')) page.tick('claim', claim);
  return page.press('#consent-allow');
}

test('taking back an optional item takes it back from every token', async () => {
  await using world = await openWorld();
  await declare(world);
  const app = await openApp(world, 'openid profile email phone offline_access');
  const browser = world.browser();
  const first = await app.startSignIn({ prompt: 'consent' });
  const before = await app.finishSignIn(first, await allowAll(await signIn(await browser.visit(first.url))));
  expect(await app.userinfo(before.access_token)).toMatchObject({ phone_number: '+6281200000002' });

  const again = await app.startSignIn({ prompt: 'consent' });
  const page = await browser.visit(again.url);
  const after = await app.finishSignIn(again, await page.press('#consent-allow'));

  expect(await app.userinfo(after.access_token)).not.toHaveProperty('phone_number');
  await expect(app.userinfo(before.access_token)).rejects.toThrow();
  await expect(app.refresh(before.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
});

test('what was allowed for one purpose is asked again for another', async () => {
  await using world = await openWorld();
  await declare(world);
  const wide = await openApp(world, 'openid profile email phone');
  const browser = world.browser();
  const first = await wide.startSignIn();
  await wide.finishSignIn(first, await allowAll(await signIn(await browser.visit(first.url))));

  await declare(world, { purpose: 'Sesuatu yang lain.', 'purpose#en': 'Something else.' });
  const narrow = await openApp(world, 'openid email');
  const second = await narrow.startSignIn();
  const asked = await browser.visit(second.url);
  expect(asked.has('#consent-allow')).toBe(true);
  await narrow.finishSignIn(second, await allowAll(asked));

  const third = await wide.startSignIn();
  const again = await browser.visit(third.url);
  expect(again.has('#consent-allow')).toBe(true);
});

test('a claim that an app is no longer registered for is not handed out, not even to the tokens it has', async () => {
  await using world = await openWorld();
  await declare(world);
  const app = await openApp(world, 'openid profile phone');
  const browser = world.browser();
  const first = await app.startSignIn();
  const tokens = await app.finishSignIn(first, await allowAll(await signIn(await browser.visit(first.url))));
  expect(await app.userinfo(tokens.access_token)).toHaveProperty('phone_number');

  const purpose = { required: true, basis: 'consent', purpose: 'Menguji.', 'purpose#en': 'To test.' };
  await world.declare({ client_id: 'uji-izin', claims: [{ name: 'name', ...purpose }] });
  const left = await app.userinfo(tokens.access_token);
  expect(left).toHaveProperty('name');
  expect(left).not.toHaveProperty('phone_number');
});

test('a declaration that changed while the page was open is shown before it counts', async () => {
  await using world = await openWorld();
  await declare(world);
  const app = await openApp(world, 'openid profile');
  const first = await app.startSignIn();
  const shown = await signIn(await world.browser().visit(first.url));
  await declare(world, { purpose: 'Sesuatu yang lain.' });

  const answered = await shown.press('#consent-allow');
  expect(answered.has('#consent-allow')).toBe(true);
  expect(answered.text()).toContain('Sesuatu yang lain.');
  expect((await answered.press('#consent-allow')).status).toBe(0);
});

test('auth_time is when the person proved who they are, not when they allowed', async () => {
  await using world = await openWorld();
  await declare(world);
  const app = await openApp(world, 'openid profile');
  const first = await app.startSignIn({ max_age: '3600' });
  const before = Math.floor(Date.now() / 1000);
  const page = await signIn(await world.browser().visit(first.url));
  const proven = Math.floor(Date.now() / 1000);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 60_000 });
  try {
    const tokens = await app.finishSignIn(first, await page.press('#consent-allow'));
    expect(tokens.claims()?.auth_time).toBeGreaterThanOrEqual(before);
    expect(tokens.claims()?.auth_time).toBeLessThanOrEqual(proven);
  } finally {
    vi.useRealTimers();
  }
});
