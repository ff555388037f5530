/** What is handed out to a person of what is held about them: of every column, or why not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import { type HeldRow, heldGroups, heldTables, readReasons, unreadTables } from '#src/oidc/held.ts';
import { grantMembership } from '#src/people/memberships.ts';
import { saveProfile } from '#src/people/profile.ts';
import { recordEvidence } from '#src/people/proofing.ts';
import { makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { addTester } from '#src/registry/testers.ts';
import { everyScope, signInto } from '#test/oidc/flows.ts';
import { signInByPasskey } from '#test/races/crowd.ts';
import { givePasskey } from '#test/security/scene.ts';
import { setUpApp } from '#test/support/authenticator-app.ts';
import { allow, openWorld, password, type World } from '#test/support/world.ts';

let world: World;
let id: string;
let other: string;
const held = new Map<string, HeldRow[]>();

beforeAll(async () => {
  world = await openWorld();
  id = await live('lengkap@contoh.id', '+6281266660001');
  other = await live('orang.lain@contoh.id', '+6281266660002');
  await world.database.settle();
  const whose = { db: world.database, secrets: world.house.secrets, accountId: id };
  for (const { table, rowsOf } of heldTables) held.set(table, await Array.fromAsync(rowsOf(whose)));
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** Somebody of whom every table has a row. */
async function live(mail: string, phone: string): Promise<string> {
  const { database, secrets } = world.house;
  const profile = { phone_number: phone, phone_number_verified: true, birthdate: '1980-01-02' };
  const account = await world.citizen(mail, { name: `Warga ${mail}`, password, profile });
  const device = await givePasskey(world, account);
  await setUpApp(world, account);
  await database.transaction(async (tx) => {
    await makeRecoveryCodes(tx, secrets, account);
    await saveProfile(tx, secrets, account, { nickname: `si ${mail}`, birthdate: '1980-01-02' });
    await recordEvidence(tx, { accountId: account, level: 'ial2', method: 'desk', recordedBy: 'command' });
    await addTester(tx, { clientId: 'puskesmas-online', accountId: account, invitedBy: account });
  });
  await grantMembership(database, { accountId: account, agencyId: 'dinas-kesehatan', role: 'auditor' }, 'command');
  const tax = await world.app({ clientId: 'pajak-daerah', scope: everyScope });
  const browser = world.browser();
  const attempt = await tax.startSignIn({ prompt: 'consent' });
  const tokens = await tax.finishSignIn(
    attempt,
    await allow(await signInByPasskey(await browser.visit(attempt.url), device)),
  );
  await tax.userinfo(tokens.access_token);
  const health = await world.app();
  await signInto(health, browser, { prompt: 'consent' });
  await (await browser.visit(`${world.issuer}/account`)).press('[data-client=puskesmas-online] .disconnect');
  await addRows(account);
  return account;
}

/** What comes about by more than one person's doing, put there as it is stored. */
async function addRows(account: string): Promise<void> {
  const shard = shardOf(account);
  const home = world.database.for(shard);
  const [now, later] = [new Date(), new Date(Date.now() + 1e9)];
  await home.execute(
    `insert into desk_sheets (shard, account_id, id, token_hash, kind, state, agency_id, officer, case_number, document, issued_at,
       ready_at, expires_at)
     values ($1, $2, $3, $4, 'recovery', 'waiting', 'dinas-kesehatan', 'petugas', 'LKT-1', 'ktp', $5, $5, $6)`,
    [shard, account, `${account.slice(0, 24)}000000000001`, Buffer.from(account), now, later],
  );
  await home.execute(
    `insert into recoveries (shard, account_id, id, state, contacts, started_at, ready_at, expires_at)
     values ($1, $2, $3, 'waiting', '{}', $4, $4, $5)`,
    [shard, account, `${account.slice(0, 24)}000000000002`, now, later],
  );
  await home.execute(
    `insert into release_reports (shard, account_id, id, client_id, release_at, release_id, reason, at, due_at, expires_at)
     values ($1, $2, $3, 'pajak-daerah', $4, $3, 'not-then', $4, $5, $5)`,
    [shard, account, `${account.slice(0, 24)}000000000003`, now, later],
  );
  await home.execute(
    `insert into subject_aliases (shard, account_id, capacity, group_id, sub, merged_from, created_at)
     values ($1, $2, 'self', $3, $4, $5, $6)`,
    [shard, account, 'pajak-daerah', `alias ${account}`, `${account.slice(0, 24)}000000000004`, now],
  );
}

test('every column about people is handed out, or named with the reason why not', async () => {
  const reasons = await readReasons(world.database);
  expect(reasons.size).toBeGreaterThan(200);
  const said = new Set([
    ...heldTables.flatMap(({ table, shows, leavesOut }) =>
      [...Object.keys(shows), ...Object.keys(leavesOut)].map((column) => `${table}.${column}`),
    ),
    ...[...reasons.keys()].filter((name) => Object.hasOwn(unreadTables, name.split('.')[0] ?? '')),
  ]);
  expect([...reasons.keys()].filter((name) => !said.has(name))).toEqual([]);
  // And none is named that is not there.
  expect([...said].filter((name) => !reasons.has(name))).toEqual([]);
  const tables = new Set([...reasons.keys()].map((name) => name.split('.')[0]));
  expect(Object.keys(unreadTables).filter((table) => !tables.has(table))).toEqual([]);
  expect(heldTables.filter(({ table }) => Object.hasOwn(unreadTables, table))).toEqual([]);
});

test('what a table says it hands out is in its rows', () => {
  for (const { table, shows } of heldTables) {
    const rows = held.get(table) ?? [];
    expect(rows.length, table).toBeGreaterThan(0);
    for (const name of Object.values(shows)) expect(Object.keys(rows[0] ?? {}), `${table}: ${name}`).toContain(name);
  }
  expect(new Set(heldTables.map(({ group }) => group))).toEqual(new Set(heldGroups));
});

describe('the rows', () => {
  test('say values where they are sealed, and the words under which data was given', () => {
    const [account] = held.get('accounts') ?? [];
    expect(account).toMatchObject({
      account: id,
      profile: { nickname: 'si lengkap@contoh.id', birthdate: '1980-01-02' },
    });
    expect(held.get('contacts')?.map(({ value }) => value)).toEqual(
      expect.arrayContaining(['lengkap@contoh.id', '+6281266660001']),
    );
    const release = held.get('releases')?.find(({ app, kind }) => app === 'pajak-daerah' && kind === 'code');
    expect(release?.claims).toEqual(expect.arrayContaining(['name']));
  });

  test('are nobody else’s, and hold no secret', () => {
    const text = JSON.stringify([...held.values()]);
    for (const foreign of [other, 'orang.lain@contoh.id', '+6281266660002']) expect(text).not.toContain(foreign);
    expect(text).not.toMatch(/argon2|\$2[aby]\$|"type":"Buffer"/);
  });
});
