/** A unit of work under pressure: few connections, many requests, connections that break. */
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { Database, DatabaseUnavailable } from '#src/base/database.ts';
import { UnitOfWork } from '#src/base/unit-of-work.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';
import { race } from './crowd.ts';

let home: TestDatabase;
let database: Database;
let admin: Database;

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'));
  database = new Database(home.url, { max: 2, ...PATIENCE });
  admin = new Database(home.url, { max: 2, ...PATIENCE });
  await admin.execute('create table seats (name text primary key, taken_by text)');
  await admin.execute(`insert into seats (name) values ('window'), ('aisle')`);
});

afterEach(async () => {
  await Promise.all([database.close(), admin.close()]);
  await home.drop();
});

const take = 'update seats set taken_by = $2 where name = $1 and taken_by is null';
const add = 'insert into seats (name, taken_by) values ($1, $2)';
const taken = 'select name from seats where taken_by is not null order by name';

test('a pool of two carries many units that read, write and read again', async () => {
  const { won, lost } = await race(60, async (i) => {
    const unit = new UnitOfWork(database);
    await unit.query(taken);
    await Promise.all([unit.execute(add, [`a${i}`, 'x']), unit.query(taken), unit.execute(add, [`b${i}`, 'x'])]);
    await unit.query(taken);
    await unit.commit();
  });
  expect([won.length, lost]).toEqual([60, []]);
  expect(await admin.query(taken)).toHaveLength(120);
});

test('those who wait for one row do not keep its holder from finishing', async () => {
  const { won } = await race(30, async (i) => {
    const unit = new UnitOfWork(database);
    const claimed = await unit.execute(take, ['window', String(i)]);
    for (let more = 0; more < 3; more += 1) await unit.execute(add, [`${i}-${more}`, claimed ? 'winner' : null]);
    await unit.commit();
    return claimed;
  });
  expect(won).toHaveLength(30);
  expect(won.filter((claimed) => claimed === 1)).toHaveLength(1);
  expect(await admin.query(taken)).toHaveLength(4);
});

test('a failed statement spoils the whole unit, whatever comes after it', async () => {
  const unit = new UnitOfWork(database);
  await unit.execute(add, ['door', 'x']);
  await expect(unit.execute('insert into seats (name) values ($1)', ['door'])).rejects.toThrow(/duplicate key/);
  await expect(unit.execute(add, ['roof', 'x'])).rejects.toThrow(/aborted/);
  expect(unit.failure?.message).toMatch(/duplicate key/);
  await unit.rollback();
  expect(await admin.query(taken)).toEqual([]);
});

test('a unit that was undone begins anew with its next write', async () => {
  const unit = new UnitOfWork(database);
  await unit.execute(add, ['first', 'x']);
  await unit.rollback();
  await unit.execute(add, ['second', 'x']);
  await unit.commit();
  expect(await admin.query(taken)).toEqual([{ name: 'second' }]);
});

test.each(['update', 'no key update', 'share', 'key share'])(
  'a read "for %s" belongs to the transaction',
  async (lock) => {
    const unit = new UnitOfWork(database);
    await unit.query(`select name from seats where name = $1 for ${lock}`, ['window']);
    const other = await admin
      .query(`select name from seats where name = 'window' for update nowait`)
      .catch((error) => error);
    expect(other).toMatchObject({ cause: { code: '55P03' } });
    await unit.rollback();
    expect(await admin.query(`select name from seats where name = 'window' for update nowait`)).toHaveLength(1);
  },
);

test('a commit that fails is not acknowledged', async () => {
  await admin.execute(`create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'no'; end $$`);
  await admin.execute(`create constraint trigger refuse after insert on seats deferrable initially deferred
    for each row execute function refuse()`);
  for (let i = 0; i < 4; i += 1) {
    const unit = new UnitOfWork(database);
    await unit.execute(add, [`late ${i}`, 'x']);
    await expect(unit.commit()).rejects.toThrow(DatabaseUnavailable);
  }
  expect(await admin.query(taken)).toEqual([]);
});

test('a deadlock ends one of the two, says that it passes, and lets the other finish', async () => {
  const both = await race(2, async (i) => {
    const unit = new UnitOfWork(database);
    const [first, second] = i === 0 ? ['window', 'aisle'] : ['aisle', 'window'];
    try {
      await unit.execute(take, [first, String(i)]);
      await meet();
      await unit.execute(take, [second, String(i)]);
      await unit.commit();
    } catch (error) {
      await unit.rollback();
      throw error;
    }
  });
  expect(both.won).toHaveLength(1);
  expect(both.lost).toEqual([expect.any(DatabaseUnavailable)]);
  expect(await admin.query(taken)).toHaveLength(2);
});

/** Resolves for both when the second has come. */
const meet = (() => {
  let waiting: (() => void) | undefined;
  return () =>
    new Promise<void>((resolve) => {
      if (!waiting) waiting = resolve;
      else {
        waiting();
        resolve();
        waiting = undefined;
      }
    });
})();

test('connections that break between two statements cost their units and nothing else', async () => {
  const cut = `select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state = 'idle in transaction'`;
  for (let i = 0; i < 5; i += 1) {
    const units = [new UnitOfWork(database), new UnitOfWork(database)];
    await Promise.all(units.map((unit, n) => unit.execute(add, [`${i} ${n}`, 'x'])));
    await admin.query(cut);
    for (const unit of units) {
      await expect(unit.execute(add, [`${i} more`, 'x'])).rejects.toThrow(DatabaseUnavailable);
      await unit.rollback();
    }
  }
  expect(await admin.query(taken)).toEqual([]);
  const { won } = await race(10, (i) => database.execute(add, [`after ${i}`, 'x']));
  expect(won).toHaveLength(10);
});
