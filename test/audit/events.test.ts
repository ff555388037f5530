import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appIn, listHistory, recordAccountEvent, recordAdminEvent } from '#src/audit/events.ts';
import { businessEvents } from '#src/base/metrics.ts';
import { Keyring, shardOf } from '#src/base/secrets.ts';
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

const newKey = () => new Keyring([randomBytes(32)]);

test('an event of an account lies in its shard and is counted', async () => {
  const accountId = randomUUID();
  const before = await counted('app.disconnected');
  await recordAccountEvent(people.database, {
    accountId,
    kind: 'app.disconnected',
    app: { clientId: 'pajak-daerah', dataKey: newKey() },
    details: { grants: 2, claims: ['name', 'email'] },
  });
  const events = await people.database.query(
    'select kind, client_id, details from account_events where shard = $1 and account_id = $2',
    [shardOf(accountId), accountId],
  );
  expect(events).toEqual([
    { kind: 'app.disconnected', client_id: null, details: { grants: 2, claims: ['name', 'email'] } },
  ]);
  expect(await counted('app.disconnected')).toBe(before + 1);
});

test('which app it was is read with the key of the account alone, and no length tells it', async () => {
  const accountId = randomUUID();
  const dataKey = newKey();
  for (const clientId of ['rsud', 'pengadilan-agama'])
    await recordAccountEvent(people.database, { accountId, kind: 'sign-in.succeeded', app: { clientId, dataKey } });
  const lines = await listHistory(people.database, accountId, { limit: 9 });
  expect(lines.map((line) => appIn(line, accountId, dataKey)).toSorted()).toEqual(['pengadilan-agama', 'rsud']);
  expect(() => lines.map((line) => appIn(line, accountId, newKey()))).toThrow();
  expect(new Set(lines.map(({ app }) => app?.length)).size).toBe(1);
});

test('an event of before apps were sealed is read as it is', async () => {
  const accountId = randomUUID();
  await people.database.execute(
    `insert into account_events (shard, account_id, id, at, kind, client_id, details) values ($1, $2, $3, $4, $5, $6, '{}')`,
    [shardOf(accountId), accountId, randomUUID(), new Date(), 'sign-in.succeeded', 'pajak-daerah'],
  );
  const [line] = await listHistory(people.database, accountId, { limit: 1 });
  expect(line && appIn(line, accountId, newKey())).toBe('pajak-daerah');
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
