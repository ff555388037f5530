/** What people allowed before there were notices: it still holds, and nobody is asked again. */
import { createHash } from 'node:crypto';
import knex from 'knex';
import { expect, test } from 'vitest';
import { DAY_MS } from '#src/base/epoch.ts';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { openWorld, password, type World } from '#test/support/world.ts';
import { up } from '../../migrations/0057-consents-carried-over.ts';
import { up as empty } from '../../migrations/0071-consents-emptied.ts';

const claims = [
  { name: 'name', required: true, basis: 'public_task', purpose: 'Memanggil Anda.', 'purpose#en': 'To call you.' },
  { name: 'nickname', required: false, basis: 'consent', purpose: 'Menyapa Anda.', 'purpose#en': 'To greet you.' },
  { name: 'birthdate', required: false, basis: 'consent', purpose: 'Umur Anda.', 'purpose#en': 'Your age.' },
];

/** As `consents.terms` held an item. */
const termOf = (item: (typeof claims)[number], purpose = 'Melayani Anda.') =>
  createHash('sha256')
    .update(JSON.stringify([purpose, item.name, item.required, item.basis, item.purpose]))
    .digest()
    .subarray(0, 8)
    .toString('base64url');

/** Of two hundred days ago: it holds for some months to come. */
const givenAt = new Date(Date.now() - 200 * DAY_MS);

async function putOldConsent(world: World, accountId: string, more: object = {}): Promise<void> {
  const row = {
    ...{ shard: shardOf(accountId), account_id: accountId, client_id: 'lama', id: newIdIn(shardOf(accountId)) },
    ...{ basis: 'consent', scopes: ['openid', 'profile'], claims: ['name', 'nickname'], declined: ['birthdate'] },
    ...{
      terms: claims.map((item) => termOf(item)),
      purpose: 'Melayani Anda.',
      language: 'id',
      acr: 'aal1',
      amr: ['pwd'],
    },
    ...{ given_at: givenAt, expires_at: new Date(givenAt.getTime() + 365 * DAY_MS), ended_at: null },
    ...{ end_reason: null, ...more },
  };
  const names = Object.keys(row);
  await world.database.execute(
    `insert into consents (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(row),
  );
}

async function carryOver(world: World, run = up): Promise<void> {
  const connection = knex({ client: 'pg', connection: world.databaseUrl });
  try {
    await run(connection);
  } finally {
    await connection.destroy();
  }
}

async function openWithApp(): Promise<World> {
  const world = await openWorld();
  const purpose = { purpose: 'Melayani Anda.', 'purpose#en': 'To serve you.' };
  await world.declare({ client_id: 'lama', scope: 'openid profile', claims, ...purpose });
  return world;
}

test('a consent of before is a consent and a notice, twice carried over or once, and its owner is not asked', async () => {
  await using world = await openWithApp();
  const id = await world.citizen('lama@contoh.id', { password, profile: { nickname: 'Lama' } });
  await putOldConsent(world, id);
  await putOldConsent(world, id, {
    ...{ given_at: new Date('2025-01-01'), ended_at: new Date('2026-01-01'), end_reason: 'withdrawn' },
  });
  await carryOver(world);
  await carryOver(world);
  const held = await listPermissions(world.database, id, { limit: 10 });
  expect(held.map(({ kind, basis, claims: names, declined }) => ({ kind, basis, names, declined }))).toEqual(
    expect.arrayContaining([
      { kind: 'consent', basis: 'consent', names: ['nickname'], declined: ['birthdate'] },
      { kind: 'notice', basis: 'public_task', names: ['name'], declined: [] },
    ]),
  );
  expect(held).toHaveLength(2);
  expect(held[0]).toMatchObject({
    givenAt,
    acr: 'aal1',
    amr: ['pwd'],
    event: 'given',
  });
  const all = await listPermissions(world.database, id, { ended: true, limit: 10 });
  expect(
    all
      .slice(2)
      .map(({ endReason }) => endReason)
      .toSorted(),
  ).toEqual(['left', 'withdrawn']);

  const app = await world.app({
    clientId: 'lama',
    scope: 'openid profile',
    redirectUri: 'http://localhost:3001/callback',
  });
  const attempt = await app.startSignIn();
  const page = await world.browser().visit(attempt.url);
  const answered = await page.fill({ identifier: 'lama@contoh.id', password }).press('#sign-in');
  const tokens = await app.finishSignIn(attempt, answered);
  expect(await app.userinfo(tokens.access_token)).toEqual({
    sub: tokens.claims()?.sub,
    name: 'Warga Uji',
    nickname: 'Lama',
  });
});

test('what the app says differently by now is carried over by its name, and asked again', async () => {
  await using world = await openWithApp();
  const id = await world.citizen('beda@contoh.id', { password });
  await putOldConsent(world, id, { terms: [termOf(claims[0] as never)] });
  await carryOver(world);
  const held = await listPermissions(world.database, id, { limit: 10 });
  const nickname = held.flatMap(({ terms }) => terms.items).find(({ claim }) => claim === 'nickname');
  expect(nickname).toMatchObject({ purpose: '', basis: 'consent' });
  const app = await world.app({
    clientId: 'lama',
    scope: 'openid profile',
    redirectUri: 'http://localhost:3001/callback',
  });
  const attempt = await app.startSignIn();
  const page = await world.browser().visit(attempt.url);
  const asked = await page.fill({ identifier: 'beda@contoh.id', password }).press('#sign-in');
  expect(asked.has('#consent-allow')).toBe(true);
  await app.finishSignIn(attempt, await asked.press('#consent-allow'));
});

test('what is carried over is taken out of the table of before: killed half-way, by several at once, and what came in since', async () => {
  await using world = await openWithApp();
  const { database } = world;
  const id = await world.citizen('banyak@contoh.id', { password });
  await putOldConsent(world, id);
  // More than one batch, of times that no Date can hold.
  await database.execute(
    `insert into consents (shard, account_id, client_id, id, basis, scopes, claims, declined, terms, purpose, language, acr, amr, given_at,
       expires_at, ended_at, end_reason)
     select shard, account_id, client_id, (substr(id::text, 1, 3) || substr(gen_random_uuid()::text, 4))::uuid, basis, scopes, claims, declined,
       terms, purpose, language, acr, amr, given_at - n * interval '1 second 7 microseconds', expires_at, given_at, 'withdrawn'
     from consents, generate_series(1, 5500) n where account_id = $1`,
    [id],
  );
  await carryOver(world);
  const held = async () => (await listPermissions(database, id, { ended: true, limit: 20_000 })).map((one) => one.id);
  const carried = await held();
  expect(carried).toHaveLength(2 * 5501);
  const count = async () => (await database.first<{ n: number }>('select count(*)::int as n from consents'))?.n;
  await database.execute('delete from consents where id in (select id from consents limit 700)');
  const late = await world.citizen('telat@contoh.id', { password });
  await putOldConsent(world, late);
  await Promise.all([carryOver(world, empty), carryOver(world, empty)]);
  expect(await count()).toBe(0);
  expect(await held()).toEqual(carried);
  expect(await listPermissions(database, late, { limit: 9 })).toHaveLength(2);
  await carryOver(world, empty);
  expect(await held()).toEqual(carried);
});
