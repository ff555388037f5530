import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import { disable, enable, endEverything, freeze, unfreeze } from '#src/oidc/account-end.ts';
import { readRecoveries } from '#src/people/recoveries.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

afterEach(() => void vi.useRealTimers());

let made = 0;

/** Somebody who is signed in, with an app that holds an offline token of theirs and a consent. */
async function citizenInUse() {
  made += 1;
  const address = `pemakai-${made}@contoh.id`;
  const id = await world.citizen(address, { password });
  const browser = world.browser();
  const tax = await world.app({ clientId: 'pajak-daerah', scope: 'openid profile email offline_access' });
  const attempt = await tax.startSignIn({ prompt: 'consent' });
  const tokens = await tax.finishSignIn(attempt, await signIn(await browser.visit(attempt.url), address));
  return { id, address, browser, tax, tokens };
}

async function rowsOf(id: string) {
  const count = async (text: string) =>
    (await world.database.first<{ count: number }>(`select count(*)::integer as count from ${text}`, [shardOf(id), id]))
      ?.count;
  return {
    sessions: await count('sessions where shard = $1 and account_id = $2'),
    grants: await count('grants where shard = $1 and account_id = $2'),
    tokens: await count(
      'artifacts a join grants g on g.shard = a.shard and g.id = a.grant_id where g.shard = $1 and g.account_id = $2',
    ),
    consents: await count('permissions where shard = $1 and account_id = $2 and ended_at is null'),
  };
}

const nothingLeft = { sessions: 0, grants: 0, tokens: 0, consents: 2 };
const operator = { actor: 'command', reason: 'perkara 12' };

describe.each([
  ['frozen by its owner', (id: string) => freeze(world.database, world.house.secrets, id, { reason: 'not-me' })],
  ['disabled by an operator', (id: string) => disable(world.database, world.house.secrets, id, operator)],
] as const)('an account that is %s', (_, end) => {
  test('has no session, grant or token left, and every use is refused at once', async () => {
    const { id, browser, tax, tokens } = await citizenInUse();
    expect((await rowsOf(id)).tokens).toBeGreaterThan(0);
    // Not a millisecond has to pass.
    vi.useFakeTimers({ toFake: ['Date'] });
    expect(await end(id)).toBe(true);
    expect(await rowsOf(id)).toEqual(nothingLeft);
    await expect(tax.userinfo(tokens.access_token)).rejects.toMatchObject({ status: 401 });
    await expect(tax.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
    expect((await browser.visit(`${world.issuer}/account`)).has('input[name=password]')).toBe(true);
  });

  test('is ended by one of two at once', async () => {
    const { id } = await citizenInUse();
    const outcomes = await Promise.all([end(id), end(id), end(id)]);
    expect(outcomes.filter(Boolean)).toHaveLength(1);
    expect(await rowsOf(id)).toEqual(nothingLeft);
  });
});

test('what a sign-in under way has left behind does not come to life when the account is opened again', async () => {
  for (const [close, open] of [
    [
      (id: string) => freeze(world.database, world.house.secrets, id, { reason: 'asked' }),
      (id: string) => unfreeze(world.database, world.house.secrets, id, { reason: 'asked' }),
    ],
    [
      (id: string) => disable(world.database, world.house.secrets, id, operator),
      (id: string) => enable(world.database, id, operator),
    ],
  ] as const) {
    const { id, browser } = await citizenInUse();
    const rows = await world.database.query<Record<string, unknown>>(
      `select * from sessions where shard = $1 and account_id = $2`,
      [shardOf(id), id],
    );
    await close(id);
    const [late] = rows;
    expect(late).toBeDefined();
    const columns = Object.keys(late ?? {});
    await world.database.execute(
      `insert into sessions (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')})`,
      Object.values(late ?? {}),
    );
    await open(id);
    expect(await rowsOf(id)).toMatchObject({ sessions: 0 });
    expect((await browser.visit(`${world.issuer}/account`)).has('input[name=password]')).toBe(true);
  }
});

test('ending everything of one leaves what is others’', async () => {
  const one = await citizenInUse();
  const other = await citizenInUse();
  await endEverything(world.database, one.id);
  expect(await rowsOf(one.id)).toEqual(nothingLeft);
  expect(await other.tax.userinfo(other.tokens.access_token)).toHaveProperty('sub');
});

test('a recovery that waits ends with the freeze, so that it does not go on when the account is opened', async () => {
  const { id } = await citizenInUse();
  const [now, later] = [new Date(), new Date(Date.now() + 24 * 3600 * 1000)];
  await world.database.execute(
    `insert into recoveries (shard, account_id, id, state, contacts, started_at, ready_at, expires_at)
     values ($1, $2, $3, 'waiting', $4, $5, $6, $6)`,
    [shardOf(id), id, randomUUID(), [Buffer.from('a'), Buffer.from('b')], now, later],
  );
  await freeze(world.database, world.house.secrets, id, { reason: 'not-me' });
  await unfreeze(world.database, world.house.secrets, id, { reason: 'asked' });
  expect((await readRecoveries(world.database, id)).waiting).toBeUndefined();
});
