import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTellAgency } from '#src/web/agency-notices.ts';
import { setAccountState } from '#test/support/account-state.ts';
import { colleague } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

describe('what an agency is told', () => {
  let world: World;
  let tell: ReturnType<typeof createTellAgency>;
  let operator: string;
  beforeAll(async () => {
    world = await openWorld();
    tell = createTellAgency(world.house);
    await colleague(world, 'pemilik@contoh.id', { 'dinas-kesehatan': ['owner', 'developer'] });
    await colleague(world, 'pengembang@contoh.id', { 'dinas-kesehatan': ['developer'] });
    operator = (await colleague(world, 'operator@contoh.id', { 'badan-pendapatan-daerah': ['operator'] })).id;
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const say = (subject: string) => () => ({ subject, text: subject });

  test('owners are told once each, and nobody else', async () => {
    const told = await world.database.transaction((tx) => tell(tx, 'dinas-kesehatan', 'owners', say('for owners')));
    expect(told).toBe(1);
    expect((await world.message('pemilik@contoh.id')).subject).toBe('for owners');
    await expect(world.message('pengembang@contoh.id')).rejects.toThrow('no message');
  });

  test('what a job tells twice leaves once', async () => {
    const twice = () =>
      world.database.transaction((tx) =>
        tell(tx, 'dinas-kesehatan', 'developers', say('for developers'), { cause: 'a check of one day' }),
      );
    expect(await twice()).toBe(2);
    await twice();
    const rows = await world.database.query<{ count: number }>(`select count(*)::int from outbox`);
    expect(rows[0]?.count).toBe(3);
  });

  test('operators are told wherever they are one; whose account is disabled is not', async () => {
    const all = () =>
      world.database.transaction((tx) => tell(tx, 'dinas-kesehatan', 'operators', say('for operators')));
    expect(await all()).toBe(1);
    expect((await world.message('operator@contoh.id')).subject).toBe('for operators');
    await setAccountState(world.database, operator, 'disabled');
    expect(await all()).toBe(0);
  });
});
