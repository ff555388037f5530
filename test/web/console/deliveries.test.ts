/** What an app was told, as its agency sees it: sent again, tested, and answered for. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listWithdrawals } from '#src/consents/withdrawals.ts';
import { startAppNotices } from '#src/jobs/app-notices.ts';
import { disconnect } from '#src/oidc/withdrawals.ts';
import { grantMembership } from '#src/people/memberships.ts';
import { loadClient } from '#src/registry/clients.ts';
import { signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { answering, ListeningApp } from '#test/support/listening-app.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

const clientId = 'uji-kabar';
const both = 'uji-keduanya';
let world: World;
let app: ListeningApp;
let browser: BrowserAgent;
let page: string;

beforeAll(async () => {
  world = await openWorld({ settings: { RATE_LIMITS: 'on', LIMITS: 'notice_by_hand_to_app=3/3600' } });
  app = await ListeningApp.open(answering(503));
  await world.declare(
    { client_id: clientId, backchannel_logout_uri: `${app.origin}/keluar` },
    {
      client_id: both,
      claims: [
        { name: 'name', required: true, basis: 'public_task', law: 'UU 17/2023', purpose: 'Memanggil Anda.' },
        { name: 'email', required: true, basis: 'consent', purpose: 'Mengabari Anda.' },
      ],
    },
  );
  const developer = await colleague(world, 'dewa@dinkes.contoh.go.id', {}, 'Dewa Putra');
  const { agencyId } = await loadClient(world.database, clientId);
  const role = { accountId: developer.id, agencyId, role: 'developer' } as const;
  await grantMembership(world.database, role, 'command');
  ({ browser } = await openConsole(world, developer, { at: `/console/apps/${clientId}/deliveries` }));
  page = `${world.issuer}/console/apps/${clientId}/deliveries`;
});
afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

beforeEach(() => world.database.execute('delete from outbox'));

async function deliver(): Promise<void> {
  const { database, secrets, log, keys, config } = world.house;
  const work = startAppNotices({ database, secrets, log, keys, config }, { everyMs: 1_000_000_000 });
  await work.deliverDue();
  await work.stop();
}

test('a test is sent and what came of it is said; sent again it arrives, with the same jti', async () => {
  const sent = await (await browser.visit(page)).press('#send-test');
  expect(sent.url.search).toBe('?done=tested');
  await deliver();
  const failed = await browser.visit(page);
  expect(failed.text('[data-delivery]')).toContain('Jawaban layanan: 503.');
  app.answer = answering(204);
  await failed.press('[data-delivery] .send-again');
  await deliver();
  expect((await browser.visit(page)).attribute('[data-state]', 'data-state')).toBe('delivered');
  const jtis = app.logoutTokens.map((token) => JSON.parse(atob(token.split('.')[1] ?? '')).jti);
  expect([jtis.length, new Set(jtis).size]).toEqual([2, 1]);
});

test('a withdrawal is answered once; what is kept is kept by a law, and its owner sees it', async () => {
  const accountId = await world.citizen('penarik@contoh.id', { password });
  const party = await world.app({ clientId, redirectUri: 'http://localhost:3001/callback' });
  await signInto(party, world.browser(), {}, 'penarik@contoh.id');
  await world.database.transaction((tx) => disconnect(tx, world.house.secrets, { accountId, clientId }));
  const waiting = await browser.visit(page);
  expect(waiting.count('[data-withdrawal]')).toBe(1);
  const [withdrawal] = await listWithdrawals(world.database, accountId, { limit: 1 });
  expect(waiting.html).not.toContain(withdrawal?.id);
  const refused = await waiting.fill({ outcome: 'kept', law: ' ' }).press('.acknowledge');
  expect(refused.status).toBe(422);
  await refused.fill({ outcome: 'kept', law: 'UU 17/2023' }).press('.acknowledge');
  const [answered] = await listWithdrawals(world.database, accountId, { limit: 1 });
  expect(answered?.answer).toMatchObject({ outcome: 'kept', law: 'UU 17/2023' });
  expect((await browser.visit(page)).count('[data-withdrawal]')).toBe(0);
  const again = await waiting.fill({ outcome: 'deleted', law: '' }).press('.acknowledge');
  expect(again.status).toBe(404);
  const events = 'select kind, details from account_events where account_id = $1 and kind = $2';
  expect(await world.database.query(events, [accountId, 'withdrawal.acknowledged'])).toEqual([
    { kind: 'withdrawal.acknowledged', details: { outcome: 'kept' } },
  ]);
});

test('what was agreed to and what was told of end with one press, and one answer is for both', async () => {
  const accountId = await world.citizen('keduanya@contoh.id', { password });
  const party = await world.app({ clientId: both, redirectUri: 'http://localhost:3001/callback' });
  await signInto(party, world.browser(), {}, 'keduanya@contoh.id');
  await world.database.transaction((tx) => disconnect(tx, world.house.secrets, { accountId, clientId: both }));
  const answers = async () =>
    (await listWithdrawals(world.database, accountId, { limit: 5 })).map(({ answer }) => answer);
  expect(await answers()).toEqual([undefined, undefined]);
  const waiting = await browser.visit(`${world.issuer}/console/apps/${both}/deliveries`);
  expect(waiting.count('[data-withdrawal]')).toBe(1);
  await waiting.fill({ outcome: 'deleted' }).press('.acknowledge');
  expect(await answers()).toMatchObject([{ outcome: 'deleted' }, { outcome: 'deleted' }]);
});

test('a withdrawal that is another app’s, or nobody’s, is not here', async () => {
  const sent = await browser.visit(page);
  expect(sent.status).toBe(200);
  const form = {
    action: 'send-again',
    delivery: '5d0c4f1e-7d0e-4b43-9c57-1d1f3f6f0a01',
    csrf: sent.value('csrf') ?? '',
  };
  const answer = await browser.post(page, form);
  expect(answer.status).toBe(404);
});

test('who sends without end is told how long to wait, and nothing more goes out', async () => {
  const count = async () =>
    (await world.database.query('select id from outbox where client_id = $1', [clientId])).length;
  let sent = await browser.visit(page);
  for (let i = 0; i < 3 && sent.status === 200; i += 1) sent = await sent.press('#send-test');
  const before = await count();
  await world.database.execute('update outbox set attempts = 1');
  const late = await (await browser.visit(page)).press('#send-test');
  expect([late.status, late.text('#problems')]).toEqual([429, expect.stringMatching(/tunggu|lagi dalam/i)]);
  const again = await late.press('[data-delivery] .send-again');
  expect([again.status, again.has('#problems')]).toEqual([429, true]);
  expect(await count()).toBe(before);
  expect((await world.database.query('select id from outbox where attempts = 0')).length).toBe(0);
});
