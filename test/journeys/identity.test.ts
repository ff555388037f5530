/** An app that serves only people who have proven who they are (`min_identity`). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type IdentityLevel, recordEvidence } from '#src/people/proofing.ts';
import { answered, curious, goThrough, openPublicApp } from '#test/oidc/flows.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, signIn, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  await world.declare(
    curious('bantuan', { min_identity: 'ial2', redirect_uris: ['http://localhost:3001/callback'] }),
    curious('tanpa-data', {
      type: 'spa',
      min_identity: 'ial3',
      redirect_uris: ['http://localhost:3001/callback'],
      claims: [],
    }),
  );
  app = await world.app({ clientId: 'bantuan' });
});
afterAll(() => world?.[Symbol.asyncDispose]());

function prove(accountId: string, level: IdentityLevel) {
  return world.database.transaction((tx) =>
    recordEvidence(tx, { accountId, level, method: 'desk', recordedBy: 'command' }),
  );
}

test('tells whoever has not what to do, asks them for no data, and lets them go back', async () => {
  await world.citizen('belum@contoh.id', { password: 'lawang-sandbox' });
  const { url } = await app.startSignIn();
  const page = await signIn(await world.browser().visit(url), 'belum@contoh.id');
  expect(page.text('h1')).toBe('Buktikan dulu siapa Anda');
  expect(page.has('#consent-allow')).toBe(false);
  expect(answered(await page.press('#cancel'))).toMatchObject({ error: 'access_denied' });
});

test('goes on as soon as it is proven well enough, in the same tab', async () => {
  const accountId = await world.citizen('nanti@contoh.id', { password: 'lawang-sandbox' });
  const browser = world.browser();
  const attempt = await app.startSignIn();
  const { url: here } = await signIn(await browser.visit(attempt.url), 'nanti@contoh.id');
  await prove(accountId, 'ial1');
  expect((await browser.visit(here)).text('h1')).toBe('Buktikan dulu siapa Anda');
  await prove(accountId, 'ial2');
  const page = await allow(await browser.visit(here));
  expect((await app.finishSignIn(attempt, page)).claims()?.aud).toBe('bantuan');
});

test('cannot be answered around the page', async () => {
  await world.citizen('lewat@contoh.id', { password: 'lawang-sandbox' });
  const { url } = await app.startSignIn();
  const browser = world.browser();
  const page = await signIn(await browser.visit(url), 'lewat@contoh.id');
  const csrf = page.value('csrf') ?? '';
  const after = await browser.post(page.url, { csrf, action: 'allow' }, world.issuer);
  expect(after.text('h1')).toBe('Buktikan dulu siapa Anda');
});

test('learns without a page that something is missing (prompt=none)', async () => {
  await world.citizen('diam@contoh.id', { password: 'lawang-sandbox' });
  const browser = world.browser();
  await signIn(await browser.visit((await app.startSignIn()).url), 'diam@contoh.id');
  const other = await world.app();
  await goThrough(browser, (await other.startSignIn()).url, 'diam@contoh.id');
  const quiet = await browser.visit((await app.startSignIn({ prompt: 'none' })).url);
  expect(answered(quiet)).toMatchObject({ error: 'interaction_required' });
});

test('gets the proof and nothing else where it keeps no secret', async () => {
  const spa = await openPublicApp(world, 'tanpa-data', { scope: 'openid' });
  const accountId = await world.citizen('terbukti@contoh.id', { password: 'lawang-sandbox' });
  await prove(accountId, 'ial3');
  const attempt = await spa.startSignIn();
  const page = await goThrough(world.browser(), attempt.url, 'terbukti@contoh.id');
  const tokens = await spa.finishSignIn(attempt, page);
  expect(Object.keys(await spa.userinfo(tokens.access_token))).toEqual(['sub']);
});
