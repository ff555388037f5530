import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRecord, loadRecord } from '#src/registry/inventory.ts';
import { checkRecord } from '#src/registry/inventory-schema.ts';
import { countInventory, searchInventory } from '#src/registry/inventory-search.ts';
import { listRecordVersions } from '#src/registry/inventory-versions.ts';
import { linkRecord, removeRecord, saveRecord, unlinkRecord } from '#src/registry/inventory-writes.ts';
import { agency } from './fixtures.ts';
import { openRegistry } from './registry.ts';

let registry: Awaited<ReturnType<typeof openRegistry>>;
beforeEach(async () => {
  registry = await openRegistry();
});
afterEach(() => registry[Symbol.asyncDispose]());

const writing = { actor: 'siti', via: 'page' } as const;

/** Saves a record of the example's agency that says this beside its name. */
function save(key: string, content: object = {}, ifNumber?: number) {
  const { entry, mistakes } = checkRecord({ name: `Aplikasi ${key}`, ...content });
  if (mistakes) throw new Error(JSON.stringify(mistakes));
  return registry.write((tx) => saveRecord(tx, { agencyId: agency.id, key, content: entry, ifNumber, ...writing }));
}

const code = (refused: Promise<unknown>) =>
  refused.then(
    () => 'done',
    (error) => error.code,
  );

describe('a record of the inventory', () => {
  it('is found by what its agency calls it, so that saying the same again changes nothing', async () => {
    const { record, outcome } = await save('A-1', { host: 'simpus.dinkes.contoh.go.id', users: 1200 });
    expect(outcome).toBe('created');
    expect(record).toMatchObject({ domain: 'contoh.go.id', users: 1200, number: 1 });
    expect(await save('A-1', { host: 'simpus.dinkes.contoh.go.id', users: 1200 })).toMatchObject({
      outcome: 'unchanged',
    });
    expect(await save('A-1', { users: 1300 })).toMatchObject({
      outcome: 'updated',
      record: { id: record.id, number: 2 },
    });
    const [newest] = await listRecordVersions(registry.database, record.id);
    expect(newest).toMatchObject({ changed: ['host', 'users'], actor: 'siti', via: 'page' });
  });

  it('refuses who has not seen the newest version', async () => {
    await save('A-1');
    await save('A-1', { users: 5 }, 1);
    expect(await code(save('A-1', { users: 6 }, 1))).toBe('record_conflict');
  });

  it('is made once by two who make it at the same moment', async () => {
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => code(save('A-1', { users: 5 }))));
    expect(outcomes.filter((one) => one !== 'done').every((one) => one === 'record_conflict')).toBe(true);
    const rows = await registry.database.query('select id from inventory');
    expect(rows).toHaveLength(1);
  });

  it('comes back under its key after it was removed, with its history', async () => {
    const { record } = await save('A-1');
    await registry.write((tx) => removeRecord(tx, record.id, writing));
    expect(await code(loadRecord(registry.database, record.id))).toBe('record_not_found');
    expect(await save('A-1')).toMatchObject({ outcome: 'updated', record: { id: record.id, number: 3 } });
  });

  it('names no sector that nobody declared', async () => {
    expect(await code(save('A-1', { sectors: ['tidak-ada'] }))).toBe('sector_not_found');
  });
});

describe('a link to a client', () => {
  it('makes one app of both, and each is in one link only', async () => {
    const { record } = await save('A-1');
    const { record: other } = await save('A-2');
    await registry.change();
    const [client] = await registry.database.query<{ id: string }>('select id from clients');
    const link = (id: string) => registry.write((tx) => linkRecord(tx, id, client?.id ?? '', 'siti'));
    const outcomes = await Promise.all([code(link(record.id)), code(link(other.id))]);
    expect(outcomes.sort()).toEqual(['done', 'record_linked']);
    const linked = [await findRecord(registry.database, record.id), await findRecord(registry.database, other.id)].find(
      (one) => one?.clientId,
    );
    expect(linked).toMatchObject({ clientId: client?.id, number: 2 });
    await registry.write((tx) => unlinkRecord(tx, linked?.id ?? '', 'siti'));
    expect(await findRecord(registry.database, linked?.id ?? '')).toMatchObject({ clientId: undefined, number: 3 });
    const events = await registry.database.query<{ kind: string; agency_id: string }>(
      `select kind, agency_id from admin_events where kind like 'inventory.%link%' order by at`,
    );
    expect(events).toEqual([
      { kind: 'inventory.linked', agency_id: agency.id },
      { kind: 'inventory.unlinked', agency_id: agency.id },
    ]);
  });
});

describe('the list', () => {
  it('goes page by page through what somebody may see, and nothing else', async () => {
    for (const key of ['c', 'a', 'b']) await save(key, { host: `${key}.contoh.go.id` });
    const search = { nodes: [agency.id], sectors: [] };
    const first = await searchInventory(registry.database, { ...search, limit: 2 });
    expect(first).toMatchObject({ hasMore: true, lines: [{ key: 'a' }, { key: 'b' }] });
    const second = await searchInventory(registry.database, { ...search, after: first.lines.at(-1)?.position });
    expect(second.lines.map(({ key }) => key)).toEqual(['c']);
    expect((await searchInventory(registry.database, { nodes: ['lain'], sectors: [] })).lines).toEqual([]);
    expect((await searchInventory(registry.database, { ...search, words: 'B.CONTOH' })).lines).toHaveLength(1);
    expect(await countInventory(registry.database, search)).toEqual(
      new Map([
        ['unconnected', 3],
        ['connected', 0],
      ]),
    );
  });
});
