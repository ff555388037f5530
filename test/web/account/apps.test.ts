/** A person and the apps that read something of them: less, nothing, and what becomes of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConsentDraft, loadPermissions } from '#src/consents/permission-giving.ts';
import { recordTerms, termsOf } from '#src/consents/terms.ts';
import { findAccountId } from '#src/people/identifiers.ts';
import { loadClient } from '#src/registry/clients.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { answering, ListeningApp } from '#test/support/listening-app.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
  const consented = (name: string, required: boolean) => ({
    ...{ name, required, basis: 'consent', purpose: `Untuk ${name}.`, 'purpose#en': `For ${name}.` },
  });
  await world.declare({
    ...{ client_id: 'kartu-sehat', client_name: 'Kartu Sehat', purpose: 'Mengurus kartu sehat.' },
    ...{ scope: 'openid profile email', contacts: [{ role: 'privacy', email: 'privasi@sehat.contoh.go.id' }] },
    claims: [consented('name', true), consented('nickname', false), consented('email', false)],
  });
});

afterAll(() => world[Symbol.asyncDispose]());

let made = 0;

/** Somebody who has allowed `kartu-sehat` all that it asks. */
async function connected() {
  made += 1;
  const address = `sehat-${made}@contoh.id`;
  await world.citizen(address, { name: 'Sri Wahyuni', password, profile: { nickname: 'Sri' } });
  const browser = world.browser();
  const app = await world.app({ clientId: 'kartu-sehat', scope: 'openid profile email' });
  const attempt = await app.startSignIn();
  const asked = await signIn(await browser.visit(attempt.url), address);
  const tokens = await app.finishSignIn(attempt, asked.has('#consent-allow') ? await allow(asked) : asked);
  return { browser, app, tokens };
}

async function idNow(): Promise<string> {
  const { database, secrets } = world.house;
  return String(await findAccountId(database, secrets, { kind: 'email', value: `sehat-${made}@contoh.id` }));
}

const pageOf = (browser: BrowserAgent) => browser.visit(`${world.issuer}/account/apps/kartu-sehat`);

describe('a connected app', () => {
  test('says what it reads, why, since and until when, what was read, and whom to ask', async () => {
    const { browser } = await connected();
    const list = await browser.visit(`${world.issuer}/account/apps`);
    expect(list.text('[data-client=kartu-sehat]')).toContain('Kartu Sehat');
    const page = await pageOf(browser);
    expect(page.text('#consent')).toContain('Mengurus kartu sehat.');
    expect(page.attributes('#consent [data-claim]', 'data-claim').toSorted()).toEqual(['email', 'name', 'nickname']);
    expect(page.text('[data-claim=nickname]')).toContain('Untuk nickname.');
    expect(page.text('#consent')).toMatch(/Berlaku sampai/);
    expect(page.text('#read')).toContain('nama lengkap');
    expect(page.text('#read')).toContain('privasi@sehat.contoh.go.id');
  });

  test('reads less once a box is unticked: what it holds ends, and the agency has three days to answer', async () => {
    const { browser, app, tokens } = await connected();
    const page = await pageOf(browser);
    page.untick('claim', 'nickname');
    const less = await page.press('#narrow');
    expect(less.attributes('#consent [data-claim]', 'data-claim').toSorted()).toEqual(['email', 'name']);
    expect(less.attributes('[data-withdrawal]', 'data-withdrawal')).toEqual(['waiting']);
    await expect(app.userinfo(tokens.access_token)).rejects.toMatchObject({ status: 401 });
    const again = await app.startSignIn();
    const back = await app.finishSignIn(again, await browser.visit(again.url));
    expect(await app.userinfo(back.access_token)).toMatchObject({ name: 'Sri Wahyuni' });
    expect(await app.userinfo(back.access_token)).not.toHaveProperty('nickname');
  });

  test('reads nothing once the consent is withdrawn; the page stays, with what ended and how', async () => {
    const { browser, app, tokens } = await connected();
    const ended = await (await pageOf(browser)).press('#withdraw');
    expect([ended.has('#consent'), ended.has('#earlier'), ended.has('#withdraw')]).toEqual([false, true, false]);
    expect(ended.attribute('#proof', 'href')).toBe('#earlier');
    await expect(app.userinfo(tokens.access_token)).rejects.toMatchObject({ status: 401 });
    expect((await browser.visit(`${world.issuer}/account/apps`)).has('[data-client=kartu-sehat]')).toBe(false);
  });

  test('is left from the list and from its page; a second press of the button changes nothing', async () => {
    const { browser } = await connected();
    const page = await pageOf(browser);
    const left = await page.press('#disconnect');
    expect(left.has('#not-connected')).toBe(true);
    expect((await page.press('#disconnect')).count('[data-withdrawal]')).toBe(1);
  });

  test('says nothing of before to whoever came back by contacts alone, and is left all the same', async () => {
    const { browser } = await connected();
    const page = await (await pageOf(browser)).untick('claim', 'nickname').press('#narrow');
    expect(['#read', '#earlier', '[data-withdrawal]'].map((part) => page.has(part))).toEqual([true, true, true]);
    await world.database.execute('update accounts set restricted_at = $1 where id = $2', [new Date(), await idNow()]);
    const closed = await pageOf(browser);
    const parts = ['#consent', '#read', '#earlier', '[data-withdrawal]'];
    expect(parts.map((part) => closed.has(part))).toEqual([true, false, false, false]);
    expect((await closed.press('#disconnect')).has('#not-connected')).toBe(true);
  });

  test('is told that it ended; its owner sees whether it took the notice, and that the agency is late', async () => {
    await using listening = await ListeningApp.open(answering(503));
    const { browser } = await connected();
    const setAddress = 'update clients set backchannel_logout_uri = $1 where id = $2';
    await world.database.execute(setAddress, [`${listening.origin}/keluar`, 'kartu-sehat']);
    const ended = await (await pageOf(browser)).press('#withdraw');
    expect(ended.attribute('[data-telling]', 'data-telling')).toBe('under-way');
    await world.database.execute('update outbox set next_attempt_at = null where client_id = $1', ['kartu-sehat']);
    expect((await pageOf(browser)).attribute('[data-telling]', 'data-telling')).toBe('failed');
    await world.database.execute('update outbox set delivered_at = $1 where client_id = $2', [
      new Date(),
      'kartu-sehat',
    ]);
    const told = await pageOf(browser);
    expect(told.attribute('[data-telling]', 'data-telling')).toBe('told');
    expect(told.attribute('[data-withdrawal]', 'data-withdrawal')).toBe('waiting');
    await world.database.execute('update withdrawals set due_at = $1', [new Date(Date.now() - 60_000)]);
    expect((await pageOf(browser)).attribute('[data-withdrawal]', 'data-withdrawal')).toBe('overdue');
    await world.database.execute('update clients set backchannel_logout_uri = null where id = $1', ['kartu-sehat']);
  });

  test('is nobody else’s: whoever never was in it is told the same as of one that does not exist', async () => {
    const { browser } = await connected();
    const answers = await Promise.all(
      ['pajak-daerah', 'tidak-ada'].map((id) => browser.visit(`${world.issuer}/account/apps/${id}`)),
    );
    expect(new Set(answers.map((page) => `${page.status} ${page.text('#error-code')}`)).size).toBe(1);
  });
});

test('300 apps are read with as many statements as three, a page at a time, and each is found by its name', async () => {
  const { browser } = await connected();
  const few = await statementsOf(browser, '/account/apps');
  await connectMany(await idNow(), 300);
  expect(await statementsOf(browser, '/account/apps')).toBe(few);
  expect(await statementsOf(browser, '/account')).toBeLessThan(30);
  const home = await browser.visit(`${world.issuer}/account`);
  expect(home.count('#connected-apps [data-client]')).toBe(24);
  expect(home.text('#apps-used')).toContain('301');
  const seen: string[] = [];
  let page = await browser.visit(`${world.issuer}/account/apps`);
  for (;;) {
    const shown = page.attributes('[data-client]', 'data-client');
    expect(shown.length).toBeLessThanOrEqual(24);
    seen.push(...shown);
    if (!page.has('#next')) break;
    page = await browser.visit(new URL(String(page.attribute('#next', 'href')), world.issuer));
  }
  expect([seen.length, new Set(seen).size]).toEqual([301, 301]);
  const found = await browser.visit(`${world.issuer}/account/apps?q=layanan-banyak-299`);
  expect(found.attributes('[data-client]', 'data-client')).toEqual(['layanan-banyak-299']);
});

async function statementsOf(browser: BrowserAgent, path: string): Promise<number> {
  await browser.visit(`${world.issuer}${path}`);
  return (await world.sentFor(() => browser.visit(`${world.issuer}${path}`))).length;
}

/** As if somebody had allowed so many apps one item each. */
async function connectMany(accountId: string, count: number): Promise<void> {
  const { claims, agencyId, purpose } = await loadClient(world.database, 'kartu-sehat');
  const drafts: ConsentDraft[] = Array.from({ length: count }, (_, n) => ({
    ...{ kind: 'consent', event: 'given', accountId, language: 'id', acr: 'aal1', amr: ['pwd'] },
    ...{ terms: termsOf({ id: `layanan-banyak-${n}`, agencyId, purpose, claims: [...claims] }), claims: ['name'] },
    ...{ declined: [], scopes: ['openid'], expiresAt: new Date(Date.now() + 86_400_000) },
  }));
  for (const { terms } of drafts) await recordTerms(world.database, terms);
  await world.database.transaction((tx) => loadPermissions(tx, world.house.secrets, drafts));
}
