import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { Database, DatabaseUnavailable, type Db } from '#src/base/database.ts';
import { createLog } from '#src/base/log.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { ClientCache } from '#src/registry/client-cache.ts';
import { saveClient, setClientState } from '#src/registry/client-writes.ts';
import { eventually } from '#test/support/eventually.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';
import { clientDraft, insertManyClients } from './fixtures.ts';

let home: TestDatabase;
let database: Database;
const caches: ClientCache[] = [];

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
});

afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.stop()));
  await database.close();
  await home.drop();
});

async function openCache(db: Db = database, log = createLog('silent')): Promise<ClientCache> {
  const cache = await ClientCache.load(db, log);
  caches.push(cache);
  return cache;
}

/** Hands statements on, and counts the rows that come back; can lose its database. */
class WatchedDb implements Db {
  rows = 0;
  statements = 0;
  readonly isUnit = false;
  readonly memory = new Map();
  isAway = false;

  async query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    if (this.isAway) throw new DatabaseUnavailable('away');
    const rows = await database.query<Row>(text, values);
    this.rows += rows.length;
    this.statements += 1;
    return rows;
  }

  async first<Row>(text: string, values?: readonly unknown[]): Promise<Row | undefined> {
    return (await this.query<Row>(text, values))[0];
  }

  for = () => this;
  forAll = () => this;
  execute = writesNothing;
  read = writesNothing;
  write = writesNothing;
  soon = writesNothing;
  whenDurable = writesNothing;
  flush = writesNothing;
}

function writesNothing(): never {
  throw new Error('a cache reads lists and writes nothing');
}

function suspend(id: string): Promise<boolean> {
  return database.transaction((tx) => setClientState(tx, id, 'suspended', 'test'));
}

test('every process sees a suspension by itself, and other clients stay the same objects', async () => {
  await insertManyClients(database, 3);
  const [one, two] = [await openCache(), await openCache()];
  const before = new Map(['layanan-1', 'layanan-2'].map((id) => [id, two.find(id)]));
  one.start();
  two.start();
  await suspend('layanan-2');
  const state = () => [one, two].map((cache) => cache.find('layanan-2')?.state);
  await eventually(() => expect(state()).toEqual(['suspended', 'suspended']));
  expect(two.find('layanan-1')).toBe(before.get('layanan-1'));
  expect(two.find('layanan-2')).not.toBe(before.get('layanan-2'));
  expect(before.get('layanan-2')?.state).toBe('live');
});

test('a client that nobody registered costs no statement; a new one is found after a refresh', async () => {
  await insertManyClients(database, 1);
  const watched = new WatchedDb();
  const cache = await openCache(watched);
  watched.statements = 0;
  expect(cache.find('puskesmas')).toBeUndefined();
  expect(cache.find('__proto__')).toBeUndefined();
  expect(watched.statements).toBe(0);
  const draft = clientDraft({ agencyId: 'besar', subjectGroupId: 'besar' });
  await database.transaction((tx) => saveClient(tx, draft, 'test'));
  await cache.refresh();
  expect(cache.find('puskesmas')).toMatchObject(draft);
  expect(cache.size).toBe(2);
});

test('a machine is found by its address, and only as long as it has it', async () => {
  await insertManyClients(database, 1);
  const cache = await openCache();
  const save = (changes: Parameters<typeof clientDraft>[0]) =>
    database.transaction((tx) =>
      saveClient(tx, clientDraft({ agencyId: 'besar', subjectGroupId: 'besar', ...changes }), 'test'),
    );
  const homeUri = 'https://mesin.contoh.go.id/';
  await save({ id: 'mesin', type: 'machine', homeUri });
  await save({ id: 'web', type: 'web', homeUri });
  await cache.refresh();
  await save({ id: 'web', type: 'web', homeUri: undefined });
  await cache.refresh();
  expect(cache.findMachine(homeUri)).toBe(cache.find('mesin'));
  await save({ id: 'mesin', type: 'machine', homeUri, state: 'retired' });
  await save({ id: 'pengganti', type: 'machine', homeUri });
  await cache.refresh();
  expect(cache.findMachine(homeUri)?.id).toBe('pengganti');
  expect(cache.findMachine('https://lain.contoh.go.id/')).toBeUndefined();
});

test('an unchanged registry costs one statement of one row', async () => {
  await insertManyClients(database, 10);
  const watched = new WatchedDb();
  const cache = await openCache(watched);
  Object.assign(watched, { rows: 0, statements: 0 });
  await cache.refresh();
  expect(watched).toMatchObject({ rows: 1, statements: 1 });
});

test('of 27,000 clients a change of one reads one', async () => {
  await insertManyClients(database, 27_000);
  const watched = new WatchedDb();
  const cache = await openCache(watched);
  expect(cache.size).toBe(27_000);
  await suspend('layanan-13000');
  Object.assign(watched, { rows: 0, statements: 0 });
  await cache.refresh();
  expect(watched).toMatchObject({ rows: 2, statements: 2 });
  expect(cache.find('layanan-13000')?.state).toBe('suspended');
});

test('a change of a large agency reads its clients in batches, each once', async () => {
  await insertManyClients(database, 600);
  const watched = new WatchedDb();
  const cache = await openCache(watched);
  Object.assign(watched, { rows: 0, statements: 0 });
  const agency = { id: 'besar', name: 'Baru', nameEn: 'New', legalName: 'Baru', domain: 'baru.contoh.go.id' };
  await database.transaction((tx) => saveAgency(tx, agency, 'test'));
  await cache.refresh();
  expect(watched).toMatchObject({ rows: 1 + 600, statements: 1 + 3 });
  for (let n = 1; n <= 600; n += 1) expect(cache.find(`layanan-${n}`)?.agency.name).toBe('Baru');
});

test('the database away: clients stay as they were, one warning, and it follows again by itself', async () => {
  await insertManyClients(database, 2);
  const watched = new WatchedDb();
  const log = createLog('silent');
  const warn = vi.spyOn(log, 'warn');
  const cache = await openCache(watched, log);
  watched.isAway = true;
  await expect(cache.refresh()).rejects.toThrow(DatabaseUnavailable);
  await suspend('layanan-1');
  cache.start();
  await eventually(() => expect(warn).toHaveBeenCalled());
  expect(cache.find('layanan-1')?.state).toBe('live');
  watched.isAway = false;
  await eventually(() => expect(cache.find('layanan-1')?.state).toBe('suspended'));
  expect(warn).toHaveBeenCalledTimes(1);
});

test('many writers at once: a cache that reads all the while misses none', async () => {
  await insertManyClients(database, 40);
  const cache = await openCache();
  let writing = true;
  const reading = (async () => {
    while (writing) await cache.refresh();
  })();
  await Promise.all(Array.from({ length: 40 }, (_, n) => suspend(`layanan-${n + 1}`)));
  writing = false;
  await reading;
  await cache.refresh();
  const states = Array.from({ length: 40 }, (_, n) => cache.find(`layanan-${n + 1}`)?.state);
  expect(new Set(states)).toEqual(new Set(['suspended']));
});

test('a refresh that is asked for during another one sees what was written before it was asked for', async () => {
  await insertManyClients(database, 1);
  const cache = await openCache();
  const earlier = cache.refresh();
  await suspend('layanan-1');
  await Promise.all([earlier, cache.refresh()]);
  expect(cache.find('layanan-1')?.state).toBe('suspended');
});

test('after stop nothing is asked any more, also when a read was under way', async () => {
  await insertManyClients(database, 1);
  const watched = new WatchedDb();
  const cache = await openCache(watched);
  const { statements } = watched;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    cache.start();
    cache.start();
    vi.advanceTimersByTime(1_000);
    await cache.stop();
    vi.advanceTimersByTime(10_000);
    expect(watched.statements).toBe(statements + 1);
  } finally {
    vi.useRealTimers();
  }
});
