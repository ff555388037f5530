import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordAccountEvent, recordAdminEvent } from '#src/audit/events.ts';
import { businessEvents } from '#src/base/metrics.ts';
import { shardOf } from '#src/base/secrets.ts';
import { openPeople, type People } from '#test/people/people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

async function counted(kind: string): Promise<number> {
  const { values } = await businessEvents.get();
  return values.find(({ labels }) => labels.kind === kind)?.value ?? 0;
}

test('an event of an account lies in its shard and is counted', async () => {
  const accountId = randomUUID();
  const before = await counted('app.disconnected');
  await recordAccountEvent(people.database, {
    accountId,
    kind: 'app.disconnected',
    clientId: 'pajak-daerah',
    details: { grants: 2, claims: ['name', 'email'] },
  });
  const events = await people.database.query(
    'select kind, client_id, details from account_events where shard = $1 and account_id = $2',
    [shardOf(accountId), accountId],
  );
  expect(events).toEqual([
    { kind: 'app.disconnected', client_id: 'pajak-daerah', details: { grants: 2, claims: ['name', 'email'] } },
  ]);
  expect(await counted('app.disconnected')).toBe(before + 1);
});

test('an event goes with its cause when that is undone', async () => {
  const accountId = randomUUID();
  const undone = people.database.transaction(async (db) => {
    await recordAccountEvent(db, { accountId, kind: 'password.set' });
    await recordAdminEvent(db, { kind: 'client.created', actor: 'command', subject: 'client undone' });
    throw new Error('the cause failed');
  });
  await expect(undone).rejects.toThrow('the cause failed');
  expect(await people.database.query('select kind from account_events where account_id = $1', [accountId])).toEqual([]);
  expect(await people.database.query(`select kind from admin_events where subject = 'client undone'`)).toEqual([]);
});

test('an event of the administration says who did what to what', async () => {
  await recordAdminEvent(people.database, { kind: 'client.created', actor: 'command', subject: 'client pajak-daerah' });
  const events = await people.database.query(
    `select kind, actor, details from admin_events where subject = 'client pajak-daerah'`,
  );
  expect(events).toEqual([{ kind: 'client.created', actor: 'command', details: {} }]);
});
