import { expect, test } from 'vitest';
import { allow, openWorld, signIn } from '#test/support/world.ts';

test('a citizen signs in to one app and is already signed in at the second', async () => {
  await using world = await openWorld();
  const browser = world.browser();
  const health = await world.app();
  const tax = await world.app({ clientId: 'pajak-daerah', scope: 'openid profile email phone address' });

  const first = await health.startSignIn();
  const atHealth = await signIn(await browser.visit(first.url));
  const healthTokens = await health.finishSignIn(first, atHealth);
  expect(await health.userinfo(healthTokens.access_token)).toMatchObject({
    name: 'Siti Rahayu',
    email: 'siti@contoh.id',
  });

  const second = await tax.startSignIn();
  const page = await browser.visit(second.url);
  expect(page.has('#consent-allow')).toBe(true);
  expect(page.has('input[name="password"]')).toBe(false);
  const taxTokens = await tax.finishSignIn(second, await allow(page));

  expect(healthTokens.claims()?.sub).not.toBe(taxTokens.claims()?.sub);
  const again = await health.startSignIn();
  const silent = await browser.visit(again.url);
  expect(silent.status).toBe(0);
  expect((await health.finishSignIn(again, silent)).claims()?.sub).toBe(healthTokens.claims()?.sub);
});
