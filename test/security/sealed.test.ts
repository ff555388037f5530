/**
 * A dump of the database in hands that have no master key: which clinic and which court somebody uses. The record of who read
 * what, and the history of the account, tell it to nobody; what else names an app beside an account is listed here, and why
 * that is so in decision 45.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signInto } from '#test/oidc/flows.ts';
import { everyRow } from '#test/support/raw-files.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

const APP = 'klinik-jiwa-harapan';

let world: World;
const people: string[] = [];
let rows: Awaited<ReturnType<typeof everyRow>>;

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: APP, backchannel_logout_uri: 'http://localhost:9/keluar' });
  const app = await world.app({ clientId: APP, redirectUri: 'http://localhost:3001/callback' });
  for (const mail of ['pasien-satu@contoh.id', 'pasien-dua@contoh.id']) {
    people.push(await world.citizen(mail, { password }));
    const browser = world.browser();
    const { tokens } = await signInto(app, browser, {}, mail);
    await app.userinfo(tokens.access_token);
    await app.introspect(tokens.access_token);
    const list = await browser.visit(`${world.issuer}/account/releases`);
    const [link = ''] = list.attributes('[data-release] h3 a', 'href');
    const release = await browser.visit(`${world.issuer}${link}`);
    const reported = await release.tick('reason', 'not-then').press('#report');
    expect(reported.has('#end-access')).toBe(true);
    await reported.press('#end-access');
    await signInto(app, browser, {}, mail);
  }
  await world.database.settle();
  rows = await everyRow(world.database);
});

afterAll(() => world?.[Symbol.asyncDispose]());

test('an app stands beside an account in what is open between the two, and in no record of what was', () => {
  const naming = rows.filter(({ text }) => text.includes(APP) && people.some((id) => text.includes(id)));
  expect([...new Set(naming.map(({ table }) => table))].toSorted()).toEqual([
    ...['artifacts', 'grants', 'permissions', 'release_reports', 'withdrawals'],
  ]);
  for (const table of ['releases', 'account_events']) {
    const own = rows.filter((row) => row.table === table && people.some((id) => row.text.includes(id)));
    expect(own.length).toBeGreaterThan(6);
    expect(own.filter(({ text }) => text.includes(APP))).toEqual([]);
  }
});

test('nothing of it is equal in two accounts', () => {
  const hidden = people.map((id) => {
    const own = rows.filter(({ table, text }) => ['releases', 'account_events'].includes(table) && text.includes(id));
    return new Set(own.flatMap(({ text }) => text.match(/\\x[0-9a-f]{16,}/g) ?? []));
  });
  expect(hidden.map(({ size }) => size > 6)).toEqual([true, true]);
  expect([...(hidden[0] ?? [])].filter((value) => hidden[1]?.has(value))).toEqual([]);
});
