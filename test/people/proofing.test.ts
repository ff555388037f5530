import { afterAll, beforeAll, expect, test } from 'vitest';
import { newAccountId, shardOf } from '#src/base/secrets.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { checkUnrestricted, type IdentityLevel, identityAssurance, recordEvidence } from '#src/people/proofing.ts';
import { useMovedClock } from '#test/support/clock.ts';
import { openPeople, type People, refusalOf } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

const pass = useMovedClock();
let citizens = 0;

async function somebody() {
  citizens += 1;
  const { id } = await people.citizen(`warga-${citizens}`);
  const evidence = { accountId: id, method: 'desk', recordedBy: 'uji' };
  return {
    id,
    prove: (level: IdentityLevel) => people.request((db) => recordEvidence(db, { ...evidence, level })),
    assurance: () => identityAssurance(people.database, id),
    account: () => loadAccount(people.database, people.secrets, id),
    /** As a recovery by contacts does. */
    restrict: () =>
      people.database.execute('update accounts set restricted_at = $3 where shard = $1 and id = $2', [
        ...[shardOf(id), id, new Date()],
      ]),
  };
}

test('nothing is known of somebody until evidence is recorded; the strongest of several counts', async () => {
  const siti = await somebody();
  expect(await siti.assurance()).toBeUndefined();
  await siti.prove('ial2');
  await siti.prove('ial1');
  expect(await siti.assurance()).toBe('ial2');
});

test('a restricted account has no evidence until somebody proves it anew, as well as before', async () => {
  const siti = await somebody();
  await siti.prove('ial2');
  pass(60);
  await siti.restrict();
  expect(await siti.assurance()).toBeUndefined();
  pass(60);
  await siti.prove('ial1');
  expect(await siti.assurance()).toBe('ial1');
  expect((await siti.account()).restrictedAt).toBeDefined();
  pass(60);
  await siti.prove('ial2');
  expect(await siti.assurance()).toBe('ial2');
  expect((await siti.account()).restrictedAt).toBeUndefined();
});

test('evidence from before a recovery does not come back when the restriction is lifted', async () => {
  const siti = await somebody();
  await siti.prove('ial2');
  pass(60);
  await siti.restrict();
  pass(60);
  await siti.prove('ial3');
  pass(60);
  await siti.restrict();
  await siti.prove('ial2');
  expect((await siti.account()).restrictedAt).toBeDefined();
  const rows = await people.database.query(
    'select level, ended_at is null as counts from identity_evidence where shard = $1 and account_id = $2 order by recorded_at',
    [shardOf(siti.id), siti.id],
  );
  expect(rows[0]).toEqual({ level: 'ial2', counts: false });
});

test('while restricted nothing older may be changed, and what came afterwards may', async () => {
  const siti = await somebody();
  const change = async (thing?: { since: Date }) => checkUnrestricted(await siti.account(), thing);
  await change();
  const before = new Date();
  pass(60);
  await siti.restrict();
  pass(60);
  expect(await refusalOf(change())).toBe('account_restricted');
  expect(await refusalOf(change({ since: before }))).toBe('account_restricted');
  expect(await refusalOf(change({ since: new Date() }))).toBeUndefined();
});

test('there is no evidence about nobody', async () => {
  const accountId = newAccountId();
  const evidence = { accountId, level: 'ial2', method: 'desk', recordedBy: 'uji' } as const;
  expect(await refusalOf(recordEvidence(people.database, evidence))).toBe('account_unavailable');
});
