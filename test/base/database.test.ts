import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { Database, DatabaseUnavailable } from '#src/base/database.ts';
import { currentDb, UnitOfWork, withDb } from '#src/base/unit-of-work.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

let home: TestDatabase;
let database: Database;

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'));
  database = new Database(home.url, { max: 4, ...PATIENCE });
  await database.execute('create table gates (name text primary key, width int)');
});

afterEach(async () => {
  await database.close();
  await home.drop();
});

const add = 'insert into gates (name, width) values ($1, $2)';
const names = 'select name from gates order by name';

test('statements give rows, the one row, or how many', async () => {
  expect(await database.execute(add, ['north', 3])).toBe(1);
  expect(await database.query(names)).toEqual([{ name: 'north' }]);
  expect(await database.first('select width from gates where name = $1', ['north'])).toEqual({ width: 3 });
  expect(await database.first('select width from gates where name = $1', ['south'])).toBeUndefined();
  expect(await database.execute('update gates set width = 4 where name = $1', ['south'])).toBe(0);
});

test('a value is never read as SQL', async () => {
  const hostile = "x'); drop table gates; --";
  await database.execute(add, [hostile, 1]);
  expect(await database.query(names)).toEqual([{ name: hostile }]);
});

describe('a transaction', () => {
  test('keeps all or nothing', async () => {
    await database.transaction(async (tx) => {
      await tx.execute(add, ['north', 1]);
      await tx.execute(add, ['south', 1]);
    });
    const failing = database.transaction(async (tx) => {
      await tx.execute(add, ['east', 1]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await database.query(names)).toEqual([{ name: 'north' }, { name: 'south' }]);
  });

  test('is repeated when PostgreSQL asks for it, and then gives up', async () => {
    let tries = 0;
    const fail = `do $$ begin raise exception 'again' using errcode = '40001'; end $$`;
    const work = (failures: number) =>
      database.transaction(async (tx) => {
        tries += 1;
        await tx.execute(add, [`gate ${tries}`, 1]);
        if (tries <= failures) await tx.execute(fail);
        return tries;
      });
    expect(await work(2)).toBe(3);
    expect(await database.query(names)).toEqual([{ name: 'gate 3' }]);
    tries = 100;
    await expect(work(999)).rejects.toThrow(DatabaseUnavailable);
    expect(tries).toBe(103);
  });

  test('that fails gives its connection back', async () => {
    for (let i = 0; i < 8; i += 1) {
      await expect(database.transaction((tx) => tx.execute('insert into nowhere values (1)'))).rejects.toThrow(
        /nowhere/,
      );
    }
    expect(await database.query(names)).toEqual([]);
  });
});

describe('a unit of work', () => {
  test('begins with the first write and reads its own writes from then on', async () => {
    const unit = new UnitOfWork(database);
    expect(await unit.query(names)).toEqual([]);
    await database.execute(add, ['before', 1]);
    expect(await unit.query(names)).toEqual([{ name: 'before' }]);
    await unit.execute(add, ['inside', 1]);
    expect(await unit.query(names)).toEqual([{ name: 'before' }, { name: 'inside' }]);
    expect(await database.query(names)).toEqual([{ name: 'before' }]);
    await unit.commit();
    expect(await database.query(names)).toEqual([{ name: 'before' }, { name: 'inside' }]);
  });

  test('runs what is started at once one after another, on one connection', async () => {
    const unit = new UnitOfWork(database);
    const pids = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        unit.first<{ pid: number }>(`insert into gates values ($1, 1) returning pg_backend_pid() as pid`, [`${i}`]),
      ),
    );
    expect(new Set(pids.map((row) => row?.pid)).size).toBe(1);
    await unit.rollback();
    expect(await database.query(names)).toEqual([]);
  });

  test('more units than connections, each with many statements, all get through', async () => {
    const units = Array.from({ length: 24 }, async (_, i) => {
      const unit = new UnitOfWork(database);
      await Promise.all([unit.execute(add, [`a${i}`, 1]), unit.execute(add, [`b${i}`, 1]), unit.query(names)]);
      await unit.commit();
    });
    await Promise.all(units);
    expect(await database.query(names)).toHaveLength(48);
  });

  test('remembers a failure that a library swallows, and does not claim to have committed', async () => {
    const unit = new UnitOfWork(database);
    await unit.execute(add, ['north', 1]);
    await unit.execute(add, ['north', 1]).catch(() => undefined);
    expect(unit.failure).toMatchObject({ code: '23505' });
    await expect(unit.commit()).rejects.toThrow(DatabaseUnavailable);
    expect(await database.query(names)).toEqual([]);
  });

  test('a locking read belongs to the transaction', async () => {
    await database.execute(add, ['north', 1]);
    const unit = new UnitOfWork(database);
    await unit.query('select name from gates where name = $1 for update', ['north']);
    const other = await database
      .execute(`select name from gates where name = 'north' for update nowait`)
      .catch((error) => error);
    expect(other).toMatchObject({ cause: { code: '55P03' } });
    await unit.rollback();
  });

  test('is found by code that gets no argument, each request its own', async () => {
    const [one, two] = [new UnitOfWork(database), new UnitOfWork(database)];
    const seen = await Promise.all([
      withDb(one, async () => currentDb(database)),
      withDb(two, async () => currentDb(database)),
    ]);
    expect(seen[0]).toBe(one);
    expect(seen[1]).toBe(two);
    expect(currentDb(database)).toBe(database);
  });
});

describe('a database that goes away', () => {
  let proxy: Server;
  let sockets: Socket[];
  let through: Database;
  let proxyUrl: string;

  beforeEach(async () => {
    const target = new URL(home.url);
    sockets = [];
    proxy = createServer((socket) => {
      const upstream = connect(Number(target.port), target.hostname);
      sockets.push(socket, upstream);
      for (const end of [socket, upstream]) end.on('error', () => undefined);
      socket.pipe(upstream).pipe(socket);
    });
    await listen(0);
    const url = new URL(home.url);
    url.port = String((proxy.address() as AddressInfo).port);
    proxyUrl = url.href;
    through = new Database(proxyUrl, { max: 2, ...PATIENCE });
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await through.close();
    await new Promise((resolve) => proxy.close(resolve));
  });

  function listen(port: number): Promise<void> {
    return new Promise((resolve) => proxy.listen(port, '127.0.0.1', resolve));
  }

  async function cut(): Promise<number> {
    const { port } = proxy.address() as AddressInfo;
    const closed = new Promise((resolve) => proxy.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
    return port;
  }

  test('is said to be unavailable, and comes back by itself', async () => {
    expect(await through.query(names)).toEqual([]);
    const port = await cut();
    await expect(through.query(names)).rejects.toThrow(DatabaseUnavailable);
    await expect(through.transaction((tx) => tx.execute(add, ['x', 1]))).rejects.toThrow(DatabaseUnavailable);
    await listen(port);
    await expect.poll(() => through.query(names).catch(() => undefined)).toEqual([]);
  });

  test('in the middle of a unit of work undoes it and says so', async () => {
    const unit = new UnitOfWork(through);
    await unit.execute(add, ['half', 1]);
    const port = await cut();
    await expect(unit.commit()).rejects.toThrow(DatabaseUnavailable);
    await listen(port);
    expect(await database.query(names)).toEqual([]);
  });
});
