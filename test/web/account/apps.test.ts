/** A person and the apps that read something of them: less, nothing, and what becomes of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
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
    expect(page.text('#read')).toContain('Nama lengkap');
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

  test('is nobody else’s: whoever never was in it is told the same as of one that does not exist', async () => {
    const { browser } = await connected();
    const answers = await Promise.all(
      ['pajak-daerah', 'tidak-ada'].map((id) => browser.visit(`${world.issuer}/account/apps/${id}`)),
    );
    expect(new Set(answers.map((page) => `${page.status} ${page.text('#error-code')}`)).size).toBe(1);
  });
});
