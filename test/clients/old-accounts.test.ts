/** The sample app with accounts of its own follows its stage, against the real provider. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAppNotices } from '#src/jobs/app-notices.ts';
import { listDeliveries } from '#src/oidc/deliveries.ts';
import type { MigrationStage } from '#src/registry/clients.ts';
import * as own from '#src/registry/cohorts.ts';
import { stepBack, stepTo } from '#src/registry/migration.ts';
import { raiseRegistryVersion } from '#src/registry/version.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { eventually } from '#test/support/eventually.ts';
import { findFreePort } from '#test/support/free-port.ts';
import type { Page } from '#test/support/page.ts';
import { allow, openWorld, password, secretOf, signIn, type World } from '#test/support/world.ts';

type Followed = { stageFor: (standing: object, key: string) => string | undefined };
const clientId = 'puskesmas-online';
const cause = { clientId, via: 'command', actor: 'command', mode: 'sandbox' } as const;
const file = new URL('../../clients/old-accounts/app.js', import.meta.url);

let world: World;
let home: string;
let stop: () => void;

beforeAll(async () => {
  world = await openWorld();
  home = `http://localhost:${await findFreePort()}`;
  await world.database.transaction(async (tx) => {
    const values = [clientId, `${home}/backchannel-logout`, `${home}/events`, await raiseRegistryVersion(tx)];
    const set = 'backchannel_logout_uri = $2, event_uri = $3, version = $4';
    await tx.execute(`update clients set ${set} where id = $1`, values);
  });
  await world.house.clients.refresh();
  const app = spawn(process.execPath, [file.pathname], {
    env: {
      ...{ OIDC_ISSUER: world.issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: secretOf(clientId) },
      ...{ OIDC_REDIRECT_URI: `${home}/callback`, STAGE_SECONDS: '0' },
    },
  });
  stop = () => void app.kill();
  await once(app.stdout, 'data');
});
afterAll(async () => {
  stop?.();
  await world?.[Symbol.asyncDispose]();
});

/** Moves the app on and waits until its own sign-in says so. */
async function moveTo(stage: MigrationStage, percentage = 100): Promise<void> {
  await world.database.transaction((tx) => stepTo(tx, cause, { standing: { stage, percentage } }));
  await seen(percentage === 0 ? (own.stageBefore(stage) ?? 'none') : stage);
}

const seen = (stage: string) =>
  eventually(async () => expect((await exchange(home)).body).toContain(`data-stage="${stage}"`));

const oldSignIn = (page: Page, number: string, secret = 'rahasia-lama') =>
  page.fill({ number, password: secret }).press('#old');

test('its sign-in page is what the stage says, and one step back is seen within seconds', async () => {
  const ways = async () => {
    const page = await world.browser().visit(home);
    return [page.has('#old-sign-in'), page.has('#sign-in'), page.has('details #old-sign-in')];
  };
  await moveTo('shadow', 0);
  expect(await ways()).toEqual([true, false, false]);
  await moveTo('optional');
  expect(await ways()).toEqual([true, true, false]);
  await moveTo('default');
  expect(await ways()).toEqual([true, true, true]);
  await moveTo('required');
  expect(await ways()).toEqual([false, true, false]);
  await world.database.transaction((tx) => stepBack(tx, cause));
  await seen('default');
  expect(await ways()).toEqual([true, true, true]);
});

test('a member links the old account from inside, and from then on comes in by this account', async () => {
  await moveTo('optional');
  await world.citizen('siti-lama@contoh.id', { name: 'Siti', password });
  const browser = world.browser();
  const inside = await oldSignIn(await browser.visit(home), 'AG-000123');
  expect(inside.text('#number')).toBe('AG-000123');
  const consent = await signIn(await inside.follow('#link-now'), 'siti-lama@contoh.id');
  const linked = consent.has('#linked') ? consent : await allow(consent);
  expect(linked.text('#linked')).toContain('tersambung');
  const out = await linked.press('#sign-out');
  await moveTo('required');
  expect((await out.follow('#sign-in')).text('#number')).toBe('AG-000123');
});

test('where this account is the only way in, the old password links once and opens nothing', async () => {
  await moveTo('optional');
  const early = await world.browser().visit(home);
  await moveTo('required');
  const refused = await oldSignIn(early, 'AG-000456');
  expect([refused.text('#problem'), refused.has('#signed-in-name')]).toEqual(['Masuklah dengan Lawang.', false]);
  const unknown = await oldSignIn(early, 'AG-999999');
  expect(unknown.text('main')).toBe(refused.text('main'));
  await world.citizen('budi-lama@contoh.id', { name: 'Budi', password });
  const arrived = await allowIfAsked(
    await signIn(await (await world.browser().visit(home)).follow('#sign-in'), 'budi-lama@contoh.id'),
  );
  const wrong = await arrived.fill({ number: 'AG-000456', password: 'salah' }).press('#link');
  expect(wrong.has('#problem')).toBe(true);
  const linked = await wrong.fill({ number: 'AG-000456', password: 'rahasia-lama' }).press('#link');
  expect([linked.text('#number'), linked.has('#linked')]).toEqual(['AG-000456', true]);
  // Linked to one person, it is nobody else's.
  await world.citizen('ani-lama@contoh.id', { name: 'Ani', password });
  const other = await allowIfAsked(
    await signIn(await (await world.browser().visit(home)).follow('#sign-in'), 'ani-lama@contoh.id'),
  );
  const taken = await other.fill({ number: 'AG-000456', password: 'rahasia-lama' }).press('#link');
  expect(taken.has('#problem')).toBe(true);
});

async function allowIfAsked(page: Page): Promise<Page> {
  return page.has('#consent-allow') ? allow(page) : page;
}

test('a closed old account is asked for no more; who is new gets in', async () => {
  await moveTo('off');
  await world.citizen('wayan-lama@contoh.id', { name: 'Wayan', password });
  const arrived = await allowIfAsked(
    await signIn(await (await world.browser().visit(home)).follow('#sign-in'), 'wayan-lama@contoh.id'),
  );
  expect(arrived.has('#link')).toBe(false);
  expect((await arrived.press('#new')).text('#signed-in-name')).toBe('Wayan');
});

/** Delivers what the app is to hear; each notice is taken. */
async function tellApp(): Promise<void> {
  const { database, secrets, log, keys, config } = world.house;
  const notices = startAppNotices({ database, secrets, log, keys, config }, { everyMs: 1_000_000_000 });
  expect(await notices.deliverDue()).toBeGreaterThan(0);
  await notices.stop();
  for (const { channel, answer } of await listDeliveries(database, clientId, { limit: 100 }))
    expect(answer).toBe(channel === 'logout' ? '200' : '202');
}

test('who came by Lawang is out when Lawang says so, in that browser or everywhere; the old account stays in', async () => {
  await moveTo('optional');
  await world.citizen('ketut-lama@contoh.id', { name: 'Ketut', password });
  const arrive = async () => {
    const browser = world.browser();
    const asked = await (await browser.visit(home)).follow('#sign-in');
    return { browser, page: await allowIfAsked(await signIn(asked, 'ketut-lama@contoh.id')) };
  };
  const { browser, page } = await arrive();
  expect((await page.press('#new')).text('#signed-in-name')).toBe('Ketut');
  const { browser: elsewhere } = await arrive();
  const byPassword = world.browser();
  await oldSignIn(await byPassword.visit(home), 'AG-000456');
  const isIn = async (each: BrowserAgent) => (await each.visit(home)).has('#signed-in-name');

  const question = await browser.visit(`${world.issuer}/logout`);
  await question.press('#logout-yes');
  await tellApp();
  expect([await isIn(browser), await isIn(elsewhere), await isIn(byPassword)]).toEqual([false, true, true]);

  await (await elsewhere.visit(`${world.issuer}/account/apps/${clientId}`)).press('.disconnect');
  await tellApp();
  expect([await isIn(elsewhere), await isIn(byPassword)]).toEqual([false, true]);
});

test('what is no token of Lawang’s is refused', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const forged = { method: 'POST', headers, body: 'logout_token=x.y.z' };
  expect((await exchange(`${home}/backchannel-logout`, forged)).status).toBe(400);
  expect((await exchange(`${home}/events`, { ...forged, headers: {} })).status).toBe(400);
});

test('it calculates what the registry calculates, and its own way in outlives the provider', async () => {
  await moveTo('off');
  const { stageFor } = (await import(new URL('stage.js', file).href)) as Followed;
  const standing = { client_id: clientId, stage: 'default', percentage: 37 } as const;
  for (let number = 0; number < 500; number += 1)
    expect(stageFor(standing, `AG-${number}`)).toBe(own.stageFor(standing, clientId, `AG-${number}`));
  await world[Symbol.asyncDispose]();
  expect((await exchange(home)).body).toContain('data-stage="off"');
});
