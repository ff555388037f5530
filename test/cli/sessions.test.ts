/** `lawang sessions end`, beside a server that is running. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { answerOf, refusalOf, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { runBeside } from '#test/support/command-line.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
let health: RelyingParty;
let tax: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  health = await world.app();
  tax = await world.app({ clientId: 'pajak-daerah', scope: 'openid profile' });
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(() => world.database.execute('delete from sessions'));

const lawang = (line: string) => runBeside(world, line);

async function enter(address: string): Promise<{ browser: BrowserAgent; token: string; taxToken: string }> {
  const browser = world.browser();
  await signIn(await browser.visit(`${world.issuer}/account`), address);
  const [{ tokens }, { tokens: ofTax }] = [await signInto(health, browser), await signInto(tax, browser)];
  return { browser, token: tokens.access_token, taxToken: ofTax.access_token };
}

const isSignedIn = async (browser: BrowserAgent, app = health) =>
  answerOf(await browser.visit((await app.startSignIn({ prompt: 'none' })).url)).has('code');

test('--all signs everybody out, with every token', async () => {
  const people = [await enter('siti@contoh.id'), await enter('budi@contoh.id')];
  const { code, out } = await lawang('sessions end --all --json');
  expect({ code, ...JSON.parse(out) }).toEqual({ code: 0, ended: 2, of: 'everybody' });
  for (const { browser, token, taxToken } of people) {
    expect(await isSignedIn(browser)).toBe(false);
    expect(await refusalOf(health.userinfo(token))).toBe('401 invalid_token');
    expect(await refusalOf(tax.userinfo(taxToken))).toBe('401 invalid_token');
  }
  expect((await lawang('sessions end --all')).out).toBe('0 sessions of everybody ended.\n');
  const last = await world.database.first<{ kind: string; actor: string }>(
    'select kind, actor from admin_events order by at desc limit 1',
  );
  expect(last).toEqual({ kind: 'sessions.ended', actor: 'command' });
});

test('beside people who come and go nobody meets a fault, and a second run leaves nobody', async () => {
  const people = await Promise.all(Array.from({ length: 6 }, () => enter('siti@contoh.id')));
  const opened = async (browser: BrowserAgent) => browser.visit((await tax.startSignIn()).url);
  const [{ code }, ...pages] = await Promise.all([
    lawang('sessions end --all'),
    ...people.flatMap(({ browser }) => [opened(browser), browser.visit(`${world.issuer}/account`)]),
  ]);
  expect(code).toBe(0);
  expect(pages.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
  await lawang('sessions end --all');
  for (const { browser } of people) expect(await isSignedIn(browser)).toBe(false);
});

test('--client ends what that app holds, and leaves people signed in', async () => {
  const { browser, token, taxToken } = await enter('siti@contoh.id');
  expect((await lawang('sessions end --client pajak-daerah')).out).toBe('1 session of client pajak-daerah ended.\n');
  expect(await refusalOf(tax.userinfo(taxToken))).toBe('401 invalid_token');
  expect(await health.userinfo(token)).toHaveProperty('sub');
  expect(await isSignedIn(browser)).toBe(true);
  expect(await lawang('sessions end --client tidak-ada')).toMatchObject({ code: 1, err: /not registered/ });
});

test('--account ends one person\u2019s, by account id or by what they sign in with, and never says what that was', async () => {
  const id = await world.citizen('satu.orang@contoh.id', { password });
  const [one, other] = [await enter('satu.orang@contoh.id'), await enter('siti@contoh.id')];
  await enter('satu.orang@contoh.id');
  const done = await lawang('sessions end --account satu.orang@contoh.id');
  expect(done).toEqual({ code: 0, out: `2 sessions of account ${id} ended.\n`, err: '' });
  expect(await isSignedIn(one.browser)).toBe(false);
  expect(await refusalOf(health.userinfo(one.token))).toBe('401 invalid_token');
  expect(await isSignedIn(other.browser)).toBe(true);
  const again = await enter('satu.orang@contoh.id');
  expect((await lawang(`sessions end --account ${id}`)).out).toBe(`1 session of account ${id} ended.\n`);
  expect(await isSignedIn(again.browser)).toBe(false);
  const nobody = await lawang('sessions end --account bukan.siapa@contoh.id');
  expect(nobody).toEqual({ code: 1, out: '', err: 'Nobody has this account id, e-mail or phone.\n' });
});

test.each([
  'sessions end',
  'sessions end --all --client pajak-daerah',
  'sessions end siti@contoh.id',
  'sessions end --everybody',
])('"lawang %s" is answered with the usage', async (line) => {
  const { code, out, err } = await lawang(line);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('lawang sessions end --all | --client ID | --account ID');
});
