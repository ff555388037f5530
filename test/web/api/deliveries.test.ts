/** What an app was told and what its agency answers for, by the API of the agency that owns it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listWithdrawals } from '#src/consents/withdrawals.ts';
import { startAppNotices } from '#src/jobs/app-notices.ts';
import { disconnect } from '#src/oidc/withdrawals.ts';
import { raiseRegistryVersion } from '#src/registry/version.ts';
import { signInto } from '#test/oidc/flows.ts';
import { type ApiClient, openApi } from '#test/support/api.ts';
import { answering, ListeningApp } from '#test/support/listening-app.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

const clientId = 'uji-kabar';
const path = `/apps/${clientId}`;
let world: World;
let api: ApiClient;
let listening: ListeningApp;
let made = 0;

beforeAll(async () => {
  world = await openWorld();
  listening = await ListeningApp.open(answering(202));
  api = await openApi(world);
  await world.declare({ client_id: clientId, event_uri: `${listening.origin}/peristiwa` });
  await world.database.transaction(async (tx) => {
    const values = [api.agencyId, clientId, await raiseRegistryVersion(tx)];
    await tx.execute('update clients set agency_id = $1, version = $3 where id = $2', values);
  });
  await world.house.clients.refresh();
});
afterAll(async () => {
  await listening?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await world.database.execute('delete from outbox');
  await world.database.execute('delete from withdrawals');
  listening.received.length = 0;
});

async function deliver(): Promise<void> {
  const { database, secrets, log, keys, config } = world.house;
  const work = startAppNotices({ database, secrets, log, keys, config }, { everyMs: 1_000_000_000 });
  await work.deliverDue();
  await work.stop();
}

/** What an event says, by the URI of its type; the signature is looked at elsewhere. */
function eventsOf(token: string): Record<string, Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).events;
}

/** Somebody who was in the app and left it. */
async function someoneLeaves(): Promise<string> {
  made += 1;
  const address = `pergi-${made}@contoh.id`;
  const accountId = await world.citizen(address, { password });
  const party = await world.app({ clientId, redirectUri: 'http://localhost:3001/callback' });
  await signInto(party, world.browser(), {}, address);
  await world.database.transaction((tx) => disconnect(tx, world.house.secrets, { accountId, clientId }));
  return accountId;
}

const items = async (list: string) => (await api.get(`${path}/${list}`)).json.items as Record<string, unknown>[];

test('who leaves is told of once, answered by the id in that event, and not twice', async () => {
  const accountId = await someoneLeaves();
  await deliver();
  expect(listening.received).toHaveLength(1);
  const [event] = Object.values(eventsOf(listening.received[0]?.body ?? ''));
  const told = [event?.withdrawal, ...((event?.further_withdrawals as unknown[] | undefined) ?? [])].toSorted();
  const waiting = await items('withdrawals?waiting=true');
  expect(waiting.map(({ id }) => id).toSorted()).toEqual(told);
  expect(JSON.stringify(waiting)).not.toContain(accountId);
  for (const id of told) {
    const answer = `${path}/withdrawals/${String(id)}/acknowledgement`;
    expect((await api.post(answer, { outcome: 'kept' })).json.code).toBe('law_missing');
    expect((await api.post(answer, { outcome: 'partly-kept', law: 'UU 17/2023' })).status).toBe(204);
    expect((await api.post(answer, { outcome: 'partly-kept', law: 'UU 17/2023' })).status).toBe(204);
    expect((await api.post(answer, { outcome: 'deleted' })).json.code).toBe('withdrawal_answered');
  }
  expect(await items('withdrawals?waiting=true')).toEqual([]);
  for (const { answer } of await listWithdrawals(world.database, accountId, { limit: 5 }))
    expect(answer).toMatchObject({ outcome: 'partly-kept', law: 'UU 17/2023' });
});

test('a test is listed with what came of it, and sent again it is the same', async () => {
  expect((await api.post(`${path}/deliveries/test`, {})).status).toBe(202);
  await deliver();
  const [delivery] = await items('deliveries');
  expect(delivery).toMatchObject({ reason: 'test', state: 'delivered', attempts: 1 });
  expect((await api.post(`${path}/deliveries/${String(delivery?.id)}/again`, {})).status).toBe(202);
  await deliver();
  const jtis = listening.received.map(({ body }) => JSON.parse(atob(body.split('.')[1] ?? '')).jti);
  expect([jtis.length, new Set(jtis).size]).toEqual([2, 1]);
});
