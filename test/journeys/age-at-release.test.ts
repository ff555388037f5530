/** At the moment of each hand-over the person has to be of age for what rests on consent, whatever was agreed to before. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { listPermissions } from '#src/consents/permissions.ts';
import { listReleases } from '#src/consents/releases.ts';
import { listWithdrawals } from '#src/consents/withdrawals.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { type Profile, saveProfile } from '#src/people/profile.ts';
import { answerOf } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { inYears } from '#test/support/clock.ts';
import type { RelyingParty, Tokens } from '#test/support/relying-party.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;

const claims = [
  { name: 'name', required: true, basis: 'public_task', law: 'UU 17/2023', purpose: 'Memanggil Anda.' },
  { name: 'nickname', required: true, basis: 'consent', purpose: 'Menyapa Anda.' },
];

/** The ID token holds what was asked for by name. */
const byName = { claims: JSON.stringify({ id_token: { name: null, nickname: null } }) };

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: 'umur', scope: 'openid profile offline_access', claims, rotate_refresh: false });
  app = await world.app({ clientId: 'umur', scope: 'openid profile offline_access' });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

/** Somebody who is taken for an adult, agrees, and is of another age from then on: as consents are that are older than the rule. */
async function agreed(mail: string, birthdate: string | undefined) {
  const id = await world.citizen(mail, { password, profile: { nickname: 'Adik', birthdate: '1991-02-03' } });
  const browser = world.browser();
  const attempt = await app.startSignIn({ prompt: 'consent', ...byName });
  const page = await (await browser.visit(attempt.url)).fill({ identifier: mail, password }).press('#sign-in');
  const tokens = await app.finishSignIn(attempt, await page.press('#consent-allow'));
  expect(toldBy(tokens)).toEqual(['name', 'nickname']);
  await putBirthdate(id, birthdate);
  return { id, browser, tokens };
}

async function putBirthdate(id: string, birthdate: string | undefined): Promise<void> {
  const { profile } = await loadAccount(world.database, world.house.secrets, id);
  const { birthdate: _, ...rest } = profile;
  const changed: Profile = birthdate === undefined ? rest : { ...rest, birthdate };
  await world.database.transaction((tx) => saveProfile(tx, world.house.secrets, id, changed));
}

const eighteenth = inYears(4);
const childsBirthdate = `${eighteenth - 18}-06-17`;

/** Which of the two claims an ID token holds. */
const toldBy = (tokens: Tokens) => claims.map(({ name }) => name).filter((name) => name in (tokens.claims() ?? {}));

const readBy = async ({ access_token: token }: Tokens) => {
  const told = await app.userinfo(token);
  return claims.map(({ name }) => name).filter((name) => name in told);
};

async function silently(browser: BrowserAgent): Promise<Tokens> {
  const attempt = await app.startSignIn({ prompt: 'none', ...byName });
  const arrived = await browser.visit(attempt.url);
  expect(answerOf(arrived).get('error')).toBeNull();
  return app.finishSignIn(attempt, arrived);
}

async function releasedSince(id: string, since: Date): Promise<string[]> {
  await world.database.settle();
  const releases = await listReleases(world.database, world.house.secrets, id, { limit: 100 });
  return releases
    .filter(({ lastAt }) => lastAt >= since)
    .map(({ kind, claims: names }) => `${kind} ${names.join(' ')}`);
}

test.each([
  ['of unknown age', undefined],
  ['under age', `${inYears(-11)}-06-17`],
])(
  'who is %s: no way hands out what rests on consent, each hands out what the law says, and prompt=none works',
  async (who, birthdate) => {
    const { id, browser, tokens } = await agreed(`${who.replaceAll(' ', '-')}@contoh.id`, birthdate);
    await world.database.settle();
    // What is read again on a day is counted with what was read before: it stays one day.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1_000 });
    const since = new Date();
    expect(await readBy(tokens)).toEqual(['name']);
    const refreshed = await app.refresh(tokens.refresh_token ?? '');
    expect(await readBy(refreshed)).toEqual(['name']);
    if (refreshed.id_token) expect(toldBy(refreshed)).toEqual(['name']);
    const inspected = await app.introspect(refreshed.access_token);
    expect([inspected.active, JSON.stringify(inspected).includes('Adik')]).toEqual([true, false]);
    const again = await silently(browser);
    expect(toldBy(again)).toEqual(['name']);
    expect(await readBy(again)).toEqual(['name']);
    const released = await releasedSince(id, since);
    expect(released.toSorted()).toEqual(['code name', 'introspection ', 'refresh name', 'userinfo name']);
  },
);

test('of unknown age: one question, and a consent of before counts again without being asked anew', async () => {
  const { id, browser, tokens } = await agreed('lupa@contoh.id', undefined);
  const [before] = (await listPermissions(world.database, id, { limit: 9 })).filter(({ kind }) => kind === 'consent');
  const attempt = await app.startSignIn(byName);
  const asked = await browser.visit(attempt.url);
  expect([asked.has('#birthdate'), asked.has('input[name="claim"]')]).toEqual([true, false]);
  expect(asked.text('#consent-withheld')).toMatch(/Kapan Anda lahir\?.*Izin yang dulu Anda berikan/s);
  const arrived = await asked.fill({ birthdate: '21-04-1990' }).press('#consent-allow');
  const later = await app.finishSignIn(attempt, arrived);
  expect([toldBy(later), await readBy(later)]).toEqual([
    ['name', 'nickname'],
    ['name', 'nickname'],
  ]);
  expect(await readBy(tokens)).toEqual(['name', 'nickname']);
  const after = await listPermissions(world.database, id, { ended: true, limit: 9 });
  expect(after.filter(({ kind }) => kind === 'consent')).toEqual([before]);
  expect(await listWithdrawals(world.database, id, { limit: 9 })).toEqual([]);
});

test('who leaves the question open is not asked again, and consents count once the account page knows the birth date', async () => {
  const { id, browser } = await agreed('nanti@contoh.id', undefined);
  const first = await app.startSignIn(byName);
  const tokens = await app.finishSignIn(first, await (await browser.visit(first.url)).press('#consent-allow'));
  expect(await readBy(tokens)).toEqual(['name']);
  const second = await app.startSignIn(byName);
  expect((await browser.visit(second.url)).status).toBe(0);
  expect(await readBy(await silently(browser))).toEqual(['name']);
  const resting = await browser.visit(`${world.issuer}/account/apps/umur`);
  expect(resting.text('#rests')).toContain('tanggal lahir Anda belum diisi');
  const page = await browser.visit(`${world.issuer}/account/data/correct`);
  await page.fill({ birthdate: '21-04-1990' }).press('#save');
  const third = await app.startSignIn(byName);
  const arrived = await browser.visit(third.url);
  expect(arrived.status).toBe(0);
  expect((await browser.visit(`${world.issuer}/account/apps/umur`)).has('#rests')).toBe(false);
  expect(toldBy(await app.finishSignIn(third, arrived))).toEqual(['name', 'nickname']);
  expect(await listPermissions(world.database, id, { ended: true, limit: 9 })).toHaveLength(3);
});

test('a minor is told once; their consent ends for its own reason, and nothing that they did not do is said of them', async () => {
  const { id, browser } = await agreed('cilik@contoh.id', `${inYears(-11)}-06-17`);
  const first = await app.startSignIn();
  const told = await browser.visit(first.url);
  expect([told.has('#consent-withheld'), told.has('#birthdate')]).toEqual([true, false]);
  await app.finishSignIn(first, await told.press('#consent-allow'));
  expect((await browser.visit((await app.startSignIn()).url)).status).toBe(0);
  const all = await listPermissions(world.database, id, { ended: true, limit: 9 });
  const ended = all.find(({ kind }) => kind === 'consent');
  expect(ended?.endReason).toBe('underage');
  expect(await listWithdrawals(world.database, id, { limit: 9 })).toMatchObject([{ cause: 'underage' }]);
  const events = await world.database.query<{ kind: string }>(
    `select kind from account_events where account_id = $1 and kind like 'consent.%' order by kind`,
    [id],
  );
  expect(events.map(({ kind }) => kind)).toEqual(['consent.given', 'consent.underage']);
  for (const [language, words] of [
    ['id', 'karena Anda belum 18 tahun'],
    ['en', 'because you are under 18'],
  ] as const) {
    for (const path of ['/account/apps/umur', '/account/history'])
      expect((await browser.visit(`${world.issuer}${path}?ui_locales=${language}`)).text(), path).toContain(words);
    const receipt = await browser.visit(`${world.issuer}/account/receipts/${ended?.id}?ui_locales=${language}`);
    expect(receipt.text()).toContain(language === 'id' ? 'belum 18 tahun' : 'under 18');
    expect(receipt.text()).not.toMatch(/ditarik|withdrawn by/i);
  }
});

test('at midnight in Jakarta a child becomes an adult: then apps ask, and what they agreed to as a child does not count', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(`${eighteenth}-06-16T16:55:00Z`) });
  const { browser, tokens } = await agreed('ulang-tahun@contoh.id', childsBirthdate);
  vi.setSystemTime(new Date(`${eighteenth}-06-16T16:59:59Z`));
  expect(await readBy(tokens)).toEqual(['name']);
  const before = await browser.visit((await app.startSignIn()).url);
  expect(before.has('#consent-withheld')).toBe(true);

  vi.setSystemTime(new Date(`${eighteenth}-06-16T17:00:00Z`));
  expect(await readBy(tokens)).toEqual(['name']);
  expect(toldBy(await silently(browser))).toEqual(['name']);
  const attempt = await app.startSignIn(byName);
  const asked = await browser.visit(attempt.url);
  expect([asked.has('#consent-withheld'), asked.text()]).toEqual([false, expect.stringContaining('Menyapa Anda.')]);
  const later = await app.finishSignIn(attempt, await asked.press('#consent-allow'));
  expect([toldBy(later), await readBy(later)]).toEqual([
    ['name', 'nickname'],
    ['name', 'nickname'],
  ]);
});

test('a child who was told why nothing else is shared is asked on the day itself, not an hour before', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date(`${eighteenth}-06-16T16:20:00Z`) });
  await world.citizen('besok@contoh.id', { password, profile: { nickname: 'Adik', birthdate: childsBirthdate } });
  const browser = world.browser();
  const first = await app.startSignIn();
  const page = await (await browser.visit(first.url))
    .fill({ identifier: 'besok@contoh.id', password })
    .press('#sign-in');
  await app.finishSignIn(first, await page.press('#consent-allow'));
  vi.setSystemTime(new Date(`${eighteenth}-06-16T16:59:00Z`));
  expect((await browser.visit((await app.startSignIn()).url)).status).toBe(0);
  vi.setSystemTime(new Date(`${eighteenth}-06-16T17:00:00Z`));
  const attempt = await app.startSignIn();
  const asked = await browser.visit(attempt.url);
  expect(asked.has('#consent-withheld')).toBe(false);
  expect(await readBy(await app.finishSignIn(attempt, await asked.press('#consent-allow')))).toEqual([
    'name',
    'nickname',
  ]);
});
