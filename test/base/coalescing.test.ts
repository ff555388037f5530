/** Statements of requests that arrive together leave as one, and nobody pays for another. On tables of the test's own. */
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { compose, type Read, readOf, type Write } from '#src/base/coalescing.ts';
import { Database, type DatabaseOptions, DatabaseUnavailable } from '#src/base/database.ts';
import { UnitOfWork } from '#src/base/unit-of-work.ts';
import { race } from '#test/races/crowd.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';
import { openTcpProxy } from '#test/support/tcp-proxy.ts';

let home: TestDatabase;
let database: Database;
/** Looks at what is committed; its statements are not counted. */
let admin: Database;
/** What `database` has sent. */
let sent: string[];

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'));
  admin = new Database(home.url, { max: 3, ...PATIENCE });
  await admin.execute('create table shelves (shard smallint, name text, primary key (shard, name))');
  await admin.execute(`create table books (shard smallint, title text, shelf text not null, reader text, lends int default 0,
    primary key (shard, title), foreign key (shard, shelf) references shelves (shard, name))`);
  await admin.execute(`insert into shelves select n, 'wood' from generate_series(0, 9) as n`);
  database = open();
});

afterEach(async () => {
  await Promise.all([database.close(), admin.close()]);
  await home.drop();
});

function open(options: DatabaseOptions = {}, url = home.url): Database {
  const opened = new Database(url, { ...PATIENCE, ...options });
  sent = [];
  opened.onStatement = (text) => sent.push(text);
  return opened;
}

interface Book {
  readonly shelf: string;
  readonly reader: string | null;
}

const findBook = readOf<Book>(
  ['smallint', 'text'],
  'select b.shelf, b.reader from books b where b.shard = $1 and b.title = $2',
);
const findShelf = readOf<{ name: string }>(
  ['smallint', 'text'],
  'select s.name from shelves s where s.shard = $1 and s.name = $2',
);

class Lost extends Error {}

const addBook: Write = {
  name: 'book_added',
  table: 'books',
  columns: { shard: 'smallint', title: 'text', shelf: 'text' },
  text: 'insert into books (shard, title, shelf) select shard, title, shelf from given returning 1',
  lost: ([, title]) => new Lost(`no shelf for ${title}`),
};
const takeBook: Write = {
  name: 'book_taken',
  table: '',
  columns: { shard: 'smallint', title: 'text', reader: 'text' },
  text: `update books b set reader = given.reader from given
    where $here(b) and b.shard = given.shard and b.title = given.title and b.reader is null returning 1`,
  lost: ([, title]) => new Lost(`${title} is taken`),
};
const lendBook: Write = {
  name: 'book_lent',
  table: 'books',
  columns: { shard: 'smallint', title: 'text', shelf: 'text' },
  text: `insert into books (shard, title, shelf, lends) select shard, title, shelf, 1 from given
    on conflict (shard, title) do update set lends = books.lends + 1 returning 1`,
  lost: ([, title]) => new Lost(`no shelf for ${title}`),
};

const everything = 'select shard, title, reader, lends from books order by shard, title';
const titles = async () => (await admin.query<{ title: string }>(everything)).map(({ title }) => title);
const readers = async () =>
  Object.fromEntries(
    (await admin.query<{ title: string; reader: string }>(everything)).map(({ title, reader }) => [title, reader]),
  );

/** Books `a0` to `a<count - 1>`, each in the shard of its number. */
async function stock(count: number): Promise<void> {
  await admin.execute(`insert into books (shard, title, shelf)
    select n % 10, 'a' || n, 'wood' from generate_series(0, ${count - 1}) as n`);
}

async function deadlocks(): Promise<number> {
  await admin.query('select pg_stat_force_next_flush()');
  const row = await admin.first<{ n: number }>(
    'select deadlocks::int as n from pg_stat_database where datname = current_database()',
  );
  return row?.n ?? -1;
}

/** A request that writes these rows and nothing else. */
async function request(...rows: [Write, ...unknown[]][]): Promise<void> {
  const unit = new UnitOfWork(database);
  try {
    for (const [write, ...row] of rows) await unit.write(write, row);
    await unit.commit();
  } catch (error) {
    await unit.rollback();
    throw error;
  }
}

/** What writes that commit by themselves send for rows of these. */
const together = (...writes: Write[]) =>
  compose(
    writes.map((write) => ({ write, row: [] })),
    { guarded: true, distributed: false },
  ).text;

describe('reads', () => {
  test('of one turn leave as one statement, and each gets its own row or none', async () => {
    await stock(20);
    const asked = Array.from({ length: 40 }, (_, i) => database.read(findBook, [i % 10, `a${i}`]));
    const found = await Promise.all(asked);
    expect(sent).toEqual([findBook.forMany]);
    expect(found.slice(0, 20)).toEqual(
      Array.from({ length: 20 }, () => expect.objectContaining({ shelf: 'wood', reader: null })),
    );
    expect(found.slice(20)).toEqual(Array(20).fill(undefined));
  });

  test('of several people do not exchange their rows, also when they ask for the same one', async () => {
    await stock(10);
    await admin.execute(`update books set reader = 'reader of ' || title`);
    const order = [7, 3, 3, 9, 0, 3, 5, 7];
    const found = await Promise.all(order.map((i) => database.read(findBook, [i, `a${i}`])));
    expect(found.map((row) => row?.reader)).toEqual(order.map((i) => `reader of a${i}`));
    expect(sent).toHaveLength(1);
  });

  test('of a key in another shard finds nothing there', async () => {
    await stock(2);
    const found = await Promise.all([database.read(findBook, [0, 'a1']), database.read(findBook, [1, 'a1'])]);
    expect(found.map((row) => row?.shelf)).toEqual([undefined, 'wood']);
  });

  test('of different kinds do not mix', async () => {
    await stock(4);
    const books = [0, 1, 2].map((i) => database.read(findBook, [i, `a${i}`]));
    const shelves = [0, 1].map((i) => database.read(findShelf, [i, 'wood']));
    expect((await Promise.all(books)).map((row) => row && Object.keys(row))).toEqual(
      Array(3).fill(expect.arrayContaining(['shelf', 'reader'])),
    );
    expect((await Promise.all(shelves)).map((row) => row?.name)).toEqual(['wood', 'wood']);
    expect(sent.toSorted()).toEqual([findBook.forMany, findShelf.forMany].toSorted());
  });

  test('that are alone use the text for one', async () => {
    await stock(1);
    expect(await database.read(findBook, [0, 'a0'])).toEqual({ shelf: 'wood', reader: null });
    expect(await database.read(findBook, [0, 'none'])).toBeUndefined();
    expect(sent).toEqual([findBook.text, findBook.text]);
  });

  test('share no more than a batch', async () => {
    await stock(10);
    const found = await Promise.all(
      Array.from({ length: 200 }, (_, i) => database.read(findBook, [i % 10, `a${i % 10}`])),
    );
    expect(found.every((row) => row?.shelf === 'wood')).toBe(true);
    expect(sent).toEqual(Array(4).fill(findBook.forMany));
  });

  test('of a unit with a transaction are its own, and see what it has written', async () => {
    await stock(1);
    const unit = new UnitOfWork(database);
    await unit.execute(`update books set reader = 'inside' where shard = 0 and title = 'a0'`);
    const [within, without] = await Promise.all([unit.read(findBook, [0, 'a0']), database.read(findBook, [0, 'a0'])]);
    expect([within?.reader, without?.reader]).toEqual(['inside', null]);
    await unit.rollback();
  });

  test('of a table that a migration holds are told to come again, and do not wait for its end', async () => {
    await stock(2);
    await admin.transaction(async (migration) => {
      await migration.execute('lock table books in access exclusive mode');
      const asked = [0, 1].map((i) => database.read(findBook, [i, `a${i}`]));
      const outcomes = await Promise.allSettled(asked);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: expect.any(DatabaseUnavailable) });
    });
    expect(await database.read(findBook, [0, 'a0'])).toMatchObject({ shelf: 'wood' });
  });

  test('that PostgreSQL refuses cost only who asked', async () => {
    await stock(10);
    const asked = Array.from({ length: 10 }, (_, i) => database.read(findBook, [i, i === 4 ? 'a\0' : `a${i}`]));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(
      Array.from({ length: 10 }, (_, i) => (i === 4 ? 'rejected' : 'fulfilled')),
    );
  });
});

describe('writes', () => {
  test('of several units leave as one statement, and all are there after', async () => {
    await race(30, (i) => request([addBook, i % 10, `b${i}`, 'wood']));
    expect(sent).toEqual([together(addBook)]);
    expect(await titles()).toHaveLength(30);
  });

  test('of different kinds leave together, those of one unit in one statement', async () => {
    await stock(3);
    const { lost } = await race(3, (i) =>
      request([addBook, i, `b${i}`, 'wood'], [takeBook, i, `a${i}`, `reader ${i}`], [lendBook, i, `c${i}`, 'wood']),
    );
    expect(lost).toEqual([]);
    expect(sent).toEqual([together(addBook, takeBook, lendBook)]);
    expect(await readers()).toMatchObject({ a0: 'reader 0', a1: 'reader 1', a2: 'reader 2', b0: null, c2: null });
    expect(await titles()).toHaveLength(9);
  });

  test('are committed when they resolve', async () => {
    await database.write(addBook, [1, 'seen', 'wood']);
    expect(await titles()).toEqual(['seen']);
  });

  test('without company are still all or nothing', async () => {
    await stock(1);
    await admin.execute(`update books set reader = 'somebody'`);
    await expect(request([addBook, 0, 'with it', 'wood'], [takeBook, 0, 'a0', 'me'])).rejects.toEqual(
      new Lost('a0 is taken'),
    );
    expect(await titles()).toEqual(['a0']);
  });

  test('of one who comes second cost only him', async () => {
    await stock(10);
    await admin.execute(`update books set reader = 'somebody' where title = 'a4'`);
    const { won, lost } = await race(10, (i) =>
      request([addBook, i, `b${i}`, 'wood'], [takeBook, i, `a${i}`, `reader ${i}`]),
    );
    expect(won).toHaveLength(9);
    expect(lost).toEqual([new Lost('a4 is taken')]);
    expect(sent[0]).toBe(together(addBook, takeBook));
    const stored = await readers();
    expect(stored).toMatchObject({ a3: 'reader 3', a4: 'somebody', a5: 'reader 5', b3: null, b5: null });
    expect(stored).not.toHaveProperty('b4');
  });

  test('of one whose parent is gone cost only him', async () => {
    const { won, lost } = await race(10, (i) =>
      request([addBook, i, `b${i}`, i === 4 ? 'burnt' : 'wood'], [lendBook, i, `c${i}`, 'wood']),
    );
    expect(won).toHaveLength(9);
    expect(lost).toEqual([new Lost('no shelf for b4')]);
    expect(await titles()).toHaveLength(18);
    expect(await titles()).not.toContain('c4');
  });

  test('that PostgreSQL refuses cost only who wrote them', async () => {
    const { won, lost } = await race(10, (i) => request([addBook, i, i === 4 ? 'b\0' : `b${i}`, 'wood']));
    expect(won).toHaveLength(9);
    expect(lost).toEqual([expect.objectContaining({ code: '22021' })]);
    expect(await titles()).toHaveLength(9);
  });

  test('of several who want one row at once: one gets it', async () => {
    await stock(2);
    const { won, lost } = await race(12, async (i) => {
      await request([takeBook, 0, 'a0', `reader ${i}`], [addBook, i % 10, `b${i}`, 'wood']);
      return i;
    });
    expect(won).toHaveLength(1);
    expect(lost).toEqual(Array(11).fill(new Lost('a0 is taken')));
    expect(await readers()).toEqual({ a0: `reader ${won[0]}`, a1: null, [`b${won[0]}`]: null });
  });

  test('of one unit that wants a row twice are lost', async () => {
    await stock(1);
    await expect(request([takeBook, 0, 'a0', 'once'], [takeBook, 0, 'a0', 'twice'])).rejects.toThrow(Lost);
    expect(await readers()).toEqual({ a0: null });
  });

  test('that put the same key on record at once both succeed', async () => {
    const { won, lost } = await race(2, () => request([lendBook, 3, 'wanted', 'wood']));
    expect([won.length, lost]).toEqual([2, []]);
    expect(await admin.query(everything)).toEqual([{ shard: 3, title: 'wanted', reader: null, lends: 2 }]);
  });

  test('of the same keys in two batches at once, in opposite order, do not stop each other', async () => {
    const keys = Array.from({ length: 64 }, (_, i) => i);
    const order = [...keys, ...keys.toReversed()];
    for (let round = 0; round < 10; round += 1) {
      const { lost } = await race(128, (i) => request([lendBook, (order[i] ?? 0) % 10, `b${order[i]}`, 'wood']));
      expect(lost).toEqual([]);
    }
    expect(new Set((await admin.query<{ lends: number }>(everything)).map(({ lends }) => lends))).toEqual(
      new Set([20]),
    );
    // Each would have cost everybody in both batches a second.
    expect(await deadlocks()).toBe(0);
  });

  test('of a unit in two shards are one transaction', async () => {
    await stock(1);
    await admin.execute(`update books set reader = 'somebody'`);
    await expect(request([addBook, 5, 'far', 'wood'], [takeBook, 0, 'a0', 'me'])).rejects.toThrow(Lost);
    await expect(request([takeBook, 0, 'a0', 'me'], [addBook, 5, 'far', 'wood'])).rejects.toThrow(Lost);
    expect(await titles()).toEqual(['a0']);
    sent.length = 0;
    await request([addBook, 5, 'far', 'wood'], [addBook, 6, 'farther', 'wood']);
    expect(sent).toHaveLength(2);
    expect(await titles()).toEqual(['a0', 'far', 'farther']);
  });

  test('wait for the commit of a unit that has begun, and are undone with it', async () => {
    await stock(1);
    const unit = new UnitOfWork(database);
    await unit.execute(`update books set lends = 7 where shard = 0 and title = 'a0'`);
    await unit.write(addBook, [0, 'with it', 'wood']);
    expect(await titles()).toEqual(['a0']);
    await unit.rollback();
    expect(await admin.query(everything)).toMatchObject([{ title: 'a0', lends: 0 }]);
    await unit.commit();
    expect(await titles()).toEqual(['a0']);
  });

  test('are sent at once for who has to know, and still undone', async () => {
    await stock(1);
    await admin.execute(`update books set reader = 'somebody'`);
    const unit = new UnitOfWork(database);
    await unit.write(addBook, [0, 'with it', 'wood']);
    await unit.flush();
    await unit.write(takeBook, [0, 'a0', 'me']);
    await expect(unit.flush()).rejects.toEqual(new Lost('a0 is taken'));
    expect(await titles()).toEqual(['a0']);
    await unit.write(addBook, [0, 'instead', 'wood']);
    await unit.commit();
    expect(await titles()).toEqual(['a0', 'instead']);
  });
});

describe('a batch on a connection that breaks', () => {
  const waiting = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  const cut = `select pg_terminate_backend(pid) from (${waiting}) as blocked`;

  test('says of every write in it that nobody knows, and later work succeeds', async () => {
    await stock(6);
    const holder = new UnitOfWork(admin);
    await holder.execute(`update books set lends = 9 where title = 'a2'`);
    const writes = race(6, (i) => request([takeBook, i, `a${i}`, `reader ${i}`]));
    await expect.poll(() => admin.query(waiting)).toHaveLength(1);
    expect(await admin.query(cut)).toHaveLength(1);
    const { won, lost } = await writes;
    expect(won).toEqual([]);
    expect(lost).toEqual(Array(6).fill(expect.any(DatabaseUnavailable)));
    await holder.rollback();
    expect(sent).toEqual([together(takeBook)]);
    expect(new Set(Object.values(await readers()))).toEqual(new Set([null]));

    const later = await race(6, (i) => request([takeBook, i, `a${i}`, `reader ${i}`]));
    expect(later.won).toHaveLength(6);
    expect(await database.read(findBook, [0, 'a0'])).toMatchObject({ reader: 'reader 0' });
  });

  test('says so of every read in it, and later reads succeed', async () => {
    await stock(6);
    const holder = new UnitOfWork(admin);
    await holder.execute('lock table books in access exclusive mode');
    const reads = race(6, (i) => database.read(findBook, [i, `a${i}`]));
    await expect.poll(() => admin.query(waiting)).toHaveLength(1);
    await admin.query(cut);
    const { won, lost } = await reads;
    expect(won).toEqual([]);
    expect(lost).toEqual(Array(6).fill(expect.any(DatabaseUnavailable)));
    await holder.rollback();
    expect(await database.read(findBook, [0, 'a0'])).toMatchObject({ shelf: 'wood' });
  });

  test('when none can be opened, all are told at once, and it comes back by itself', async () => {
    await stock(6);
    const target = new URL(home.url);
    await using proxy = await openTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.port = String(proxy.port);
    target.hostname = '127.0.0.1';
    const through = open({ max: 2 }, target.href);
    expect(await through.read(findBook, [0, 'a0'])).toBeDefined();
    await proxy.cut();
    const { won, lost } = await race<unknown>(12, (i) =>
      i % 2 === 0 ? through.read(findBook, [0, 'a0']) : through.write(addBook, [0, `b${i}`, 'wood']),
    );
    expect(won).toEqual([]);
    expect(lost).toEqual(Array(12).fill(expect.any(DatabaseUnavailable)));
    await proxy.mend();
    await expect.poll(() => through.read(findBook, [0, 'a0']).catch(() => undefined)).toBeDefined();
    await through.close();
    expect(await titles()).toHaveLength(6);
  });
});

describe('on a database that is distributed by shard', () => {
  test('every statement is of one request', async () => {
    await stock(10);
    const distributed = open({ coalesce: false });
    const found = await Promise.all([0, 1, 2, 3].map((i) => distributed.read(findBook, [i, `a${i}`])));
    expect(found.map((row) => row?.shelf)).toEqual(Array(4).fill('wood'));
    expect(sent).toEqual(Array(4).fill(findBook.text));
    sent.length = 0;
    await race(4, (i) => distributed.write(addBook, [i, `b${i}`, 'wood']));
    const { text } = compose([{ write: addBook, row: [] }], { guarded: false, distributed: true });
    expect(sent).toEqual(Array(4).fill(text));
    expect(await titles()).toHaveLength(14);
    await distributed.close();
  });
});

describe('what is written soon', () => {
  test('is written by itself, in one statement', async () => {
    for (let i = 0; i < 5; i += 1) database.soon(addBook, [i, `b${i}`, 'wood']);
    expect(sent).toEqual([]);
    await expect.poll(titles).toHaveLength(5);
    expect(sent).toHaveLength(1);
    database.soon(addBook, [5, 'b5', 'wood']);
    await expect.poll(titles).toHaveLength(6);
  });

  test('is written whatever becomes of the request', async () => {
    const unit = new UnitOfWork(database);
    unit.soon(addBook, [0, 'soon', 'wood']);
    await unit.write(addBook, [0, 'with the commit', 'wood']);
    await unit.rollback();
    await database.settle();
    expect(await titles()).toEqual(['soon']);
  });

  test('is there after settle(), and once', async () => {
    database.soon(lendBook, [0, 'b', 'wood']);
    await database.settle();
    expect(await titles()).toEqual(['b']);
    await database.settle();
    expect(sent).toHaveLength(1);
  });

  test('is there after close()', async () => {
    const closing = open();
    for (let i = 0; i < 1_200; i += 1) closing.soon(addBook, [i % 10, `b${i}`, 'wood']);
    await closing.close();
    expect(await titles()).toHaveLength(1_200);
    expect(sent).toHaveLength(3);
  });

  test('is not lost by the fault of another row', async () => {
    const complaints: Error[] = [];
    const careful = open({ onError: (error) => complaints.push(error) });
    for (const title of ['first', null, 'last']) careful.soon(addBook, [0, title, 'wood']);
    await careful.settle();
    expect((await titles()).toSorted()).toEqual(['first', 'last']);
    expect(complaints.map(({ cause }) => (cause as { code?: string }).code)).toEqual(['23502']);
    await careful.close();
  });

  test('is lost without harm when the database is away', async () => {
    const target = new URL(home.url);
    await using proxy = await openTcpProxy({ host: target.hostname, port: Number(target.port) });
    target.port = String(proxy.port);
    target.hostname = '127.0.0.1';
    const complaints: Error[] = [];
    const through = open({ max: 1, onError: (error) => complaints.push(error) }, target.href);
    await through.read(findBook, [0, 'a0']);
    await proxy.cut();
    complaints.length = 0;
    through.soon(addBook, [0, 'lost', 'wood']);
    // By itself first, then at `settle`.
    await expect.poll(() => complaints.filter(({ cause }) => cause instanceof DatabaseUnavailable)).toHaveLength(1);
    through.soon(addBook, [0, 'lost too', 'wood']);
    await through.settle();
    expect(complaints.filter(({ cause }) => cause instanceof DatabaseUnavailable)).toHaveLength(2);
    await proxy.mend();
    through.soon(addBook, [0, 'found', 'wood']);
    await through.settle();
    await through.close();
    expect(await titles()).toEqual(['found']);
  });
});

describe('the queue', () => {
  const MOST = 2_048;

  test.each<[string, (database: Database, i: number) => Promise<unknown>]>([
    ['reads', (to, i) => to.read(findBook as Read<unknown>, [i % 10, `a${i}`])],
    ['writes', (to, i) => to.write(addBook, [i % 10, `b${i}`, 'wood'])],
  ])('of %s is bounded: one more is refused at once, and the others are served', async (_, work) => {
    const waiting = Array.from({ length: MOST }, (_, i) => work(database, i));
    await expect(work(database, MOST)).rejects.toThrow(DatabaseUnavailable);
    expect(sent).toEqual([]);
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(sent).toHaveLength(MOST / 64);
    await expect(work(database, MOST)).resolves.not.toThrow();
  });
});
