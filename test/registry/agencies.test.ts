import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { Database, type Db } from '#src/base/database.ts';
import {
  type AgencyDraft,
  findAgency,
  listAgenciesBelow,
  listTree,
  loadAgency,
  saveAgency,
} from '#src/registry/agencies.ts';
import { mayAt } from '#src/registry/authority.ts';
import { saveClient } from '#src/registry/client-writes.ts';
import { findClient } from '#src/registry/clients.ts';
import { listSectors, saveSector } from '#src/registry/sectors.ts';
import { readRegistryVersion } from '#src/registry/version.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';
import { clientDraft } from './fixtures.ts';

let home: TestDatabase;
let database: Database;

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
});

afterEach(async () => {
  await database.close();
  await home.drop();
});

function write<T>(work: (tx: Db) => Promise<T>): Promise<T> {
  return database.transaction(work);
}

function node(id: string, more: Partial<AgencyDraft> = {}): AgencyDraft {
  return { id, name: id, nameEn: id, legalName: id, domain: `${id}.contoh.go.id`, ...more };
}

function save(id: string, more: Partial<AgencyDraft> = {}) {
  return write((tx) => saveAgency(tx, node(id, more), 'test'));
}

const pathOf = async (id: string) => (await loadAgency(database, id)).path;

describe('the tree', () => {
  beforeEach(async () => {
    await save('negara', { kind: 'state' });
    await save('provinsi', { kind: 'province', parentId: 'negara' });
    await save('kota', { kind: 'city', parentId: 'provinsi' });
    await save('dinkes', { kind: 'unit', parentId: 'kota' });
  });

  test('knows the way from the root to each agency', async () => {
    expect(await pathOf('dinkes')).toEqual(['negara', 'provinsi', 'kota', 'dinkes']);
    expect((await listAgenciesBelow(database, 'negara')).map(({ id }) => id)).toEqual(['provinsi']);
    expect((await listAgenciesBelow(database, null)).map(({ id }) => id)).toEqual(['negara']);
    expect((await listTree(database, ['kota'])).map(({ id }) => id)).toEqual(['dinkes', 'kota']);
    expect(await listTree(database, undefined, { after: 'kota', limit: 1 })).toMatchObject([{ id: 'negara' }]);
  });

  test('a role reaches what is below, and what has moved away no more', async () => {
    const held = [{ agencyId: 'provinsi', role: 'owner' }];
    expect(mayAt(held, 'team.write', await loadAgency(database, 'dinkes'))).toBe(true);
    await save('provinsi-lain', { parentId: 'negara' });
    await save('kota', { parentId: 'provinsi-lain' });
    expect(await pathOf('dinkes')).toEqual(['negara', 'provinsi-lain', 'kota', 'dinkes']);
    expect(mayAt(held, 'team.write', await loadAgency(database, 'dinkes'))).toBe(false);
  });

  test('the apps of what moves are read anew by every process', async () => {
    await write((tx) => saveClient(tx, clientDraft({ agencyId: 'dinkes', subjectGroupId: 'dinkes' }), 'test'));
    await save('kota', { parentId: 'negara' });
    const [{ id = '' } = {}] = await database.query<{ id: string }>('select id from clients');
    const client = await findClient(database, id);
    expect(client?.version).toBe(await readRegistryVersion(database));
    expect(client?.agency.path).toEqual(['negara', 'kota', 'dinkes']);
  });

  test('nothing stands below itself, or below what is not there', async () => {
    await expect(save('provinsi', { parentId: 'dinkes' })).rejects.toMatchObject({ code: 'agency_circle' });
    await expect(save('provinsi', { parentId: 'provinsi' })).rejects.toMatchObject({ code: 'agency_circle' });
    await expect(save('provinsi', { parentId: 'tidak-ada' })).rejects.toMatchObject({ code: 'agency_not_found' });
    expect(await pathOf('dinkes')).toEqual(['negara', 'provinsi', 'kota', 'dinkes']);
  });

  test('what a declaration leaves out stays as it is', async () => {
    await save('kota', { emailDomain: 'kota.contoh.go.id' });
    expect(await save('kota')).toBe('unchanged');
    expect(await findAgency(database, 'kota')).toMatchObject({
      kind: 'city',
      parentId: 'provinsi',
      emailDomain: 'kota.contoh.go.id',
    });
    expect(await save('kota', { emailDomain: null })).toBe('updated');
  });
});

describe('sectors', () => {
  const health = {
    id: 'kesehatan',
    name: 'Kesehatan',
    nameEn: 'Health',
    isPriority: true,
    coordinatorId: undefined,
    position: 1,
  };

  test('are data, each with its ministry', async () => {
    await save('kemenkes', { kind: 'ministry' });
    expect(await write((tx) => saveSector(tx, health, 'test'))).toBe('created');
    expect(await write((tx) => saveSector(tx, { ...health, coordinatorId: 'kemenkes' }, 'test'))).toBe('updated');
    expect(await write((tx) => saveSector(tx, { ...health, coordinatorId: 'kemenkes' }, 'test'))).toBe('unchanged');
    expect(await listSectors(database)).toEqual([{ ...health, coordinatorId: 'kemenkes' }]);
  });

  test('an agency names those that there are', async () => {
    await expect(save('dinkes', { sectors: ['kesehatan'] })).rejects.toMatchObject({ code: 'sector_not_found' });
    await write((tx) => saveSector(tx, health, 'test'));
    await save('dinkes', { sectors: ['kesehatan'] });
    expect((await loadAgency(database, 'dinkes')).sectors).toEqual(['kesehatan']);
  });
});
