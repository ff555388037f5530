/** Whoever stands half-way in a sign-in is out as well when everything of an account is ended. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freeze } from '#src/oidc/account-end.ts';
import { makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { answerOf } from '#test/oidc/flows.ts';
import { byPasskey, byPassword } from '#test/security/cast.ts';
import { givePasskey } from '#test/security/scene.ts';
import type { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { type BrowserAgent, exchange, type Page } from '#test/support/browser-agent.ts';
import { useMovedClock } from '#test/support/clock.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

const DAY = 24 * 3600;

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  app = await world.app();
});

afterAll(() => world[Symbol.asyncDispose]());

const pass = useMovedClock();

let made = 0;

interface Owner {
  readonly id: string;
  readonly mail: string;
  readonly device: SoftwareAuthenticator | undefined;
  readonly codes: readonly string[];
}

async function owner({ passkey = false } = {}): Promise<Owner> {
  made += 1;
  const mail = `separuh-${made}@contoh.id`;
  const id = await world.citizen(mail, { name: 'Sari Separuh', password });
  const codes = await world.database.transaction((tx) => makeRecoveryCodes(tx, world.house.secrets, id));
  const device = passkey ? await givePasskey(world, id) : undefined;
  pass(30 * DAY);
  return { id, mail, device, codes };
}

/** A thief with the password, on the page that asks what the app may read. */
async function standAtConsent(thief: BrowserAgent, { mail }: Owner): Promise<Page> {
  const page = await byPassword(mail)(await thief.visit((await app.startSignIn()).url));
  expect(page.has('#consent-allow')).toBe(true);
  pass(60);
  return page;
}

/** Signed in on the account page, with as much as the account asks for. */
async function atHome({ mail, device }: Owner, path = '/account'): Promise<Page> {
  const page = await world.browser().visit(`${world.issuer}${path}`);
  return device ? byPasskey(device)(page) : byPassword(mail)(page);
}

async function codeTo(address: string): Promise<string> {
  return (await world.message(address)).code ?? '';
}

async function openAgain(someone: Owner): Promise<void> {
  await world.database.transaction((tx) => freeze(tx, world.house.secrets, someone.id, { reason: 'not-me' }));
  pass(60);
  const code = await (await atHome(someone)).press('#send-open-code');
  const inside = await code.fill({ code: await codeTo(someone.mail) }).press('#continue');
  expect(inside.has('#connected-apps')).toBe(true);
}

async function recover({ mail, codes }: Owner): Promise<void> {
  const signIn = await world.browser().visit(`${world.issuer}/account`);
  const asked = await (await signIn.follow('#recover')).fill({ identifier: mail }).press('#continue');
  const ways = await asked.fill({ code: await codeTo(mail) }).press('#continue');
  const newWay = await ways.fill({ 'recovery-code': codes[0] ?? '' }).press('#use-recovery-code');
  const inside = await newWay.fill({ password: 'rumput tetangga selalu hijau' }).press('#continue');
  expect(inside.has('#connected-apps')).toBe(true);
}

async function changePassword(someone: Owner): Promise<void> {
  const form = await atHome(someone, '/account/password');
  const secrets = { 'current-password': password, 'new-password': 'rumput tetangga selalu hijau' };
  const done = await form.fill(secrets).tick('elsewhere').press('#save');
  expect(done.has('#connected-apps')).toBe(true);
}

async function endOthers(someone: Owner): Promise<void> {
  await atHome(someone);
  await (await atHome(someone)).press('#end-other-sessions');
}

const ends: readonly (readonly [string, (someone: Owner) => Promise<unknown>, { passkey: boolean }])[] = [
  ['the account was frozen and opened again', openAgain, { passkey: true }],
  ['the owner has come back by a printed code', recover, { passkey: false }],
  ['the password was changed and every other sign-in ended', changePassword, { passkey: false }],
  ['every other sign-in was ended', endOthers, { passkey: false }],
  ['every sign-in was ended', async (who) => (await atHome(who)).press('#end-every-session'), { passkey: false }],
];

async function expectOutside(thief: BrowserAgent): Promise<void> {
  expect((await thief.visit(`${world.issuer}/account`)).has('#connected-apps')).toBe(false);
  const silent = await thief.visit((await app.startSignIn({ prompt: 'none' })).url);
  expect(answerOf(silent).get('error')).toBe('login_required');
}

test.each(ends)('who stands before the consent is out when %s', async (_, end, made) => {
  const someone = await owner(made);
  const thief = world.browser();
  const page = await standAtConsent(thief, someone);
  await end(someone);
  pass(1);
  expect((await thief.visit(page.url)).html).not.toContain('Sari Separuh');
  const answer = await page.press('#consent-allow');
  expect(answer.has('#sign-in')).toBe(true);
  await expectOutside(thief);
});

test.each(ends)('nor does a finished sign-in that was kept back count when %s', async (_, end, made) => {
  const someone = await owner(made);
  const thief = world.browser();
  const page = await standAtConsent(thief, someone);
  const form = new URLSearchParams({ csrf: page.value('csrf') ?? '', action: 'allow' }).toString();
  const answer = await exchange(page.url, {
    method: 'POST',
    headers: {
      cookie: thief.cookies.header(page.url) ?? '',
      origin: world.issuer,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(form.length),
    },
    body: form,
  });
  expect(answer.status).toBe(303);
  thief.cookies.keep(page.url, answer.headers.getSetCookie());
  await end(someone);
  pass(1);
  const refused = await thief.visit(new URL(answer.headers.get('location') ?? '', page.url));
  expect([refused.status, refused.url.origin]).toEqual([400, world.issuer]);
  await expectOutside(thief);
});
