/** One browser, many apps at the same moment: nothing of one overwrites what belongs to another. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { answerOf, goThrough, refusalOf } from '#test/oidc/flows.ts';
import { passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, signIn, type World } from '#test/support/world.ts';

let world: World;
let apps: RelyingParty[];

beforeAll(async () => {
  world = await openWorld();
  const ids = Array.from({ length: 10 }, (_, i) => `layanan-ke-${i}`);
  await world.declare(...ids.map((client_id) => ({ client_id })));
  apps = await Promise.all(ids.map((clientId) => world.app({ clientId })));
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

const clientsOf = async (accountId: string) =>
  (
    await world.database.query<{ client_id: string }>(
      `select c.client_id from session_clients c join sessions s on s.shard = c.shard and s.uid = c.session_uid
       where s.account_id = $1`,
      [accountId],
    )
  ).length;

test('ten apps opened at once in one session are all signed in, and sign-out reaches all ten', async () => {
  const { id, device } = await passkeyCitizen(world, 'sepuluh@contoh.id');
  const browser = world.browser();
  await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);

  const attempts = await Promise.all(apps.map((app) => app.startSignIn()));
  const consents = await Promise.all(attempts.map(({ url }) => browser.visit(url)));
  const answers = await Promise.all(consents.map(allow));
  const tokens = await Promise.all(apps.map((app, i) => app.finishSignIn(attempts[i] as never, answers[i] as never)));
  const seen = await Promise.all(apps.map((app, i) => app.userinfo(tokens[i]?.access_token ?? '')));
  expect(new Set(seen.map((claims) => claims.name))).toEqual(new Set(['Warga Uji']));
  expect(await clientsOf(id)).toBe(11);

  const silent = await Promise.all(
    apps.map(async (app) => browser.visit((await app.startSignIn({ prompt: 'none' })).url)),
  );
  for (const page of silent) expect(answerOf(page).get('code')).toBeTruthy();
  for (const [i, app] of apps.entries())
    expect(await app.userinfo(tokens[i]?.access_token ?? '')).toHaveProperty('sub');

  const hint = { id_token_hint: tokens[0]?.id_token ?? '' };
  await (await browser.visit((apps[0] as RelyingParty).signOutUrl(hint))).press('#logout-yes');
  for (const [i, app] of apps.entries())
    expect(await refusalOf(app.userinfo(tokens[i]?.access_token ?? ''))).toBe('401 invalid_token');
  expect(await clientsOf(id)).toBe(0);
});

test('ten tabs of a browser that has never been here can all be answered', async () => {
  const { device } = await passkeyCitizen(world, 'tab-baru@contoh.id');
  const browser = world.browser();
  const attempts = await Promise.all(apps.map((app) => app.startSignIn()));
  const pages = await Promise.all(attempts.map(({ url }) => browser.visit(url)));
  for (const [i, page] of pages.entries()) {
    const arrived = await signInByPasskey(page, device);
    expect(await (apps[i] as RelyingParty).finishSignIn(attempts[i] as never, arrived)).toHaveProperty('id_token');
  }
});

test('signing in in two tabs at the same moment signs both in', async () => {
  const { device } = await passkeyCitizen(world, 'dua-tab@contoh.id');
  const [one, two] = apps as [RelyingParty, RelyingParty];
  for (const _ of Array(5)) {
    const browser = world.browser();
    const attempts = [await one.startSignIn(), await two.startSignIn()] as const;
    const [left, right] = await Promise.all(attempts.map(({ url }) => browser.visit(url)));
    const answers = await Promise.all([left, right].map((page) => page && signInByPasskey(page, device)));
    const tokens = await Promise.all([
      one.finishSignIn(attempts[0], answers[0] as never),
      two.finishSignIn(attempts[1], answers[1] as never),
    ]);
    await one.userinfo(tokens[0].access_token);
    await two.userinfo(tokens[1].access_token);
    const silent = await browser.visit((await one.startSignIn({ prompt: 'none' })).url);
    expect(answerOf(silent).get('code')).toBeTruthy();
  }
});

test('proving oneself again in several tabs at once leaves the browser signed in', async () => {
  const { device } = await passkeyCitizen(world, 'ulang@contoh.id');
  const browser = world.browser();
  await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
  for (const app of apps) await goThrough(browser, (await app.startSignIn()).url);
  for (const _ of Array(4)) {
    const attempts = await Promise.all(apps.slice(0, 4).map((app) => app.startSignIn({ prompt: 'login' })));
    const pages = await Promise.all(attempts.map(({ url }) => browser.visit(url)));
    const [stepUps, visits] = await Promise.all([
      Promise.all(pages.map((page) => signInByPasskey(page, device))),
      Promise.all(apps.slice(4).map(async (app) => browser.visit((await app.startSignIn()).url))),
    ]);
    expect(stepUps.some((page) => page.url.searchParams.has('code'))).toBe(true);
    // Who comes with the id before is nobody, but never a fault.
    for (const page of [...stepUps, ...visits]) expect(page.status).toBeLessThan(500);
    const silent = await browser.visit((await (apps[0] as RelyingParty).startSignIn({ prompt: 'none' })).url);
    expect(answerOf(silent).get('code')).toBeTruthy();
  }
});

test('one app opened twice at once keeps both tabs', async () => {
  const { device } = await passkeyCitizen(world, 'kembar@contoh.id');
  const browser = world.browser();
  await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
  const app = apps[0] as RelyingParty;
  await goThrough(browser, (await app.startSignIn()).url);
  await world.database.execute('delete from session_clients where client_id = $1', ['layanan-ke-0']);
  const attempts = await Promise.all(Array.from({ length: 6 }, () => app.startSignIn()));
  const pages = await Promise.all(attempts.map(({ url }) => browser.visit(url)));
  for (const [i, page] of pages.entries()) {
    const { access_token } = await app.finishSignIn(attempts[i] as never, page);
    expect(await app.userinfo(access_token)).toHaveProperty('name');
  }
});

test('a sign-out in the middle of ten openings: each app gets an answer, and nothing outlives the session', async () => {
  const { id, device } = await passkeyCitizen(world, 'keluar@contoh.id');
  const browser = world.browser();
  await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
  for (const app of apps.slice(0, 5)) await goThrough(browser, (await app.startSignIn()).url);
  await world.database.execute(
    'delete from session_clients where session_uid in (select uid from sessions where account_id = $1)',
    [id],
  );
  const signOut = await browser.visit(`${world.issuer}/logout`);
  const attempts = await Promise.all(apps.slice(0, 5).map((app) => app.startSignIn()));
  const [, ...pages] = await Promise.all([
    signOut.press('#logout-yes'),
    ...attempts.map(({ url }) => browser.visit(url)),
  ]);
  for (const page of pages) expect(page.status).toBeLessThan(500);
  for (const [i, page] of pages.entries()) {
    if (!page.url.searchParams.has('code')) continue;
    const app = apps[i] as RelyingParty;
    const tokens = await app.finishSignIn(attempts[i] as never, page).catch(() => undefined);
    if (tokens) expect(await refusalOf(app.userinfo(tokens.access_token))).toBe('401 invalid_token');
  }
  expect(await world.database.query('select uid from sessions where account_id = $1', [id])).toEqual([]);
});

test('an app that asks nothing of a page keeps the cookie of the browser as it is', async () => {
  const browser = world.browser();
  const app = apps[0] as RelyingParty;
  await signIn(await browser.visit((await app.startSignIn()).url));
  const cookie = () => browser.cookies.all.find(({ name }) => name === 'session')?.value;
  const before = cookie();
  const sent = await world.sentFor(async () => goThrough(browser, (await app.startSignIn()).url));
  expect(cookie()).toBe(before);
  const texts = sent.filter(({ isLate }) => !isLate).map(({ text }) => text);
  expect(texts.filter((text) => /^(update|insert into) session/.test(text))).toEqual([]);
});
