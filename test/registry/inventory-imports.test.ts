import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { saveAgency } from '#src/registry/agencies.ts';
import { workOnImport } from '#src/registry/inventory-import-work.ts';
import {
  applyImport,
  giveUpImport,
  listImportMistakes,
  loadImport,
  startImport,
} from '#src/registry/inventory-imports.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { inventoryFile } from '#test/support/inventory-file.ts';
import { agency } from './fixtures.ts';
import { openRegistry } from './registry.ts';

let registry: Awaited<ReturnType<typeof openRegistry>>;
beforeEach(async () => {
  registry = await openRegistry();
  const sector = { isPriority: true, coordinatorId: undefined, position: 0 };
  await registry.write((tx) =>
    saveSector(tx, { id: 'kesehatan', name: 'Kesehatan', nameEn: 'Health', ...sector }, 'test'),
  );
});
afterEach(async () => {
  vi.useRealTimers();
  await registry[Symbol.asyncDispose]();
});

const send = (content: string, agencyId: string = agency.id) =>
  registry.write((tx) =>
    startImport(tx, { agencyId, actor: 'siti', via: 'file', fileName: 'a/b<>.csv', content: Buffer.from(content) }),
  );
const work = (id?: string, options = {}) => workOnImport(registry.database, options, id);
const show = (id: string) => loadImport(registry.database, id);
const apply = (id: string) => registry.write((tx) => applyImport(tx, id));
const code = (refused: Promise<unknown>) =>
  refused.then(
    () => 'done',
    (error) => error.code,
  );
const countRecords = async () =>
  (await registry.database.first<{ count: number }>('select count(*)::integer as count from inventory'))?.count;
const mistakesOf = async (id: string) =>
  (await listImportMistakes(registry.database, id, { limit: 100 })).map(({ row, field, code: one }) => [
    row,
    field,
    one,
  ]);

describe('an import', () => {
  it('is looked at first, and changes nothing until somebody applies it', async () => {
    const id = await send('key,name,users\nA-1,Satu,1.200\nA-2,,5\nA-3,Tiga,banyak\nA-1,Lagi,1\n');
    expect(await show(id)).toMatchObject({ status: 'waiting', fileName: 'b__.csv' });
    await work();
    expect(await show(id)).toMatchObject({ status: 'checked', rowsTotal: 4, rowsDone: 4, created: 1, refused: 3 });
    expect(await mistakesOf(id)).toEqual([
      [3, 'name', 'missing'],
      [4, 'users', 'number_unfit'],
      [5, 'key', 'key_twice'],
    ]);
    expect(await countRecords()).toBe(0);
    await apply(id);
    await work();
    expect(await show(id)).toMatchObject({ status: 'applied', created: 1, refused: 3 });
    expect(await countRecords()).toBe(1);
    expect(await mistakesOf(id)).toHaveLength(3);
    const [kept] = await registry.database.query<{ content: Buffer | null }>('select content from inventory_imports');
    expect(kept?.content).toBeNull();
  });

  it('that comes again leaves everything as it is; what a file does not say stays', async () => {
    const first = await send('key,name,users,host\nA-1,Satu,5,a.contoh.go.id\nA-2,Dua,6,b.contoh.go.id\n');
    await work();
    await apply(first);
    await work();
    const again = await send('key,name,users,host\nA-1,Satu,5,a.contoh.go.id\nA-2,Dua,6,b.contoh.go.id\n');
    await work();
    expect(await show(again)).toMatchObject({ status: 'checked', created: 0, updated: 0, unchanged: 2 });
    expect(await code(apply(again))).toBe('import_not_ready');
    const fewer = await send('key,name,users\nA-1,Satu,7\nA-2,Dua,6\n');
    await work();
    await apply(fewer);
    await work();
    expect(await show(fewer)).toMatchObject({ created: 0, updated: 1, unchanged: 1 });
    const [record] = await registry.database.query(`select host, users, number from inventory where key = 'A-1'`);
    expect(record).toEqual({ host: 'a.contoh.go.id', users: '7', number: 2 });
  });

  it('keeps to the agency that it is for and those below', async () => {
    const below = { ...agency, id: 'puskesmas', name: 'Puskesmas', nameEn: 'Health Centre', legalName: 'Puskesmas' };
    await registry.write((tx) => saveAgency(tx, { ...below, parentId: agency.id }, 'test'));
    await registry.write((tx) => saveAgency(tx, { ...below, id: 'lain' }, 'test'));
    const id = await send('agency,key,name\npuskesmas,A-1,Satu\nlain,A-1,Dua\ntidak-ada,A-1,Tiga\n,A-1,Empat\n');
    await work();
    expect(await show(id)).toMatchObject({ created: 2, refused: 2 });
    expect(await mistakesOf(id)).toEqual([
      [3, 'agency', 'agency_elsewhere'],
      [4, 'agency', 'agency_unknown'],
    ]);
  });

  it('that cannot be read fails with the row, and its file stays', async () => {
    const id = await send('key,name\nA-1,Satu\nA-2,"Dua\n');
    await work();
    expect(await show(id)).toMatchObject({ status: 'failed' });
    expect(await mistakesOf(id)).toEqual([[3, '', 'file_broken']]);
    const [kept] = await registry.database.query<{ content: Buffer | null }>('select content from inventory_imports');
    expect(kept?.content).not.toBeNull();
    await registry.write((tx) => giveUpImport(tx, id));
    expect(await show(id)).toMatchObject({ status: 'given-up' });
  });

  it("never repeats somebody's address among its mistakes", async () => {
    const id = await send('key,name,contact\nA-1,Satu,Siti di meja 4\n');
    await work();
    expect(await listImportMistakes(registry.database, id, { limit: 9 })).toMatchObject([
      { code: 'contact_unfit', given: undefined },
    ]);
  });

  it('goes on where a process that died has left it, and applies no row twice', async () => {
    const id = await send(inventoryFile(2_100, { agency: agency.id, sectorIds: ['kesehatan'] }));
    await work();
    await apply(id);
    const died = work(id, {
      onBatch: (rows: number) => {
        if (rows === 1_000) throw new Error('killed');
      },
    });
    await expect(died).rejects.toThrow('killed');
    expect(await show(id)).toMatchObject({ status: 'applying', rowsDone: 1_000, created: 1_000 });
    expect(await countRecords()).toBe(1_000);
    expect(await work(id)).toBe(false);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    await Promise.all([work(), work(), work()]);
    expect(await show(id)).toMatchObject({ status: 'applied', rowsDone: 2_100, created: 2_100, updated: 0 });
    expect(await countRecords()).toBe(2_100);
    const [versions] = await registry.database.query(
      'select count(*)::integer as count, max(number) as highest from inventory_versions',
    );
    expect(versions).toEqual({ count: 2_100, highest: 1 });
    const [events] = await registry.database.query(
      `select count(*)::integer as count, sum((details ->> 'created')::integer)::integer as created from admin_events
       where kind = 'inventory.imported'`,
    );
    expect(events).toEqual({ count: 5, created: 2_100 });
  });

  it('takes the apps of a whole country, and the same file again changes nothing', async () => {
    const file = inventoryFile(27_000, { agency: agency.id, sectorIds: ['kesehatan'] });
    const id = await send(file);
    await work();
    expect(await show(id)).toMatchObject({ status: 'checked', rowsTotal: 27_000, created: 27_000, refused: 0 });
    await apply(id);
    await work();
    expect(await show(id)).toMatchObject({ status: 'applied', created: 27_000 });
    const again = await send(file);
    await work();
    expect(await show(again)).toMatchObject({ status: 'checked', created: 0, updated: 0, unchanged: 27_000 });
  });

  it('is applied by one of several who say so at once, and stops between batches when it is told to', async () => {
    const id = await send(inventoryFile(1_200, { agency: agency.id, sectorIds: ['kesehatan'] }));
    await work();
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => code(apply(id))));
    expect(outcomes.filter((one) => one === 'done')).toHaveLength(1);
    const stopping = new AbortController();
    await work(id, { signal: stopping.signal, onBatch: () => stopping.abort() });
    expect(await show(id)).toMatchObject({ status: 'applying', rowsDone: 500 });
    await work(id);
    expect(await show(id)).toMatchObject({ status: 'applied', created: 1_200 });
  });

  it('lets no agency fill the queue', async () => {
    for (let n = 0; n < 5; n += 1) await send('key,name\nA-1,Satu\n');
    expect(await code(send('key,name\nA-1,Satu\n'))).toBe('imports_full');
  });

  it('lets no agency pile up files that are kept whole: those that were looked at, or could not be read', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 30; n += 1) {
      ids.push(await send(n % 2 ? 'key,name\nA-1,Satu\n' : 'nama saja\nSatu\n'));
      await work();
    }
    expect(await code(send('key,name\nA-1,Satu\n'))).toBe('imports_full');
    await registry.write((tx) => giveUpImport(tx, String(ids.at(-1))));
    expect(await code(send('key,name\nA-1,Satu\n'))).toBe('done');
  });

  it.each([
    ['a NUL', 'key,na\0me\nA-1,Satu\n'],
    ['half a sign at the end of what is repeated', `key,${'x'.repeat(59)}😀\nA-1,Satu\n`],
  ])('fails once for a heading with %s', async (_what, content) => {
    const id = await send(content);
    await work();
    expect([(await show(id)).status, await mistakesOf(id)]).toMatchObject([
      'failed',
      [[1, expect.any(String), 'column_unknown']],
    ]);
  });
});
