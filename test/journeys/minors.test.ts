/** Who is under age, or of unknown age, gives no consent: they sign in all the same, and the app reads what it may by law. */
import { expect, test, vi } from 'vitest';
import { listPermissions } from '#src/consents/permissions.ts';
import { listWithdrawals } from '#src/consents/withdrawals.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { saveProfile } from '#src/people/profile.ts';
import { refusalOf, signInto } from '#test/oidc/flows.ts';
import { inYears } from '#test/support/clock.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

const claims = [
  { name: 'name', required: true, basis: 'public_task', law: 'UU 17/2023', purpose: 'Memanggil Anda.' },
  { name: 'nickname', required: true, basis: 'consent', purpose: 'Menyapa Anda.' },
];

async function openApp(world: World) {
  await world.declare({ client_id: 'anak', scope: 'openid profile', claims });
  return world.app({ clientId: 'anak', scope: 'openid profile', redirectUri: 'http://localhost:3001/callback' });
}

const profileOf = (birthdate: string) => ({ nickname: 'Adik', birthdate });

const eighteenth = inYears(4);
const childsBirthdate = `${eighteenth - 18}-06-17`;

test('a minor is told why nothing else is shared; the app gets what the law says, and asks on the eighteenth birthday', async () => {
  await using world = await openWorld();
  const app = await openApp(world);
  const id = await world.citizen('adik@contoh.id', { password, profile: profileOf(childsBirthdate) });
  const browser = world.browser();
  const first = await app.startSignIn();
  const page = await (await browser.visit(first.url))
    .fill({ identifier: 'adik@contoh.id', password })
    .press('#sign-in');
  expect(page.has('#consent-withheld')).toBe(true);
  expect(page.has('input[name="claim"]')).toBe(false);
  expect(page.text()).toContain('UU 17/2023');
  const tokens = await app.finishSignIn(first, await page.press('#consent-allow'));
  expect(await app.userinfo(tokens.access_token)).toEqual({ sub: tokens.claims()?.sub, name: 'Warga Uji' });
  const [notice, ...others] = await listPermissions(world.database, id, { limit: 9 });
  expect(others).toEqual([]);
  expect(notice).toMatchObject({ kind: 'notice', claims: ['name'], withheld: 'minor' });

  const again = await app.startSignIn();
  expect((await browser.visit(again.url)).status).toBe(0);
});

test('what a minor was told ends when they come of age', async () => {
  await using world = await openWorld();
  const app = await openApp(world);
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(`${eighteenth}-06-01T00:00:00Z`) });
  try {
    const id = await world.citizen('hampir@contoh.id', { password, profile: profileOf(childsBirthdate) });
    const first = await app.startSignIn();
    const page = await (await world.browser().visit(first.url))
      .fill({ identifier: 'hampir@contoh.id', password })
      .press('#sign-in');
    await page.press('#consent-allow');
    const [notice] = await listPermissions(world.database, id, { limit: 9 });
    expect(notice?.expiresAt).toEqual(new Date(`${eighteenth}-06-16T17:00:00Z`));
  } finally {
    vi.useRealTimers();
  }
});

test('of unknown age one may simply go on, or say the birth date and then choose', async () => {
  await using world = await openWorld();
  const app = await openApp(world);
  const { database } = world;
  const id = await world.citizen('entah@contoh.id', { password, profile: profileOf('') });
  const browser = world.browser();
  const first = await app.startSignIn();
  const page = await (await browser.visit(first.url))
    .fill({ identifier: 'entah@contoh.id', password })
    .press('#sign-in');
  const wrong = await page.fill({ birthdate: '31-02-1990' }).press('#consent-allow');
  expect([wrong.status, wrong.has('.field-wrong #birthdate')]).toEqual([422, true]);
  await app.finishSignIn(first, await wrong.fill({ birthdate: '' }).press('#consent-allow'));
  expect(await listPermissions(database, id, { limit: 9 })).toMatchObject([{ kind: 'notice', withheld: 'unknown' }]);

  const second = await app.startSignIn({ prompt: 'consent' });
  const asked = await (await browser.visit(second.url)).fill({ birthdate: '21-04-1990' }).press('#consent-allow');
  expect(asked.has('#consent-withheld')).toBe(false);
  const tokens = await app.finishSignIn(second, await asked.press('#consent-allow'));
  expect(await app.userinfo(tokens.access_token)).toMatchObject({ nickname: 'Adik' });
  const held = await listPermissions(database, id, { limit: 9 });
  expect(held.map(({ kind }) => kind).toSorted()).toEqual(['consent', 'notice']);
});

test('what somebody had agreed to before it was known that they are a minor ends with the page that says so', async () => {
  await using world = await openWorld();
  const { database, house } = world;
  const app = await openApp(world);
  const id = await world.citizen('dikira@contoh.id', { password, profile: profileOf('1990-04-21') });
  const browser = world.browser();
  const { tokens: before } = await signInto(app, browser, {}, 'dikira@contoh.id');
  const { profile } = await loadAccount(database, house.secrets, id);
  await database.transaction((tx) => saveProfile(tx, house.secrets, id, { ...profile, birthdate: childsBirthdate }));
  const asked = await browser.visit((await app.startSignIn({ prompt: 'consent' })).url);
  expect(asked.has('#consent-withheld')).toBe(true);
  await asked.press('#consent-allow');
  expect(await refusalOf(app.userinfo(before.access_token))).toMatch(/^401/);
  const held = await listPermissions(database, id, { limit: 9 });
  expect(held).toMatchObject([{ kind: 'notice', withheld: 'minor' }]);
  expect(await listWithdrawals(database, id, { limit: 9 })).toMatchObject([{ clientId: 'anak', cause: 'underage' }]);
});

test('a minor whose app asks for nothing by consent is told as well that the consent of before ends', async () => {
  await using world = await openWorld();
  const { database, house } = world;
  await world.declare({ client_id: 'sepi', scope: 'openid', claims: [] });
  const app = await world.app({ clientId: 'sepi', scope: 'openid', redirectUri: 'http://localhost:3001/callback' });
  const id = await world.citizen('senyap@contoh.id', { password, profile: profileOf('1990-04-21') });
  const browser = world.browser();
  await signInto(app, browser, {}, 'senyap@contoh.id');
  const { profile } = await loadAccount(database, house.secrets, id);
  await database.transaction((tx) => saveProfile(tx, house.secrets, id, { ...profile, birthdate: childsBirthdate }));
  const first = await app.startSignIn({ prompt: 'consent' });
  const asked = await browser.visit(first.url);
  expect(asked.text('#consent-withheld')).toContain('Izin yang dulu diberikan kepada layanan ini berakhir');
  expect(asked.text('#consent-withheld')).not.toContain('Data yang perlu izin');
  await app.finishSignIn(first, await asked.press('#consent-allow'));
  expect(await listWithdrawals(database, id, { limit: 9 })).toMatchObject([{ clientId: 'sepi', cause: 'underage' }]);

  const again = await browser.visit((await app.startSignIn({ prompt: 'consent' })).url);
  expect(again.has('#consent-withheld')).toBe(false);
});

test('whoever turns out to be under age: consents end, apps are told, what the law says goes on', async () => {
  await using world = await openWorld();
  const app = await openApp(world);
  const { database } = world;
  const id = await world.citizen('ternyata@contoh.id', { password, profile: profileOf('1991-02-03') });
  const browser = world.browser();
  const { tokens } = await signInto(app, browser, {}, 'ternyata@contoh.id');
  expect(await app.userinfo(tokens.access_token)).toHaveProperty('nickname');

  const page = await browser.visit(`${world.issuer}/account/data/correct`);
  const year = new Date().getUTCFullYear() - 12;
  const saved = await page.fill({ birthdate: `03-02-${year}` }).press('#save');
  expect(saved.text('.notice')).toContain('sudah dibetulkan');
  expect(await listPermissions(database, id, { limit: 9 })).toMatchObject([{ kind: 'notice', claims: ['name'] }]);
  await expect(app.userinfo(tokens.access_token)).rejects.toMatchObject({ status: 401 });
  expect(await listWithdrawals(database, id, { limit: 9 })).toMatchObject([{ clientId: 'anak', cause: 'underage' }]);
  const events = await database.query(
    `select 1 from account_events where account_id = $1 and kind = 'consent.underage'`,
    [id],
  );
  expect(events).toHaveLength(1);

  const again = await app.startSignIn();
  const told = await browser.visit(again.url);
  expect([told.has('#consent-withheld'), told.has('input[name="claim"]')]).toEqual([true, false]);
  const later = await app.finishSignIn(again, await told.press('#consent-allow'));
  expect(await app.userinfo(later.access_token)).not.toHaveProperty('nickname');
});

test('another birth date of an adult ends nothing', async () => {
  await using world = await openWorld();
  const app = await openApp(world);
  const id = await world.citizen('tetap@contoh.id', { password, profile: profileOf('1991-02-03') });
  const browser = world.browser();
  await signInto(app, browser, {}, 'tetap@contoh.id');
  const page = await browser.visit(`${world.issuer}/account/data/correct`);
  await page.fill({ birthdate: '04-02-1991' }).press('#save');
  expect(await listPermissions(world.database, id, { limit: 9 })).toHaveLength(2);
});

test('a birth date told on the page of one app ends the consents of all others where it is that of a child', async () => {
  await using world = await openWorld();
  const app = await openApp(world);
  const { database } = world;
  const { secrets } = world.house;
  const id = await world.citizen('terungkap@contoh.id', { password });
  await world.declare({ client_id: 'lain', scope: 'openid profile', claims: claims.slice(1) });
  const other = await world.app({
    clientId: 'lain',
    scope: 'openid profile',
    redirectUri: 'http://localhost:3001/callback',
  });
  const browser = world.browser();
  await signInto(other, browser, {}, 'terungkap@contoh.id');
  // As accounts are whose consents are older than the question.
  const { profile } = await loadAccount(database, secrets, id);
  const { birthdate: _, ...unknown } = profile;
  await saveProfile(database, secrets, id, unknown);

  const first = await app.startSignIn();
  const page = await browser.visit(first.url);
  await page.fill({ birthdate: `17-06-${inYears(-12)}` }).press('#consent-allow');
  expect(await listPermissions(database, id, { limit: 9 })).toMatchObject([{ clientId: 'anak', withheld: 'minor' }]);
});

test('whoever sends ticks and buttons of a page that a minor never saw allows nothing by them', async () => {
  await using world = await openWorld();
  const app = await openApp(world);
  const id = await world.citizen('licik@contoh.id', { password, profile: profileOf(childsBirthdate) });
  const first = await app.startSignIn();
  const browser = world.browser();
  const page = await (await browser.visit(first.url))
    .fill({ identifier: 'licik@contoh.id', password })
    .press('#sign-in');
  const forged = {
    ...{ csrf: page.value('csrf') ?? '', terms: page.value('terms') ?? '', action: 'allow' },
    ...{ claim: 'nickname', birthdate: '01-01-1980' },
  };
  const tokens = await app.finishSignIn(first, await browser.post(page.url, forged, world.issuer));
  expect(await app.userinfo(tokens.access_token)).not.toHaveProperty('nickname');
  expect(await listPermissions(world.database, id, { limit: 9 })).toMatchObject([
    { kind: 'notice', withheld: 'minor' },
  ]);
});

test('a notice is no choice: no box, and it is told whatever is ticked', async () => {
  await using world = await openWorld();
  const app = await openApp(world);
  const id = await world.citizen('dewasa@contoh.id', { password, profile: profileOf('1991-02-03') });
  const first = await app.startSignIn();
  const page = await (await world.browser().visit(first.url))
    .fill({ identifier: 'dewasa@contoh.id', password })
    .press('#sign-in');
  expect(page.attributes('input[name="claim"]', 'value')).not.toContain('name');
  expect(page.text()).toContain('tugas pelayanan publik (UU 17/2023)');
  const tokens = await app.finishSignIn(first, await page.press('#consent-allow'));
  expect(await app.userinfo(tokens.access_token)).toMatchObject({ name: 'Warga Uji', nickname: 'Adik' });
  const held = await listPermissions(world.database, id, { limit: 9 });
  expect(held.find(({ kind }) => kind === 'notice')).toMatchObject({ claims: ['name'], declined: [] });
});

test('an app that asks for nothing about a person asks nobody for a birth date either', async () => {
  await using world = await openWorld();
  await world.declare({ client_id: 'sepi', scope: 'openid', claims: [] });
  const app = await world.app({ clientId: 'sepi', scope: 'openid', redirectUri: 'http://localhost:3001/callback' });
  await world.citizen('sepi@contoh.id', { password, profile: profileOf('') });
  const first = await app.startSignIn();
  const page = await (await world.browser().visit(first.url))
    .fill({ identifier: 'sepi@contoh.id', password })
    .press('#sign-in');
  expect([page.has('#birthdate'), page.has('#consent-nothing'), page.text('h1')]).toEqual([
    ...[false, true, expect.stringContaining('Masuk ke')],
  ]);
  const tokens = await app.finishSignIn(first, await page.press('#consent-allow'));
  expect(await app.userinfo(tokens.access_token)).toEqual({ sub: tokens.claims()?.sub });
});
