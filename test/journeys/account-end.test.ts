/** A person closes an account, keeps it after all, or freezes it: over HTTP, without JavaScript, with a clock that moves. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import { startClosings } from '#src/jobs/closings.ts';
import { findAccount } from '#src/people/accounts.ts';
import { parseIdentifier } from '#src/people/identifiers.ts';
import { listMessages } from '#src/people/messages.ts';
import { createTellOwner } from '#src/web/owner-notices.ts';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { useClock } from '#test/support/clock.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let world: World;
let browser: BrowserAgent;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => {
  browser = world.browser();
});

let made = 0;

async function newCitizen(): Promise<{ id: string; address: string }> {
  made += 1;
  const address = `pergi-${made}@contoh.id`;
  return { id: await world.citizen(address, { name: `Warga ${made}`, password }), address };
}

/** The page, after the sign-in that it asks for. */
async function openEnd(address: string, at: BrowserAgent = browser): Promise<Page> {
  const page = await at.visit(`${world.issuer}/account/end`);
  return page.has('input[name=password]') ? signIn(page, address) : page;
}

async function subjectsTo(address: string): Promise<string[]> {
  const { database, secrets } = world.house;
  const to = parseIdentifier(address);
  if (!to) throw new Error(`${address} is no identifier`);
  return (await listMessages(database, secrets, { to, limit: 20 })).map(({ subject }) => subject);
}

async function stateOf(id: string): Promise<string | undefined> {
  return (await findAccount(world.database, world.house.secrets, id))?.state;
}

const pass = useClock();
const later = (ms: number) => pass(ms / 1000);

async function carryOut(): Promise<number> {
  const { database, secrets, log, config } = world.house;
  const closings = startClosings(
    { database, secrets, log, tellOwner: createTellOwner({ config, secrets }) },
    { everyMs: 1_000_000_000 },
  );
  const erased = await closings.closeDue();
  await closings.stop();
  return erased;
}

describe('closing', () => {
  test('is said in plain words, asked for by tick and button, and can be taken back on every page', async () => {
    const { id, address } = await newCitizen();
    const health = await world.app();
    await allow(await signIn(await browser.visit((await health.startSignIn()).url), address));
    const account = await browser.visit(`${world.issuer}/account`);
    expect(account.has('#closing')).toBe(false);
    expect(account.attribute('#end-account', 'href')).toBe('/account/end');

    const page = await openEnd(address);
    expect(page.text('#apps-told')).toContain('Puskesmas Online');
    const unticked = await page.press('#close-account');
    expect(unticked.status).toBe(422);
    expect(unticked.text('main')).toContain('Centang dulu kotak');
    expect(await stateOf(id)).toBe('active');

    const closing = await (await openEnd(address)).tick('understood', 'yes').press('#close-account');
    expect(await stateOf(id)).toBe('closing');
    expect(closing.text('#closing')).toContain('Akun ini akan dihapus pada');
    expect(closing.has('#close-account')).toBe(false);
    expect((await subjectsTo(address))[0]).toContain('akan dihapus');

    // The account stays in use until then, on this device and on another.
    const elsewhere = world.browser();
    const other = await signIn(await elsewhere.visit(`${world.issuer}/account`), address);
    expect(other.text('#closing')).toContain('Akun ini akan dihapus pada');
    const kept = await other.press('#keep-account');
    expect(kept.text('.notice')).toContain('tidak jadi dihapus');
    expect(kept.has('#closing')).toBe(false);
    expect(await stateOf(id)).toBe('active');
    expect((await subjectsTo(address))[0]).toContain('tidak jadi dihapus');
  });

  test('asks for a fresh proof, also when the page has been open for long', async () => {
    const { id, address } = await newCitizen();
    await signIn(await browser.visit(`${world.issuer}/account`), address);
    const open = (await openEnd(address)).tick('understood', 'yes');
    later(6 * MINUTE);
    const late = await open.press('#close-account');
    expect(late.has('input[name=password]')).toBe(true);
    expect(await stateOf(id)).toBe('active');
    // The sign-in comes back to the page, where nothing has been asked for yet.
    const back = await signIn(late, address);
    expect(back.has('#close-account')).toBe(true);
    expect(back.has('#closing')).toBe(false);
  });

  test('ends after fourteen days: nobody signs in, and the address is nobody’s', async () => {
    const { id, address } = await newCitizen();
    await (await openEnd(address)).tick('understood', 'yes').press('#close-account');
    later(14 * DAY - MINUTE);
    expect(await carryOut()).toBe(0);
    const lastMinute = await signIn(await browser.visit(`${world.issuer}/account`), address);
    expect(lastMinute.has('#keep-account')).toBe(true);
    later(2 * MINUTE);
    // Between the end and the work that carries it out nothing is taken back either.
    const tooLate = await lastMinute.press('#keep-account');
    expect(tooLate.status).toBe(422);
    expect(await carryOut()).toBe(1);
    expect(await stateOf(id)).toBeUndefined();
    const page = await signIn(await world.browser().visit(`${world.issuer}/account`), address);
    expect(page.has('input[name=password]')).toBe(true);
    expect((await subjectsTo(address))[0]).toContain('sudah dihapus');
    expect((await lastMinute.press('#keep-account')).text('#error-code')).toBe('session_required');
  });

  test('is not for who came back by contacts alone', async () => {
    const { id, address } = await newCitizen();
    const page = await openEnd(address);
    await world.database.execute('update accounts set restricted_at = $3 where shard = $1 and id = $2', [
      ...[shardOf(id), id, new Date()],
    ]);
    const refused = await page.tick('understood', 'yes').press('#close-account');
    expect(refused.status).toBe(422);
    expect(await stateOf(id)).toBe('active');
    const again = await openEnd(address);
    expect(again.has('#restricted')).toBe(true);
    expect(again.has('#close-account')).toBe(false);
  });

  test('and a sign-in at the same moment: the account is closing, and whoever is in sees it', async () => {
    const { id, address } = await newCitizen();
    const page = (await openEnd(address)).tick('understood', 'yes');
    const others = Array.from({ length: 4 }, () => world.browser());
    const signInPages = await Promise.all(others.map((other) => other.visit(`${world.issuer}/account`)));
    await Promise.all([page.press('#close-account'), ...signInPages.map((one) => signIn(one, address))]);
    expect(await stateOf(id)).toBe('closing');
    for (const other of others) expect((await other.visit(`${world.issuer}/account`)).has('#closing')).toBe(true);
  });
});

describe('freezing', () => {
  test('takes a tick and a button; then nobody is in, and every contact knows', async () => {
    const { id, address } = await newCitizen();
    const page = await openEnd(address);
    expect((await page.press('#freeze-account')).status).toBe(422);
    expect(await stateOf(id)).toBe('active');
    const frozen = await (await openEnd(address)).tick('sure', 'yes').press('#freeze-account');
    expect(frozen.has('#frozen-done')).toBe(true);
    expect(await stateOf(id)).toBe('frozen');
    expect((await subjectsTo(address))[0]).toContain('dibekukan');
    expect((await browser.visit(`${world.issuer}/account`)).has('input[name=password]')).toBe(true);
  });

  test('stops an end that somebody else has begun', async () => {
    const { id, address } = await newCitizen();
    const closing = await (await openEnd(address)).tick('understood', 'yes').press('#close-account');
    await closing.tick('sure', 'yes').press('#freeze-account');
    later(15 * DAY);
    await carryOut();
    expect(await stateOf(id)).toBe('frozen');
  });
});

test('the page is complete in both languages, and none of its forms is taken without its token', async () => {
  const { address } = await newCitizen();
  await openEnd(address);
  for (const [language, heading] of [
    ['id', 'Hapus akun'],
    ['en', 'Delete your account'],
  ] as const)
    expect((await browser.visit(`${world.issuer}/account/end?lang=${language}`)).text('h1')).toBe(heading);
  for (const action of ['close', 'keep', 'freeze']) {
    const answer = await browser.post(`${world.issuer}/account/end`, { action, sure: 'yes', understood: 'yes' });
    expect(answer.text('#error-code')).toBe('csrf_mismatch');
  }
});
