/** What an app was told, as its agency sees it: sent again, tested, and answered for. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import {
  acknowledgeWithdrawals,
  listWithdrawals,
  recordWithdrawal,
  type Withdrawal,
  type WithdrawalOutcome,
} from '#src/consents/withdrawals.ts';
import { startAppNotices } from '#src/jobs/app-notices.ts';
import { disconnect } from '#src/oidc/withdrawals.ts';
import { grantMembership } from '#src/people/memberships.ts';
import { loadClient } from '#src/registry/clients.ts';
import { signInto } from '#test/oidc/flows.ts';
import { type Citizen, race } from '#test/races/crowd.ts';
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
let developer: Citizen;

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
  developer = await colleague(world, 'dewa@dinkes.contoh.go.id', {}, 'Dewa Putra');
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

/** Somebody who was in an app and has left it. */
async function someoneLeaves(address: string, from: string): Promise<string> {
  const accountId = await world.citizen(address, { password });
  const party = await world.app({ clientId: from, redirectUri: 'http://localhost:3001/callback' });
  await signInto(party, world.browser(), {}, address);
  await world.database.transaction((tx) => disconnect(tx, world.house.secrets, { accountId, clientId: from }));
  return accountId;
}

const withdrawalsOf = (accountId: string) => listWithdrawals(world.database, accountId, { limit: 5 });
const answersTo = async (accountId: string) => (await withdrawalsOf(accountId)).map(({ answer }) => answer);

test('a withdrawal is answered once; what is kept is kept by a law, and its owner sees it', async () => {
  const accountId = await someoneLeaves('penarik@contoh.id', clientId);
  const waiting = await browser.visit(page);
  expect(waiting.count('[data-withdrawal]')).toBe(1);
  const [withdrawal] = await listWithdrawals(world.database, accountId, { limit: 1 });
  expect(waiting.html).not.toContain(withdrawal?.id);
  const refused = await waiting.fill({ outcome: 'kept', law: ' ' }).press('.acknowledge');
  expect(refused.status).toBe(422);
  const done = await refused.fill({ outcome: 'kept', law: 'UU 17/2023' }).press('.acknowledge');
  expect([done.status, done.text('.notice-done')]).toEqual([
    200,
    expect.stringContaining('Masih disimpan (UU 17/2023)'),
  ]);
  const [answered] = await listWithdrawals(world.database, accountId, { limit: 1 });
  expect(answered?.answer).toMatchObject({ outcome: 'kept', law: 'UU 17/2023' });
  expect((await browser.visit(page)).count('[data-withdrawal]')).toBe(0);
  const again = await waiting.fill({ outcome: 'kept', law: ' UU 17/2023 ' }).press('.acknowledge');
  expect([again.hops.map(({ status }) => status), again.url.href]).toEqual([[303, 200], done.url.href]);
  expect(again.text('.notice-done')).toBe(done.text('.notice-done'));
  const other = await waiting.fill({ outcome: 'deleted', law: '' }).press('.acknowledge');
  expect([other.status, other.text('.notice-info')]).toEqual([
    409,
    expect.stringContaining('Masih disimpan (UU 17/2023)'),
  ]);
  expect((await listWithdrawals(world.database, accountId, { limit: 1 }))[0]).toEqual(answered);
  const [told = ''] = waiting.attributes('[name=withdrawal]', 'value');
  const unknown = await waiting.fill({ withdrawal: newIdIn(shardOf(told)) }).press('.acknowledge');
  expect([unknown.status, unknown.text('#error-code')]).toEqual([404, 'not_here']);
  const recorded = await world.database.query('select 1 from admin_events where kind = $1', [
    'withdrawal.acknowledged',
  ]);
  expect(recorded).toHaveLength(1);
  const events = 'select kind, details from account_events where account_id = $1 and kind = $2';
  expect(await world.database.query(events, [accountId, 'withdrawal.acknowledged'])).toEqual([
    { kind: 'withdrawal.acknowledged', details: { outcome: 'kept' } },
  ]);
});

test('what was agreed to and what was told of end with one press, and one answer is for both', async () => {
  const accountId = await someoneLeaves('keduanya@contoh.id', both);
  expect(await answersTo(accountId)).toEqual([undefined, undefined]);
  const waiting = await browser.visit(`${world.issuer}/console/apps/${both}/deliveries`);
  expect(waiting.count('[data-withdrawal]')).toBe(1);
  await waiting.fill({ outcome: 'deleted' }).press('.acknowledge');
  expect(await answersTo(accountId)).toMatchObject([{ outcome: 'deleted' }, { outcome: 'deleted' }]);
});

test('an answer for two that is refused for one of them ends neither', async () => {
  const accountId = await someoneLeaves('berdua@contoh.id', both);
  const address = `${world.issuer}/console/apps/${both}/deliveries`;
  const waiting = await browser.visit(address);
  const { secrets } = world.house;
  const [first, second] = waiting.attributes('[name=withdrawal]', 'value').map((told) => secrets.insideId(told));
  if (!first || !second) throw new Error('two should have ended');
  const stranger = { withdrawal: secrets.outsideId(newIdIn(shardOf(accountId))), outcome: 'deleted' };
  expect((await (await browser.visit(address)).fill(stranger).press('.acknowledge')).status).toBe(404);
  expect(await answersTo(accountId)).toEqual([undefined, undefined]);
  const answer = { clientId: both, ids: [second], outcome: 'kept', law: 'UU 17/2023' } as const;
  await acknowledgeWithdrawals(world.database, secrets, answer);
  const late = await waiting.fill({ outcome: 'deleted' }).press('.acknowledge');
  expect([late.status, late.text('.notice-info')]).toEqual([409, expect.stringContaining('Masih disimpan')]);
  expect([late.count('[data-withdrawal]'), late.count('[name=withdrawal]')]).toEqual([1, 1]);
  const outcomes = (await withdrawalsOf(accountId)).map(({ id, answer }) => [id, answer?.outcome]);
  expect(Object.fromEntries(outcomes)).toEqual({ [first]: undefined, [second]: 'kept' });
  const done = await late.fill({ outcome: 'deleted' }).press('.acknowledge');
  expect([done.status, done.count('[data-withdrawal]')]).toEqual([200, 0]);
});

test('of answers at once one is put on record for both, and whoever said the same has said it', async () => {
  const accountId = await someoneLeaves('serentak@contoh.id', both);
  const ids = (await withdrawalsOf(accountId)).map(({ id }) => id);
  const outcomes: readonly WithdrawalOutcome[] = ['kept', 'deleted', 'kept', 'deleted'];
  const { won, lost } = await race(4, (i) => {
    const answer = { clientId: both, ids: i < 2 ? ids : ids.toReversed(), outcome: outcomes[i] ?? 'kept', law: 'UU 1' };
    return world.database.transaction((tx) => acknowledgeWithdrawals(tx, world.house.secrets, answer));
  });
  expect(won.toSorted()).toEqual([false, true]);
  expect(lost).toMatchObject([{ code: 'withdrawal_answered' }, { code: 'withdrawal_answered' }]);
  expect(new Set((await answersTo(accountId)).map((answer) => answer?.outcome)).size).toBe(1);
});

test.each([
  ['id', 'Tulis dasar hukum', 'Pilih dulu'],
  ['en', 'Name the law', 'First choose'],
])(
  'in %s an answer that is not whole keeps what was typed, and says at its box what is missing',
  async (language, law, outcome) => {
    const accountId = await world.citizen(`lupa-${language}@contoh.id`, {});
    const people = [accountId, await world.citizen(`lain-${language}@contoh.id`, {})];
    const made: Withdrawal[] = [];
    for (const one of people)
      made.push(
        await recordWithdrawal(world.database, {
          ...{ accountId: one, clientId, permissionId: newIdIn(shardOf(one)), cause: 'withdrawn' },
        }),
      );
    const at = `/console/apps/${clientId}/deliveries`;
    const { browser, page: waiting } = await openConsole(world, developer, { at, language });
    const boxes = waiting.attributes('[data-withdrawal]', 'data-withdrawal');
    expect(boxes).toHaveLength(2);
    for (const id of boxes) {
      const form = { action: 'acknowledge', csrf: waiting.value('csrf') ?? '', withdrawal: id };
      const lawless = await browser.post(page, { ...form, outcome: 'partly-kept', law: '  ' });
      expect([lawless.status, lawless.attribute('#problems a', 'href')]).toEqual([422, `#law-${id}`]);
      expect(lawless.text(`#law-${id}-problem`)).toContain(law);
      expect(lawless.attributes('[aria-invalid]', 'id')).toEqual([`law-${id}`]);
      expect(lawless.attributes('option[selected]', 'value').toSorted()).toEqual(['', 'partly-kept']);
      const open = await browser.post(page, { ...form, outcome: '', law: 'UU 17/2023' });
      expect([open.status, open.attribute('#problems a', 'href')]).toEqual([422, `#outcome-${id}`]);
      expect(open.text(`#outcome-${id}-problem`)).toContain(outcome);
      expect(boxes.map((box) => open.attribute(`#law-${box}`, 'value'))).toEqual(
        boxes.map((box) => (box === id ? 'UU 17/2023' : '')),
      );
    }
    for (const { id } of made) {
      const answer = { clientId, ids: [id], outcome: 'deleted', law: undefined } as const;
      await acknowledgeWithdrawals(world.database, world.house.secrets, answer);
    }
  },
);

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
