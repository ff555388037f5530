/** A year later: the page says that it is a renewal, and so does what goes on record, whether or not the job has been there. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { startPermissionEnds } from '#src/jobs/permission-ends.ts';
import { disconnect, withdraw } from '#src/oidc/withdrawals.ts';
import { signInto } from '#test/oidc/flows.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

const aYearLater = () => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 366 * 86_400_000 });

async function endDue(): Promise<void> {
  const log = createLog('silent', { write: () => undefined });
  const job = startPermissionEnds({ ...world.house, log }, { everyMs: 1_000_000_000 });
  await job.endDue();
  await job.stop();
}

/** What is current, and how it came about. */
async function eventsOf(id: string): Promise<string[]> {
  const current = await listPermissions(world.database, id, { limit: 9 });
  return current.map(({ kind, event }) => `${kind} ${event}`).toSorted();
}

/** The page of a sign-in in a browser that has never been here. */
async function pageFor(address: string, overrides: Parameters<RelyingParty['startSignIn']>[0] = {}) {
  const app = await world.app({ clientId: 'pajak-daerah' });
  const attempt = await app.startSignIn(overrides);
  const page = await (await world.browser().visit(attempt.url))
    .fill({ identifier: address, password })
    .press('#sign-in');
  return { app, attempt, page };
}

test.each([
  ['after the job', true],
  ['before the job', false],
])('%s has been there, nothing stands out as new and the event is renewed', async (when, isAfter) => {
  const address = `tahunan-${when.slice(0, 5).trim()}@contoh.id`;
  const id = await world.citizen(address, { password });
  await signInto(await world.app({ clientId: 'pajak-daerah' }), world.browser(), {}, address);
  expect(await eventsOf(id)).toEqual(['consent given', 'notice given']);
  aYearLater();
  if (isAfter) await endDue();
  const { app, attempt, page } = await pageFor(address);
  expect([page.has('#consent-renewed'), page.has('.item-new')]).toEqual([true, false]);
  await app.finishSignIn(attempt, await page.press('#consent-allow'));
  expect(await eventsOf(id)).toEqual(['consent renewed', 'notice renewed']);
});

test('what was left is given anew and not renewed, and the page says nothing of it', async () => {
  const address = 'kembali@contoh.id';
  const id = await world.citizen(address, { password });
  await signInto(await world.app({ clientId: 'pajak-daerah' }), world.browser(), {}, address);
  const { secrets } = world.house;
  await world.database.transaction((tx) => disconnect(tx, secrets, { accountId: id, clientId: 'pajak-daerah' }));
  const { app, attempt, page } = await pageFor(address);
  expect(page.has('#consent-renewed')).toBe(false);
  await app.finishSignIn(attempt, await page.press('#consent-allow'));
  expect(await eventsOf(id)).toEqual(['consent given', 'notice given']);
});

test('what was withdrawn is asked for once more as the first time, since none of it is new', async () => {
  const address = 'ditarik@contoh.id';
  const accountId = await world.citizen(address, { password });
  const clientId = 'pajak-daerah';
  await signInto(await world.app({ clientId }), world.browser(), {}, address);
  const { secrets } = world.house;
  const consent = { accountId, clientId, kinds: ['consent'], cause: 'withdrawn' } as const;
  await world.database.transaction((tx) => withdraw(tx, secrets, consent));
  const { app, attempt, page } = await pageFor(address);
  expect([page.text('h1'), page.has('.item-new')]).toEqual(['Izinkan Pajak Daerah membaca data Anda?', false]);
  await app.finishSignIn(attempt, await page.press('#consent-allow'));
  expect(await eventsOf(accountId)).toContain('consent given');
});

test('what an app asks for since stands out, also for whoever has withdrawn the rest', async () => {
  const address = 'bertambah@contoh.id';
  const accountId = await world.citizen(address, { password });
  const clientId = 'pajak-daerah';
  await signInto(await world.app({ clientId }), world.browser(), {}, address);
  const consent = { accountId, clientId, kinds: ['consent'], cause: 'withdrawn' } as const;
  await world.database.transaction((tx) => withdraw(tx, world.house.secrets, consent));
  const { page } = await pageFor(address, { scope: 'openid profile email phone' });
  expect(page.text('h1')).toBe('Pajak Daerah meminta data tambahan');
  expect(page.attributes('.item-new [name=claim]', 'value')).toEqual(['phone_number', 'phone_number_verified']);
});

test('an app that another agency answers for asks again', async () => {
  const address = 'pindah@contoh.id';
  await world.citizen(address, { password });
  const claims = [{ name: 'name', required: true, basis: 'consent', purpose: 'Menyapa Anda.' }];
  const more = { client_id: 'berpindah', scope: 'openid profile', claims };
  await world.declare(more);
  await world.declare({ client_id: 'penerima' });
  const options = { clientId: 'berpindah', scope: 'openid profile', redirectUri: 'http://localhost:3001/callback' };
  const app = await world.app(options);
  const browser = world.browser();
  await signInto(app, browser, {}, address);
  expect((await browser.visit((await app.startSignIn()).url)).status).toBe(0);

  await world.database.execute(
    `update clients set agency_id = (select agency_id from clients where id = 'penerima'), version = version + 1
     where id = 'berpindah'`,
  );
  await world.house.clients.refresh();
  const page = await browser.visit((await app.startSignIn()).url);
  expect(page.has('#consent-allow')).toBe(true);
});
