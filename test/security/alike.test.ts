/**
 * Nobody learns from the provider who has an account (security line 28): unknown, wrong, disabled, frozen, passkey-only
 * and without a password look the same, and cost the same statements and hashes. Time itself is compared by the bench.
 */
import argon2 from 'argon2';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { setAccountState } from '#test/support/account-state.ts';
import type { Page } from '#test/support/page.ts';
import { openWorld, password, type World } from '#test/support/world.ts';
import { givePasskey } from './scene.ts';

/** Addresses of one length, so that even the sizes of the pages can be compared. */
const addresses = {
  unknown: 'nihil@contoh.id',
  usual: 'wajar@contoh.id',
  disabled: 'mati1@contoh.id',
  frozen: 'beku1@contoh.id',
  'with a passkey only': 'kunci@contoh.id',
  'with a passkey and a password': 'ganda@contoh.id',
  'without a password': 'tanpa@contoh.id',
  'nobody’s number': '+6281200000011',
  'a number': '+6281200000012',
  'a number not proven for long': '+6281200000013',
} as const;

type Who = keyof typeof addresses;
const numbers: readonly Who[] = ['nobody’s number', 'a number', 'a number not proven for long'];
const everybody = (Object.keys(addresses) as Who[]).filter((who) => !numbers.includes(who));

let world: World;
let hashes = 0;

beforeAll(async () => {
  world = await openWorld({ settings: { RATE_LIMITS: 'on' } });
  const withPassword = { password };
  await world.citizen(addresses.usual, withPassword);
  await givePasskey(world, await world.citizen(addresses['with a passkey only']));
  await givePasskey(world, await world.citizen(addresses['with a passkey and a password'], withPassword));
  await world.citizen(addresses['without a password']);
  const { database } = world;
  await world.citizen(addresses['a number'], withPassword);
  await database.execute('update contacts set proven_at = $2 where account_id = $1', [
    await world.citizen(addresses['a number not proven for long'], withPassword),
    new Date(Date.now() - 91 * 24 * 3600 * 1000),
  ]);
  await setAccountState(database, await world.citizen(addresses.disabled, withPassword), 'disabled');
  await setAccountState(database, await world.citizen(addresses.frozen, withPassword), 'frozen');
  const { verify, hash } = argon2;
  vi.spyOn(argon2, 'verify').mockImplementation((...given) => {
    hashes += 1;
    return verify(...given);
  });
  vi.spyOn(argon2, 'hash').mockImplementation((...given) => {
    hashes += 1;
    return hash(...given);
  });
});

afterAll(() => world[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

/** Everything about an answer that somebody outside, or somebody who watches the database, could compare. */
interface Trace {
  readonly hops: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly html: string;
  readonly statements: readonly string[];
  readonly hashes: number;
}

async function traceOf(who: Who, act: () => Promise<Page>): Promise<Trace> {
  hashes = 0;
  let acted: Page | undefined;
  const sent = await world.sentFor(async () => {
    acted = await act();
  });
  const page = acted as Page;
  const same = (text: string) => uniform(text, who);
  const headers = Object.fromEntries([...page.headers].map(([name, value]) => [name, same(value)]));
  const { date: _d, 'request-reference': _r, 'set-cookie': _c, ...kept } = headers;
  return {
    hops: page.hops.map(({ method, url, status }) => `${method} ${same(url.pathname + url.search)} ${status}`),
    headers: kept,
    cookies: page.headers.getSetCookie().map((line) => line.replace(/=[^;]*/, '=…')),
    html: same(page.html),
    statements: sent.map(({ text }) => text).filter((text) => !isOfEverybody(text)),
    hashes,
  };
}

/** What a process sends now and then, whoever comes: it merges what everybody has guessed. */
function isOfEverybody(text: string): boolean {
  return text.startsWith('insert into throttles as total ');
}

/** Without what is random in every page, and with one address for all. */
function uniform(text: string, who: Who): string {
  return text
    .replaceAll(addresses[who], 'X')
    .replaceAll(encodeURIComponent(addresses[who]), 'X')
    .replace(/\/interaction\/[\w-]+/g, '/interaction/:uid')
    .replace(/(name="csrf" value=")[^"]*/g, '$1…')
    .replace(/("challenge":\s*")[^"]*/g, '$1…')
    .replace(/\b(state|nonce|code_challenge)=[\w-]+/g, '$1=…');
}

async function openSignIn(parameters: Record<string, string> = {}): Promise<Page> {
  const app = await world.app();
  return world.browser().visit((await app.startSignIn(parameters)).url);
}

/** Does the same as everybody and expects the same traces; `usual` comes first in what a difference shows. */
async function expectAlike(whos: readonly Who[], prepare: (who: Who) => Promise<() => Promise<Page>>): Promise<Trace> {
  const traces = new Map<Who, Trace>();
  for (const who of whos) traces.set(who, await traceOf(who, await prepare(who)));
  const [first, ...others] = [...traces];
  if (!first) throw new Error('nobody was compared');
  for (const [who, trace] of others) expect([who, trace]).toEqual([who, first[1]]);
  return first[1];
}

test('by password: one answer, the same statements, exactly one hash', async () => {
  const secretOf = (who: Who) => (who === 'usual' || who.includes('passkey and') ? 'salah sekali ini' : password);
  const trace = await expectAlike(everybody, async (who) => {
    const page = await openSignIn();
    page.fill({ identifier: addresses[who], password: secretOf(who) });
    return () => page.press('#sign-in');
  });
  expect(trace).toMatchObject({ hashes: 1, hops: ['POST /interaction/:uid 422'] });
});

test('a number that its owner has not proven for long: like nobody’s and like any, for passwords and codes', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + 30_000);
  const byPassword = await expectAlike(numbers, async (who) => {
    const page = await openSignIn();
    page.fill({ identifier: addresses[who], password: 'salah sekali ini' });
    return () => page.press('#sign-in');
  });
  expect(byPassword).toMatchObject({ hashes: 1, hops: ['POST /interaction/:uid 422'] });
  const typed = new Map<Who, Page>();
  const byCode = await expectAlike(numbers, async (who) => {
    const page = (await openSignIn()).fill({ identifier: addresses[who] });
    return async () => {
      const sent = await page.press('#send-code');
      typed.set(who, sent);
      return sent;
    };
  });
  expect(byCode).toMatchObject({ hashes: 0, hops: ['POST /interaction/:uid 303', 'GET /interaction/:uid 200'] });
  const codes = await Promise.all(numbers.map(async (who) => (await world.message(addresses[who])).code));
  expect(numbers.filter((_, i) => codes[i])).toEqual(['nobody’s number', 'a number']);
  const wrong = codes.includes('000000') ? '000001' : '000000';
  const refused = await expectAlike(numbers, async (who) => {
    const page = typed.get(who) as Page;
    return () => page.fill({ code: wrong }).press('#continue');
  });
  expect(refused.hops).toEqual(['POST /interaction/:uid 422']);
});

test('by password, and by code, from a browser that knows other accounts: as from any other', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + 240_000);
  const browser = world.browser();
  const open = async () => browser.visit((await (await world.app()).startSignIn({ prompt: 'login' })).url);
  await (await open()).fill({ identifier: 'siti@contoh.id', password }).press('#sign-in');
  for (const [button, secret] of [
    ['#sign-in', 'salah sekali ini'],
    ['#send-code', ''],
  ] as const) {
    const trace = await expectAlike(everybody, async (who) => {
      const page = await open();
      page.fill({ identifier: addresses[who], password: secret });
      return () => page.press(button);
    });
    expect(trace.statements.join()).toContain('from devices');
  }
});

test('by password: a right one for an account that may not be used is no better than a wrong one', async () => {
  const answers = [password, 'salah sekali ini', 'pendek', 'x'.repeat(300)].map(async (secret) => {
    const page = await openSignIn();
    page.fill({ identifier: addresses.disabled, password: secret });
    const refused = await page.press('#sign-in');
    return [refused.status, refused.text('main')];
  });
  expect(new Set((await Promise.all(answers)).map((answer) => JSON.stringify(answer))).size).toBe(1);
});

test('asking for a code: one redirect, one page, the same statements', async () => {
  // The page counts seconds.
  vi.useFakeTimers({ toFake: ['Date'] });
  const trace = await expectAlike(everybody, async (who) => {
    const page = await openSignIn();
    page.fill({ identifier: addresses[who] });
    return () => page.press('#send-code');
  });
  expect(trace).toMatchObject({ hashes: 0, hops: ['POST /interaction/:uid 303', 'GET /interaction/:uid 200'] });
  // Everybody gets a message; only who may use it gets a code.
  const codes = await Promise.all(everybody.map(async (who) => (await world.message(addresses[who])).code));
  expect(everybody.filter((_, i) => codes[i])).toEqual(['unknown', 'usual', 'without a password']);
});

test('typing a wrong code: one answer', async () => {
  const wrong = new Map<Who, () => Promise<Page>>();
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + 60_000);
  for (const who of everybody) {
    const page = await openSignIn();
    page.fill({ identifier: addresses[who] });
    const typed = await page.press('#send-code');
    const { code } = await world.message(addresses[who]);
    wrong.set(who, () => typed.fill({ code: code === '000000' ? '000001' : '000000' }).press('#continue'));
  }
  const trace = await expectAlike(everybody, async (who) => wrong.get(who) as () => Promise<Page>);
  expect(trace.hops).toEqual(['POST /interaction/:uid 422']);
});

test('signing up at an address that is taken: as at a free one', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + 120_000);
  const trace = await expectAlike(everybody, async (who) => {
    const page = await (await openSignIn()).follow('#sign-up');
    page.fill({ identifier: addresses[who] });
    return () => page.press('#continue');
  });
  expect(trace.hops).toEqual(['POST /interaction/:uid?page=sign-up 303', 'GET /interaction/:uid 200']);
});

/** At an address that anybody may type: the page of a recovery that asks for a code. */
async function openRecovery(who: Who): Promise<Page> {
  const page = await (await openSignIn()).follow('#recover');
  return page.fill({ identifier: addresses[who] });
}

test('beginning a recovery: one redirect, one page, the same statements, no hash', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 240_000 });
  const mail = await expectAlike(everybody, async (who) => {
    const page = await openRecovery(who);
    return () => page.press('#continue');
  });
  expect(mail).toMatchObject({
    hashes: 0,
    hops: ['POST /interaction/:uid?page=recovery 303', 'GET /interaction/:uid 200'],
  });
  await expectAlike(numbers, async (who) => {
    const page = await openRecovery(who);
    return () => page.press('#continue');
  });
  // Everybody gets a message; a code only who could come back with it.
  const codes = await Promise.all(
    [...everybody, ...numbers].map(async (who) => (await world.message(addresses[who])).code),
  );
  expect([...everybody, ...numbers].filter((_, i) => codes[i])).toEqual([
    ...['usual', 'frozen', 'with a passkey only', 'with a passkey and a password', 'without a password', 'a number'],
  ]);
});

test('a password in a recovery: one answer, the same statements, exactly one hash', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 480_000 });
  const trace = await expectAlike(everybody, async (who) => {
    const page = await (await (await openRecovery(who)).press('#continue')).follow('#lost-contact');
    page.fill({ password: 'salah sekali ini', 'recovery-code': 'AAAA-BBBB-CCCC-DDDD' });
    return () => page.press('#use-recovery-code');
  });
  expect(trace).toMatchObject({ hashes: 1, hops: ['POST /interaction/:uid?page=lost-contact 422'] });
});

test('a wrong code in a recovery: one answer', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 360_000 });
  const wrong = new Map<Who, () => Promise<Page>>();
  for (const who of everybody) {
    const typed = await (await openRecovery(who)).press('#continue');
    const { code } = await world.message(addresses[who]);
    wrong.set(who, () => typed.fill({ code: code === '000000' ? '000001' : '000000' }).press('#continue'));
  }
  const trace = await expectAlike(everybody, async (who) => wrong.get(who) as () => Promise<Page>);
  expect(trace).toMatchObject({ hashes: 0, hops: ['POST /interaction/:uid 422'] });
});

test('the options for a passkey name nobody: not after a refusal, not for a hint', async () => {
  const trace = await expectAlike(everybody, async (who) => {
    const app = await world.app();
    const attempt = await app.startSignIn({ login_hint: addresses[who] });
    const browser = world.browser();
    return () => browser.visit(attempt.url);
  });
  expect(trace.html).toContain('"challenge":"…"');
  expect(trace.html).not.toContain('allowCredentials":[{');
});

test('a passkey nobody has and one of a disabled account: one answer', async () => {
  const accountId = await world.citizen('pasif@contoh.id');
  const device = await givePasskey(world, accountId);
  await setAccountState(world.database, accountId, 'disabled');
  const stranger = await givePasskey(world, await world.citizen('orang@contoh.id'));
  const pressed = async (holder: typeof device, cheat: object) => {
    const page = await openSignIn();
    const options = page.json<Parameters<typeof device.get>[0]>('#passkey-options');
    page.fill({ credential: JSON.stringify(holder.get(options, { origin: world.issuer, ...cheat })) });
    const answer = await page.press('#passkey');
    return [answer.status, answer.text('main')];
  };
  const refused = await pressed(device, {});
  expect(refused[0]).toBe(422);
  expect(await pressed(stranger, { tamperedSignature: true })).toEqual(refused);
  expect(await pressed(stranger, { credentialId: Buffer.alloc(32, 7).toString('base64url') })).toEqual(refused);
});
